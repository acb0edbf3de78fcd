/** An expire that is killed, refused or not alone: the next one finishes, and nothing that is not its own is touched. */
import { describe, expect, it } from 'vitest';
import {
  aRule,
  daily,
  layout,
  openShelf,
  refOf,
  type Shelf,
  type ShelvedArchive,
  SOURCE,
} from '../support/shelf.ts';

const signal = new AbortController().signal;
const confirm = { confirm: true, signal };
const rules = [aRule({ keepLast: 2 })];
const HOUR_MS = 3_600_000;

/** Two instances, one dump of two shards, one in quarantine, one that was drilled, one that is held. */
async function fill(shelf: Shelf): Promise<void> {
  const [, , , sharded, drilled, held] = daily(6);
  await shelf.put(...daily(3), ...daily(3, { instanceId: 'crs-users02' }));
  if (!sharded || !drilled || !held) throw new Error('there are too few archives');
  await shelf.put({ ...sharded, files: 2 }, drilled, held);
  await shelf.putText(layout.recordKey('drill', refOf(drilled)), '{}');
  await shelf.retention({ rules }).hold({
    action: 'hold',
    instanceId: held.instanceId,
    backupId: held.backupId,
    reason: 'audit',
    signal,
  });
  const bad = {
    source: SOURCE,
    instanceId: 'crs-users02',
    backupId: 'bad',
    startedAt: '2026-10-01T00:00:00Z',
  };
  const times = { startedAt: bad.startedAt, firstTriedAt: bad.startedAt, lastTriedAt: bad.startedAt };
  const record = { schema: 'rdb-archiver/quarantine@1', ...bad, ...times, runId: 'run-1', files: [] };
  await shelf.putText(layout.quarantineRecordKey(bad), JSON.stringify(record));
  await shelf.putText(layout.quarantineKey(bad, 1, 1), 'damaged');
}

describe('an expire that is killed', () => {
  it('at any request leaves what the next one finishes, to the same end as if nothing had happened', async () => {
    const undisturbed = await openShelf();
    await fill(undisturbed);
    const before = undisturbed.keys();
    const earlier = undisturbed.s3.requests.length;
    // One at a time: then the n-th request is the same one each time.
    const policy = { rules, concurrency: 1 };
    await undisturbed.retention(policy).expire(confirm);
    const after = undisturbed.keys();
    const requests = undisturbed.s3.requests.length - earlier;
    expect(before.length - after.length).toBe(10);

    let halfway = 0;
    for (let nth = 1; nth <= requests; nth += 1) {
      const shelf = await openShelf();
      await fill(shelf);
      await killedAtRequest(nth, shelf, policy);
      if (shelf.keys('state/expire/').length > 0) halfway += 1;
      // Whatever is listed is whole: a manifest never outlives its data.
      for (const key of shelf.keys('catalog/')) {
        const manifest = JSON.parse(String(shelf.s3.bytesOf(key))) as { files: { key: string }[] };
        for (const file of manifest.files) expect(shelf.keys(), `killed at ${nth}`).toContain(file.key);
      }
      // Until then its note might be that of one that is still at work.
      shelf.clock.advance(HOUR_MS);
      const report = await shelf.retention(policy).expire(confirm);
      expect(report.exitCode, `after a kill at request ${nth}`).toBe(0);
      expect(shelf.keys(), `after a kill at request ${nth}`).toEqual(after);
    }
    expect(halfway).toBeGreaterThan(20);
  }, 120_000);

  it('is finished only where its manifest is gone: one that is still an archive is judged anew', async () => {
    const shelf = await openShelf();
    const archives = daily(3);
    await shelf.put(...archives);
    const [, , oldest] = archives;
    if (!oldest) return;
    await shelf.putText(layout.recordKey('expire', refOf(oldest)), noteOf('archive'));
    const report = await shelf.retention({ rules: [aRule({ keepLast: 3 })] }).expire(confirm);
    expect(report.items.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep']);
    expect(shelf.records()).toEqual([]);
    expect(shelf.keys('data/')).toHaveLength(3);
  });

  it('is finished without touching what a run has uploaded of the same backup since', async () => {
    const shelf = await openShelf();
    const [gone, ...others] = daily(3, { daysAgo: 20 });
    if (!gone) return;
    await shelf.put(...others);
    await shelf.putText(layout.dumpKey(refOf(gone), 1, 2), 'left by the expire');
    await shelf.putText(layout.recordKey('expire', refOf(gone)), noteOf('archive'));
    await shelf.putText(layout.dumpKey(refOf(gone), 2, 2), 'uploaded by a run at work');
    touch(shelf, layout.recordKey('expire', refOf(gone)), 2000);
    touch(shelf, layout.dumpKey(refOf(gone), 2, 2), 3000);
    touch(shelf, layout.dumpKey(refOf(gone), 1, 2), 1000);
    const report = await shelf.retention({ rules }).expire(confirm);
    expect(report.items.find(({ backupId }) => backupId === gone.backupId)).toMatchObject({
      action: 'expired',
      deleted: [layout.dumpKey(refOf(gone), 1, 2)],
    });
    expect(shelf.keys('data/')).toContain(layout.dumpKey(refOf(gone), 2, 2));
    expect(shelf.records()).toEqual([]);
  });

  it('is told of by the next dry run', async () => {
    const shelf = await openShelf();
    const [gone, ...others] = daily(3);
    if (!gone) return;
    await shelf.put(...others);
    await shelf.putText(layout.dumpKey(refOf(gone), 1, 1), 'left by the expire');
    await shelf.putText(layout.recordKey('expire', refOf(gone)), noteOf('archive'));
    const { items } = await shelf.retention({ rules }).expire({ confirm: false, signal });
    expect(items.at(-1)).toMatchObject({ backupId: 'backup-0', action: 'expire', bytes: 18 });
    expect(items.at(-1)?.detail).toContain('interrupted');
  });
});

it('a dump without a manifest is left alone where no expire has noted it: it may be a run at work', async () => {
  const shelf = await openShelf();
  await shelf.put(...daily(3));
  const [old] = daily(1, { daysAgo: 200 });
  if (!old) return;
  await shelf.putText(layout.dumpKey(refOf(old), 1, 1), 'half a backup');
  await shelf.retention({ rules }).expire(confirm);
  expect(shelf.keys('data/')).toContain(layout.dumpKey(refOf(old), 1, 1));
});

describe('a store that refuses', () => {
  it('every delete, ends the command before anything was attempted', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    shelf.s3.denied.add('DeleteObject');
    const attempt = shelf.retention({ rules }).expire(confirm);
    await expect(attempt).rejects.toMatchObject({ code: 'store-refused', exit: 11 });
    expect(shelf.keys('catalog/')).toHaveLength(4);
    expect(shelf.s3.counts.get('DeleteObject')).toBe(1);
  });

  it('to delete one manifest, costs no other archive, and leaves nothing half done', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(5));
    shelf.s3.fail({
      on: 'DeleteObject',
      key: 'backup-4.json',
      effect: 'answer',
      status: 403,
      code: 'AccessDenied',
    });
    const report = await shelf.retention({ rules }).expire(confirm);
    expect(report.exitCode).toBe(3);
    expect(report.items.map(({ action }) => action)).toEqual([
      'failed',
      'expired',
      'expired',
      'keep',
      'keep',
    ]);
    expect(report.items[0]?.detail).toContain('AccessDenied');
    expect(shelf.keys('data/')).toHaveLength(3);
    expect(shelf.records()).toEqual([]);
  });

  it('to say whether a manifest was deleted, leaves the note that brings the next expire to its data', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const fault = { on: 'DeleteObject', key: 'backup-3.json', effect: 'lose-reply', times: 20 } as const;
    const lost = shelf.s3.fail(fault);
    const report = await shelf.retention({ rules, concurrency: 1 }).expire(confirm);
    lost.remove();
    expect(report.items[0]).toMatchObject({ backupId: 'backup-3', action: 'failed' });
    expect(shelf.keys('catalog/')).toHaveLength(3);
    await shelf.retention({ rules }).expire(confirm);
    expect(shelf.keys('data/')).toHaveLength(2);
    expect(shelf.records()).toEqual([]);
  }, 60_000);

  it('to delete one dump, is asked again by the next expire', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const fault = { on: 'DeleteObject', key: 'backup-3/dump', status: 403, code: 'AccessDenied' } as const;
    shelf.s3.fail({ ...fault, effect: 'answer' });
    const report = await shelf.retention({ rules }).expire(confirm);
    expect(report.exitCode).toBe(3);
    expect(report.items[0]).toMatchObject({ backupId: 'backup-3', action: 'failed' });
    expect(report.items[0]?.deleted).toHaveLength(1);
    expect(shelf.records()).toHaveLength(1);
    const next = await shelf.retention({ rules }).expire(confirm);
    expect(next.exitCode).toBe(0);
    expect(shelf.keys('data/')).toHaveLength(2);
    expect(shelf.records()).toEqual([]);
  });

  it('connections from the middle on, is not asked for every archive that is left', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(12));
    const gate = shelf.s3.holdAt(
      ({ operation, key }) => operation === 'DeleteObject' && key.endsWith('.json'),
    );
    const expiring = shelf.retention({ rules, concurrency: 1 }).expire(confirm);
    await gate.arrived;
    await shelf.s3.close();
    gate.release();
    const report = await expiring;
    expect(report.exitCode).toBe(3);
    expect(report.problems).toHaveLength(1);
    expect(report.items.filter(({ detail }) => detail.startsWith('not tried: '))).toHaveLength(9);
  }, 60_000);
});

describe('two at once', () => {
  it('end as one alone would have', async () => {
    const [alone, both] = [await openShelf(), await openShelf()];
    for (const shelf of [alone, both]) await fill(shelf);
    await alone.retention({ rules }).expire(confirm);
    const reports = await Promise.all([
      both.retention({ rules }).expire(confirm),
      both.retention({ rules }).expire(confirm),
    ]);
    expect(reports.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(both.keys()).toEqual(alone.keys());
  });

  it('leave to each other what one of them has in hand, and none of its data behind', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const gate = shelf.s3.holdAt(
      ({ operation, key }) => operation === 'DeleteObject' && key.endsWith('backup-3.json'),
    );
    const one = shelf.retention({ rules }).expire(confirm);
    await gate.arrived;
    const other = await shelf.retention({ rules }).expire(confirm);
    expect(other.items.map(({ action, reasons }) => reasons[0]?.cause ?? action)).toEqual([
      'in-hand',
      'expired',
      'last',
      'last',
    ]);
    await expect(shelf.retention({ rules }).hold(holdOf('backup-3'))).rejects.toThrow(/has begun to remove/);
    gate.release();
    expect((await one).items.map(({ action }) => action)).toEqual(['expired', 'expired', 'keep', 'keep']);
    expect(shelf.keys('data/')).toHaveLength(2);
    expect(shelf.records()).toEqual([]);
  });

  it('touch nothing that a run uploads of a backup which the faster of them has removed', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(4));
    const gate = shelf.s3.holdAt(
      ({ operation, key }) => operation === 'DeleteObject' && key.endsWith('backup-3.json'),
    );
    const slow = shelf.retention({ rules }).expire(confirm);
    await gate.arrived;
    await shelf.retention({ rules }).expire(confirm);
    const uploaded = layout.dumpKey(refOf(at(2)), 1, 1);
    expect(shelf.keys('data/')).not.toContain(uploaded);
    await shelf.putText(uploaded, 'by a run at work');
    touch(shelf, uploaded, Date.now() - 2000);
    gate.release();
    await slow;
    expect(shelf.keys('data/')).toContain(uploaded);
  });

  it('expire and hold: whoever holds in the last moment is heard', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(3));
    const gate = shelf.s3.holdAt(
      ({ operation, key }) => operation === 'PutObject' && key.includes('backup-2.json'),
    );
    const expiring = shelf.retention({ rules }).expire(confirm);
    await gate.arrived;
    await shelf.retention({ rules }).hold(holdOf('backup-2'));
    gate.release();
    const report = await expiring;
    expect(report.items[0]).toMatchObject({ action: 'keep', reasons: [{ cause: 'held' }] });
    expect(shelf.keys('catalog/')).toHaveLength(3);
    expect(shelf.records()).toEqual([layout.recordKey('holds', refOf(at(2)))]);
  });

  it('expire and hold: whoever comes too late is told', async () => {
    const shelf = await openShelf();
    await shelf.put(...daily(3));
    const gate = shelf.s3.holdAt(
      ({ operation, key }) => operation === 'DeleteObject' && key.includes('backup-2.json'),
    );
    const expiring = shelf.retention({ rules }).expire(confirm);
    await gate.arrived;
    const holding = shelf.retention({ rules }).hold(holdOf('backup-2'));
    await expect(holding).rejects.toThrow(/an expire has begun to remove backup backup-2/);
    gate.release();
    expect((await expiring).items[0]?.action).toBe('expired');
    expect(shelf.records()).toEqual([]);
  });
});

function at(index: number): ShelvedArchive {
  const archive = daily(index + 1)[index];
  if (!archive) throw new Error('there is no such archive');
  return archive;
}

function holdOf(backupId: string) {
  return { action: 'hold', instanceId: 'crs-orders01', backupId, reason: 'audit', signal } as const;
}

function noteOf(kind: 'archive' | 'quarantine'): string {
  return JSON.stringify({ schema: 'rdb-archiver/expire-note@1', kind, at: '2026-11-20T00:00:00Z' });
}

function touch({ s3 }: Shelf, key: string, modified: number): void {
  const object = s3.objects.get(key);
  if (object) s3.objects.set(key, { ...object, modified });
}

/** Ends the expire at its n-th request, which the server carries out with nobody to hear the answer; it makes no other. */
async function killedAtRequest(
  nth: number,
  shelf: Shelf,
  policy: { readonly concurrency: number },
): Promise<void> {
  let requests = 0;
  const gate = shelf.s3.holdAt(() => {
    requests += 1;
    return requests === nth;
  });
  const killed = new AbortController();
  const expiring = shelf
    .retention({ rules, ...policy })
    .expire({ confirm: true, signal: killed.signal })
    .then(
      () => undefined,
      () => undefined,
    );
  await Promise.race([gate.arrived, expiring]);
  killed.abort(new Error('killed'));
  await expiring;
  gate.release();
  await shelf.s3.settled();
}
