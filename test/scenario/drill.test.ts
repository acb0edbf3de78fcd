/** Restore tests with a real server: what passes, what is the archive's fault, and what is only the machine's. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { REAL_DUMPS, type RealDumpName } from '../../src/sandbox/real-dumps.ts';
import { systemClock } from '../../src/system-clock.ts';
import { aRule, dumpBytes, openDrillground } from '../support/drill.ts';
import { describeWith } from '../support/needs.ts';
import { moduleId } from '../support/rdb-fixtures.ts';
import { auxiliary, dump, expireAt, key, length, selectDatabase, string } from '../support/rdb-writer.ts';

/** Its bytes are right, and every server refuses it. */
const TWICE_THE_SAME_KEY = dump([selectDatabase(0), key(0, 'a', string('x')), key(0, 'a', string('y'))], {
  version: 9,
});

const dumps = Object.keys(REAL_DUMPS) as RealDumpName[];

describeWith(['redis-server'], 'a drill', () => {
  test.each(dumps)('finds every key of %s in the server, and leaves nothing behind', async (name) => {
    const ground = openDrillground();
    const ref = await ground.archive([dumpBytes(name)]);
    const item = await ground.only();
    expect(item).toMatchObject({
      outcome: 'passed',
      reason: null,
      keys: REAL_DUMPS[name],
      files: [{ name: 'dump.rdb', keys: REAL_DUMPS[name], loaded: REAL_DUMPS[name] }],
      server: expect.stringMatching(/^Redis \d+\.\d+/),
      exitCode: 0,
    });
    expect(ground.recordOf(ref)).toMatchObject({ schema: 'rdb-archiver/drill@1', outcome: 'passed' });
    expect(ground.scratchIsEmpty()).toBe(true);
  });

  test('loads each shard of a cluster in its turn, and counts them together', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('cluster-shard-1.rdb'), dumpBytes('cluster-shard-2.rdb')]);
    const item = await ground.only();
    expect(item).toMatchObject({ outcome: 'passed', keys: 342 });
    expect(item.files.map(({ name, loaded }) => [name, loaded])).toEqual([
      ['dump-1-of-2.rdb', 170],
      ['dump-2-of-2.rdb', 172],
    ]);
  });

  test('takes the newest archive where no backup is named', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('large.rdb')], { backupId: 'old', startedAt: '2026-11-20T02:15:00Z' });
    await ground.archive([dumpBytes('unchecked.rdb')], { backupId: 'new' });
    expect(await ground.only()).toMatchObject({ backupId: 'new' });
    expect(await ground.only({ backupId: 'old' })).toMatchObject({ backupId: 'old', keys: 4200 });
  });

  test('passes an old dump of a cache whose keys have all expired, and says how many', async () => {
    const ground = openDrillground();
    await ground.archive([
      dump([selectDatabase(0), expireAt(1_000_000_000_000), key(0, 'session:1', string('x'))], {
        version: 9,
      }),
    ]);
    expect(await ground.only()).toMatchObject({
      outcome: 'passed',
      keys: 1,
      expired: 1,
      files: [{ loaded: 1 }],
    });
  });

  test('misses no key of those that expire while it loads and counts', async () => {
    const ground = openDrillground();
    const now = systemClock.now();
    const keys = Array.from({ length: 20_000 }, (_, index) => [
      expireAt(now - 200 + (index % 2000)),
      key(0, `session:${index}`, string('x')),
    ]).flat();
    await ground.archive([dump([selectDatabase(0), ...keys], { version: 9 })]);
    const item = await ground.only();
    expect(item).toMatchObject({ outcome: 'passed', keys: 20_000, files: [{ loaded: 20_000 }] });
    expect(item.expired).toBeGreaterThan(0);
  });

  test.each([
    [0, 1],
    [40, 41],
  ])(
    'gives the server no more databases than a dump needs whose highest is %d',
    async (highest, databases) => {
      const ground = openDrillground();
      await ground.archive([dump([selectDatabase(highest), key(0, 'a', string('x'))], { version: 9 })]);
      const told = join(ground.scratch, '..', 'told');
      const server = ground.script(`[[ $1 == --version ]] || echo "$@" > ${told}; exec $SERVER "$@"`);
      expect(await ground.only({ servers: [server] })).toMatchObject({ outcome: 'passed', keys: 1 });
      expect(readFileSync(told, 'utf8')).toContain(`--databases ${databases} `);
    },
  );

  test('gives it those too that a dump selects and leaves empty', async () => {
    const ground = openDrillground();
    const records = [selectDatabase(0), key(0, 'a', string('x')), selectDatabase(40)];
    await ground.archive([dump(records, { version: 9 })]);
    expect(await ground.only()).toMatchObject({ outcome: 'passed', keys: 1 });
  });

  test('keeps the last result of each archive, and what is known of the source', async () => {
    const ground = openDrillground();
    const ref = await ground.archive([dumpBytes('unchecked.rdb')]);
    const { summaries } = await ground.drill();
    const { at } = ground.recordOf(ref);
    expect(summaries).toEqual([{ source: 'ap-guangzhou', lastDrilledAt: at, lastPassedAt: at, failing: [] }]);
    await ground.overwrite(ref, dumpBytes('empty.rdb'));
    const again = await ground.drill();
    expect(again.summaries).toMatchObject([
      { lastPassedAt: at, failing: [{ instanceId: ref.instanceId, backupId: ref.backupId }] },
    ]);
    expect(ground.recordOf(ref)).toMatchObject({ outcome: 'failed' });
  });
});

describeWith(['redis-server'], 'a drill ends in 4', () => {
  test('when the archive is not what its manifest says', async () => {
    const ground = openDrillground();
    const bytes = dumpBytes('standard-1.rdb');
    const ref = await ground.archive([bytes]);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    await ground.overwrite(ref, bytes);
    const item = await ground.only();
    expect(item).toMatchObject({ outcome: 'failed', reason: 'damaged', exitCode: 4 });
    expect(item.detail).toContain('SHA-256');
  });

  test('when the server holds fewer keys than the dump', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('standard-1.rdb')]);
    // It plays a server that loses what it should load.
    const server = ground.script(
      `[[ $1 == --version ]] && exec $SERVER --version
       cp "$OLDPWD/dump.rdb" . 2>/dev/null
       args=("$@"); for i in "\${!args[@]}"; do [[ \${args[$i]} == --dbfilename ]] && args[$((i+1))]=other.rdb; done
       exec $SERVER "\${args[@]}"`,
    );
    const item = await ground.only({ servers: [server] });
    expect(item).toMatchObject({ outcome: 'failed', reason: 'keys-differ', exitCode: 4 });
    expect(item.detail).toContain('database 0 holds 0 keys where the dump has');
  });

  test('when a server that should load it does not take a dump whose bytes are right', async () => {
    const ground = openDrillground();
    await ground.archive([TWICE_THE_SAME_KEY]);
    const item = await ground.only();
    expect(item).toMatchObject({ outcome: 'failed', reason: 'refused', exitCode: 4 });
    expect(item.detail).toMatch(/does not take the dump: .*duplicated key/);
    expect(item.trials).toMatchObject([
      { result: 'refused', said: expect.stringContaining('duplicated key') },
    ]);
  });

  test('when the dump is not there any more', async () => {
    const ground = openDrillground();
    const ref = await ground.archive([dumpBytes('empty.rdb')]);
    await ground.store.delete(`data/ap-guangzhou/${ref.instanceId}/20261123T021500Z_backup-1/dump.rdb`, {
      signal: new AbortController().signal,
    });
    expect(await ground.only({ source: 'ap-guangzhou' })).toMatchObject({
      outcome: 'failed',
      reason: 'damaged',
      exitCode: 4,
    });
  });
});

describeWith(['redis-server'], 'a drill ends in 3 and calls nothing damaged', () => {
  test('when the server is too old for the dump', async () => {
    const ground = openDrillground();
    await ground.archive([dump([], { version: 99 })]);
    const item = await ground.only();
    expect(item).toMatchObject({ outcome: 'not-drillable', reason: 'server-too-old', exitCode: 3 });
    expect(item.detail).toMatch(/^Redis [\d.]+ does not read RDB version 99 of Redis$/);
    expect(item.hint).toContain('--server');
  });

  test('when the server does not know a type that is in it', async () => {
    const ground = openDrillground();
    await ground.archive([dump([selectDatabase(0), key(0x7e, 'odd', string('x'))], { version: 9 })]);
    const item = await ground.only();
    expect(item).toMatchObject({ reason: 'server-too-old', exitCode: 3 });
    expect(item.detail).toContain('type 126');
  });

  test('when the dump names so many databases that a server would take more memory for them than there is', async () => {
    const ground = openDrillground();
    const server = ground.script('[[ $1 == --version ]] && exec $SERVER --version; exit 1');
    await ground.archive([dump([selectDatabase(0x7fff_fff0), key(0, 'a', string('x'))], { version: 9 })]);
    const item = await ground.only({ servers: [server] });
    expect(item).toMatchObject({ reason: 'no-memory', exitCode: 3 });
    expect(item.detail).toContain('most of it for 2147483633 databases');
  });

  test('when a module is missing', async () => {
    const ground = openDrillground();
    await ground.archive([
      dump([selectDatabase(0), key(7, 'graph', length(moduleId('graphdata', 0)), length(0))], { version: 9 }),
    ]);
    expect(await ground.only()).toMatchObject({ reason: 'module-missing', exitCode: 3 });
  });

  test('when there is not the memory that the dump says it needs', async () => {
    const ground = openDrillground();
    const server = ground.script(
      '[[ $1 == --version ]] && exec $SERVER --version; echo "it was started"; exit 1',
    );
    await ground.archive([dump([auxiliary('used-mem', '999999999999999')], { version: 9 })]);
    expect(await ground.only({ servers: [server] })).toMatchObject({ reason: 'no-memory', exitCode: 3 });
  });

  test('when the server is killed for its memory, or for another reason of its own', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('empty.rdb')]);
    const version = '[[ $1 == --version ]] && exec $SERVER --version';
    const killed = ground.script(`${version}\nkill -KILL $$`);
    expect(await ground.only({ servers: [killed] })).toMatchObject({ reason: 'no-memory', exitCode: 3 });
    const broken = ground.script(`${version}\necho "*** FATAL CONFIG FILE ERROR ***"; exit 1`);
    const item = await ground.only({ servers: [broken] });
    expect(item).toMatchObject({ reason: 'server-failed', exitCode: 3 });
    expect(item.detail).toContain('FATAL CONFIG FILE ERROR');
  });

  test.each([
    [{ encrypted: true }, 'encrypted'],
    [{ engine: 'Memcached' }, 'no-rdb'],
  ])('when no server could ever load it: %j', async (options, reason) => {
    const ground = openDrillground();
    await ground.archive([Buffer.from('something')], options);
    expect(await ground.only()).toMatchObject({ outcome: 'not-drillable', reason, exitCode: 3 });
  });
});

describeWith(['redis-server'], 'what the configuration demands', () => {
  const demand = async (rule: Parameters<typeof aRule>[0], files = [dumpBytes('standard-1.rdb')]) => {
    const ground = openDrillground();
    await ground.archive(files);
    return ground.only({}, { rules: [aRule(rule)] });
  };

  test('holds where it holds, and is listed with what was found', async () => {
    const item = await demand({
      minimumKeys: 38,
      exists: ['greeting', 'visits'],
      ttl: [{ key: 'session:356a192b7913b04c54574d18c28d46e6395428ab', atLeast: 60_000 }],
      scripts: [{ name: 'the answer is text', lua: "return redis.call('GET', 'greeting') == 'hello'" }],
    });
    expect(item).toMatchObject({ outcome: 'passed', exitCode: 0 });
    expect(item.assertions.map(({ assertion, ok }) => [assertion, ok])).toEqual([
      ['keys >= 38', true],
      ['exists greeting', true],
      ['exists visits', true],
      ['ttl session:356a192b7913b04c54574d18c28d46e6395428ab >= 60s', true],
      ['script the answer is text', true],
    ]);
  });

  test.each<[string, Parameters<typeof aRule>[0], RegExp]>([
    ['too few keys', { minimumKeys: 39 }, /keys >= 39: there are 38/],
    ['a key that is not there', { exists: ['missing'] }, /exists missing: there is no such key/],
    ['a key in another database', { exists: ['mailbox'] }, /no such key/],
    ['a key that does not expire', { ttl: [{ key: 'greeting' }] }, /does not expire/],
    ['a script that returns 0', { scripts: [{ name: 's', lua: 'return 0' }] }, /script s: it returned 0/],
    ['a script that is wrong', { scripts: [{ name: 's', lua: 'return (' }] }, /Error compiling script/i],
    [
      'a script that would write',
      { scripts: [{ name: 's', lua: "return redis.call('SET', 'a', 'b')" }] },
      /READONLY/,
    ],
  ])('fails with 4 on %s', async (_what, rule, detail) => {
    const item = await demand(rule);
    expect(item).toMatchObject({ outcome: 'failed', reason: 'assertion-failed', exitCode: 4 });
    expect(item.detail).toMatch(detail);
  });

  test('looks into the database that the rule names', async () => {
    expect(await demand({ database: 9, exists: ['mailbox'] })).toMatchObject({ outcome: 'passed' });
  });

  test('is enough in one shard of a cluster, and counts keys over all', async () => {
    const shards = [dumpBytes('cluster-shard-1.rdb'), dumpBytes('cluster-shard-2.rdb')];
    const item = await demand({ minimumKeys: 342, exists: ['order:1', 'order:2', 'order:3'] }, shards);
    expect(item).toMatchObject({ outcome: 'passed' });
  });

  test('is asked only of the instances that the rule selects', async () => {
    expect(await demand({ instances: ['crs-other*'], exists: ['missing'] })).toMatchObject({
      outcome: 'passed',
      assertions: [],
    });
  });
});

describeWith(['redis-server'], 'a server that a script starts', () => {
  test('ends with the drill, although the script waits for it instead of becoming it', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('unchecked.rdb')]);
    const pid = join(ground.scratch, '..', 'pid');
    const server = ground.script(
      `[[ $1 == --version ]] && exec $SERVER --version\n$SERVER "$@" & echo $! > ${pid}; wait`,
    );
    expect(await ground.only({ servers: [server] })).toMatchObject({ outcome: 'passed' });
    const process = join('/proc', readFileSync(pid, 'utf8').trim(), 'cmdline');
    // One that has ended has no command line, whether its parent has heard of it or not.
    expect(existsSync(process) ? readFileSync(process, 'utf8') : '').toBe('');
    expect(ground.scratchIsEmpty()).toBe(true);
  });

  test('and that answers nothing any more is given up when its time is over', async () => {
    const hasty: Clock['alarm'] = (milliseconds, fire) =>
      systemClock.alarm(Math.min(milliseconds, 500), fire);
    const ground = openDrillground({ clock: { ...systemClock, alarm: hasty } });
    await ground.archive([dumpBytes('unchecked.rdb')]);
    // It listens, and says nothing.
    const silent = `require('node:net').createServer(() => {}).listen(process.argv[process.argv.indexOf('--unixsocket') + 1])`;
    const server = ground.script(
      `[[ $1 == --version ]] && exec $SERVER --version\nexec ${process.execPath} -e "${silent}" -- "$@"`,
    );
    expect(await ground.only({ servers: [server] })).toMatchObject({ reason: 'timeout', exitCode: 3 });
  });
});

describe('the server', () => {
  test('is asked for by name where there is none, before anything is fetched', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('empty.rdb')]);
    const drill = ground.drill({}, { searchPath: '/nowhere' });
    await expect(drill).rejects.toMatchObject({ code: 'config', exit: 2 });
    await expect(drill).rejects.toThrow(/no redis-server, valkey-server or keydb-server was found in PATH/);
  });

  test.each([
    ['/nowhere/redis-server', /there is no program/],
    ['/bin/true', /is none of redis-server, valkey-server, keydb-server/],
  ])('that was named and is none is a wrong configuration: %s', async (server, message) => {
    const ground = openDrillground();
    const drill = ground.drill({ servers: [server] });
    await expect(drill).rejects.toMatchObject({ code: 'config', exit: 2 });
    await expect(drill).rejects.toThrow(message);
  });

  test('sees no key or token of ours', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('empty.rdb')]);
    const server = ground.script(
      '[[ $1 == --version ]] && { echo "Redis server v=7.0.0 sha=0"; exit; }; env | cut -d= -f1 | sort | paste -sd,; exit 1',
    );
    const item = await ground.only({ servers: [server] });
    expect(item.detail).toMatch(/: LC_ALL,PATH,PWD,SHLVL,_$/);
  });
});
