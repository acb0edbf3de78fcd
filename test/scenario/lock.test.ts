/** Archives that the bucket must not let go of, and dumps in a class of their own: over the whole application. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { LockRule } from '../../src/domain/object-lock.ts';
import { download } from '../support/cloud.ts';
import { flipBit } from '../support/cloud-download-faults.ts';
import { encryptedWorld, newHolder } from '../support/encrypted.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  MiB,
  only,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const everything = { sources: [], instances: ['*'], exclude: [], names: [], tags: {} };
const THIRTY_DAYS: LockRule = { ...everything, mode: 'compliance', days: 30, legalHold: false };

/** Two dumps, one of them in parts, so that both ways of an upload are taken. */
const twoShards: NonNullable<ScenarioOptions['world']> = (world, clock) => {
  world.addInstance({ id: INSTANCE, name: 'orders' });
  addBackup(world, clock, { id: 'backup-1', files: 2, size: 6 * MiB });
};

async function open(
  options: ScenarioOptions & { readonly mode?: 'aws' | 'ceph'; readonly storage?: Partial<Config> } = {},
): Promise<Scenario> {
  const { mode = 'aws', storage = {}, ...rest } = options;
  const s3 = await startS3({ mode });
  s3.behaviour.objectLock = true;
  onTestFinished(() => s3.close());
  const scenario = await createScenario({
    s3,
    config: { objectLock: [THIRTY_DAYS], ...storage },
    adjust: (config) =>
      config.destination.kind === 's3'
        ? { ...config, destination: { ...config.destination, profile: mode } }
        : config,
    ...rest,
  });
  s3.behaviour.now = scenario.clock.now;
  return scenario;
}

const storageOf = (s3: S3Server, key: string) => s3.objects.get(key)?.storage ?? {};

describe.each(['aws', 'ceph'] as const)('on a store like %s', (mode) => {
  it('locks every dump and the manifest until the same moment, and nothing else', async () => {
    const scenario = await open({ mode, world: twoShards });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(scenario.keys()).toHaveLength(3);
    for (const key of scenario.keys())
      expect([key, storageOf(scenario.s3, key).lock]).toEqual([
        key,
        { mode: 'COMPLIANCE', until: '2026-12-24T03:00:00Z' },
      ]);
  });

  it('leaves it to the winner when two runs are at it at once', async () => {
    const scenario = await open({ mode });
    const second = await scenario.secondWorker();
    const gate = scenario.s3.holdAt(
      ({ operation, key }) => operation === 'PutObject' && key.includes('/data/'),
    );
    const first = scenario.run();
    await gate.arrived;
    const winner = await second.run();
    gate.release();
    const loser = await first;
    expect(only(winner)).toMatchObject({ outcome: 'archived' });
    expect(only(loser)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    const [manifest = ''] = scenario.keys('catalog');
    expect(scenario.s3.versions.get(manifest)).toBeUndefined();
  });
});

describe('an archive that was to be locked', () => {
  it.each([
    ['the bucket has no object lock', { objectLock: false }, 'has no object lock'],
    [
      'the store gives back every header, and knows of no lock',
      { objectLock: false, locks: 'given-back' },
      'has no object lock',
    ],
  ] as const)(
    'is none where %s: the run is refused with 11 before anything is attempted',
    async (_, change, why) => {
      const scenario = await open();
      Object.assign(scenario.s3.behaviour, change);
      const run = await scenario.run();
      expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
      expect(run.of('run.failed')[0]?.error).toMatchObject({
        code: 'store-refused',
        message: expect.stringContaining(why),
        hint: expect.stringContaining('Make a bucket with object lock'),
      });
      expect(scenario.cloud.requests).toHaveLength(0);
      expect(scenario.keys()).toEqual([]);
    },
  );

  it('is none where the store shows locks and lets a locked version be deleted: that was tried on one of our own', async () => {
    const scenario = await open({ measured: false });
    scenario.s3.behaviour.locks = 'shown-only';
    for (const _ of ['tried', 'tried again']) {
      const run = await scenario.run();
      expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
      expect(run.of('run.failed')[0]?.error.message).toContain('does not keep them');
    }
    expect(scenario.keys()).toEqual([]);
  });

  it('is one where the key may neither ask how the bucket locks nor delete a version', async () => {
    const scenario = await open({ measured: false });
    scenario.s3.denied.add('GetObjectLockConfiguration').add('DeleteObject');
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
  });

  it('is none where the store locks nothing although it says so: no manifest is written', async () => {
    const scenario = await open();
    Object.assign(scenario.s3.behaviour, { lockWithUpload: 'ignored', lockByCall: 'ignored' });
    expect(only(await scenario.run())).toMatchObject({
      outcome: 'failed',
      error: { code: 'store-refused', message: expect.stringContaining('is not locked as asked') },
    });
    expect(scenario.keys('catalog')).toEqual([]);
  });

  it('is completed by the next try where only the lock of its manifest failed', async () => {
    const scenario = await open();
    scenario.s3.behaviour.lockWithUpload = 'ignored';
    scenario.s3.fail({ on: 'PutObjectRetention', key: '/catalog/', effect: 'reset', times: 4 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', attempts: 2 });
    const [manifest = ''] = scenario.keys('catalog');
    expect(storageOf(scenario.s3, manifest).lock?.mode).toBe('COMPLIANCE');
  });

  it('is reported as failed where its manifest cannot be locked at all', async () => {
    const scenario = await open();
    scenario.s3.behaviour.lockWithUpload = 'ignored';
    scenario.s3.fail({
      on: 'PutObjectRetention',
      key: '/catalog/',
      effect: 'answer',
      status: 403,
      code: 'AccessDenied',
    });
    expect(only(await scenario.run())).toMatchObject({
      outcome: 'failed',
      error: { hint: expect.stringContaining('s3:PutObjectRetention') },
    });
  });

  it('is archived by the next run where one was killed before its manifest: what it left locked is no obstacle', async () => {
    const scenario = await open({ world: twoShards });
    const stop = new AbortController();
    const gate = scenario.s3.holdAt(
      ({ operation, key }) => operation === 'PutObject' && key.includes('/catalog/'),
    );
    const killed = scenario.run(stop.signal);
    await gate.arrived;
    stop.abort(new Error('killed'));
    await killed;
    gate.release();
    await scenario.s3.settled();
    for (const key of scenario.keys('catalog')) scenario.s3.objects.delete(key);
    scenario.clock.advance(3_600_000);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    for (const key of scenario.keys())
      expect(storageOf(scenario.s3, key).lock?.until).toBe('2026-12-24T04:00:00Z');
  });
});

describe('a damaged dump', () => {
  it('is kept in quarantine without a lock: it is no archive', async () => {
    const scenario = await open();
    scenario.cloud.fault(download(), flipBit(1000));
    expect(only(await scenario.run())).toMatchObject({ reason: 'corrupt-source' });
    expect(scenario.keys('quarantine')).toHaveLength(2);
    for (const key of scenario.keys('quarantine')) expect(storageOf(scenario.s3, key)).toEqual({});
  });
});

describe('a storage class', () => {
  it('is that of the dumps; manifests and what else is kept stay readable', async () => {
    const scenario = await open({
      world: twoShards,
      storage: {
        objectLock: [],
        storageClasses: [{ ...everything, names: ['orders'], storageClass: 'DEEP_ARCHIVE' }],
      },
    });
    expect((await scenario.run()).summary.exitCode).toBe(0);
    for (const key of scenario.keys('data'))
      expect(storageOf(scenario.s3, key)).toEqual({ storageClass: 'DEEP_ARCHIVE' });
    for (const key of scenario.keys('catalog')) expect(storageOf(scenario.s3, key)).toEqual({});
    // What needs no dump goes on.
    expect((await scenario.run()).summary).toMatchObject({ skippedBy: { 'already-archived': 1 } });
  });

  it.each([
    ['cold beside a read-back of everything', { readback: 'always' }, 'GLACIER', /READBACK=always/],
    ['and a lock that the provider does not know', {}, 'STANDARD', /profile r2.*does not know/],
  ] as const)('%s is refused before anything is attempted', async (_, config, storageClass, message) => {
    const profile = storageClass === 'STANDARD' ? 'r2' : 'aws';
    const opening = createScenario({
      config: { objectLock: profile === 'r2' ? [THIRTY_DAYS] : [], ...config },
      adjust: (all) =>
        all.destination.kind === 's3'
          ? { ...all, destination: { ...all.destination, profile, storageClass } }
          : all,
    });
    await expect(opening).rejects.toMatchObject({
      code: 'config',
      exit: 2,
      message: expect.stringMatching(message),
    });
  });
});

it('locks a key that is sealed after its archive was made, since it is the only copy', async () => {
  const holder = await newHolder();
  const before = await open({ world: encryptedWorld() });
  await before.run();
  const later = await createScenario({
    s3: before.s3,
    world: encryptedWorld(),
    config: { objectLock: [THIRTY_DAYS], ...holder.sealing },
    adjust: (config) =>
      config.destination.kind === 's3'
        ? { ...config, destination: { ...config.destination, profile: 'aws' } }
        : config,
  });
  expect((await later.run()).of('key.sealed')).toHaveLength(1);
  const [kept = ''] = later.keys().filter((key) => key.includes('/state/keys/kept/'));
  expect(storageOf(later.s3, kept).lock).toEqual({ mode: 'COMPLIANCE', until: '2026-12-24T03:00:00Z' });
});
