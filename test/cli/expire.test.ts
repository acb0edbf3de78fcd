/** `expire`, `hold` and `release` at the command line: what is asked of the application, and what a person and a program are shown. */
import { describe, expect, test } from 'vitest';
import type { ExpireRequest } from '../../src/expire/expire.ts';
import type { HoldRequest } from '../../src/expire/hold.ts';
import type { ExpireItem, ExpireReport, HoldItem } from '../../src/expire/report.ts';
import { runIn } from './fake-surroundings.ts';

function item(changes: Partial<ExpireItem>): ExpireItem {
  return {
    source: 'ap-guangzhou',
    instanceId: 'crs-orders01',
    backupId: '1-2-3',
    startedAt: '2026-11-17T02:15:00Z',
    kind: 'archive',
    bytes: 4096,
    action: 'keep',
    damaged: false,
    reasons: [],
    detail: '',
    deleted: [],
    ...changes,
  };
}

const items = [
  item({ action: 'expire', startedAt: '2026-10-01T02:15:00Z' }),
  item({
    reasons: [
      { cause: 'monthly', detail: '2026-11' },
      { cause: 'daily', detail: '2026-11-17' },
      { cause: 'newest-verified', detail: '' },
    ],
  }),
  item({ backupId: '1-2-4', reasons: [{ cause: 'held', detail: 'audit 2026' }] }),
  item({ backupId: '1-2-5', reasons: [{ cause: 'newest-verified', detail: '' }], damaged: true }),
  item({
    backupId: '1-2-6',
    kind: 'quarantine',
    reasons: [{ cause: 'locked', detail: 'until 2027-01-01T00:00:00Z (compliance)' }],
  }),
];
const report: ExpireReport = { confirmed: false, items, bytesStay: false, problems: [], exitCode: 0 };

describe('expire', () => {
  test('shows what would go and why the rest stays, and says that nothing was deleted', async () => {
    let asked: ExpireRequest | undefined;
    const expire = async (request: ExpireRequest) => {
      asked = request;
      return report;
    };
    const { code, stdout, stderr } = await runIn(['expire'], { app: { expire } });
    expect(code).toBe(0);
    expect(asked).toMatchObject({ confirm: false });
    expect(asked).not.toHaveProperty('instanceId');
    expect(stdout.split('\n')).toEqual([
      'ACTION  INSTANCE      BACKUP  STARTED (UTC)         SIZE  REASON',
      'expire  crs-orders01  1-2-3   2026-10-01 02:15  4.00 KiB',
      'keep    crs-orders01  1-2-3   2026-11-17 02:15  4.00 KiB  monthly 2026-11, daily 2026-11-17',
      'keep    crs-orders01  1-2-4   2026-11-17 02:15  4.00 KiB  held: audit 2026',
      'keep    crs-orders01  1-2-5   2026-11-17 02:15  4.00 KiB  damaged, newest verified',
      'keep    crs-orders01  1-2-6   2026-11-17 02:15  4.00 KiB  in quarantine, locked until 2027-01-01T00:00:00Z (compliance)',
      '',
    ]);
    expect(stderr).toBe(
      'kept 4 archives, 16.0 KiB; would expire 1 archive, 4.00 KiB\nNothing was deleted. `expire --confirm` does it.\n',
    );
  });

  test('leaves room for the reason at 80 columns, however long the ids are', async () => {
    const long = items.map((one) => ({ ...one, backupId: '154572609-1320306931-308303847' }));
    const outside = { app: { expire: async () => ({ ...report, items: long }) }, terminalColumns: 80 };
    const { stdout } = await runIn(['expire'], outside);
    expect(stdout).toContain('monthly 2026-11, daily 2026-11-17');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('--confirm tells every key at the moment it goes, and that a versioned bucket keeps the bytes', async () => {
    const gone = item({ action: 'expired', deleted: ['redis/catalog/a.json', 'redis/data/a/dump.rdb'] });
    const refused = item({ action: 'failed', backupId: '1-2-4', detail: 'AccessDenied' });
    const expire = async ({ confirm, instanceId, onRemoval }: ExpireRequest) => {
      expect([confirm, instanceId]).toEqual([true, 'crs-orders01']);
      onRemoval?.(gone);
      onRemoval?.(refused);
      return { ...report, confirmed: true, items: [gone, refused], bytesStay: true, exitCode: 3 };
    };
    const { code, stderr } = await runIn(['expire', 'crs-orders01', '--confirm'], { app: { expire } });
    expect(code).toBe(3);
    expect(stderr.split('\n')).toEqual([
      'expired crs-orders01 1-2-3 of 2026-11-17T02:15:00Z: deleted redis/catalog/a.json redis/data/a/dump.rdb',
      'failed crs-orders01 1-2-4 of 2026-11-17T02:15:00Z (AccessDenied)',
      'kept 0 archives, 0 B; expired 1 archive, 4.00 KiB; failed 1 archive, 4.00 KiB',
      'note: the bucket keeps deleted versions, so their bytes stay until a lifecycle rule of the bucket removes them.',
      '',
    ]);
  });

  test('--json gives one document with the reasons as words that do not change, and the totals', async () => {
    const { stdout } = await runIn(['expire', '--json'], { app: { expire: async () => report } });
    expect(JSON.parse(stdout)).toEqual({
      schema: 'rdb-archiver/expire@1',
      confirmed: false,
      bytesStay: false,
      totals: {
        kept: { archives: 4, bytes: 16_384 },
        going: { archives: 1, bytes: 4096 },
        failed: { archives: 0, bytes: 0 },
      },
      items,
    });
  });
});

describe('hold and release', () => {
  const held: HoldItem = {
    source: 'ap-guangzhou',
    instanceId: 'crs-orders01',
    backupId: '1-2-3',
    startedAt: '2026-11-17T02:15:00Z',
    held: true,
    reason: 'audit 2026',
    at: '2026-11-24T03:00:00Z',
    by: 'lin',
  };

  test.each([
    ['hold', 'held'],
    ['release', 'released'],
  ] as const)('%s wants a reason, and hands on who says so', async (action, word) => {
    const asked: HoldRequest[] = [];
    const hold = async (request: HoldRequest) => {
      asked.push(request);
      return { ...held, held: action === 'hold' };
    };
    const without = await runIn([action, 'crs-orders01', 'latest'], { app: { hold } });
    expect([without.code, asked]).toEqual([2, []]);
    expect(without.stderr).toContain(`${action} needs a reason`);
    const words = ['--reason', ' audit 2026 ', '--by', 'lin'];
    const { code, stdout } = await runIn([action, 'crs-orders01', 'latest', ...words], { app: { hold } });
    expect(code).toBe(0);
    expect(asked).toMatchObject([{ action, backupId: 'latest', reason: 'audit 2026', by: 'lin' }]);
    expect(stdout).toBe(`${word}: backup 1-2-3 of crs-orders01, started 2026-11-17 02:15 UTC: audit 2026\n`);
  });

  test.each([
    ['--reason', 'audit'],
    ['--by', 'lin'],
    ['--source', 'gz'],
  ])(
    'hold with %s and no backup is refused: it would look as if something were held',
    async (option, value) => {
      const { code, stderr } = await runIn(['hold', 'crs-orders01', option, value]);
      expect(code).toBe(2);
      expect(stderr).toContain('rdb-archiver hold crs-orders01 latest --reason');
    },
  );

  test('hold without a backup lists what is held', async () => {
    const { stdout } = await runIn(['hold'], { app: { listHolds: async () => [held] } });
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'INSTANCE      BACKUP  STARTED (UTC)     SINCE       REASON      BY',
      'crs-orders01  1-2-3   2026-11-17 02:15  2026-11-24  audit 2026  lin',
    ]);
    const none = await runIn(['hold']);
    expect(none.stderr).toBe('No archive is held.\n');
  });
});
