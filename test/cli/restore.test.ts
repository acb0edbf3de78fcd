/** `restore` at the command line: what it says, what it refuses, and that the bytes alone go to standard output. */
import { describe, expect, test } from 'vitest';
import type { RestoreItem, RestoreReport } from '../../src/restore/report.ts';
import type { RestoreRequest } from '../../src/restore/restore.ts';
import { type Outside, restoredArchive, runIn } from './fake-surroundings.ts';

const ID = 'crs-orders01';

const whole: RestoreItem = {
  file: 'dump.rdb',
  path: '/backups/dump.rdb',
  result: 'restored',
  detail: '',
  size: 5_000_000,
  sha256: 'ab'.repeat(32),
  opened: null,
  rdb: { version: 10, redisVersion: '7.0.15', checksum: 'verified' },
  bytesRead: 5_000_000,
  resumedAt: 0,
};

const reportOf = (items: readonly RestoreItem[], more: Partial<RestoreReport> = {}): RestoreReport => ({
  ...restoredArchive,
  items,
  problems: [],
  exitCode: 0,
  ...more,
});

/** An application whose restore answers this, and what it was asked. */
function restoring(
  report: RestoreReport,
  during: (request: RestoreRequest) => Promise<void> = async () => {},
) {
  const asked: RestoreRequest[] = [];
  const outside: Outside = {
    app: {
      async restore(request) {
        asked.push(request);
        await during(request);
        return report;
      },
    },
  };
  return { asked, outside };
}

describe('restore to a folder', () => {
  test('says what lies where, how it was checked, and what to do with it', async () => {
    const { outside, asked } = restoring(reportOf([whole]));
    const { code, stdout, stderr } = await runIn(['restore', ID, '--to', '/backups'], outside);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`crs-orders01 backup-1, started 2026-11-24 10:15 +08:00
  restored: /backups/dump.rdb, 4.77 MiB
    proved: size, SHA-256 abababababababab…, RDB 10 and its CRC-64

Next (written by 7.0.15; load it with that version or a newer one):
  redis-check-rdb /backups/dump.rdb
  redis-server --port 6380 --dir /backups --dbfilename dump.rdb --appendonly no
With appendonly yes a server would ignore the dump. \`redis-cli --pipe\` cannot
load it (it is no stream of commands). Into another server, or TencentDB:
redis-shake from the file, or DTS with that server as the source.
`);
    expect(asked).toMatchObject([{ instanceId: ID, to: { kind: 'folder', directory: '/backups' } }]);
  });

  test('passes on which archive is meant; a time without a zone is UTC', async () => {
    const { outside, asked } = restoring(reportOf([whole]));
    const given = ['--at', '2026-11-17T08:00', '--source', 'old', '--shard', '2'];
    await runIn(['restore', ID, '--to', '/backups', ...given], outside);
    await runIn(['restore', ID, 'backup-7', '--to', '/backups'], outside);
    expect(asked).toMatchObject([
      { at: '2026-11-17T08:00:00Z', source: 'old', shard: 2 },
      { backupId: 'backup-7' },
    ]);
  });

  test('takes a date for that whole day where the configured clocks are', async () => {
    const { outside, asked } = restoring(reportOf([whole]));
    await runIn(['restore', ID, '--to', '/backups', '--at', '2026-11-17'], outside);
    expect(asked).toMatchObject([{ at: '2026-11-17T15:59:59Z' }]);
  });

  test('names no server for a dump that begins as nobody knows', async () => {
    const rdb = { version: 0, magic: 'OTHERS001', checksum: 'verified' } as const;
    const { outside } = restoring(reportOf([{ ...whole, rdb }]));
    const { stdout } = await runIn(['restore', ID, '--to', '/backups'], outside);
    expect(stdout).toContain('a format that begins with "OTHERS001" and its CRC-64\n');
    expect(stdout).not.toMatch(/-server|-check-rdb/);
    expect(stdout).toContain('a server of the engine that wrote it loads it.');
  });

  test('tells of bytes behind an end without a checksum too', async () => {
    const rdb = { version: 11, checksum: 'absent', trailingBytes: 40 } as const;
    const { outside } = restoring(reportOf([{ ...whole, rdb }]));
    const { stdout } = await runIn(['restore', ID, '--to', '/backups'], outside);
    expect(stdout).toContain('RDB 11, written without a checksum, with 40 bytes behind its end');
  });

  test('quotes what a shell would take apart', async () => {
    const { outside } = restoring(reportOf([{ ...whole, path: "/it's here/dump.rdb" }]));
    const { stdout } = await runIn(['restore', ID, '--to', "/it's here"], outside);
    expect(stdout).toContain(String.raw`redis-check-rdb '/it'\''s here/dump.rdb'`);
  });

  test('says what a cluster’s dumps are good for', async () => {
    const shard = (index: number): RestoreItem => ({
      ...whole,
      file: `dump-${index}-of-3.rdb`,
      path: `/backups/dump-${index}-of-3.rdb`,
    });
    const { outside } = restoring(reportOf([shard(1), shard(2), shard(3)], { files: 3 }));
    const { stdout } = await runIn(['restore', ID, '--to', '/backups'], outside);
    expect(stdout).toContain('The backup is 3 dumps, one a shard. A plain server (no cluster) loads one.');
    expect(stdout).toContain('--dbfilename dump-1-of-3.rdb');
  });

  test.each([
    ['encrypted by the cloud', { encrypted: true }, /`--decrypt` opens them/],
    ['of an engine that writes no RDB', { engine: 'CKV' }, /CKV writes no RDB/],
  ])('does not advise to load a backup %s', async (_, more, told) => {
    const { outside } = restoring(reportOf([{ ...whole, rdb: null }], more));
    const { stdout } = await runIn(['restore', ID, '--to', '/backups'], outside);
    expect(stdout).toMatch(told);
    expect(stdout).toContain('but not its format');
    expect(stdout).not.toContain('redis-server');
  });

  test('tells damage on both outputs, exit 4, and does not advise to load it', async () => {
    const damaged: RestoreItem = {
      ...whole,
      path: '/backups/dump.rdb.abab.damaged',
      result: 'digest-differs',
      detail: 'data/dump.rdb has the SHA-256 00, not ab',
    };
    const problems = [{ message: `damaged: ${damaged.detail}`, hint: 'An older archive may be whole.' }];
    const { outside } = restoring(reportOf([damaged], { problems, exitCode: 4 }));
    const { code, stdout, stderr } = await runIn(['restore', ID, '--to', '/backups'], outside);
    expect(code).toBe(4);
    expect(stdout).toContain('DAMAGED: /backups/dump.rdb.abab.damaged');
    expect(stdout).not.toContain('redis-server');
    expect(stderr).toBe(
      'rdb-archiver: damaged: data/dump.rdb has the SHA-256 00, not ab\n  An older archive may be whole.\n',
    );
  });

  test('gives programs one document', async () => {
    const { outside } = restoring(reportOf([whole]));
    const { stdout } = await runIn(['restore', ID, '--to', '/backups', '--json'], outside);
    expect(JSON.parse(stdout)).toEqual({
      schema: 'rdb-archiver/restore@1',
      ...restoredArchive,
      items: [whole],
    });
  });
});

describe('restore to standard output', () => {
  test('writes the bytes there and nothing else; the rest is told on standard error', async () => {
    const { outside } = restoring(reportOf([{ ...whole, path: null }]), async ({ to }) => {
      if (to?.kind === 'stream') for (const text of ['REDIS', '0010']) await to.write(Buffer.from(text));
    });
    const { code, stdout, stderr } = await runIn(['restore', ID, '--to', '-'], outside);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'REDIS0010' });
    expect(stderr).toMatch(/^crs-orders01 backup-1, .*\n {2}restored: dump\.rdb, 4\.77 MiB\n.*\n$/);
  });

  test('is refused at a terminal, before anything is asked', async () => {
    const { outside, asked } = restoring(reportOf([]));
    const { code, stderr } = await runIn(['restore', ID, '--to', '-'], { ...outside, terminalColumns: 80 });
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain('standard output is a terminal');
  });

  test('is refused together with --json', async () => {
    const { code, stderr } = await runIn(['restore', ID, '--to', '-', '--json']);
    expect(code).toBe(2);
    expect(stderr).toContain('both want standard output');
  });
});

test.each([
  [['restore', ID], /nothing says where the dumps go\n.*--to/],
  [['restore', ID, '--key', 'x', '--decrypt'], /--decrypt opens dumps, and nothing says where they go/],
  [['restore', ID, '--to', 'x', '--at', 'yesterday'], /2026-11-17T08:00 \(UTC\)/],
  [['restore', ID, '--to', 'x', '--shard', '0'], /counted from 1/],
])('%j is wrong usage, exit 2', async (args, told) => {
  const { code, stderr } = await runIn(args);
  expect(code).toBe(2);
  expect(stderr).toMatch(told);
});
