/** What killed runs leave of their uploads is removed by a later run, and nothing else is: not even where the store would take more. */
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PARTIAL_PREFIX, UPLOADS_FOLDER } from '../../src/store/file/key.ts';
import { beginUpload, storeChunks } from '../support/s3-bucket.ts';
import type { S3Request } from '../support/s3-faults.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  MiB,
  only,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
const KEY = `redis/data/ap-guangzhou/${INSTANCE}/20261120T021500Z_gone/dump.rdb`;

/** Leaves an upload as a killed run does, so long ago by the worker's clock. */
function strand({ s3, clock }: Pick<Scenario, 's3' | 'clock'>, hoursAgo: number, key = KEY): string {
  const upload = beginUpload(s3, key, {});
  upload.initiated = clock.now() - hoursAgo * HOUR_MS;
  return upload.id;
}

describe('a run', () => {
  it('gives up uploads of ours that are older than the age, counts them, and lets all others be', async () => {
    const scenario = await createScenario();
    strand(scenario, 25);
    strand(scenario, 200, KEY.replace('/data/', '/quarantine/'));
    const kept = [
      strand(scenario, 23),
      strand(scenario, 25, 'redis/data/notes/of-somebody-else.bin'),
      strand(scenario, 25, 'elsewhere/data/ap-guangzhou/crs-1/20261120T021500Z_1/dump.rdb'),
    ];
    const run = await scenario.run();
    expect(run.summary.exitCode).toBe(0);
    expect(run.of('uploads.swept')).toMatchObject([{ removed: 2, runId: run.summary.runId }]);
    expect([...scenario.s3.uploads.keys()]).toEqual(kept);
  });

  it('lets an old upload be that still grows: a terabyte may take longer than a day', async () => {
    const scenario = await createScenario();
    const [dead, living] = [strand(scenario, 30), strand(scenario, 30)].map((id) =>
      scenario.s3.uploads.get(id),
    );
    for (const upload of [dead, living])
      upload?.parts.set(1, storeChunks([Buffer.from('part')], { keepBytes: true, withSha256: false }));
    if (living) living.touched = scenario.clock.now() - HOUR_MS;
    expect((await scenario.run()).of('uploads.swept')).toMatchObject([{ removed: 1 }]);
    expect([...scenario.s3.uploads.values()]).toEqual([living]);
  });

  it('says nothing where there was nothing to remove', async () => {
    const run = await (await createScenario()).run();
    expect(run.of('uploads.swept')).toEqual([]);
    expect(run.of('warning')).toEqual([]);
  });

  it('finds them behind more pages than one', async () => {
    const scenario = await createScenario();
    scenario.s3.behaviour.pageSize = 2;
    for (let index = 0; index < 7; index += 1)
      strand(scenario, 30, KEY.replace('gone', `gone-${index >> 1}`));
    expect((await scenario.run()).of('uploads.swept')).toMatchObject([{ removed: 7 }]);
    expect(scenario.s3.uploads.size).toBe(0);
  });

  it('takes the configured age', async () => {
    const scenario = await createScenario({ config: { staleUploadAgeMs: 7 * HOUR_MS } });
    strand(scenario, 8);
    expect((await scenario.run()).of('uploads.swept')).toMatchObject([{ removed: 1 }]);
  });

  it.each([
    ['refuses the listing', 'ListMultipartUploads', 403, 'AccessDenied'],
    ['does not know it', 'ListMultipartUploads', 501, 'NotImplemented'],
    ['refuses to give one up', 'AbortMultipartUpload', 403, 'AccessDenied'],
  ] as const)(
    'of a store that %s ends as well as ever, with one warning in all',
    async (_, on, status, code) => {
      const scenario = await createScenario();
      const id = strand(scenario, 25);
      scenario.s3.fail({ on, effect: 'answer', status, code, times: 100 });
      const first = await scenario.run();
      expect(first.summary).toMatchObject({ archived: 1, exitCode: 0 });
      expect(first.of('warning')).toMatchObject([
        { hint: expect.stringContaining(`s3:${on.replace('ListM', 'ListBucketM')}`) },
      ]);
      expect((await scenario.run()).of('warning')).toEqual([]);
      expect([...scenario.s3.uploads.keys()]).toEqual([id]);
    },
  );

  it('sweeps before it archives, so that no upload is given up behind the back of a new archive', async () => {
    const scenario = await createScenario();
    strand(scenario, 25);
    await scenario.run();
    const begun = scenario.s3.requests.map(({ operation, key }) => `${operation} ${key}`);
    expect(begun.indexOf(`AbortMultipartUpload ${KEY}`)).toBeLessThan(
      begun.findIndex((request) => /^PutObject redis\/data/.test(request)),
    );
  });

  it('leaves the upload of a run that is still at it alone', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'large', size: 11 * MiB });
      },
    });
    const gate = scenario.s3.holdAt(({ operation }) => operation === 'UploadPart');
    onTestFinished(() => gate.release());
    const slow = scenario.run();
    await gate.arrived;
    const [living] = [...scenario.s3.uploads.values()];
    if (living) living.initiated = scenario.clock.now() - 5 * HOUR_MS;
    const fast = await (await scenario.secondWorker()).run();
    expect(fast.of('uploads.swept')).toEqual([]);
    expect([...scenario.s3.uploads.values()]).toEqual([living]);
    gate.release();
    expect((await slow).summary.exitCode).toBe(0);
  });

  it('into a folder removes temporary files that are old enough, and nothing else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-sweep-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const scenario = await createScenario({ config: { destination: { kind: 'file', directory } } });
    const uploads = join(directory, UPLOADS_FOLDER);
    await mkdir(uploads, { recursive: true });
    const leave = async (name: string, hoursAgo: number) => {
      await writeFile(join(uploads, name), 'half a dump');
      const time = (scenario.clock.now() - hoursAgo * HOUR_MS) / 1000;
      await utimes(join(uploads, name), time, time);
    };
    await leave(`${PARTIAL_PREFIX}old`, 25);
    await leave(`${PARTIAL_PREFIX}young`, 23);
    await leave('of-somebody-else', 100);
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(run.of('uploads.swept')).toMatchObject([{ removed: 1 }]);
    expect((await readdir(uploads)).sort()).toEqual([`${PARTIAL_PREFIX}young`, 'of-somebody-else']);
  });

  it('that was asked for one backup alone sweeps nothing', async () => {
    const scenario = await createScenario();
    strand(scenario, 25);
    await scenario.archive(INSTANCE);
    expect(scenario.s3.uploads.size).toBe(1);
  });
});

describe('on a store that deletes the finished object when another upload to its key is given up', () => {
  const large: ScenarioOptions['world'] = (world, clock) => {
    world.addInstance({ id: INSTANCE });
    addBackup(world, clock, { id: 'backup-1', size: 11 * MiB });
  };
  const withProfile = (profile: 'aws' | 'other'): ScenarioOptions => ({
    world: large,
    adjust: (config) =>
      config.destination.kind === 's3'
        ? { ...config, destination: { ...config.destination, profile } }
        : config,
  });
  /** What the slower run does last before its object would become visible. */
  const asksForWinner = ({ operation, key }: S3Request) =>
    operation === 'GetObject' && key.includes('/catalog/');
  const archivedKey = ({ keys }: Scenario) => keys('data')[0] ?? '';

  /** So that nothing is known of the store. */
  const unmeasured = ({ s3 }: Scenario) =>
    s3.fail({
      ...{ on: 'PutObject', key: '/state/probe/', times: Number.POSITIVE_INFINITY },
      ...{ effect: 'answer', status: 403, code: 'AccessDenied' },
    });

  it('a sweep leaves the upload alone where nothing is known of the store, and the archive is whole', async () => {
    const scenario = await createScenario({ ...withProfile('other'), measured: false });
    unmeasured(scenario);
    await scenario.run();
    scenario.s3.behaviour.abort = 'deletes-object';
    const id = strand(scenario, 25, archivedKey(scenario));
    const run = await scenario.run();
    expect(run.summary.exitCode).toBe(0);
    expect([...scenario.s3.uploads.keys()]).toEqual([id]);
    expect((await scenario.app.verify({ quick: false, signal })).exitCode).toBe(0);
  });

  it('a run that was slower leaves its upload, and the archive of the faster one is whole', async () => {
    const scenario = await createScenario({ ...withProfile('other'), measured: false });
    unmeasured(scenario);
    scenario.s3.behaviour.abort = 'deletes-object';
    const gate = scenario.s3.holdAt(asksForWinner);
    const slow = scenario.run();
    await gate.arrived;
    expect(only(await (await scenario.secondWorker()).run())).toMatchObject({ outcome: 'archived' });
    gate.release();
    expect(only(await slow)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    expect(scenario.s3.uploads.size).toBe(1);
    expect((await scenario.app.verify({ quick: false, signal })).exitCode).toBe(0);
  });

  it('that was believed to spare it, a loss is told as one: exit 4, and which object', async () => {
    const scenario = await createScenario(withProfile('aws'));
    await scenario.run();
    scenario.s3.behaviour.abort = 'deletes-object';
    const key = archivedKey(scenario);
    strand(scenario, 25, key);
    const swept = await scenario.run();
    expect(swept.summary.exitCode).toBe(4);
    expect(swept.of('run.failed')[0]?.error).toMatchObject({
      code: 'archive-damaged',
      message: expect.stringContaining(`${key} is gone`),
    });
  });

  it('that was believed to spare it, the slower of two runs says that it has cost the archive', async () => {
    const scenario = await createScenario(withProfile('aws'));
    scenario.s3.behaviour.abort = 'deletes-object';
    const gate = scenario.s3.holdAt(asksForWinner);
    const slow = scenario.run();
    await gate.arrived;
    await (await scenario.secondWorker()).run();
    gate.release();
    const late = await slow;
    expect(only(late)).toMatchObject({ outcome: 'failed', error: { code: 'archive-damaged' } });
    expect(late.summary.exitCode).toBe(4);
  });
});
