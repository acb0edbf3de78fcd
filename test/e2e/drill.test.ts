/** Restore tests from the command line: every dump of the sandbox restores, and nothing is left however a drill ends. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DrillItem } from '../../src/drill/report.ts';
import { REAL_DUMPS, type RealDumpName, realDump } from '../../src/sandbox/real-dumps.ts';
import type { World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import type { RunningCommand } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import { itemsOf, openWorkplace, type Workplace } from '../support/workplace.ts';

const SHARDS: readonly RealDumpName[] = ['cluster-shard-1.rdb', 'cluster-shard-2.rdb'];
const names = (Object.keys(REAL_DUMPS) as RealDumpName[]).filter((name) => !SHARDS.includes(name));

/** Every dump once, each an instance of its own. */
function everyDump(world: World): void {
  const add = (id: string, dumps: readonly RealDumpName[]): void => {
    world.addInstance({ id: `crs-${id}`, shards: dumps.length });
    const files = dumps.map((name) => ({ name, dump: realDump(name) }));
    world.addBackup(`crs-${id}`, { id, startedAt: systemClock.now() - HOUR_MS, files });
  };
  for (const name of names) add(name, [name]);
  add('cluster', SHARDS);
}

describeWith(['redis-server'], 'drill', () => {
  let place: Workplace;
  let scratch: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    place = await openWorkplace({ fill: everyDump });
    scratch = join(place.cwd, 's');
    mkdirSync(scratch);
    env = { PATH: process.env['PATH'] ?? '', ARCHIVER_DRILL_DIRECTORY: scratch };
    expect((await place.run(['run'])).code).toBe(0);
  });
  const servers: number[] = [];
  afterAll(async () => {
    // What a failing test left, and nothing else.
    for (const pid of servers.filter(isAlive)) process.kill(pid, 'SIGKILL');
    await place.close();
  });

  test('proves that every archive restores, key for key', { timeout: 60_000 }, async () => {
    const result = await place.run(['drill', '--sample', '100%', '--json'], env);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const items = itemsOf<DrillItem>(result);
    const keys = Object.fromEntries(items.map(({ backupId, keys: count }) => [backupId, count]));
    expect(keys).toEqual({
      ...Object.fromEntries(names.map((name) => [name, REAL_DUMPS[name]])),
      cluster: 342,
    });
    expect(items.map(({ outcome }) => outcome)).toEqual(items.map(() => 'passed'));
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('says where the server comes from when there is none, with 2 as where one was named', async () => {
    const { code, stdout, stderr } = await place.run(['drill', 'crs-large.rdb'], { PATH: '/nowhere' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /no redis-server, valkey-server or keydb-server was found in PATH\n {2}Install Redis or Valkey/,
    );
  });

  test.each([
    [['drill'], /needs an instance, or --sample/],
    [['drill', '--sample', '5', 'crs-large.rdb'], /--sample chooses by itself/],
    [['drill', '--sample', '0'], /A number of archives/],
    [['drill', '--sample', '150%'], /A number of archives/],
    [['drill', 'crs-large.rdb', '--server', '/nowhere/redis'], /there is no program/],
  ])('refuses %j with 2, and nothing is loaded', async (args, message) => {
    const { code, stderr } = await place.run(args, env);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('holds the archive against what the configuration demands', async () => {
    writeFileSync(
      join(place.cwd, 'demands.yaml'),
      `drill:
  rules:
    - instances: ['crs-standard-*']
      minimumKeys: 30
      exists: [greeting]
      scripts:
        - name: visits are counted
          lua: return tonumber(redis.call('GET', 'visits')) > 1
    - instances: ['crs-large*']
      exists: [no-such-key]
`,
    );
    const config = ['--config', 'demands.yaml'];
    const good = await place.run(['drill', 'crs-standard-1.rdb', ...config], env);
    expect(good.stderr).toBe('1 archive drilled, 1 passed; 3 of 3 assertions held\n');
    expect(good.code).toBe(0);
    const bad = await place.run(['drill', 'crs-large.rdb', ...config], env);
    expect(bad.stderr).toContain(
      'crs-large.rdb large.rdb: assertion-failed: exists no-such-key: there is no such key',
    );
    expect(bad.code).toBe(4);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('leaves no server and no folder after %s', async (signal) => {
    const { command, pid } = await loading();
    command.child.kill(signal);
    expect((await command.result).code).toBe(signal === 'SIGTERM' ? 143 : 130);
    expect(isAlive(pid)).toBe(false);
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('leaves nothing either when a second signal ends it at once', async () => {
    const { command, pid } = await loading();
    command.child.kill('SIGTERM');
    command.child.kill('SIGTERM');
    expect((await command.result).code).toBe(143);
    await until(() => !isAlive(pid));
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('ends the server of a drill that was killed, when the next drill begins', async () => {
    const { command, pid } = await loading();
    command.child.kill('SIGKILL');
    await command.result;
    expect(isAlive(pid)).toBe(true);
    expect(readdirSync(scratch)).toHaveLength(1);
    expect((await place.run(['drill', 'crs-empty.rdb'], env)).code).toBe(0);
    await until(() => !isAlive(pid));
    expect(readdirSync(scratch)).toEqual([]);
  });

  /** A drill whose server takes half a minute to load, and the server's process. */
  async function loading(): Promise<{ command: RunningCommand; pid: number }> {
    const [server, told] = [join(place.cwd, 'slow-server'), join(place.cwd, `pid-${Math.random()}`)];
    writeFileSync(
      server,
      `#!/bin/bash\n[[ $1 == --version ]] && exec redis-server --version
       echo $$ >${told}.new; mv ${told}.new ${told}; exec redis-server "$@" --key-load-delay 10000\n`,
    );
    chmodSync(server, 0o755);
    const command = place.start(['drill', 'crs-large.rdb', '--server', server], env);
    await until(
      () =>
        existsSync(told) &&
        readdirSync(scratch, { recursive: true }).some((name) => String(name).endsWith('/socket')),
    );
    const pid = Number(readFileSync(told, 'utf8'));
    servers.push(pid);
    return { command, pid };
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(happened: () => boolean): Promise<void> {
  const limit = systemClock.now() + 20_000;
  while (!happened()) {
    if (systemClock.now() > limit) throw new Error('it did not happen within 20 s');
    await systemClock.sleep(20, new AbortController().signal);
  }
}
