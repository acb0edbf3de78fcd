/** Servers that trickle, each of them above the floor: they keep no place from a backup that could be had, and a large dump on a slow way is had in the end. */
import { describe, expect, it } from 'vitest';
import { download } from '../support/cloud.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';
import { crawling } from '../support/slow-servers.ts';

const HOUR = 3_600_000;

/** Large backups that the cloud deletes first, and a small one. */
const withSlow = (ids: readonly string[], config: object) =>
  createScenario({
    config,
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      for (const [index, id] of ids.entries())
        addBackup(world, clock, { id, size: MiB, hoursAgo: 90 - index });
      addBackup(world, clock, { id: 'good', hoursAgo: 3 });
    },
  });

describe('more transfers that trickle than there are places', () => {
  it('keep no other backup waiting, in the same run, and are not lost for it', async () => {
    const slow = ['slow-1', 'slow-2', 'slow-3', 'slow-4'];
    const scenario = await withSlow(slow, { concurrency: 2, runDeadlineMs: 24 * HOUR });
    const over = () => scenario.manifests().has('good');
    for (const backupId of slow)
      scenario.cloud.fault(download({ backupId }), crawling(scenario, { bytes: 8, seconds: 2, over }));
    const run = await scenario.run();
    expect(run.outcomes[0]).toMatchObject({ backupId: 'good', outcome: 'archived' });
    // Who gave way is told once, as what came of it in the end.
    expect(run.outcomes.map(({ backupId }) => backupId).sort()).toEqual(['good', ...slow]);
    expect(run.summary).toMatchObject({ archived: 5, exitCode: 0 });
    // Two had places, two gave way: each of those was begun twice.
    expect(scenario.cloud.downloads()).toHaveLength(2 + 2 * 2 + 1);
  });

  it('keep none waiting that comes meanwhile: the next run plans at once, and has all that was not begun', async () => {
    const slow = ['slow-1', 'slow-2', 'slow-3'];
    const scenario = await withSlow(slow, { concurrency: 1, runDeadlineMs: 24 * HOUR });
    const over = () => scenario.manifests().has('urgent');
    for (const backupId of slow)
      scenario.cloud.fault(download({ backupId }), crawling(scenario, { bytes: 8, seconds: 2, over }));
    const { promise: known, resolve: planned } = Promise.withResolvers<void>();
    const first = scenario.app.run({ signal: new AbortController().signal, planned });
    await known;
    addBackup(scenario.cloud.world, scenario.clock, { id: 'urgent', hoursAgo: 160 });
    const second = await scenario.run();
    const summary = await first;
    expect(summary.considered + second.summary.considered).toBe(5);
    expect(summary.archived + second.summary.archived).toBe(5);
    expect([...scenario.manifests().keys()].sort()).toEqual(['good', ...slow, 'urgent']);
  });
});

it('a shard that gives way is fetched again, and no other shard of its backup', async () => {
  const scenario = await createScenario({
    config: { concurrency: 1, runDeadlineMs: 24 * HOUR },
    world(world, clock) {
      world.addInstance({ id: INSTANCE, shards: 2 });
      addBackup(world, clock, { id: 'slow', files: 2, size: MiB, hoursAgo: 90 });
      addBackup(world, clock, { id: 'good', files: 1, hoursAgo: 3 });
    },
  });
  const over = () => scenario.manifests().has('good');
  scenario.cloud.fault(download({ backupId: 'slow' }), crawling(scenario, { bytes: 8, seconds: 2, over }));
  expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
  // Both shards, one of them once more, and the backup that it gave way to.
  expect(scenario.cloud.downloads()).toHaveLength(2 + 1 + 1);
});

it('a large dump on a slow way is archived in the end, although all others are slow too', async () => {
  const slow = ['slow-1', 'slow-2', 'slow-3'];
  const scenario = await withSlow(slow, { concurrency: 2, runDeadlineMs: HOUR });
  // Two beside each other take an hour and a half.
  const pieces = { bytes: 16 * 1024, seconds: 45 };
  for (const backupId of slow) scenario.cloud.fault(download({ backupId }), crawling(scenario, pieces));
  for (let runs = 0; runs < 3; runs += 1) await scenario.run();
  expect([...scenario.manifests().keys()].sort()).toEqual(['good', ...slow]);
});

describe('a transfer that will not be there before the cloud deletes the backup', () => {
  const lostInFiveHours = (size = MiB) =>
    createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1', size, hoursAgo: 7 * 24 - 5 });
      },
    });

  it('is told at once, with what it would need, and once', async () => {
    const scenario = await lostInFiveHours();
    const begin = scenario.clock.now();
    const over = () => scenario.clock.now() - begin > 0.2 * HOUR;
    scenario.cloud.fault(download(), crawling(scenario, { bytes: 8, seconds: 8, over }));
    const run = await scenario.run();
    const told = run.of('transfer.late');
    expect(told).toMatchObject([
      {
        backupId: 'backup-1',
        file: 'redis-1.rdb',
        bytesPerSecond: 1,
        deadline: new Date(begin + 5 * HOUR).toISOString().replace('.000', ''),
      },
    ]);
    expect(told[0]?.neededBytesPerSecond).toBeGreaterThan(50);
    expect(only(run)).toMatchObject({ outcome: 'archived' });
  });

  it('is told as in time again when it gets on', async () => {
    const scenario = await lostInFiveHours(6 * MiB);
    const begin = scenario.clock.now();
    const pace = {
      get bytes() {
        return (scenario.clock.now() - begin > 0.5 * HOUR ? 512 : 32) * 1024;
      },
      seconds: 120,
    };
    scenario.cloud.fault(download(), crawling(scenario, pace));
    const run = await scenario.run();
    expect(run.of('transfer.late')).toHaveLength(1);
    expect(run.of('transfer.in-time')).toHaveLength(1);
    expect(only(run)).toMatchObject({ outcome: 'archived' });
  });
});
