/** The point of it all: what was archived can be loaded into a real Redis, and every key is there. */
import { copyFile, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REAL_DUMPS, type RealDumpName, realDump } from '../../src/sandbox/real-dumps.ts';
import type { World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import { startCommand } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import { openWorkplace, outcomesOf, type Workplace } from '../support/workplace.ts';

const SHARDS: readonly RealDumpName[] = ['cluster-shard-1.rdb', 'cluster-shard-2.rdb'];
const names = Object.keys(REAL_DUMPS) as RealDumpName[];
const single = names.filter((name) => !SHARDS.includes(name));

/** Every dump once; the backup's id is the dump's name, the shards' is `cluster`. */
function everyDump(world: World): void {
  const add = (id: string, dumps: readonly RealDumpName[], hoursAgo: number): void => {
    const instance = world.addInstance({ id: `crs-${id}`, shards: dumps.length });
    const files = dumps.map((name) => ({ name, dump: realDump(name) }));
    world.addBackup(instance.id, { id, startedAt: systemClock.now() - hoursAgo * HOUR_MS, files });
  };
  for (const [index, name] of single.entries()) add(name, [name], index + 1);
  add('cluster', SHARDS, 20);
}

/** Loads the dump as a server does at its start, and counts the keys over all databases. */
async function keysLoaded(dump: string, folder: string): Promise<number> {
  await mkdir(folder);
  await copyFile(dump, join(folder, 'dump.rdb'));
  const socket = join(folder, 'socket');
  const program = ['redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no'];
  const server = startCommand([], { cwd: folder, program, env: { PATH: process.env['PATH'] ?? '' } });
  try {
    await server.said(/ready to accept connections/i);
    const client = connect(socket);
    client.write('INFO keyspace\r\nQUIT\r\n');
    const answer = await text(client);
    return [...answer.matchAll(/^db\d+:keys=(\d+)/gm)].reduce((sum, [, keys]) => sum + Number(keys), 0);
  } finally {
    server.child.kill();
    await server.result;
  }
}

describeWith(['redis-server'], 'a real redis-server', () => {
  let work: Workplace;
  const keyOf = new Map<string, string>();

  beforeAll(async () => {
    work = await openWorkplace({ fill: everyDump });
    const result = await work.run(['run']);
    expect(result.code).toBe(0);
    for (const { backupId, files } of outcomesOf(result)) {
      const keys = (files as { key: string }[]).map(({ key }) => key);
      if (backupId === 'cluster')
        for (const [index, name] of SHARDS.entries()) keyOf.set(name, keys[index] ?? '');
      else keyOf.set(String(backupId), keys[0] ?? '');
    }
  });
  afterAll(() => work.close());

  test.each(names)('loads the archived %s, and all its keys are there', async (name) => {
    const dump = join(work.cwd, 'kept', keyOf.get(name) ?? 'not archived');
    expect(await keysLoaded(dump, join(work.cwd, name))).toBe(REAL_DUMPS[name]);
  });
});
