/** Samples for schedules: each takes what is due, and together they come round to everything. */
import { expect, test } from 'vitest';
import { systemClock } from '../../src/system-clock.ts';
import { type Drillground, dumpBytes, openDrillground } from '../support/drill.ts';
import { describeWith } from '../support/needs.ts';

const DAY = 86_400_000;

/** Days pass between drills; waiting stays real, for a server has to be waited for. */
function groundOverDays(): Drillground & { passDay(): void } {
  let ahead = 0;
  const ground = openDrillground({ clock: { ...systemClock, now: () => systemClock.now() + ahead } });
  return Object.assign(ground, {
    passDay: () => {
      ahead += DAY;
    },
  });
}

const sampled = async (ground: Drillground, sample: { count: number } | { percent: number }) =>
  (await ground.drill({ sample })).listing;

describeWith(['redis-server'], 'a sample', () => {
  test('gives every instance its turn, the newest archive first, and begins anew when all had theirs', async () => {
    const ground = groundOverDays();
    for (const instanceId of ['crs-a', 'crs-b'])
      for (const day of ['20', '21'])
        await ground.archive([dumpBytes('empty.rdb')], {
          instanceId,
          backupId: `b${day}`,
          startedAt: `2026-11-${day}T02:15:00Z`,
        });
    const drilled: string[] = [];
    for (let day = 0; day < 6; day++) {
      const { items, exitCode } = await sampled(ground, { count: 1 });
      expect(exitCode).toBe(0);
      drilled.push(...items.map(({ instanceId, backupId }) => `${instanceId} ${backupId}`));
      ground.passDay();
    }
    expect(drilled).toEqual(['crs-a b21', 'crs-b b21', 'crs-a b20', 'crs-b b20', 'crs-a b21', 'crs-b b21']);
  });

  test('takes a share of all, one at the least', async () => {
    const ground = openDrillground();
    for (const backupId of ['1', '2', '3']) await ground.archive([dumpBytes('empty.rdb')], { backupId });
    expect((await sampled(ground, { percent: 1 })).items).toHaveLength(1);
    expect((await sampled(ground, { percent: 60 })).items).toHaveLength(2);
  });

  test('tells each result as it comes, those that were passed over left out', async () => {
    const ground = openDrillground();
    await ground.archive([Buffer.from('sealed')], { instanceId: 'crs-a', encrypted: true });
    for (const instanceId of ['crs-b', 'crs-c'])
      await ground.archive([dumpBytes('empty.rdb')], { instanceId });
    const told: string[] = [];
    const each = async ({ instanceId }: { readonly instanceId: string }) => void told.push(instanceId);
    const { listing } = await ground.drill({ sample: { count: 2 }, each });
    expect(told).toEqual(['crs-b', 'crs-c']);
    expect(listing.items.map(({ instanceId }) => instanceId)).toEqual(told);
  });

  test('ends in the worst of its results, and keeps each of them', async () => {
    const ground = openDrillground();
    await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-a' });
    const bad = await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-b' });
    await ground.overwrite(bad, Buffer.from('REDIS'));
    const { listing, summaries } = await ground.drill({ sample: { count: 5 } });
    expect(listing.items.map(({ outcome }) => outcome)).toEqual(['passed', 'failed']);
    expect(listing.exitCode).toBe(4);
    expect(summaries).toMatchObject([{ failing: [{ instanceId: 'crs-b' }] }]);

    await ground.overwrite(bad, dumpBytes('empty.rdb'));
    const mended = await ground.drill({ instanceId: 'crs-b' });
    expect(mended.summaries).toMatchObject([{ failing: [] }]);
  });

  test('forgets a failing archive that is no more', async () => {
    const ground = openDrillground();
    const bad = await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-b' });
    await ground.overwrite(bad, Buffer.from('REDIS'));
    await ground.drill({ sample: { count: 1 } });
    const options = { signal: new AbortController().signal };
    for await (const { key } of ground.store.list('', options))
      if (/catalog|data|state\/drill\//.test(key)) await ground.store.delete(key, options);
    await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-a' });
    const { summaries } = await ground.drill({ sample: { count: 1 } });
    expect(summaries).toMatchObject([{ failing: [], lastPassedAt: expect.any(String) }]);
  });

  test('passes over what no server could load, without an alarm, and says so', async () => {
    const ground = openDrillground();
    await ground.archive([Buffer.from('sealed')], { instanceId: 'crs-a', encrypted: true });
    await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-b' });
    const { items, problems, exitCode } = await sampled(ground, { count: 1 });
    expect(items).toMatchObject([{ instanceId: 'crs-b', outcome: 'passed' }]);
    expect(problems).toMatchObject([{ message: expect.stringContaining('1 of the archives') }]);
    expect(exitCode).toBe(0);
  });

  test('that finds nothing to drill is a failure: it must not reassure', async () => {
    const empty = await sampled(openDrillground(), { count: 5 });
    expect(empty).toMatchObject({ items: [], exitCode: 3 });
    expect(empty.problems).toMatchObject([{ message: 'no archive was found to drill' }]);

    const sealed = openDrillground();
    await sealed.archive([Buffer.from('sealed')], { encrypted: true });
    expect(await sampled(sealed, { count: 1 })).toMatchObject({ items: [], exitCode: 3 });
  });

  test('tells of a damaged manifest, and goes on', async () => {
    const ground = openDrillground();
    const ref = await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-a' });
    await ground.archive([dumpBytes('empty.rdb')], { instanceId: 'crs-b' });
    await ground.store.put(
      `catalog/ap-guangzhou/2026-11-23/${ref.instanceId}/20261123T021500Z_backup-1.json`,
      Buffer.from('{'),
      { signal: new AbortController().signal, contentType: 'application/json', ifAbsent: false },
    );
    const { items, exitCode } = await sampled(ground, { count: 2 });
    expect(items.map(({ instanceId, reason }) => [instanceId, reason])).toEqual([
      ['crs-a', 'damaged'],
      ['crs-b', null],
    ]);
    expect(exitCode).toBe(4);
  });
});
