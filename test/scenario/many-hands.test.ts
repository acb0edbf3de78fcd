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
