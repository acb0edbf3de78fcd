/** `drill` as an operator and a program meet it: the request, the exit status, the table, the document, and what to do. */
import { describe, expect, it, test } from 'vitest';
import type { DrillItem, DrillRequest, ServerTrial } from '../../src/drill/report.ts';
import { runIn } from './fake-surroundings.ts';

const trial: ServerTrial = {
  file: 'dump.rdb',
  server: 'Redis 7.0.15',
  path: '/usr/bin/redis-server',
  relaxed: false,
  result: 'loaded',
  detail: 'it loads dumps of Redis 7.0.15',
};
const passed: DrillItem = {
  source: 'prod',
  instanceId: 'crs-orders01',
  backupId: '154572603-1320306925-308303841',
  startedAt: '2026-11-24T02:15:00Z',
  outcome: 'passed',
  reason: null,
  detail: '',
  at: '2026-11-24T03:00:00Z',
  durationMs: 12_345,
  server: 'Redis 7.0.15',
  keys: 1_200_000,
  expired: 900,
  files: [],
  assertions: [{ assertion: 'exists a', ok: true, detail: 'there is such a key' }],
  trials: [trial],
};
const failed: DrillItem = {
  ...passed,
  backupId: '2',
  outcome: 'failed',
  reason: 'keys-differ',
  detail: 'Redis 7.0.15: database 0 holds 1 keys where the dump has 2',
  hint: 'Look at it.',
  assertions: [{ assertion: 'exists a', ok: false, detail: 'there is no such key' }],
};

const answer = (items: readonly DrillItem[], exitCode = 0) => ({
  app: { drill: async () => ({ items, problems: [], exitCode }) },
});

/** What the application is asked for by these arguments. */
async function requestOf(...args: string[]): Promise<Partial<DrillRequest> | undefined> {
  let asked: Partial<DrillRequest> | undefined;
  await runIn(['drill', ...args], {
    app: {
      drill: async ({ signal: _signal, tell: _tell, each: _each, ...request }) => {
        asked = request as Partial<DrillRequest>;
        return { items: [], problems: [], exitCode: 0 };
      },
    },
  });
  return asked;
}

describe('drill', () => {
  test.each<[string[], object]>([
    [['crs-1'], { instanceId: 'crs-1' }],
    [['crs-1', 'backup-2'], { instanceId: 'crs-1', backupId: 'backup-2' }],
    [['crs-1', '--source', 'gz'], { instanceId: 'crs-1', source: 'gz' }],
    [['--sample', '5'], { sample: { count: 5 } }],
    [['--sample', '0.5%'], { sample: { percent: 0.5 } }],
    [['crs-1', '--server', 'valkey-server'], { instanceId: 'crs-1', servers: ['valkey-server'] }],
    [['crs-1', '--server', 'a', '--server', '/b'], { instanceId: 'crs-1', servers: ['a', '/b'] }],
  ])('%j asks for %j', async (args, request) => {
    expect(await requestOf(...args)).toEqual(request);
  });

  test.each([[[]], [['--sample', '5', 'crs-1']], [['--sample', 'many']], [['--sample', '-1']]])(
    '%j is wrong usage, and nothing is asked',
    async (args) => {
      expect(await requestOf(...args)).toBeUndefined();
      expect((await runIn(['drill', ...args])).code).toBe(2);
    },
  );

  test.each([0, 3, 4])('ends with what came of it: %d', async (exitCode) => {
    expect((await runIn(['drill', 'crs-1'], answer([passed], exitCode))).code).toBe(exitCode);
  });

  it('says what is wrong and what to do, below a table that fits a terminal', async () => {
    const { stdout, stderr } = await runIn(['drill', '--sample', '2'], {
      ...answer([passed, failed], 4),
      terminalColumns: 80,
    });
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/^passed +crs-orders01 +154572603-1320306925-308303841 .*1200000 +900/m);
    expect(stderr).toBe(
      'crs-orders01 2: keys-differ: Redis 7.0.15: database 0 holds 1 keys where the dump has 2\n' +
        '  Look at it.\n' +
        '2 archives drilled, 1 passed, 1 failed; 1 of 2 assertions held\n',
    );
  });

  it('says which server was taken and why, where there was a choice or it was told to be lenient', async () => {
    const other: ServerTrial = {
      ...trial,
      server: 'Valkey 9.1.2',
      path: '/opt/valkey-server',
      result: 'passed-over',
      detail: 'Valkey 9.1.2 does not load type 26 of Redis',
    };
    const lenient = { ...passed, backupId: '2', trials: [{ ...trial, relaxed: true }] };
    const chosen = { ...passed, backupId: '1', trials: [trial, other] };
    const { stderr } = await runIn(['drill', '--sample', '2'], answer([chosen, lenient]));
    expect(stderr).toBe(
      'crs-orders01 1: passed\n' +
        '  Redis 7.0.15 (/usr/bin/redis-server): loaded: it loads dumps of Redis 7.0.15\n' +
        '  Valkey 9.1.2 (/opt/valkey-server): passed-over: Valkey 9.1.2 does not load type 26 of Redis\n' +
        'crs-orders01 2: passed\n' +
        '  Redis 7.0.15 (/usr/bin/redis-server): loaded: it loads dumps of Redis 7.0.15\n' +
        '2 archives drilled, 2 passed; 2 of 2 assertions held\n',
    );
  });

  it('does not call a partial proof a whole one', async () => {
    const detail =
      'Redis 9.0.0 loaded all of dump.rdb, 3 keys; only the 1 before byte 40 could be compared: a type';
    const { stdout, stderr, code } = await runIn(
      ['drill', '--sample', '2'],
      answer([passed, { ...passed, backupId: '2', partial: true, detail, assertions: [] }]),
    );
    expect(stdout).toMatch(/^passed in part +crs-orders01/m);
    expect(stderr).toBe(
      `crs-orders01 2: ${detail}\n2 archives drilled, 1 passed, 1 passed in part; 1 of 1 assertion held\n`,
    );
    expect(code).toBe(0);
  });

  it('gives programs one document, and nothing beside it', async () => {
    const { stdout, stderr } = await runIn(['drill', 'crs-1', '--json'], answer([failed], 4));
    expect(JSON.parse(stdout)).toEqual({ schema: 'rdb-archiver/drill@1', items: [failed] });
    expect(stderr).toBe('');
  });
});
