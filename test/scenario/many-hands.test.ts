/** Several runs on one bucket, and what one may never do to the other's. */
import { describe, expect, it } from 'vitest';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { download } from '../support/cloud.ts';
import { flipBit } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only, type Scenario } from '../support/scenario.ts';

const SIZE = 5 * MiB + 1;
const { signal } = new AbortController();

const large = () =>
  createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1', size: SIZE });
    },
  });

/** From now on the cloud gives other bytes for the same file: as sound as those before, but not the same. */
function giveOtherBytes({ cloud }: Scenario): void {
  const dump = syntheticDump({ size: SIZE, seed: 99 });
  cloud.world.changeBackup(INSTANCE, 'backup-1', { files: [{ name: 'redis-1.rdb', dump }] });
}

describe('a run that is slower than another', () => {
  it('gives up its upload, and only its own, when the other has committed', async () => {
    const scenario = await large();
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'UploadPart');
    const slow = scenario.run();
    await gate.arrived;
    const stranger = 'an upload of somebody else';
    const [own] = scenario.s3.uploads.values();
    if (!own) expect.unreachable('the slow run has begun its upload');
    scenario.s3.uploads.set(stranger, own);
    await (await scenario.secondWorker()).run();
    gate.release();
    expect(only(await slow)).toMatchObject({ reason: 'already-archived' });
    expect([...scenario.s3.uploads.keys()]).toEqual([stranger]);
  });

  it('and got other bytes from the cloud, which should not be, says so with 4, and verify tells whose lie there', async () => {
    const scenario = await large();
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'CompleteMultipartUpload');
    const slow = scenario.run();
    await gate.arrived;
    giveOtherBytes(scenario);
    const fast = await (await scenario.secondWorker()).run();
    gate.release();
    const late = await slow;
    expect(only(fast)).toMatchObject({ outcome: 'archived' });
    expect(only(late)).toMatchObject({ outcome: 'failed', error: { code: 'archive-damaged' } });
    expect(late.summary.exitCode).toBe(4);
    expect(scenario.manifests().get('backup-1')?.archiver.runId).toBe(fast.summary.runId);
    for (const quick of [true, false])
      expect(await scenario.app.verify({ quick, signal })).toMatchObject({
        exitCode: 4,
        items: [{ result: 'digest-differs' }],
      });
  });

  describe('and has put other bytes under the archive of the other', () => {
    /** The store keeps other bytes than the slow run sends, so many times. */
    async function overwrites(times: number) {
      const scenario = await createScenario({
        world(world, clock) {
          world.addInstance({ id: INSTANCE });
          addBackup(world, clock, { id: 'backup-1', size: MiB });
        },
      });
      const fault = scenario.s3.fail({ on: 'PutObject', key: '.rdb', effect: 'corrupt' });
      const gate = scenario.s3.holdAt(
        ({ operation, key }) => operation === 'PutObject' && key.endsWith('.rdb'),
      );
      const slow = scenario.run();
      await gate.arrived;
      fault.remove();
      expect(only(await (await scenario.secondWorker()).run())).toMatchObject({ outcome: 'archived' });
      scenario.s3.fail({ on: 'PutObject', key: '.rdb', effect: 'corrupt', times: times - 1 });
      gate.release();
      return { scenario, late: await slow };
    }

    it('puts the right ones back', async () => {
      const { scenario, late } = await overwrites(1);
      expect(only(late)).toMatchObject({ reason: 'already-archived' });
      expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
    });

    it('puts the right ones back, too, where it finds that archive while it proves them', async () => {
      const scenario = await createScenario({
        config: { concurrency: 2 },
        world(world, clock) {
          world.addInstance({ id: INSTANCE });
          addBackup(world, clock, { id: 'backup-1', files: 2 });
        },
      });
      const fault = scenario.s3.fail({ on: 'PutObject', key: '.rdb', effect: 'corrupt' });
      const looking = scenario.s3.holdAt(
        ({ operation, key }) => operation === 'GetObject' && key.includes('/catalog/'),
      );
      const putting = scenario.s3.holdAt(
        ({ operation, key }) => operation === 'PutObject' && key.endsWith('.rdb'),
      );
      const slow = scenario.run();
      await Promise.all([looking.arrived, putting.arrived]);
      fault.remove();
      expect(only(await (await scenario.secondWorker()).run())).toMatchObject({ outcome: 'archived' });
      const proving = scenario.s3.holdAt(
        ({ operation, key }) => operation === 'HeadObject' && key.endsWith('.rdb'),
      );
      putting.release();
      await proving.arrived;
      looking.release();
      expect(only(await slow)).toMatchObject({ reason: 'already-archived' });
      expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
    });

    it('and cannot put the right ones back, calls that archive damaged and ends in 4', async () => {
      const { scenario, late } = await overwrites(99);
      expect(only(late)).toMatchObject({
        outcome: 'failed',
        error: {
          code: 'archive-damaged',
          message: expect.stringMatching(/at redis\/data\/\S+\.rdb no longer/),
        },
      });
      expect(late.summary.exitCode).toBe(4);
      expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 4 });
    });
  });

  it('and could put none of its own there, does not call the archive of the other damaged', async () => {
    const scenario = await large();
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'CompleteMultipartUpload');
    scenario.s3.fail({ on: 'CompleteMultipartUpload', effect: 'answer', status: 403, code: 'AccessDenied' });
    const slow = scenario.run();
    await gate.arrived;
    expect(only(await (await scenario.secondWorker()).run())).toMatchObject({ outcome: 'archived' });
    gate.release();
    const late = await slow;
    expect(only(late)).toMatchObject({ outcome: 'failed', error: { code: 'store-refused' } });
    expect(late.summary.exitCode).toBe(3);
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  });

  it('leaves the damage it met out of the winner’s way', async () => {
    const scenario = await large();
    const gate = scenario.cloud.holdBodyAt(download(), SIZE - 100);
    const damage = scenario.cloud.fault(download(), flipBit(1000));
    const slow = scenario.run();
    await gate.reached;
    damage.remove();
    gate.release();
    const fast = await (await scenario.secondWorker()).run();
    expect(only(fast).outcome).not.toBe('failed');
    expect(only(await slow).outcome).not.toBe('failed');
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  });
});

it('a backup that one run archives while another looks around is fetched once', async () => {
  const scenario = await createScenario({
    config: { concurrency: 1 },
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'damaged' });
    },
  });
  const damage = scenario.cloud.fault(download(), flipBit(1000));
  await scenario.run();
  damage.remove();
  const before = scenario.cloud.downloads().length;
  for (const id of ['backup-1', 'backup-2']) addBackup(scenario.cloud.world, scenario.clock, { id });

  const transferring = scenario.cloud.holdBodyAt(download(), 100);
  const { promise: known, resolve: planned } = Promise.withResolvers<void>();
  const first = scenario.app.run({ signal, planned });
  await Promise.all([known, transferring.reached]);
  // It has listed the catalog by then, and not yet the whole of what it looks at.
  const looking = scenario.s3.holdAt(({ key }) => key.includes('damaged'));
  const second = scenario.run();
  await looking.arrived;
  transferring.release();
  expect(await first).toMatchObject({ archived: 2 });
  looking.release();
  expect((await second).summary).toMatchObject({ skippedBy: { 'in-progress': 2 } });
  expect(scenario.cloud.downloads()).toHaveLength(before + 2);
});
