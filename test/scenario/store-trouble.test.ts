/** What goes wrong with the bucket, and what is and is not in it afterwards. */
import { describe, expect, it } from 'vitest';
import { addBackup, createScenario, INSTANCE, MiB, only, type ScenarioOptions } from '../support/scenario.ts';

const large: ScenarioOptions['world'] = (world, clock) => {
  world.addInstance({ id: INSTANCE });
  addBackup(world, clock, { id: 'backup-1', size: 11 * MiB });
};

describe('a destination', () => {
  it('that refuses ends the run with 11 before anything is attempted', async () => {
    const scenario = await createScenario();
    scenario.s3.denied.add('ListObjectsV2');
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
    expect(run.of('run.failed')[0]?.error).toMatchObject({ code: 'store-refused' });
    expect(scenario.cloud.requests).toHaveLength(0);
  });

  it('that cannot be reached ends the run with 11', async () => {
    const scenario = await createScenario({ config: { attempts: 1 } });
    await scenario.s3.close();
    const run = await scenario.run();
    expect(run.summary.exitCode).toBe(11);
    expect(run.of('run.failed')[0]?.error).toMatchObject({ code: 'store-unreachable' });
  });

  it('lost in mid-run fails the backup and leaves no archive; the next run has it', async () => {
    const scenario = await createScenario({ world: large });
    scenario.s3.fail({
      on: 'UploadPart',
      effect: 'answer',
      status: 500,
      code: 'InternalError',
      nth: 2,
      times: 100,
    });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    expect(run.summary.exitCode).toBe(3);
    expect(scenario.keys()).toEqual([]);
    expect(scenario.s3.uploads.size).toBe(0);
  });

  it('that stumbles over one part is tried again, with the same bytes', async () => {
    const scenario = await createScenario({ world: large });
    scenario.s3.fail({ on: 'UploadPart', effect: 'answer', status: 503, code: 'SlowDown', nth: 2 });
    scenario.s3.fail({ on: 'UploadPart', effect: 'reset', nth: 4 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
  });

  it('that stores other bytes than were sent gives no archive', async () => {
    const scenario = await createScenario({ world: large });
    scenario.s3.fail({ on: 'UploadPart', effect: 'corrupt', nth: 2, times: 100 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    expect(scenario.keys('catalog')).toEqual([]);
  });

  it('whose answer to Complete or to the manifest is lost holds one archive all the same', async () => {
    const scenario = await createScenario({ world: large });
    scenario.s3.fail({ on: 'CompleteMultipartUpload', effect: 'lose-reply' });
    scenario.s3.fail({ on: 'PutObject', effect: 'lose-reply' });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(scenario.keys('catalog')).toHaveLength(1);
    expect(only(await scenario.run())).toMatchObject({ reason: 'already-archived' });
  });

  it('that proves nothing itself is read back before the manifest is written', async () => {
    const scenario = await createScenario();
    scenario.s3.behaviour.encryption = 'aws:kms';
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(scenario.s3.counts.get('GetObject') ?? 0).toBeGreaterThan(0);
  });

  it('is read back always where that is configured', async () => {
    const plain = await createScenario();
    await plain.run();
    const always = await createScenario({ config: { readback: 'always' } });
    await always.run();
    const reads = (count: number | undefined) => count ?? 0;
    expect(reads(always.s3.counts.get('GetObject'))).toBe(reads(plain.s3.counts.get('GetObject')) + 1);
  });

  it('that is lost for ten backups in a row is not tried for the rest', async () => {
    const scenario = await createScenario({
      config: { concurrency: 1 },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        for (let index = 0; index < 13; index += 1) addBackup(world, clock, { id: `b${index}`, size: 300 });
      },
    });
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'PutObject');
    const running = scenario.run();
    await gate.arrived;
    await scenario.s3.close();
    const run = await running;
    expect(run.outcomes).toHaveLength(13);
    for (const outcome of run.outcomes)
      expect(outcome).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    expect(run.outcomes.filter(({ attempts }) => attempts === 0)).toHaveLength(3);
    expect(run.summary.exitCode).toBe(3);
  });
});

describe('a run that was killed', () => {
  it('between the upload and the manifest is no archive, and the next run makes it one', async () => {
    const scenario = await createScenario();
    const gate = scenario.s3.holdAt(
      ({ operation, key }) => operation === 'PutObject' && key.startsWith('redis/catalog/'),
    );
    const killed = scenario.run();
    await gate.arrived;
    // The manifest of the dead run never arrives; a new process looks at what it left behind.
    const successor = await scenario.secondWorker();
    expect((await successor.app.listArchives({ signal: new AbortController().signal })).items).toEqual([]);
    expect(only(await successor.run())).toMatchObject({ outcome: 'archived' });
    gate.release();
    expect(only(await killed)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    expect(scenario.keys('catalog')).toHaveLength(1);
  });
});

describe('two runs at once', () => {
  it('make one archive: the loser is told who won, and nothing is stranded', async () => {
    const scenario = await createScenario({ world: large });
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'UploadPart');
    const slow = scenario.run();
    await gate.arrived;
    const fast = await (await scenario.secondWorker()).run();
    gate.release();
    const late = await slow;
    expect(only(fast)).toMatchObject({ outcome: 'archived' });
    expect(only(late)).toMatchObject({
      outcome: 'skipped',
      reason: 'already-archived',
      by: fast.summary.runId,
    });
    expect([fast.summary.exitCode, late.summary.exitCode]).toEqual([0, 0]);
    expect(scenario.manifests().get('backup-1')?.archiver.runId).toBe(fast.summary.runId);
    expect(scenario.s3.uploads.size).toBe(0);
    expect(scenario.keys()).toHaveLength(2);
  });

  it.each(['ignored', 'refused'] as const)(
    'make one archive on a store whose conditional writes are %s',
    async (conditionalWrites) => {
      const scenario = await createScenario();
      scenario.s3.behaviour.conditionalWrites = conditionalWrites;
      const [one, two] = await Promise.all([scenario.run(), (await scenario.secondWorker()).run()]);
      const results = [one, two].map((run) => only(run).outcome).sort();
      expect(results).not.toContain('failed');
      expect(scenario.keys('catalog')).toHaveLength(1);
    },
  );
});
