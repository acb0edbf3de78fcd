/** A signal finds the run waiting: for the cloud, for memory, for the store, for a second try. It ends at once and leaves nothing. */
import { describe, expect, it } from 'vitest';
import { interruption } from '../../src/domain/errors.ts';
import { call, download } from '../support/cloud.ts';
import { cutBeforeAnswer } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only, type ScenarioOptions } from '../support/scenario.ts';

const terminated = interruption('SIGTERM');

const twoLarge: ScenarioOptions['world'] = (world, clock) => {
  world.addInstance({ id: INSTANCE });
  for (const id of ['one', 'two']) addBackup(world, clock, { id, size: 12 * MiB });
};

describe('SIGTERM', () => {
  it('ends the listing of the cloud', async () => {
    const scenario = await createScenario();
    const controller = new AbortController();
    const gate = scenario.cloud.holdAt(call('DescribeInstanceBackups'));
    const running = scenario.run(controller.signal);
    await gate.reached;
    controller.abort(terminated);
    expect((await running).summary).toMatchObject({ considered: 0, exitCode: 143 });
    gate.release();
  });

  it('ends the listing of the catalog', async () => {
    const scenario = await createScenario();
    const controller = new AbortController();
    const gate = scenario.s3.holdAt(({ operation, count }) => operation === 'ListObjectsV2' && count === 2);
    const running = scenario.run(controller.signal);
    await gate.arrived;
    controller.abort(terminated);
    expect((await running).summary).toMatchObject({ considered: 0, exitCode: 143 });
    gate.release();
  });

  it('ends the wait before a second try', async () => {
    const retrying = Promise.withResolvers<void>();
    const scenario = await createScenario({
      retryWaitMs: 3_600_000,
      observer: ({ type }) => type === 'backup.retry' && retrying.resolve(),
    });
    scenario.cloud.fault(download(), cutBeforeAnswer());
    const controller = new AbortController();
    const running = scenario.run(controller.signal);
    await retrying.promise;
    controller.abort(terminated);
    const run = await running;
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'interrupted', attempts: 1 });
    expect(run.summary.exitCode).toBe(143);
  });

  it('ends the wait for memory, and the waiting download’s connection', async () => {
    const scenario = await createScenario({ world: twoLarge, config: { bufferMemory: 5 * MiB } });
    const gone: AbortSignal[] = [];
    scenario.cloud.fault(download(), (exchange, answer) => {
      gone.push(exchange.signal);
      return answer(exchange);
    });
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'UploadPart');
    const controller = new AbortController();
    const running = scenario.run(controller.signal);
    await gate.arrived;
    await expect.poll(() => gone.length).toBe(2);
    controller.abort(terminated);
    const run = await running;
    gate.release();
    expect(run.outcomes.map(({ reason }) => reason)).toEqual(['interrupted', 'interrupted']);
    expect(scenario.s3.uploads.size).toBe(0);
    await expect.poll(() => gone.every(({ aborted }) => aborted)).toBe(true);
    expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
  });

  it('between the upload and the manifest leaves no archive, or a whole one', async () => {
    const scenario = await createScenario();
    const gate = scenario.s3.holdAt(
      ({ operation, key }) => operation === 'PutObject' && key.includes('/catalog/'),
    );
    const controller = new AbortController();
    const running = scenario.run(controller.signal);
    await gate.arrived;
    controller.abort(terminated);
    const run = await running;
    gate.release();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'interrupted' });
    expect(run.summary.exitCode).toBe(143);
    expect((await scenario.run()).summary).toMatchObject({ failed: 0, exitCode: 0 });
    expect(scenario.keys('catalog')).toHaveLength(1);
  });
});

describe('memory for a single part', () => {
  it('is enough for many shards at once: they take turns, and none waits for ever', async () => {
    const scenario = await createScenario({
      config: { bufferMemory: 5 * MiB, concurrency: 4 },
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 7 });
        addBackup(world, clock, { id: 'cluster', files: 7, size: 6 * MiB });
        addBackup(world, clock, { id: 'other', files: 2, size: 6 * MiB });
      },
    });
    expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
  });

  it('that is not even there is told in the outcome, with what to set, and holds no connection', async () => {
    const scenario = await createScenario({ world: twoLarge, config: { bufferMemory: 1 * MiB } });
    const gone: AbortSignal[] = [];
    scenario.cloud.fault(download(), (exchange, answer) => {
      gone.push(exchange.signal);
      return answer(exchange);
    });
    const run = await scenario.run();
    for (const outcome of run.outcomes) {
      expect(outcome).toMatchObject({
        outcome: 'failed',
        error: { code: 'config', hint: expect.stringContaining('ARCHIVER_BUFFER_MEMORY') },
      });
    }
    await expect.poll(() => gone.length === 2 && gone.every(({ aborted }) => aborted)).toBe(true);
  });
});
