/** The point of it all: what was archived can be loaded into a real Redis, and every key is there. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REAL_DUMPS, type RealDumpName, realDump } from '../../src/sandbox/real-dumps.ts';
import type { World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import { keysLoaded } from '../support/keys-loaded.ts';
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
