/** The run's deadline ends work in hand: a slow transfer keeps nobody waiting for days, and one that is halfway is not thrown away. */
import { describe, expect, it } from 'vitest';
import { download } from '../support/cloud.ts';
import { trickleAt } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';

const HOUR = 3_600_000;

const slowFrom = async (position: number) => {
  const scenario = await createScenario({
    config: { runDeadlineMs: HOUR },
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1', size: 6 * MiB });
    },
  });
  // Two hours for a byte, as far as the clock tells.
  return {
    scenario,
    slow: (ms: number) =>
      scenario.cloud.fault(
        download(),
        trickleAt(position, () => scenario.clock.advance(ms)),
        { times: 1 },
      ),
  };
};

describe('when the deadline of the run has passed, a transfer', () => {
  it('that is not halfway is given up, and told with what came of it', async () => {
    const { scenario, slow } = await slowFrom(MiB);
    slow(0.7 * HOUR);
    const outcome = only(await scenario.run());
    expect(outcome).toMatchObject({ outcome: 'failed', reason: 'download-failed', attempts: 1 });
    expect(outcome.outcome === 'failed' && outcome.error.message).toMatch(
      /at the run's deadline, after \d+ of 6291456 bytes/,
    );
    expect(scenario.keys()).toEqual([]);
  });

  it('that is halfway has as long again', async () => {
    const { scenario, slow } = await slowFrom(6 * MiB - 2);
    slow(0.7 * HOUR);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
  });

  it('that still goes on at twice the deadline is given up all the same', async () => {
    const { scenario, slow } = await slowFrom(6 * MiB - 6);
    slow(0.7 * HOUR);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
  });
});

describe('while a transfer of an earlier run goes on', () => {
  it('another run archives what has come since and would be lost, and leaves that one alone', async () => {
    const scenario = await createScenario({
      config: { concurrency: 1 },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1', size: 6 * MiB });
      },
    });
    const gate = scenario.cloud.holdBodyAt(download({ backupId: 'backup-1' }), MiB);
    const { promise: begun, resolve: planned } = Promise.withResolvers<void>();
    const { signal } = new AbortController();
    const first = scenario.app.run({ signal, planned });
    await begun;
    addBackup(scenario.cloud.world, scenario.clock, { id: 'backup-2', hoursAgo: 167 });
    const second = await scenario.run();
    expect(second.summary).toMatchObject({ archived: 1, skippedBy: { 'in-progress': 1 }, exitCode: 0 });
    expect([...scenario.manifests().keys()]).toEqual(['backup-2']);
    gate.release();
    expect(await first).toMatchObject({ archived: 1, exitCode: 0 });
    expect(scenario.cloud.downloads()).toHaveLength(2);
  });

  it('one that ends while another run looks around is not fetched again', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1', size: 6 * MiB });
      },
    });
    const gate = scenario.cloud.holdBodyAt(download({ backupId: 'backup-1' }), MiB);
    const { promise: begun, resolve: planned } = Promise.withResolvers<void>();
    const { signal } = new AbortController();
    const first = scenario.app.run({ signal, planned });
    await begun;
    // The catalog is listed before the quarantine.
    const listed = scenario.s3.counts.get('ListObjectsV2') ?? 0;
    const looking = scenario.s3.holdAt(
      ({ operation, count }) => operation === 'ListObjectsV2' && count === listed + 3,
    );
    const second = scenario.run();
    await looking.arrived;
    gate.release();
    expect(await first).toMatchObject({ archived: 1 });
    looking.release();
    expect((await second).summary).toMatchObject({
      considered: 0,
      skippedBy: { 'in-progress': 1 },
      exitCode: 0,
    });
    expect(scenario.cloud.downloads()).toHaveLength(1);
  });
});
