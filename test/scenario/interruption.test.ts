/** Signals, deadlines and limits: what was committed stays, what was not is told. */
import { describe, expect, it } from 'vitest';
import { interruption } from '../../src/domain/errors.ts';
import { HOUR_MS } from '../support/builders.ts';
import { call, download } from '../support/cloud.ts';
import { before } from '../support/cloud-api-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';

describe('SIGTERM', () => {
  it('in mid-part: our upload is given up, the outcome is `interrupted`, the status 143, and the next run has it', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1', size: 12 * MiB });
        addBackup(world, clock, { id: 'backup-2', size: 12 * MiB, hoursAgo: 1 });
      },
      config: { concurrency: 1 },
    });
    const controller = new AbortController();
    const gate = scenario.cloud.holdBodyAt(download({ backupId: 'backup-1' }), 7 * MiB);
    const running = scenario.run(controller.signal);
    await gate.reached;
    controller.abort(interruption('SIGTERM'));
    const run = await running;
    gate.release();
    expect(run.outcomes.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['failed', 'interrupted'],
      ['failed', 'interrupted'],
    ]);
    expect(run.summary.exitCode).toBe(143);
    expect(scenario.s3.uploads.size).toBe(0);
    expect(scenario.keys()).toEqual([]);
    expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
  });

  it('keeps what was committed before it', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'first', hoursAgo: 30 });
        addBackup(world, clock, { id: 'second', hoursAgo: 3 });
      },
      config: { concurrency: 1 },
    });
    const controller = new AbortController();
    const gate = scenario.cloud.holdAt(download({ backupId: 'second' }));
    const running = scenario.run(controller.signal);
    await gate.reached;
    controller.abort(interruption('SIGINT'));
    const run = await running;
    gate.release();
    expect(run.summary).toMatchObject({ archived: 1, failed: 1, exitCode: 130 });
    expect([...scenario.manifests().keys()]).toEqual(['first']);
  });

  it('before anything was listed is told by the status alone', async () => {
    const scenario = await createScenario();
    const run = await scenario.run(AbortSignal.abort(interruption('SIGTERM')));
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 143 });
    expect(run.of('run.failed')).toEqual([]);
  });
});

describe('the run’s deadline', () => {
  const slowRun = (expiresInHours: number) =>
    createScenario({
      config: { concurrency: 1, runDeadlineMs: HOUR_MS },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'first', hoursAgo: 100 });
        addBackup(world, clock, { id: 'second', hoursAgo: 168 - expiresInHours });
      },
    });

  async function runSlowly(expiresInHours: number) {
    const scenario = await slowRun(expiresInHours);
    const gate = scenario.cloud.holdAt(download());
    const running = scenario.run();
    await gate.reached;
    scenario.clock.advance(2 * HOUR_MS);
    gate.release();
    return running;
  }

  it('starts nothing new, and is no failure where the next day is early enough', async () => {
    const run = await runSlowly(60);
    expect(run.outcomes.map(({ reason }) => reason)).toEqual([null, 'deadline']);
    expect(run.summary).toMatchObject({ skippedBy: { deadline: 1 }, exitCode: 0 });
  });

  it('is a failure when the cloud deletes a backup before the next day', async () => {
    const scenario = await createScenario({
      config: { runDeadlineMs: HOUR_MS },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'urgent', hoursAgo: 160 });
      },
    });
    scenario.cloud.fault(
      call('DescribeInstanceBackups'),
      before(() => scenario.clock.advance(2 * HOUR_MS)),
      { times: 1 },
    );
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'deadline' });
    expect(run.summary.exitCode).toBe(3);
  });
});
