/** Retention on a real bucket: what goes, and in which order. */
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { aRule, daily, first, layout, openShelf, refOf, SOURCE, told } from '../support/shelf.ts';

const signal = new AbortController().signal;
const [confirm, dryRun] = [
  { confirm: true, signal },
  { confirm: false, signal },
];

const vanished = (manifest: Manifest): Manifest => ({
  ...manifest,
  instance: { ...manifest.instance, name: manifest.instance.id, vanished: true },
});

describe('expire', () => {
  it('deletes nothing unless it is confirmed, and says what would go and why the rest stays', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const before = shelf.keys();
    const report = await shelf.retention({}).expire(dryRun);
    expect(told(report)).toEqual([
      'backup-3: expire',
      'backup-2: expire',
      'backup-1: last',
      'backup-0: last, newest-verified',
    ]);
    expect(report.exitCode).toBe(0);
    expect(report.items[0]?.bytes).toBeGreaterThan(20);
    expect(shelf.keys()).toEqual(before);
    expect(shelf.s3.counts.get('PutObject')).toBeUndefined();
    expect(shelf.s3.counts.get('DeleteObject')).toBeUndefined();
  });

  it('deletes the manifest first, then every dump and every attempt, then what is known of the archive, its note last', async () => {
    const shelf = await openShelf();
    const old = { ...first(daily(1, { daysAgo: 30 })), backupId: 'old', files: 2 };
    await shelf.put(old, ...daily(2));
    const folder = layout.dataFolder(refOf(old));
    await shelf.putText(`${folder}run-7-a/dump.rdb.zst.age`, 'an attempt that came to nothing');
    await shelf.putText(layout.recordKey('drill', refOf(old)), '{}');
    await shelf.putText(`${layout.quarantineFolder(refOf(old))}record.json`, '{}');
    await shelf.putText(`${layout.quarantineFolder(refOf(old))}dump.rdb`, 'damaged, before a good copy came');

    const report = await shelf.retention({}).expire(confirm);
    const deleted = shelf.s3.requests.filter(({ operation }) => operation === 'DeleteObject');
    expect(deleted.map(({ key }) => key)).toEqual([
      `${layout.recordPrefix('expire')}rehearsal`,
      layout.manifestKey(refOf(old)),
      `${layout.quarantineFolder(refOf(old))}record.json`,
      `${layout.quarantineFolder(refOf(old))}dump.rdb`,
      `${folder}dump-1-of-2.rdb`,
      `${folder}dump-2-of-2.rdb`,
      `${folder}run-7-a/dump.rdb.zst.age`,
      layout.recordKey('drill', refOf(old)),
      layout.recordKey('expire', refOf(old)),
    ]);
    expect(report.items[0]).toMatchObject({ backupId: 'old', action: 'expired' });
    expect(report.items[0]?.deleted).toEqual(deleted.slice(1, -1).map(({ key }) => key));
    expect(shelf.keys().filter((key) => key.includes('old'))).toEqual([]);
    expect(shelf.keys('catalog/')).toHaveLength(2);
    expect(shelf.keys('data/')).toHaveLength(2);
    expect(shelf.records()).toEqual([]);
  });

  it('finds nothing more to delete when it comes again', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(40), ...daily(40, { instanceId: 'crs-users02' }));
    const rules = [aRule({ keepDaily: 7, keepWeekly: 3 })];
    const one = await shelf.retention({ rules }).expire(confirm);
    expect(one.items.filter(({ action }) => action === 'expired').length).toBeGreaterThan(50);
    const left = shelf.keys();
    const two = await shelf.retention({ rules }).expire(confirm);
    expect(two.items.filter(({ action }) => action !== 'keep')).toEqual([]);
    expect(shelf.keys()).toEqual(left);
  });

  it('uses the first rule that fits an instance by the name and tags of its newest archive, and leaves alone what none fits', async () => {
    const shelf = await openShelf();
    const named = daily(4, { instanceId: 'crs-a' }).map((archive, index) => ({
      ...archive,
      name: index === 0 ? 'audit-log' : 'orders',
    }));
    const tagged = daily(4, { instanceId: 'crs-b' }).map((archive) => ({
      ...archive,
      tags: { team: 'pay' },
    }));
    await shelf.put(...named, ...tagged, ...daily(4, { instanceId: 'crs-c' }));
    const rules = [
      aRule({ names: ['audit-*'], keepLast: 3 }),
      aRule({ tags: { team: 'pay' }, keepLast: 1 }),
      aRule({ sources: ['ap-elsewhere'], keepLast: 1 }),
    ];
    const { items } = await shelf.retention({ rules }).expire(dryRun);
    const going = Map.groupBy(
      items.filter(({ action }) => action === 'expire'),
      ({ instanceId }) => instanceId,
    );
    expect([...going].map(([id, gone]) => [id, gone.length])).toEqual([
      ['crs-a', 1],
      ['crs-b', 3],
    ]);
    expect(items.at(-1)?.reasons).toEqual([{ cause: 'no-rule', detail: '' }]);
  });

  it('leaves an instance that the cloud no longer has its rule by tags, though its last archives know none', async () => {
    const shelf = await openShelf();
    const archives = daily(6).map((archive, index) =>
      index < 2 ? { ...archive, adjust: vanished } : { ...archive, tags: { env: 'audit' } },
    );
    await shelf.put(...archives);
    const rules = [aRule({ tags: { env: 'audit' }, keepDaily: 400 }), aRule({ keepLast: 1 })];
    const { items } = await shelf.retention({ rules }).expire(confirm);
    expect(new Set(items.map(({ action }) => action))).toEqual(new Set(['keep']));
  });

  it('looks only at the instance that it is asked for, and says when there is none', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4), ...daily(4, { instanceId: 'crs-users02' }));
    const retention = shelf.retention({});
    const { items } = await retention.expire({ ...confirm, instanceId: 'crs-users02' });
    expect(new Set(items.map(({ instanceId }) => instanceId))).toEqual(new Set(['crs-users02']));
    expect(shelf.keys('catalog/')).toHaveLength(6);
    await expect(retention.expire({ ...confirm, instanceId: 'crs-typo' })).rejects.toMatchObject({
      code: 'unknown-instance',
    });
  });

  it('tells each archive as it comes, one instance after the other, those whose dumps are all gone too', async () => {
    const shelf = await openShelf();
    const gone = { ...first(daily(1, { daysAgo: 30 })), backupId: 'gone' };
    await shelf.put(...daily(3, { instanceId: 'crs-b' }), gone, ...daily(3, { instanceId: 'crs-a' }));
    shelf.s3.objects.delete(layout.dumpKey(refOf(gone), 1, 1));
    const rows: string[] = [];
    const report = await shelf.retention({}).expire({
      ...dryRun,
      async each({ instanceId, backupId, bytes }) {
        rows.push(`${instanceId} ${backupId}${bytes === 0 ? ' of no bytes' : ''}`);
      },
    });
    expect(report.items).toEqual([]);
    expect(rows).toEqual([
      ...['crs-a', 'crs-b'].flatMap((id) => [2, 1, 0].map((index) => `${id} backup-${index}`)),
      'crs-orders01 gone of no bytes',
    ]);
  });

  it('says so when no retention is configured', async () => {
    const shelf = await openShelf();
    await expect(shelf.retention({ rules: [] }).expire(dryRun)).rejects.toMatchObject({
      code: 'usage',
      exit: 2,
    });
  });

  it('says that the bytes stay where the bucket keeps versions', async () => {
    const shelf = await openShelf();
    shelf.s3.behaviour.versioned = true;
    await shelf.put(...daily(3));
    expect((await shelf.retention({}).expire(confirm)).bytesStay).toBe(true);
  });
});

describe('a dump in quarantine', () => {
  const record = (startedAt: string, lastTriedAt: string) =>
    JSON.stringify({
      schema: 'rdb-archiver/quarantine@1',
      instanceId: 'crs-orders01',
      backupId: 'bad',
      startedAt,
      firstTriedAt: startedAt,
      lastTriedAt,
      runId: 'run-1',
      files: [],
    });

  it.each([
    ['2026-11-01T02:15:00Z', '2026-11-07T02:15:00Z', 'bad: expired'],
    ['2026-11-01T02:15:00Z', '2026-11-23T02:15:00Z', 'bad: cloud-still-has-it'],
    ['2026-11-13T12:15:00Z', '2026-11-14T02:15:00Z', 'bad: daily 2026-11-13'],
  ])('of a backup of %s, last tried %s: %s', async (startedAt, lastTriedAt, words) => {
    const shelf = await openShelf();
    await shelf.put(...daily(6).filter(({ backupId }) => backupId !== 'backup-1'));
    const ref = { source: SOURCE, instanceId: 'crs-orders01', backupId: 'bad', startedAt };
    await shelf.putText(layout.quarantineRecordKey(ref), record(startedAt, lastTriedAt));
    await shelf.putText(layout.quarantineKey(ref, 1, 2), 'the damaged shard');
    await shelf.putText(layout.dumpKey(ref, 2, 2), 'the shard that was well');
    const report = await shelf.retention({ rules: [aRule({ keepDaily: 3 })] }).expire(confirm);
    const item = report.items.find(({ backupId }) => backupId === 'bad');
    expect(item).toMatchObject({ kind: 'quarantine', bytes: 260 });
    expect(told(report)).toContain(words);
    // It never takes the place of an archive.
    expect(report.items.filter(({ kind, action }) => kind === 'archive' && action === 'keep')).toHaveLength(
      3,
    );
    const left = shelf.keys().filter((key) => key.includes('bad'));
    expect(left).toHaveLength(words === 'bad: expired' ? 0 : 3);
  });
});
