/** What expire must never take, and what must not mislead it. */
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { createVerifications } from '../../src/verify/verifications.ts';
import { storeOn } from '../support/s3-stores.ts';
import {
  aRule,
  daily,
  first,
  layout,
  openShelf,
  refOf,
  type Shelf,
  type ShelvedArchive,
  SOURCE,
  told,
} from '../support/shelf.ts';

/** Of a version to come. */
const NEWER = 'rdb-archiver/manifest@2' as unknown as Manifest['schema'];

const signal = new AbortController().signal;
const confirm = { confirm: true, signal };

describe('expire never takes', () => {
  it('what the cloud may still have: the next run would only archive it again', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(12, { daysAgo: 0 }));
    const report = await shelf.retention({ rules: [aRule({ keepLast: 1 })] }).expire(confirm);
    expect(told(report).filter((line) => line.endsWith('cloud-still-has-it'))).toHaveLength(7);
    expect(told(report).filter((line) => line.endsWith('expired'))).toEqual([
      'backup-11: expired',
      'backup-10: expired',
      'backup-9: expired',
      'backup-8: expired',
    ]);
  });

  it.each([
    ['was deleted by somebody', (shelf: Shelf, key: string) => void shelf.s3.objects.delete(key)],
    ['is garbage', (shelf: Shelf, key: string) => shelf.putText(key, '<html>')],
  ])('what is held; and where the manifest %s, the hold can be released all the same', async (_, harm) => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const retention = shelf.retention({});
    const word = { instanceId: 'crs-orders01', backupId: 'backup-3', signal };
    await retention.hold({ ...word, action: 'hold', reason: 'audit 2026' });
    await harm(shelf, shelf.keys('catalog').find((key) => key.endsWith('_backup-3.json')) ?? '');
    expect(await retention.listHolds({ signal })).toHaveLength(1);
    await retention.hold({ ...word, action: 'release', reason: 'nothing is left of it' });
    expect(await retention.listHolds({ signal })).toEqual([]);
    await expect(retention.hold({ ...word, action: 'release', reason: 'again' })).rejects.toMatchObject({
      code: expect.stringMatching(/unknown-backup|archive-damaged/),
    });
  });

  it.each([
    ['the rules let it go', 3, 3],
    ['it is one of the floor, and then nothing else of the instance goes either', 1, 4],
  ])('what a newer version of this program has written, when %s', async (_, which, stay) => {
    const shelf = await openShelf();
    const newer = { adjust: (manifest: Manifest) => ({ ...manifest, schema: NEWER }) };
    await shelf.put(
      ...daily(4).map((archive, index) => (index === which ? { ...archive, ...newer } : archive)),
    );
    const report = await shelf
      .retention({ rules: [aRule({ keepLast: 1 })], minimum: which === 3 ? 1 : 2 })
      .expire(confirm);
    expect(report.exitCode).toBe(3);
    expect(report.problems).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining('manifest@2, which this version cannot read'),
      }),
    );
    const kept = shelf.keys('catalog');
    expect(kept.some((key) => key.endsWith(`_backup-${which}.json`))).toBe(true);
    if (which !== 3) expect(kept).toHaveLength(stay);
  });

  it.each([
    ['has held', 'hold', 'holds', /^backup-3: held/],
    ['has begun to remove', 'expire-note', 'expire', /^backup-3: in-hand/],
  ] as const)('what a newer version of this program %s', async (_, kind, records, said) => {
    const shelf = await openShelf();
    const archives = daily(4);
    await shelf.put(...archives);
    const oldest = refOf(archives[3] ?? expect.unreachable('there are four'));
    const text = JSON.stringify({ schema: `rdb-archiver/${kind}@2` });
    await shelf.putText(layout.recordKey(records, oldest), text);
    const retention = shelf.retention({ rules: [aRule({ keepLast: 1 })] });
    const report = await retention.expire(confirm);
    expect(told(report)[0]).toMatch(said);
    expect(report.exitCode).toBe(kind === 'hold' ? 0 : 3);
    expect(String(shelf.s3.bytesOf(layout.recordKey(records, oldest)))).toBe(text);
    expect(shelf.keys('catalog').some((key) => key.endsWith('_backup-3.json'))).toBe(true);
  });

  it('what is in quarantine by a record of a newer version', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(2));
    const ref = { ...refOf(first(daily(1))), backupId: 'backup-9', startedAt: '2026-01-01T00:00:00Z' };
    const key = layout.quarantineRecordKey(ref);
    await shelf.putText(key, JSON.stringify({ schema: 'rdb-archiver/quarantine@2' }));
    const report = await shelf.retention({ rules: [aRule({ keepLast: 1 })] }).expire(confirm);
    expect(report).toMatchObject({
      exitCode: 3,
      problems: [{ message: expect.stringContaining('quarantine@2') }],
    });
    expect(shelf.s3.objects.has(key)).toBe(true);
  });

  it('what is held, until it is released', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const retention = shelf.retention({});
    const word = { instanceId: 'crs-orders01', backupId: 'backup-3', signal };
    await retention.hold({ ...word, action: 'hold', reason: 'audit 2026', by: 'lin' });
    expect(told(await retention.expire(confirm))).toEqual([
      'backup-3: held audit 2026',
      'backup-2: expired',
      'backup-1: last',
      'backup-0: last, newest-verified',
    ]);
    expect(await retention.listHolds({ signal })).toMatchObject([
      { backupId: 'backup-3', by: 'lin', held: true },
    ]);
    await retention.hold({ ...word, action: 'release', reason: 'audit done' });
    expect(await retention.listHolds({ signal })).toEqual([]);
    expect(told(await retention.expire(confirm))[0]).toBe('backup-3: expired');
    expect(shelf.records()).toEqual([]);
  });

  it('what is held by a record that nobody can read any more', async () => {
    const shelf = await openShelf();
    const archives = daily(3);
    await shelf.put(...archives);
    const [, , oldest] = archives;
    if (oldest) await shelf.putText(layout.recordKey('holds', refOf(oldest)), 'not JSON');
    expect(told(await shelf.retention({}).expire(confirm))[0]).toMatch(/^backup-2: held/);
  });

  it.each([
    [
      'a lock',
      { lock: { mode: 'COMPLIANCE', until: '2027-01-01T00:00:00.000Z' } },
      'until 2027-01-01T00:00:00Z (compliance)',
    ],
    ['a legal hold', { legalHold: true }, 'by a legal hold'],
  ])('what lies under %s, though a versioned bucket would hide it', async (_what, storage, words) => {
    const shelf = await openShelf();
    shelf.s3.behaviour.objectLock = true;
    await shelf.put(...daily(3));
    const locked = shelf.keys('data/').find((key) => key.includes('backup-2')) ?? '';
    const object = shelf.s3.objects.get(locked);
    if (object) shelf.s3.objects.set(locked, { ...object, storage });
    expect(told(await shelf.retention({}).expire(confirm))[0]).toBe(`backup-2: locked ${words}`);
    shelf.clock.advance(60 * 86_400_000);
    const later = told(await shelf.retention({}).expire(confirm))[0];
    expect(later).toBe('legalHold' in storage ? `backup-2: locked ${words}` : 'backup-2: expired');
  });

  it('what lies under a lock that HEAD does not show, as on COS; nor what may, while the store will not say', async () => {
    const shelf = await openShelf();
    Object.assign(shelf.s3.behaviour, { objectLock: true, lockShown: false });
    await shelf.put(...daily(3));
    const locked = shelf.keys('data/').find((key) => key.includes('backup-2')) ?? '';
    const object = shelf.s3.objects.get(locked);
    const storage = { lock: { mode: 'COMPLIANCE', until: '2027-01-01T00:00:00.000Z' } };
    if (object) shelf.s3.objects.set(locked, { ...object, storage });
    const busy = { on: 'GetObjectRetention', effect: 'answer', status: 503, code: 'SlowDown' } as const;
    const fault = shelf.s3.fail({ ...busy, times: 50 });
    expect(told(await shelf.retention({}).expire(confirm))[0]).toBe('backup-2: unreadable');
    fault.remove();
    const lock = 'locked until 2027-01-01T00:00:00Z (compliance)';
    expect(told(await shelf.retention({}).expire(confirm))[0]).toBe(`backup-2: ${lock}`);
  });

  it.each(['bad', 'backup-2'])(
    '%s, whose damaged dump in quarantine somebody has locked',
    async (backupId) => {
      const shelf = await openShelf();
      shelf.s3.behaviour.objectLock = true;
      await shelf.put(...daily(3));
      const startedAt = daily(3)[2]?.startedAt ?? '';
      const ref = { source: SOURCE, instanceId: 'crs-orders01', backupId, startedAt };
      await shelf.putText(layout.quarantineRecordKey(ref), '{}');
      await shelf.putText(layout.quarantineKey(ref, 1, 1), 'evidence');
      const object = shelf.s3.objects.get(layout.quarantineKey(ref, 1, 1));
      if (object)
        shelf.s3.objects.set(layout.quarantineKey(ref, 1, 1), { ...object, storage: { legalHold: true } });
      const report = await shelf.retention({ rules: [aRule({ keepLast: 1 })] }).expire(confirm);
      expect(told(report)).toContain(`${backupId}: locked by a legal hold`);
      expect(shelf.keys('quarantine/')).toHaveLength(2);
    },
  );

  it('anything of an instance whose newest archives are not there any more, and goes on with the others', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(5), ...daily(5, { instanceId: 'crs-users02' }));
    const dump =
      shelf.keys('data/').find((key) => key.includes('crs-orders01') && key.includes('backup-1')) ?? '';
    shelf.s3.objects.delete(dump);
    const report = await shelf.retention({ minimum: 2 }).expire(confirm);
    expect(report.exitCode).toBe(4);
    expect(report.problems).toHaveLength(1);
    expect(report.problems[0]?.message).toContain(`${dump} is not there`);
    const orders = report.items.filter(({ instanceId }) => instanceId === 'crs-orders01');
    expect(orders.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep', 'keep', 'keep']);
    expect(orders[0]?.reasons).toEqual([{ cause: 'floor-broken', detail: '' }]);
    expect(report.items.filter(({ action }) => action === 'expired')).toHaveLength(3);
  });

  it('the last sound archive in favour of damaged ones that are newer', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(6));
    const damaged = async () => (ref: { readonly backupId: string }) =>
      ['backup-0', 'backup-1'].includes(ref.backupId);
    const report = await shelf.retention({ rules: [aRule({ keepLast: 1 })] }, { damaged }).expire(confirm);
    expect(told(report)).toEqual([
      'backup-5: expired',
      'backup-4: expired',
      'backup-3: expired',
      'backup-2: last, newest-verified',
      'backup-1: last',
      'backup-0: last',
    ]);
  });

  it('anything when the catalog could not be listed whole', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(9));
    shelf.s3.behaviour.pageSize = 4;
    const before = shelf.keys();
    for (const effect of [
      { effect: 'answer', status: 403, code: 'AccessDenied' },
      { effect: 'web-page' },
    ] as const) {
      const fault = shelf.s3.fail({ on: 'ListObjectsV2', nth: 2, times: 20, ...effect });
      await expect(shelf.retention({}).expire(confirm)).rejects.toMatchObject({ name: 'ArchiverError' });
      fault.remove();
    }
    shelf.s3.behaviour.tokenlessPages = true;
    await expect(shelf.retention({}).expire(confirm)).rejects.toMatchObject({ code: 'store-failed' });
    expect(shelf.keys()).toEqual(before);
    expect(shelf.s3.counts.get('DeleteObject')).toBeUndefined();
  });

  it('an archive whose manifest cannot be read, nor anything where it would have to tell the rule', async () => {
    const shelf = await openShelf();
    const archives = daily(4);
    await shelf.put(...archives);
    const [newest, , , oldest] = archives;
    if (oldest) await shelf.putText(layout.manifestKey(refOf(oldest)), 'torn');
    const report = await shelf.retention({}).expire(confirm);
    expect(told(report).slice(0, 2)).toEqual(['backup-3: unreadable', 'backup-2: expired']);
    expect(report.exitCode).toBe(4);

    if (newest) await shelf.putText(layout.manifestKey(refOf(newest)), 'torn');
    const strict = await shelf
      .retention({ rules: [aRule({ names: ['orders'], keepLast: 1 })] })
      .expire(confirm);
    expect(strict.items.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep']);
    expect(strict.exitCode).toBe(4);
  });

  it('files outside the folder of the archive, whatever a manifest says', async () => {
    const shelf = await openShelf();
    const archives = daily(3);
    await shelf.put(...archives);
    const victim = layout.dumpKey(refOf(first(archives)), 1, 1);
    const stray: ShelvedArchive = {
      ...first(daily(1, { daysAgo: 100 })),
      backupId: 'moved',
      adjust: (manifest) => ({
        ...manifest,
        files: manifest.files.map((file) => ({ ...file, key: victim })),
      }),
    };
    await shelf.put(stray);
    expect(told(await shelf.retention({}).expire(confirm))[0]).toBe(`moved: elsewhere ${victim}`);
    expect(shelf.keys('data/')).toContain(victim);
  });
});

describe('expire is not misled by', () => {
  it('a key whose date is in no calendar', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(5));
    for (const stamp of ['20269924T021500Z', '20260231T021500Z', '20261124T271500Z']) {
      const day = `${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6, 8)}`;
      await shelf.putText(`redis/catalog/${SOURCE}/${day}/crs-orders01/${stamp}_zzz.json`, '{}');
    }
    const report = await shelf.retention({ rules: [aRule({ keepDaily: 2 })] }).expire(confirm);
    expect(report.items.map(({ backupId, action }) => `${backupId} ${action}`)).toEqual([
      'backup-4 expired',
      'backup-3 expired',
      'backup-2 expired',
      'backup-1 keep',
      'backup-0 keep',
    ]);
  });

  it('a record of what is damaged that nobody can read any more: nothing goes then', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(5));
    await shelf.putText(layout.verifiedKey(SOURCE, '2026-11'), '{"schema":"rdb-archiver/ver');
    const store = storeOn(shelf.s3, 'aws');
    const { damaged } = createVerifications(store, layout);
    await expect(shelf.retention({}, { damaged }).expire(confirm)).rejects.toMatchObject({ exit: 3 });
    expect(shelf.keys('catalog/')).toHaveLength(5);
  });
});
