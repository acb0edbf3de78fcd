/** The command line as a promise: which exit status, what on which stream, whatever the application answers. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { App } from '../../src/app/app.ts';
import { ArchiverError, interruption } from '../../src/domain/errors.ts';
import type { Listing } from '../../src/domain/listing.ts';
import { harmlessJson } from '../../src/domain/outside-text.ts';
import { STOP_SIGNALS, type StopSignal } from '../../src/domain/stop-signals.ts';
import type { ArchiveItem, BackupItem, InstanceItem, PlanItem } from '../../src/list/report.ts';
import type { VerifyItem } from '../../src/verify/report.ts';
import { failed } from '../report/examples.ts';
import { cleanSummary, idleApp, type Outside, runIn, verifiedReport } from './fake-surroundings.ts';

const plan: PlanItem = {
  source: 'ap-guangzhou',
  region: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  instanceName: 'orders',
  backupId: '1-2-3',
  startedAt: '2026-11-24T02:15:00Z',
  deadline: '2026-12-01T02:15:00Z',
  action: 'archive',
  reason: null,
  key: null,
};
const instance: InstanceItem = {
  source: 'ap-guangzhou',
  region: 'ap-guangzhou',
  id: 'crs-orders01',
  name: 'orders',
  engine: 'Redis',
  version: '7.0',
  product: 'general II',
  shards: 1,
  backups: 3,
  selected: false,
  vanished: false,
};
const backup: BackupItem = {
  source: 'ap-guangzhou',
  region: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  id: '1-2-3',
  state: 'available',
  type: '1',
  startedAt: '2026-11-24T02:15:00Z',
  deadline: '2026-12-01T02:15:00Z',
  archived: true,
};
const archive: ArchiveItem = {
  source: 'ap-guangzhou',
  region: 'ap-guangzhou',
  api: 'tencent-v3',
  instanceId: 'crs-orders01',
  instanceName: 'orders',
  backupId: '1-2-3',
  startedAt: '2026-11-24T02:15:00Z',
  archivedAt: '2026-11-24T03:00:00Z',
  files: 2,
  bytes: 4096,
  manifest: 'catalog/x.json',
};
const verified: VerifyItem = {
  source: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  backupId: '1-2-3',
  startedAt: '2026-11-24T02:15:00Z',
  result: 'ok',
  detail: '',
  hint: '',
  files: 2,
  bytesRead: 4096,
};
const found = <Item>(...items: Item[]): Listing<Item> => ({ items, problems: [], exitCode: 0 });

describe('the exit status', () => {
  test.each([0, 3, 10, 11])('of run is that of the run: %d', async (exitCode) => {
    const { code, closed } = await runIn(['run'], {
      app: { run: async () => ({ ...cleanSummary, exitCode }) },
    });
    expect(code).toBe(exitCode);
    expect(closed).toBe(true);
  });

  test.each([
    ['plan', { plan: async () => ({ ...found(plan), exitCode: 3 }) }],
    ['list instances', { listInstances: async () => ({ ...found(instance), exitCode: 3 }) }],
    ['verify', { verify: async () => ({ ...verifiedReport([verified]), exitCode: 3 }) }],
    ['archive crs-1', { archive: async () => ({ ...cleanSummary, exitCode: 3 }) }],
  ] satisfies [string, Outside['app']][])('of %s is what the application found', async (command, app) => {
    expect((await runIn(command.split(' '), { app })).code).toBe(3);
  });

  test.each([
    ['store-refused', 11],
    ['store-unreachable', 11],
    ['archive-damaged', 4],
    ['unknown-backup', 3],
    ['internal', 1],
  ] as const)('of a command that fails with %s is %d, with the message and the hint', async (code, exit) => {
    const app = {
      plan: async () => {
        throw new ArchiverError(code, 'it did not work', {
          hint: 'Try harder.',
          cause: new Error('the reason'),
        });
      },
    };
    const ended = await runIn(['plan'], { app });
    expect(ended.code).toBe(exit);
    expect(ended.stderr).toBe('rdb-archiver: it did not work: the reason\n  Try harder.\n');
    expect(ended.stdout).toBe('');
    expect(ended.closed).toBe(true);
  });

  test('of an unexpected error is 1, told without its stack', async () => {
    const createApp = async () => {
      throw new TypeError('x is not a function');
    };
    const { code, stderr } = await runIn(['run'], { createApp });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rdb-archiver: unexpected error: x is not a function\n.*bug.*\n$/);
  });

  test.each(Object.entries(STOP_SIGNALS) as [StopSignal, number][])(
    'after %s is %d, whatever else happened',
    async (signal, exit) => {
      const stop = new AbortController();
      const stopped = async () => {
        stop.abort(interruption(signal));
        return { ...cleanSummary, exitCode: 3 };
      };
      expect((await runIn(['run'], { app: { run: stopped }, signal: stop.signal })).code).toBe(exit);
      const broken = async () => {
        throw new Error('a bug on the way out');
      };
      expect((await runIn(['run'], { app: { run: broken }, signal: stop.signal })).code).toBe(exit);
    },
  );

  test.each([
    [
      ['vrify'],
      /^rdb-archiver: unknown command 'vrify'; did you mean verify\?\n {2}See `rdb-archiver --help`\.\n$/,
    ],
    [
      ['plan', '--jsn'],
      /^rdb-archiver: unknown option '--jsn'; did you mean --json\?\n {2}See `rdb-archiver plan --help`\.\n$/,
    ],
    [['help', 'vrify'], /^rdb-archiver: unknown command 'vrify'\n {2}See `rdb-archiver --help`\.\n$/],
    [['run', '--dry-run'], /^rdb-archiver: run has no --dry-run\n {2}`rdb-archiver plan` shows/],
    [['archive', 'crs-1', '--dry-run'], /archive has no --dry-run\n {2}`rdb-archiver plan` shows/],
    [['expire', '--dry-run'], /expire has no --dry-run\n {2}Without --confirm it only shows/],
    [['archive'], /missing required argument 'instance'/],
    [['list'], /missing required argument 'instances\|backups\|archives'/],
    [['list', 'dumps'], /Allowed choices are instances, backups, archives/],
    [['run', 'now'], /too many arguments/],
    [['sandbox', '--port', 'x'], /A port is a number/],
    [['run', '--log-level', 'loud'], /--log-level: expected one of debug, info, warn, error, got "loud"/],
    [[], /Usage: rdb-archiver/],
  ])('of %j is 2, with the reason on standard error', async (args, reason) => {
    const { code, stdout, stderr, config } = await runIn(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(reason);
    expect(stdout).toBe('');
    expect(config).toBeUndefined();
  });
});

describe('help and version', () => {
  test.each([
    [['help'], ['--help']],
    [
      ['help', 'run'],
      ['run', '--help'],
    ],
    [
      ['help', 'list', 'archives'],
      ['list', '--help'],
    ],
    [['version'], ['--version']],
  ])('are commands too: %j prints what %j prints', async (command, option) => {
    const asCommand = await runIn(command);
    expect(asCommand).toEqual(await runIn(option));
    expect(asCommand).toMatchObject({ code: 0, stderr: '' });
    expect(asCommand.stdout).not.toBe('');
  });

  test('the help says where the pages lie that messages name', async () => {
    expect((await runIn(['--help'])).stdout).toContain(
      'that messages name (docs/…, deploy/…) lie in /opt/rdb-archiver.',
    );
  });

  test('do not name an option that is only there to be refused', async () => {
    expect((await runIn(['run', '--help'])).stdout).not.toContain('--dry-run');
  });
});

describe('run and archive', () => {
  test('log JSON lines on standard output where that is no terminal, and nothing on standard error', async () => {
    const { stdout, stderr } = await runIn(['run'], {
      createApp: async (_config, { observer }) =>
        tellingApp(() => observer({ type: 'backup.outcome', outcome: failed })),
    });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    ).toEqual(['backup.outcome']);
    expect(stderr).toBe('');
  });

  test.each([
    [{ terminalColumns: 80 }, ['run']],
    [{}, ['run', '--log-format', 'pretty']],
    [{ env: { ARCHIVER_LOG_FORMAT: 'pretty' } }, ['run']],
  ])('tell a person instead: %j', async (outside, args) => {
    const { stdout, stderr } = await runIn(args, {
      ...outside,
      createApp: async (_config, { observer }) =>
        tellingApp(() => {
          observer({ type: 'backup.outcome', outcome: failed });
          observer({ type: 'run.summary', summary: cleanSummary });
        }),
    });
    expect(stderr).toContain('failed    crs-orders01');
    expect(stdout).toContain('Take a new backup now.');
  });

  test('archive asks for the backup by id, or for the latest, in the source that was named', async () => {
    const requests: unknown[] = [];
    const app: Outside['app'] = {
      archive: async ({ signal: _signal, ...request }) => {
        requests.push(request);
        return cleanSummary;
      },
    };
    await runIn(['archive', 'crs-1'], { app });
    await runIn(['archive', 'crs-1', '1-2-3', '--source', 'b'], { app });
    expect(requests).toEqual([
      { instanceId: 'crs-1', backupId: 'latest' },
      { instanceId: 'crs-1', backupId: '1-2-3', source: 'b' },
    ]);
  });

  test('take --config and --log-level before or after the command', async () => {
    const after = await runIn(['run', '--log-level', 'debug']);
    const before = await runIn(['--log-level', 'debug', 'run']);
    expect([after.config?.log.level, before.config?.log.level]).toEqual(['debug', 'debug']);
    expect((await runIn(['run', '--config', 'nowhere.yaml'])).stderr).toContain(
      'nowhere.yaml: there is no such file',
    );
  });

  function tellingApp(tell: () => void) {
    const run = async () => {
      tell();
      return cleanSummary;
    };
    return { ...idleApp, run, archive: run };
  }
});

describe('what is listed', () => {
  const all = {
    plan: async () => found(plan, { ...plan, action: 'skip' as const, reason: 'already-archived' }),
    listInstances: async () => found(instance),
    listBackups: async () => found(backup),
    listArchives: async () => found(archive),
    verify: async () => verifiedReport([verified]),
  };

  test.each([
    [['plan'], 'plan', [plan, { ...plan, action: 'skip', reason: 'already-archived' }]],
    [['list', 'instances'], 'instances', [instance]],
    [['list', 'backups'], 'backups', [backup]],
    [['list', 'archives'], 'archives', [archive]],
    [['verify'], 'verify', [verified]],
  ])('by %j --json is one document and nothing else', async (args, name, items) => {
    const { stdout, stderr } = await runIn([...args, '--json'], { app: all });
    const { summary: _, ...document } = JSON.parse(stdout);
    expect(document).toEqual({ schema: `rdb-archiver/${name}@1`, items });
    expect(stderr).toBe('');
  });

  test.each([
    [['plan'], /^PLAN .*\narchive +crs-orders01 +1-2-3 .*\nalready-archived /],
    [['list', 'instances'], /^INSTANCE .*\ncrs-orders01 +Redis 7\.0 +general II +1 +3 +left out +orders\n$/],
    [['list', 'backups'], /^INSTANCE .*\ncrs-orders01 +1-2-3 +archived +2026-11-24 02:15/],
    [['list', 'archives'], /^INSTANCE .*\ncrs-orders01 +1-2-3 +2026-11-24 02:15 +2 +4\.00 KiB +orders\n$/],
    [['verify'], /^RESULT .*\nok +crs-orders01 +1-2-3 +2026-11-24 02:15 +2\n$/],
  ])('by %j is a table on standard output', async (args, table) => {
    expect((await runIn(args, { app: all })).stdout).toMatch(table);
  });

  test('names the source only where there are several', async () => {
    const two = async () => found(instance, { ...instance, source: 'b' });
    expect((await runIn(['list', 'instances'], { app: { listInstances: two } })).stdout).toMatch(/^SOURCE /);
  });

  test('stays within a narrow terminal', async () => {
    const long = '154572602-1320306924-308303840';
    const app = {
      plan: async () =>
        found({ ...plan, backupId: long, action: 'skip' as const, reason: 'already-archived' }),
    };
    const { stdout } = await runIn(['plan'], { app, terminalColumns: 80 });
    expect(stdout).toContain(long);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('and what could not be listed is told on standard error, secrets taken out', async () => {
    const problems = [{ message: 'ap-beijing could not be listed: token=HUSH', hint: 'Check the key.' }];
    const app = { listBackups: async () => ({ items: [backup], problems, exitCode: 3 }) };
    const { code, stdout, stderr } = await runIn(['list', 'backups', '--json'], { app });
    expect(code).toBe(3);
    expect(JSON.parse(stdout).items).toHaveLength(1);
    expect(stderr).toBe('rdb-archiver: ap-beijing could not be listed: token=[redacted]\n  Check the key.\n');
  });

  test('as nothing is no "there is none" where it could not be listed', async () => {
    const problems = [{ message: 'ap-beijing could not be listed', hint: 'Check the key.' }];
    const app = { listBackups: async () => ({ items: [], problems, exitCode: 10 }) };
    const { stdout, stderr } = await runIn(['list', 'backups'], { app });
    expect({ stdout, stderr }).toEqual({
      stdout: '',
      stderr: 'rdb-archiver: ap-beijing could not be listed\n  Check the key.\n',
    });
  });

  test('as nothing is said in words, and an empty document is still one', async () => {
    expect(await runIn(['list', 'archives'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'There are no archives.\n',
    });
    expect(JSON.parse((await runIn(['list', 'archives', '--json'])).stdout).items).toEqual([]);
  });

  describe('row by row', () => {
    const many = Array.from({ length: 1200 }, (_, index) => ({
      ...archive,
      backupId: `backup-${index}`,
      instanceName: 'o"r\u{85}\u{202e}ders\u007f',
    }));
    const telling = {
      async listArchives({ each = async () => undefined }: Pick<Parameters<App['listArchives']>[0], 'each'>) {
        for (const row of many) await each(row);
        return found<ArchiveItem>();
      },
    };

    test('is the same document as at once', async () => {
      const { stdout } = await runIn(['list', 'archives', '--json'], { app: telling });
      const whole = JSON.stringify({ schema: 'rdb-archiver/archives@1', items: many }, undefined, 2);
      expect(stdout).toBe(`${harmlessJson(whole)}\n`);
    });

    test('is a line of JSON each with --jsonl, and nothing else', async () => {
      const { code, stdout, stderr } = await runIn(['list', 'archives', '--jsonl'], { app: telling });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const lines = stdout.trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(many);
    });

    test('is one table, as wide as it began', async () => {
      const { stdout } = await runIn(['list', 'archives'], { app: telling });
      const lines = stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(1 + many.length);
      expect(lines.filter((line) => line.startsWith('INSTANCE'))).toHaveLength(1);
    });

    test('has come as far as it went where the command ends in between, and is no document then', async () => {
      const app = {
        async listArchives(request: Parameters<App['listArchives']>[0]) {
          await telling.listArchives(request);
          throw new ArchiverError('store-unreachable', 'the store has gone');
        },
      };
      const lines = await runIn(['list', 'archives', '--jsonl'], { app });
      expect(lines.code).toBe(11);
      expect(lines.stdout.trimEnd().split('\n')).toHaveLength(many.length);
      const { stdout } = await runIn(['list', 'archives', '--json'], { app });
      expect(stdout).toContain('backup-1199');
      expect(() => JSON.parse(stdout)).toThrow(SyntaxError);
    });

    test('is either a document or lines', async () => {
      const { code, stderr } = await runIn(['list', 'archives', '--json', '--jsonl'], { app: telling });
      expect(code).toBe(2);
      expect(stderr).toContain("'--jsonl' cannot be used with option '--json'");
    });
  });

  test('is what was asked for', async () => {
    const asked: unknown[] = [];
    const remember = async (asking: { readonly signal: AbortSignal; readonly each?: unknown }) => {
      const { signal: _signal, each: _each, ...request } = asking;
      asked.push(request);
      return found<never>();
    };
    const verify = async (request: { readonly signal: AbortSignal }) => {
      await remember(request);
      return verifiedReport([]);
    };
    const app = { listBackups: remember, verify };
    await runIn(['list', 'backups', 'crs-1'], { app });
    await runIn(['verify'], { app });
    await runIn(['verify', 'crs-1', '1-2-3', '--quick'], { app });
    expect(asked).toEqual([
      { instanceId: 'crs-1' },
      { quick: false },
      { instanceId: 'crs-1', backupId: '1-2-3', quick: true },
    ]);
  });
});

describe('sandbox and demo', () => {
  const sandbox = (closed: () => void) => async () => ({
    url: 'http://127.0.0.1:1',
    contents: '1 instance',
    environment: { ARCHIVER_SOURCE_REGIONS: 'ap-guangzhou', ARCHIVER_SOURCE_ENDPOINT: 'http://127.0.0.1:1' },
    async close() {
      closed();
    },
  });

  test('the sandbox prints the variables that lead to it, and stays until it is interrupted', async () => {
    const stop = new AbortController();
    let closed = false;
    const running = runIn(['sandbox'], {
      createSandbox: sandbox(() => (closed = true)),
      signal: stop.signal,
    });
    expect(closed).toBe(false);
    stop.abort(interruption('SIGINT'));
    const { code, stdout } = await running;
    expect(code).toBe(130);
    expect(closed).toBe(true);
    expect(stdout).toBe(
      'export ARCHIVER_SOURCE_REGIONS=ap-guangzhou\nexport ARCHIVER_SOURCE_ENDPOINT=http://127.0.0.1:1\n',
    );
  });

  test('the demo runs and verifies against the sandbox and no other configuration, and tells where the dumps lie', async () => {
    let closed = false;
    const { code, stdout, config } = await runIn(['demo', '--dir', 'here'], {
      createSandbox: sandbox(() => (closed = true)),
      env: { ARCHIVER_DESTINATION: 's3://production/', ARCHIVER_CONCURRENCY: 'nonsense' },
      app: { verify: async () => verifiedReport([verified]), listArchives: async () => found(archive) },
    });
    expect(code).toBe(0);
    expect(closed).toBe(true);
    expect(config).toMatchObject({
      sources: [{ endpoint: 'http://127.0.0.1:1' }],
      destination: { kind: 'file', directory: expect.stringMatching(/here$/) },
    });
    expect(existsSync(config?.destination.kind === 'file' ? config.destination.directory : '')).toBe(true);
    expect(stdout).toContain('1 archive verified, 4.00 KiB read: all ok');
    expect(stdout).toContain(join('here', 'data'));
  });

  test('the demo ends where its run fails', async () => {
    const { code, stdout } = await runIn(['demo', '--dir', 'here'], {
      createSandbox: sandbox(() => undefined),
      app: { run: async () => ({ ...cleanSummary, exitCode: 3 }) },
    });
    expect(code).toBe(3);
    expect(stdout).not.toContain('3. ');
  });
});
