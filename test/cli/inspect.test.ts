/** The inspect command as a promise: what is a file and what an instance, and what is printed of what was found. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { InspectReport } from '../../src/inspect/report.ts';
import { censusOf } from '../rdb/census-of.ts';
import { VALUES } from '../support/rdb-fixtures.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { auxiliary, dump, key, selectDatabase, string } from '../support/rdb-writer.ts';
import { type idleApp, runIn } from './fake-surroundings.ts';

const file = dump([
  auxiliary('redis-ver', '7.2.4'),
  selectDatabase(0),
  ...VALUES.map(({ record }) => record),
  key(0, 'evil:\x1b[2J', string('x')),
  key(0, `a very long name: ${'x'.repeat(300)}`, string('x')),
  selectDatabase(3),
  key(0, 'user:1', string('x'.repeat(5000))),
]);
const census = censusOf(file);
const counts = {
  keys: census.keys,
  expiring: 0,
  expired: 0,
  empty: 0,
  bytes: census.bytes,
  size: census.size,
};
const found: InspectReport = {
  archive: { source: 'gz', instanceId: 'crs-1', backupId: 'b-1', startedAt: '2026-11-24T02:15:00Z' },
  items: [{ name: 'dump.rdb', key: 'data/dump.rdb', result: 'ok', detail: '', checksum: 'verified', census }],
  total: counts,
  problems: [],
  exitCode: 0,
};

describe('inspect', () => {
  test.each([
    ['a path', './nothing-here'],
    ['a name that ends like a dump', 'dump.rdb'],
    ['standard input', '-'],
  ])('takes %s for a file, and needs no configuration then', async (_, subject) => {
    const asked: string[] = [];
    const { code, config } = await runIn(['inspect', subject], {
      env: { ARCHIVER_DESTINATION: '', ARCHIVER_SOURCE_REGIONS: '' },
      async inspectFile({ name }) {
        asked.push(name);
        return { ...found, archive: null };
      },
    });
    expect({ code, asked, config }).toEqual({ code: 0, asked: [subject], config: undefined });
  });

  test('takes what lies there under that name for a file, too', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'archiver-inspect-')), 'backup');
    writeFileSync(path, '');
    const { stdout } = await runIn(['inspect', path], {
      inspectFile: async () => ({ ...found, archive: null }),
    });
    expect(stdout).toContain('keys');
  });

  test('takes everything else for an instance', async () => {
    const asked: unknown[] = [];
    const inspect: typeof idleApp.inspect = async ({ signal: _, ...request }) => {
      asked.push(request);
      return found;
    };
    await runIn(['inspect', 'crs-1'], { app: { inspect } });
    await runIn(['inspect', 'crs-1', 'b-1', '--top', '3', '--source', 'gz'], { app: { inspect } });
    expect(asked).toEqual([
      { instanceId: 'crs-1', top: 10 },
      { instanceId: 'crs-1', backupId: 'b-1', top: 3, source: 'gz' },
    ]);
  });

  test.each([
    ['a file with a backup', ['inspect', 'dump.rdb', 'b-1']],
    ['a number that is none', ['inspect', 'crs-1', '--top', 'many']],
    ['nothing at all', ['inspect']],
  ])('refuses %s, 2', async (_, args) => {
    expect((await runIn(args)).code).toBe(2);
  });

  test.each([undefined, 60, 80, 120])('fits a terminal of %s columns', async (terminalColumns) => {
    const { stdout } = await runIn(['inspect', 'crs-1'], {
      app: { inspect: async () => found },
      ...(terminalColumns !== undefined && { terminalColumns }),
    });
    for (const line of stdout.split('\n'))
      expect([...line].length).toBeLessThanOrEqual(terminalColumns ?? 80);
    for (const word of [
      'crs-1',
      'dump.rdb',
      'RDB version 11',
      'checksum right',
      '7.2.4',
      'LARGEST KEYS',
      'user:',
    ])
      expect(stdout).toContain(word);
  });

  test('lets no escape sequence of a key’s name through', async () => {
    for (const flag of [[], ['--json']]) {
      const { stdout } = await runIn(['inspect', 'crs-1', ...flag], { app: { inspect: async () => found } });
      expect(stdout).not.toContain('\x1b');
      expect(stdout).not.toContain('\\u001b');
    }
  });

  test('prints one document for programs', async () => {
    const { stdout } = await runIn(['inspect', 'crs-1', '--json'], { app: { inspect: async () => found } });
    const { schema, archive, total, items } = JSON.parse(stdout) as InspectReport & { schema: string };
    expect(schema).toBe('rdb-archiver/inspect@1');
    expect({ archive, total, items }).toEqual({ archive: found.archive, total: counts, items: found.items });
  });

  test('shows a section for each shard, and the total', async () => {
    const items = found.items.flatMap((item) => [
      { ...item, name: 'dump-1-of-2.rdb' },
      { ...item, name: 'dump-2-of-2.rdb', result: 'unreadable' as const, census: null, checksum: null },
    ]);
    const problems = [{ message: 'dump-2-of-2.rdb lies in cold storage', hint: 'Wait.' }];
    const { code, stdout, stderr } = await runIn(['inspect', 'crs-1'], {
      app: { inspect: async () => ({ ...found, items, problems, exitCode: 3 }) },
    });
    expect(code).toBe(3);
    expect(stdout).toMatch(/dump-1-of-2\.rdb: .*RDB version/);
    expect(stdout).toContain('dump-2-of-2.rdb: not read');
    expect(stdout).toMatch(/total: 2 files, .* keys/);
    expect(stderr).toContain('cold storage');
  });

  test('says how many have expired, and what is only the least that there can be', async () => {
    const [item] = found.items;
    const told = { ...census, expiring: 5, expired: 2, empty: 1 };
    const types = census.types.map((row) => ({ ...row, elementsExact: false }));
    const items = item ? [{ ...item, census: { ...told, types } }] : [];
    const { stdout } = await runIn(['inspect', 'crs-1'], {
      app: { inspect: async () => ({ ...found, items }) },
    });
    expect(stdout).toContain('5 of them with an expiry, 2 expired by now, 1 without elements');
    expect(stdout).toMatch(/hash +\d+ +>= \d+/);
  });

  test.each([
    ['redis86-mixed', ['RDB version 13', 'written by Redis 8.6.3 at 2026-11-28']],
    ['valkey9-for-replica', ['RDB version 11', 'written by Valkey 9.1.2 at 2026-11-28']],
    [
      'valkey9-field-ttl',
      ['RDB version 80', 'written by Valkey 9.1.2', '4 fields of hashes with an expiry of their own'],
    ],
    ['redis86-vectors', [/vectorset +2 +8/]],
  ] as const)('says whose dump %s is, and what is special about it', async (name, words) => {
    const sample = RDB_SAMPLES.find((each) => each.name === name);
    const items = found.items.map((item) => ({ ...item, census: censusOf(sample?.bytes ?? file) }));
    const { stdout } = await runIn(['inspect', 'crs-1'], {
      app: { inspect: async () => ({ ...found, items }) },
    });
    for (const word of words) expect(stdout).toMatch(word);
  });

  test.each([
    ['verified', 'a dump of an unknown format, checksum right'],
    [null, 'no dump that can be read'],
  ] as const)(
    'does not take a dump that begins as nobody knows for none: checksum %s',
    async (checksum, words) => {
      const other = censusOf(dump([], { magic: 'OTHERS001' }));
      const items = found.items.map((item) => ({ ...item, checksum, census: other }));
      const { stdout } = await runIn(['inspect', 'crs-1'], {
        app: { inspect: async () => ({ ...found, items }) },
      });
      expect(stdout).toContain(words);
    },
  );

  test('tells the bytes behind a dump’s end, and that a hash was too large to look into', async () => {
    const trailing = censusOf(dump([key(0, 'k', string('v'))], { after: Buffer.alloc(40) }));
    const types = census.types.map((row) => ({ ...row, expiringFieldsExact: false }));
    const items = found.items.flatMap((item) => [
      { ...item, census: trailing },
      { ...item, census: { ...census, types } },
    ]);
    const { stdout } = await runIn(['inspect', 'crs-1'], {
      app: { inspect: async () => ({ ...found, items }) },
    });
    expect(stdout).toContain('40 bytes behind its end, which no server reads');
    expect(stdout).toMatch(/at least \d+ fields of hashes .*\nhashes too large to look into/);
  });
});
