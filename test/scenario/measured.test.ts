/** A bucket is relied on as far as it was seen to go, and no further, whatever its profile says: over the whole application. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { ProviderName } from '../../src/store/s3/provider-profile.ts';
import { PROBE_PREFIX } from '../support/probe.ts';
import type { S3Server } from '../support/s3.ts';
import { startS3 } from '../support/s3.ts';
import {
  addBackup,
  createScenario,
  digestOf,
  INSTANCE,
  MiB,
  only,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const { signal } = new AbortController();
const DAY_MS = 86_400_000;
const MEMORY = `${PROBE_PREFIX}seen.json`;

type Profile = 'auto' | ProviderName;

const PROFILES: readonly Profile[] = [
  ...(['auto', 'aws', 'cos', 'oss', 'obs', 'r2', 'b2', 'gcs', 'minio', 'ceph', 'other'] as const),
];

/** Two dumps, one of them in parts, so that both ways of an upload are taken. */
const twoShards: NonNullable<ScenarioOptions['world']> = (world, clock) => {
  world.addInstance({ id: INSTANCE });
  addBackup(world, clock, { id: 'backup-1', files: 2, size: 6 * MiB });
};

/** A bucket that no run has used yet. */
async function open(
  profile: Profile,
  change: (s3: S3Server) => void = () => {},
  options: ScenarioOptions & { readonly destination?: { readonly storageClass?: string } } = {},
): Promise<Scenario> {
  const s3 = options.s3 ?? (await startS3());
  if (!options.s3) onTestFinished(() => s3.close());
  change(s3);
  return createScenario({
    s3,
    measured: false,
    adjust: (config): Config =>
      config.destination.kind === 's3'
        ? { ...config, destination: { ...config.destination, profile, ...options.destination } }
        : config,
    ...options,
  });
}

const measurements = (scenario: Scenario) =>
  scenario.s3.requests.filter(({ key }) => key.startsWith(`${PROBE_PREFIX}trial-`)).length;

describe.each(PROFILES)('under the profile %s', (profile) => {
  /** A gateway that believes whatever it is told, as rclone, gofakes3 and moto are; its ETags are its own, or not even those. */
  it.each(['computed', 'given-back'] as const)(
    'a bit that is flipped on the way is never archived by a store that checks nothing and gives all back, its ETags %s',
    async (etags) => {
      const scenario = await open(profile, ({ behaviour }) => {
        Object.assign(behaviour, { checks: 'given-back', etags });
      });
      for (const on of ['PutObject', 'UploadPart'] as const)
        scenario.s3.fail({ on, key: '/data/', effect: 'flip-on-the-way', times: Number.POSITIVE_INFINITY });
      const run = await scenario.run();
      expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
      expect(run.summary.exitCode).toBe(3);
      expect(scenario.keys('catalog')).toEqual([]);
    },
  );

  it('the same bit in one part of a dump is never archived either', async () => {
    const scenario = await open(
      profile,
      ({ behaviour }) => {
        behaviour.checks = 'given-back';
      },
      { world: twoShards },
    );
    scenario.s3.fail({ on: 'UploadPart', key: '/data/', nth: 2, effect: 'flip-on-the-way' });
    await scenario.run();
    // Tried again within the run, it went well the second time, or it failed: what is an archive has the cloud's bytes.
    for (const { files } of scenario.manifests().values())
      for (const { name, sha256 } of files) expect(sha256).toBe(await digestOf(scenario, 'backup-1', name));
    expect((await scenario.app.verify({ quick: false, signal })).exitCode).toBe(0);
  });

  it('nor is such a manifest passed over in silence', async () => {
    const scenario = await open(profile, ({ behaviour }) => {
      behaviour.checks = 'given-back';
    });
    scenario.s3.fail({ on: 'PutObject', key: '/catalog/', effect: 'flip-on-the-way' });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', error: { code: 'archive-damaged' } });
    expect(run.summary.exitCode).toBe(4);
    expect((await scenario.app.verify({ quick: false, signal })).exitCode).toBe(4);
  });

  it('a store that loses finished objects is refused with 11 before anything is attempted, and so by `check`', async () => {
    const scenario = await open(profile, ({ behaviour }) => {
      behaviour.abort = 'deletes-object';
    });
    for (const _ of ['tried', 'tried again']) {
      const run = await scenario.run();
      expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
      expect(run.of('run.failed')[0]?.error).toMatchObject({
        code: 'store-refused',
        message: expect.stringContaining('loses finished objects'),
      });
    }
    expect(scenario.cloud.requests).toHaveLength(0);
    const { items, exitCode } = await scenario.app.check({ signal });
    expect(items.find(({ check }) => check === 'aborted-uploads')).toMatchObject({ verdict: 'failed' });
    expect(exitCode).toBe(11);
  });
});

describe('a bucket that may be listed', () => {
  it('and in which nothing may be put is refused with 11 before anything is attempted', async () => {
    const scenario = await open('auto', ({ denied }) => {
      denied.add('PutObject').add('CreateMultipartUpload');
    });
    for (const _ of ['tried', 'tried again']) {
      const run = await scenario.run();
      expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
      expect(run.of('run.failed')[0]?.error).toMatchObject({
        code: 'store-refused',
        message: expect.stringContaining('AccessDenied'),
        hint: expect.stringContaining('s3:PutObject'),
      });
    }
    expect(scenario.cloud.requests).toHaveLength(0);
  });

  it('and in which archives alone may be put is archived to, with a warning, and nothing of the trial stays', async () => {
    const scenario = await open('auto');
    for (const on of ['PutObject', 'CreateMultipartUpload'] as const) {
      const refusing = { effect: 'answer', status: 403, code: 'AccessDenied' } as const;
      scenario.s3.fail({ on, key: PROBE_PREFIX, ...refusing, times: Number.POSITIVE_INFINITY });
    }
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(run.of('warning')).toMatchObject([{ message: expect.stringContaining('could not be tried out') }]);
    expect(scenario.s3.uploads.size).toBe(0);
  });

  it('and in which the dumps of the configured source alone may be put is archived to as well', async () => {
    const scenario = await open('auto');
    const refusing = { effect: 'answer', status: 403, code: 'AccessDenied' } as const;
    const times = Number.POSITIVE_INFINITY;
    scenario.s3.fail({ on: 'PutObject', key: PROBE_PREFIX, ...refusing, times });
    scenario.s3.fail({ on: 'CreateMultipartUpload', key: PROBE_PREFIX, ...refusing, times });
    scenario.s3.fail({ on: 'CreateMultipartUpload', key: 'data/rdb-archiver/', ...refusing, times });
    expect((await scenario.run()).summary).toMatchObject({ archived: 1, exitCode: 0 });
  });

  it('and by its policy only in the configured storage class is asked for that class', async () => {
    const scenario = await open('auto', undefined, { destination: { storageClass: 'STANDARD_IA' } });
    const refusing = { effect: 'answer', status: 403, code: 'AccessDenied' } as const;
    const times = Number.POSITIVE_INFINITY;
    scenario.s3.fail({ on: 'PutObject', key: PROBE_PREFIX, ...refusing, times });
    await scenario.run();
    const [trial] = scenario.s3.requests.filter(({ operation }) => operation === 'CreateMultipartUpload');
    expect(trial?.headers).toMatchObject({ 'x-amz-storage-class': 'STANDARD_IA' });
  });
});

describe('the first run', () => {
  it('finds out what the store does, says so, and keeps it: later ones ask for that alone', async () => {
    const scenario = await open('auto');
    const first = await scenario.run();
    expect(first.of('destination.measured')).toMatchObject([
      { proof: "the store's CRC-32 (x-amz-checksum-crc32)", requests: 12 },
    ]);
    expect(JSON.parse(String(scenario.s3.bytesOf(MEMORY)))).toMatchObject({
      schema: 'rdb-archiver/probe@1',
      measuredAt: '2026-11-24T03:00:00Z',
      archiver: expect.stringMatching(/^\d+\.\d+\.\d+/),
      bucket: 'archive',
      endpoint: scenario.s3.endpoint,
      server: null,
      profile: 'auto: other',
      seen: { bodyChecks: ['crc32'], abortSparesObject: true },
    });
    expect([...scenario.s3.objects.keys()].filter((key) => key.startsWith(PROBE_PREFIX))).toEqual([MEMORY]);
    scenario.s3.forgetRequests();
    const later = await scenario.run();
    expect(later.of('destination.measured')).toEqual([]);
    const asked = scenario.s3.requests.filter(({ key }) => key.startsWith(PROBE_PREFIX));
    expect(asked.map(({ operation, key }) => `${operation} ${key}`)).toEqual([`GetObject ${MEMORY}`]);
  });

  it('under `auto` proves by the cheapest that the store was seen to do: no MD5, nothing read back', async () => {
    const scenario = await open('auto', () => {}, { world: twoShards });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    const bodies = scenario.s3.requests.filter(
      ({ operation, key }) => /^(PutObject|UploadPart)$/.test(operation) && key.includes('/data/'),
    );
    for (const { headers } of bodies) {
      expect(headers['x-amz-checksum-crc32']).toBeDefined();
      expect(headers['content-md5']).toBeUndefined();
    }
    expect(
      scenario.s3.requests.filter(
        ({ operation, key }) => operation === 'GetObject' && key.includes('/data/'),
      ),
    ).toEqual([]);
  });

  it('goes by what `check` has found out before it', async () => {
    const scenario = await open('auto');
    await scenario.app.check({ signal });
    scenario.s3.forgetRequests();
    await scenario.run();
    expect(measurements(scenario)).toBe(0);
  });

  it.each(['put below the place of its trials', 'read what was seen'] as const)(
    'may not %s: each dump is read back, with one warning in all, and archived',
    async (what) => {
      const scenario = await open('aws', () => {}, { world: twoShards });
      const always = {
        times: Number.POSITIVE_INFINITY,
        effect: 'answer',
        status: 403,
        code: 'AccessDenied',
      } as const;
      scenario.s3.fail({
        on: what.startsWith('put') ? 'PutObject' : 'GetObject',
        key: '/state/probe/',
        ...always,
      });
      const run = await scenario.run();
      expect(only(run)).toMatchObject({ outcome: 'archived' });
      const read = scenario.s3.requests.filter(
        ({ operation, key }) => operation === 'GetObject' && key.includes('/data/'),
      );
      expect(run.of('warning')).toMatchObject(
        what.startsWith('put') ? [{ message: expect.stringContaining('so each is read back') }] : [],
      );
      expect(read).toHaveLength(what.startsWith('put') ? 2 : 0);
      expect((await scenario.run()).of('warning')).toEqual([]);
    },
  );

  it('that cannot keep what it saw says so, and goes by it all the same', async () => {
    const scenario = await open('aws', () => {}, { world: twoShards });
    scenario.s3.fail({ on: 'PutObject', key: MEMORY, effect: 'answer', status: 403, code: 'AccessDenied' });
    const run = await scenario.run();
    expect(run.of('warning')).toMatchObject([{ message: expect.stringContaining('could not be kept') }]);
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(
      scenario.s3.requests.filter(
        ({ operation, key }) => operation === 'GetObject' && key.includes('/data/'),
      ),
    ).toEqual([]);
  });

  it('of many pods at once is measured by each, and disturbs none', async () => {
    const scenario = await open('auto');
    const pods = await Promise.all(Array.from({ length: 8 }, () => scenario.secondWorker()));
    const runs = await Promise.all(pods.map((pod) => pod.run()));
    for (const run of runs) expect(run.summary.exitCode).toBe(0);
    expect(scenario.keys('catalog')).toHaveLength(1);
  });

  it('with dumps for a cold class is refused where the bucket falls short of its profile: they could not be read back', async () => {
    const cold = { destination: { storageClass: 'GLACIER' } };
    const scenario = await open(
      'aws',
      ({ behaviour }) => {
        Object.assign(behaviour, { checks: 'given-back', encryption: 'aws:kms' });
      },
      cold,
    );
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
    expect(run.of('run.failed')[0]?.error.message).toContain('GLACIER cannot be read');
    // Nobody has to name a profile for it where the bucket does prove what it holds.
    expect(only(await (await open('auto', () => {}, cold)).run())).toMatchObject({ outcome: 'archived' });
  });

  it('with ARCHIVER_READBACK=always looks too, for a store that loses objects, and reads each dump back', async () => {
    const scenario = await open('auto', () => {}, { config: { readback: 'always' }, world: twoShards });
    const run = await scenario.run();
    expect(run.of('destination.measured')).toHaveLength(1);
    expect(
      scenario.s3.requests.filter(
        ({ operation, key }) => operation === 'GetObject' && key.includes('/data/'),
      ),
    ).toHaveLength(2);
  });
});

describe('what was seen of a bucket', () => {
  it.each<[string, (scenario: Scenario) => void]>([
    ['is gone', ({ s3 }) => s3.objects.delete(MEMORY)],
    [
      'cannot be understood',
      (scenario) => rewrite(scenario, () => '{"schema": "rdb-archiver/probe@1", "seen": 7}'),
    ],
    ['is a web page', (scenario) => rewrite(scenario, () => '<html>')],
    [
      'was seen by another version',
      (scenario) => rewrite(scenario, (text) => text.replace(/("archiver": ")[^"]+/, '$10.0.1')),
    ],
    [
      'was seen of another server',
      (scenario) => rewrite(scenario, (text) => text.replace('"server": null', '"server": "MinIO"')),
    ],
    [
      'was seen at another address',
      (scenario) => rewrite(scenario, (text) => text.replace('127.0.0.1', 'store.example')),
    ],
    [
      'was seen under another profile',
      (scenario) => rewrite(scenario, (text) => text.replace('auto: other', 'ceph')),
    ],
    [
      'was copied from another bucket',
      (scenario) => rewrite(scenario, (text) => text.replace('"archive"', '"archive-2"')),
    ],
    ['is older than 33 days', ({ clock }) => clock.advance(33 * DAY_MS + 1000)],
    [
      'is of a time that is still to come',
      (scenario) => rewrite(scenario, (text) => text.replace('2026-11-24T03', '2027-11-24T03')),
    ],
  ])('is not relied on where it %s: the next run looks again', async (_, change) => {
    const scenario = await open('auto');
    await scenario.run();
    change(scenario);
    scenario.s3.forgetRequests();
    const run = await scenario.run();
    expect(run.summary.exitCode).toBe(0);
    expect(run.of('destination.measured')).toHaveLength(1);
    expect(measurements(scenario)).toBeGreaterThan(0);
  });

  it('is relied on for thirty days', async () => {
    const scenario = await open('auto');
    await scenario.run();
    scenario.clock.advance(30 * DAY_MS - 1000);
    expect((await scenario.run()).of('destination.measured')).toEqual([]);
  });

  it('and says that a store loses objects is seen again each time: one that was mended is taken at once', async () => {
    const scenario = await open('auto', ({ behaviour }) => {
      behaviour.abort = 'deletes-object';
    });
    expect((await scenario.run()).summary.exitCode).toBe(11);
    scenario.s3.behaviour.abort = 'spares-object';
    expect((await scenario.run()).summary.exitCode).toBe(0);
  });

  it('by `check` counts at once: a store that has begun to lose objects is refused by the next run', async () => {
    const scenario = await open('auto');
    await scenario.run();
    scenario.s3.behaviour.abort = 'deletes-object';
    await scenario.app.check({ signal });
    expect((await scenario.run()).summary.exitCode).toBe(11);
  });

  it('is not kept where a trial failed half-way: the next run looks again', async () => {
    const scenario = await open('auto', () => {}, { world: twoShards });
    scenario.s3.fail({
      ...{ on: 'PutObject', key: '/state/probe/trial-' },
      ...{ effect: 'answer', status: 403, code: 'SlowDownPlease' },
    });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(scenario.s3.objects.has(MEMORY)).toBe(false);
    await scenario.run();
    expect(scenario.s3.objects.has(MEMORY)).toBe(true);
  });
});

/** Another hand has been at it. */
function rewrite({ s3 }: Scenario, change: (text: string) => string): void {
  const object = s3.objects.get(MEMORY);
  if (!object) throw new Error('nothing is remembered');
  const before = String(s3.bytesOf(MEMORY));
  const text = change(before);
  if (text === before) throw new Error('nothing was changed');
  s3.objects.set(MEMORY, { ...object, chunks: [Buffer.from(text)], size: Buffer.byteLength(text) });
}
