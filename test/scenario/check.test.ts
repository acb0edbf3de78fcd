/** `check` over a whole application: what is wrong with a source or the destination is named, with what to do, and nothing is moved. */
import { describe, expect, it } from 'vitest';
import type { CheckItem } from '../../src/check/report.ts';
import { call, download } from '../support/cloud.ts';
import { denied, internalError, refused } from '../support/cloud-api-faults.ts';
import { expired, htmlPage, ignoreRange } from '../support/cloud-download-faults.ts';
import { createScenario, INSTANCE, type Scenario, type ScenarioOptions } from '../support/scenario.ts';

const signal = new AbortController().signal;

async function checked(scenario: Scenario) {
  const { items, problems, exitCode } = await scenario.app.check({ signal });
  const of = (check: string): CheckItem => {
    const item = items.find((one) => one.check === check && one.part === 'source');
    if (!item) throw new Error(`there is no check ${check}`);
    return item;
  };
  return { items, problems, exitCode, of };
}

const actions = {
  'tencent-v3': ['DescribeInstances', 'DescribeInstanceBackups', 'DescribeBackupUrl'],
  'tencent-v2': ['DescribeRedis', 'GetRedisBackupList', 'GetBackupDownloadUrl'],
} as const;

describe.each(['tencent-v3', 'tencent-v2'] as const)('over %s, a check', (api) => {
  const [instances, backups, links] = actions[api];
  const open = (options: ScenarioOptions = {}) => createScenario({ api, ...options });

  it('of what works ends in 0, having called each action once and moved nothing', async () => {
    const scenario = await open();
    const { exitCode, items, of } = await checked(scenario);
    expect(exitCode).toBe(0);
    for (const action of actions[api]) {
      expect(of(action)).toMatchObject({ verdict: 'ok', source: 'ap-guangzhou' });
      expect(scenario.cloud.calls(action)).toBe(1);
    }
    expect(of('credentials')).toMatchObject({
      verdict: 'ok',
      facts: { host: new URL(scenario.cloud.url).host },
    });
    expect(of('download').facts).toMatchObject({ looksLike: 'rdb', size: 4000 });
    expect(of('resume').verdict).toBe('ok');
    expect(items.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    expect(scenario.keys()).toEqual([]);
  });

  it('names a link in clear text as one', async () => {
    const { of, problems, exitCode } = await checked(await open());
    expect(of('link')).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining('in clear text (http)'),
      facts: { clearText: true },
    });
    expect(of('link').detail).not.toMatch(/\?|sign/);
    expect(problems.map(({ message }) => message).join()).toContain('clear text');
    expect(exitCode).toBe(0);
  });

  it.each([instances, backups, links])(
    'says that %s is denied, what to grant, and ends in 10',
    async (action) => {
      const scenario = await open();
      scenario.cloud.fault(call(action), denied());
      const { of, exitCode } = await checked(scenario);
      expect(of(action)).toMatchObject({ verdict: 'failed', hint: expect.stringContaining('Grant') });
      expect(of('credentials').verdict).toBe('ok');
      expect(exitCode).toBe(10);
    },
  );

  it('says that the keys are refused, and ends in 10', async () => {
    const scenario = await open();
    scenario.cloud.fault(call(instances), refused('AuthFailure.SecretIdNotFound', 4104));
    const { of, exitCode } = await checked(scenario);
    expect(of('credentials')).toMatchObject({ verdict: 'failed', facts: { code: 'credentials' } });
    expect(exitCode).toBe(10);
  });

  it('tells an API that does not answer from keys that are wrong', async () => {
    const scenario = await open();
    for (const action of actions[api]) scenario.cloud.fault(call(action), internalError());
    const { of, exitCode } = await checked(scenario);
    expect(of('credentials').verdict).toBe('not-tried');
    expect(of(instances)).toMatchObject({ verdict: 'failed', facts: { code: 'api-unavailable' } });
    expect(exitCode).toBe(10);
  });

  it.each([
    [3600, 'behind', 'warning'],
    [-120, 'ahead', 'warning'],
    [5, 'behind', 'ok'],
  ])('sees that the clock is %d s wrong', async (seconds, word, verdict) => {
    const scenario = await open();
    scenario.cloud.skew(seconds * 1000);
    const { of, exitCode } = await checked(scenario);
    expect(of('clock')).toMatchObject({
      verdict,
      detail: expect.stringContaining(`${Math.abs(seconds)} s ${word}`),
    });
    expect(exitCode).toBe(0);
  });

  it('warns where a broken download could not be resumed', async () => {
    const scenario = await open();
    scenario.cloud.fault(download(), ignoreRange());
    const { of, exitCode } = await checked(scenario);
    expect(of('download').verdict).toBe('ok');
    expect(of('resume')).toMatchObject({ verdict: 'warning', detail: 'the host ignores Range' });
    expect(exitCode).toBe(0);
  });

  it('says that a link is refused, without the link', async () => {
    const scenario = await open();
    scenario.cloud.fault(download(), expired());
    const { of, exitCode } = await checked(scenario);
    expect(of('download')).toMatchObject({ verdict: 'failed', facts: { code: 'link-refused' } });
    expect(of('download').detail).toMatch(/answered 403$/);
    expect(of('download').detail).not.toContain('?');
    expect(exitCode).toBe(10);
  });

  it('knows a portal’s page from a dump', async () => {
    const scenario = await open();
    scenario.cloud.fault(download(), htmlPage());
    expect((await checked(scenario)).of('download')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('web page'),
    });
  });

  it('tries the permissions even where no backup can be had', async () => {
    const scenario = await open({ world: (world) => world.addInstance({ id: INSTANCE }) });
    const { of, exitCode } = await checked(scenario);
    expect([of(instances).verdict, of(backups).verdict]).toEqual(['ok', 'ok']);
    expect([of(links).verdict, of('link').verdict, of('download').verdict]).toEqual(
      Array.from({ length: 3 }, () => 'not-tried'),
    );
    expect(exitCode).toBe(0);
  });

  it('looks at selected instances only', async () => {
    const scenario = await open({
      source: { instances: ['crs-other'] },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        world.addInstance({ id: 'crs-other' });
        for (const instanceId of [INSTANCE, 'crs-other'])
          world.addBackup(instanceId, { startedAt: clock.now() - 3_600_000, files: [] });
      },
    });
    await checked(scenario);
    const asked = scenario.cloud.requests.map(({ instanceId }) => instanceId);
    expect(asked).toContain('crs-other');
    expect(asked).not.toContain(INSTANCE);
  });
});

describe('over tencent-v2, a check', () => {
  it('never has a cluster’s backup exported', async () => {
    const scenario = await createScenario({
      api: 'tencent-v2',
      source: { exportClusters: true },
      world(world, clock) {
        world.addInstance({ id: INSTANCE, cluster: true });
        world.addBackup(INSTANCE, { startedAt: clock.now() - 3_600_000 });
      },
    });
    const { of } = await checked(scenario);
    expect(of('ExportRedisBackup').verdict).toBe('not-tried');
    expect(of('GetBackupDownloadUrl').verdict).toBe('not-tried');
    expect(of('GetRedisBackupList').verdict).toBe('ok');
    expect(scenario.cloud.calls('ExportRedisBackup')).toBe(0);
  });
});

describe('the exit status of a check', () => {
  it('is 11 for the destination, even where the sources fail too', async () => {
    const scenario = await createScenario();
    scenario.s3.denied.add('PutObject');
    scenario.cloud.fault(call('DescribeInstances'), denied());
    const { exitCode, problems } = await checked(scenario);
    expect(exitCode).toBe(11);
    expect(problems[0]?.message).toMatch(/^failed: destination, write-and-read: .*AccessDenied/);
  });

  it('is 3 where one of several sources fails, 10 where all do', async () => {
    const scenario = await createScenario({
      adjust: (config) => ({
        ...config,
        sources: config.sources.flatMap((source) => [
          source,
          { ...source, name: 'two', region: 'ap-shanghai' },
        ]),
      }),
    });
    scenario.cloud.fault(call('DescribeInstances'), denied(), { times: 1 });
    expect((await checked(scenario)).exitCode).toBe(3);
    scenario.cloud.fault(call('DescribeInstances'), denied());
    expect((await checked(scenario)).exitCode).toBe(10);
  });
});

it('a check names for every claim the requests that prove it', async () => {
  const { items } = await checked(await createScenario());
  // What follows from others' answers, from the configuration alone, or from where the SDK found its keys.
  const derived = [
    'transport',
    'credentials',
    'profile',
    'link',
    'stored-form',
    'backup-keys',
    'largest-dump',
    'timezone',
  ];
  const unproved = items.filter(({ verdict, requests }) => verdict !== 'not-tried' && requests.length === 0);
  expect(unproved.map(({ check }) => check).filter((check) => !derived.includes(check))).toEqual([]);
  const proof = items.find(({ check }) => check === 'proof');
  expect(proof?.requests).toContain(
    'HeadObject in-parts: right of what lies there x-amz-checksum-crc32 and etag, wrong none',
  );
  const onArrival = items.find(({ check }) => check === 'checks-on-arrival');
  expect(onArrival?.requests).toContain(
    'UploadPart in-parts (x-amz-checksum-crc32 of a body that lost a bit on the way): 400 BadDigest',
  );
});

it('a check and the first line of a run say the zone of the schedules, and its offset now', async () => {
  const scenario = await createScenario({ config: { timezone: 'Asia/Kathmandu' } });
  const zone = { timezone: 'Asia/Kathmandu', utcOffset: '+05:45' };
  const { items } = await checked(scenario);
  expect(items[0]).toMatchObject({
    part: 'settings',
    check: 'timezone',
    verdict: 'ok',
    detail: 'Asia/Kathmandu, now UTC+05:45',
    facts: zone,
  });
  expect((await scenario.run()).events[0]).toMatchObject({ type: 'run.begin', ...zone });
});

it('a check puts nothing but its small objects, and leaves archives as they are', async () => {
  const scenario = await createScenario();
  await scenario.run();
  const before = scenario.keys().map((key) => [key, scenario.s3.bytesOf(key)]);
  const seen = scenario.s3.requests.length;
  expect((await checked(scenario)).exitCode).toBe(0);
  const touched = scenario.s3.requests.slice(seen).filter(({ key }) => key !== '');
  expect(touched.length).toBeGreaterThan(10);
  for (const { key } of touched)
    expect(key).toMatch(/^redis\/state\/probe\/((trial-[0-9a-f]+\/|order\/)?[a-z-]+|seen\.json)$/);
  expect(scenario.keys().map((key) => [key, scenario.s3.bytesOf(key)])).toEqual(before);
});

it('a check tells of a region that nobody knows, with the nearest one that is known, and refuses nothing', async () => {
  const at = (region: string) =>
    createScenario({
      adjust: (config) => ({ ...config, sources: config.sources.map((source) => ({ ...source, region })) }),
    });
  const { items } = await checked(await at('ap-guangzou'));
  expect(items.find(({ check }) => check === 'region')).toMatchObject({
    part: 'settings',
    verdict: 'warning',
    detail: 'ap-guangzou is none of the regions that this version knows; did you mean ap-guangzhou?',
  });
  expect((await checked(await at('ap-shanghai'))).items.map(({ check }) => check)).not.toContain('region');
});
