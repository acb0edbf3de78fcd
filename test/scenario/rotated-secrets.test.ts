/** Secrets in files that are exchanged while the program lives: between two runs, and in the middle of one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { fixed } from '../../src/domain/current.ts';
import type { World } from '../../src/sandbox/world.ts';
import type { TestClock } from '../support/clock.ts';
import { call } from '../support/cloud.ts';
import { before } from '../support/cloud-api-faults.ts';
import { type MountedSecret, mountSecret } from '../support/mounted-secret.ts';
import { jsonReceiver } from '../support/receivers.ts';
import { refuse } from '../support/s3-operations.ts';
import { addBackup, createScenario, INSTANCE, type Run, type Scenario } from '../support/scenario.ts';

const OLD = { cloudId: 'AKIDold', cloudKey: 'cloud-key-old', s3Id: 'AKIAold', s3Key: 's3-key-old' };
const NEW = { cloudId: 'AKIDnew', cloudKey: 'cloud-key-new', s3Id: 'AKIAnew', s3Key: 's3-key-new' };
type Keys = typeof OLD;
const { signal } = new AbortController();

/** What the configuration makes of these files, put into that of a scenario. */
function readingFrom(secret: MountedSecret, { url = '' } = {}) {
  const env = {
    ARCHIVER_SOURCE_REGIONS: 'gz',
    ARCHIVER_DESTINATION: 's3://archive',
    TENCENTCLOUD_SECRET_ID_FILE: secret.path('cloudId'),
    TENCENTCLOUD_SECRET_KEY_FILE: secret.path('cloudKey'),
    AWS_ACCESS_KEY_ID_FILE: secret.path('s3Id'),
    AWS_SECRET_ACCESS_KEY_FILE: secret.path('s3Key'),
    ...(url !== '' && { ARCHIVER_NOTIFY_URL: url, ARCHIVER_NOTIFY_TOKEN_FILE: secret.path('token') }),
  };
  const read = loadConfig({ flags: {}, env, cwd: '/nonexistent' });
  const [source] = read.sources;
  const keys = read.destination.kind === 's3' ? read.destination.credentials : undefined;
  if (!source || !keys || !read.warnOfSecrets) throw new Error('keys were expected');
  const { notify, warnOfSecrets } = read;
  return (config: Config): Config => ({
    ...config,
    sources: config.sources.map((one) => ({ ...one, credentials: source.credentials })),
    destination:
      config.destination.kind === 's3' ? { ...config.destination, credentials: keys } : config.destination,
    notify,
    warnOfSecrets,
  });
}

/** Both sides know only these from now on. */
function know({ cloud, s3 }: Pick<Scenario, 'cloud' | 's3'>, keys: Keys, refusal?: string): void {
  cloud.exchangeKeys({ secretId: keys.cloudId, secretKey: keys.cloudKey });
  s3.exchangeKeys({ accessKeyId: keys.s3Id, secretAccessKey: keys.s3Key }, refusal);
}

function fourBackups(world: World, clock: TestClock): void {
  world.addInstance({ id: INSTANCE });
  for (const number of [1, 2, 3, 4])
    addBackup(world, clock, { id: `backup-${number}`, hoursAgo: 2 + number });
}

async function scenarioOn(secret: MountedSecret, options: { url?: string } = {}): Promise<Scenario> {
  const scenario = await createScenario({
    world: fourBackups,
    measured: false,
    adjust: readingFrom(secret, options),
  });
  know(scenario, OLD);
  return scenario;
}

function secretsIn(run: Run): string[] {
  const text = JSON.stringify(run.events);
  return [OLD, NEW]
    .flatMap(({ cloudKey, s3Key }) => [cloudKey, s3Key])
    .filter((secret) => text.includes(secret));
}

test('each run after a mounted Secret was exchanged uses what lies there now: cloud, bucket and webhook', async () => {
  const receiver = await jsonReceiver();
  const secret = mountSecret({ ...OLD, token: 'token-old' });
  const scenario = await scenarioOn(secret, { url: receiver.url });
  expect((await scenario.run()).summary).toMatchObject({ archived: 4 });
  await scenario.app.testReceivers({ signal });

  know(scenario, NEW);
  secret.exchange({ ...NEW, token: 'token-new' });
  addBackup(scenario.cloud.world, scenario.clock, { id: 'backup-5', hoursAgo: 1 });
  const run = await scenario.run();
  expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
  await scenario.app.testReceivers({ signal });
  expect(receiver.asked.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer token-old',
    'Bearer token-new',
  ]);
  expect(secretsIn(run)).toEqual([]);
});

test.each(['InvalidAccessKeyId', 'ExpiredToken'])(
  'a run in whose middle the keys lapse (%s), while their files hold the next ones, archives everything',
  async (refusal) => {
    const secret = mountSecret(OLD);
    const scenario = await scenarioOn(secret);
    let keys = OLD;
    const lapse = (next: Partial<Keys>): void => {
      keys = { ...keys, ...next };
      know(scenario, keys, refusal);
      secret.exchange(keys);
    };
    // Each time while a request is on its way that was signed with what is no good any more.
    const { cloudId, cloudKey, s3Id, s3Key } = NEW;
    scenario.cloud.fault(
      call('DescribeBackupUrl'),
      before(() => lapse({ cloudId, cloudKey })),
      { times: 1, after: 1 },
    );
    scenario.s3.fail({
      on: 'PutObject',
      key: 'data/',
      nth: 2,
      effect: 'bare',
      answer() {
        lapse({ s3Id, s3Key });
        return refuse(refusal === 'ExpiredToken' ? 400 : 403, refusal);
      },
    });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 4, failed: 0, exitCode: 0 });
    expect(secretsIn(run)).toEqual([]);
  },
);

test('keys that are refused, and lie there still, end in the error as ever', async () => {
  const scenario = await scenarioOn(mountSecret(OLD));
  scenario.cloud.exchangeKeys({ secretId: NEW.cloudId, secretKey: NEW.cloudKey });
  const { summary } = await scenario.run();
  expect(summary.exitCode).toBe(10);
  expect(
    scenario.cloud.calls('DescribeInstances') + scenario.cloud.calls('DescribeInstanceBackups'),
  ).toBeLessThan(5);
});

test('files that are gone for a while cost nothing but one warning, which names them', async () => {
  const secret = mountSecret(OLD);
  const scenario = await scenarioOn(secret);
  expect((await scenario.run()).summary.archived).toBe(4);
  secret.exchange({});
  const run = await scenario.run();
  expect(run.summary.exitCode).toBe(0);
  const said = run.of('warning').map(({ message }) => message);
  expect(said.toSorted()).toEqual([
    expect.stringMatching(/^AWS_ACCESS_KEY_ID_FILE: the file .*stays in use$/),
    expect.stringMatching(
      /^TENCENTCLOUD_SECRET_ID_FILE: the file \/.* cannot be read \(ENOENT\).*stays in use$/,
    ),
  ]);
  secret.exchange(OLD);
  expect((await scenario.run()).of('warning')).toEqual([]);
});

test('the shared AWS files are read again when they have changed', async () => {
  const secret = mountSecret({ credentials: profileOf(OLD) });
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', secret.path('credentials'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  onTestFinished(() => void vi.unstubAllEnvs());
  const scenario = await createScenario({ world: fourBackups, measured: false, adjust: withoutKeys });
  const toBucket = (keys: Keys) =>
    scenario.s3.exchangeKeys({ accessKeyId: keys.s3Id, secretAccessKey: keys.s3Key });
  toBucket(OLD);
  expect((await scenario.run()).summary.archived).toBe(4);

  toBucket(NEW);
  secret.exchange({ credentials: profileOf(NEW) });
  addBackup(scenario.cloud.world, scenario.clock, { id: 'backup-5', hoursAgo: 1 });
  expect((await scenario.run()).summary).toMatchObject({ archived: 1, exitCode: 0 });

  secret.exchange({ credentials: '[default]\naws_access_key_id = half-written' });
  const run = await scenario.run();
  expect(run.summary.exitCode).toBe(0);
  expect(run.of('warning').map(({ message }) => message)).toEqual([
    expect.stringContaining(`${secret.path('credentials')} and `),
  ]);
});

function withoutKeys({ destination, ...config }: Config): Config {
  if (destination.kind !== 's3') return { destination, ...config };
  const { credentials: _, ...rest } = destination;
  return { ...config, destination: rest };
}

function profileOf({ s3Id, s3Key }: Keys): string {
  return `[default]\naws_access_key_id = ${s3Id}\naws_secret_access_key = ${s3Key}\n`;
}

test('so is the profile file of the cloud', async () => {
  const home = mountSecret({ credentials: cloudProfileOf(OLD) });
  const folder = home.path('.tencentcloud');
  mkdirSync(folder);
  const write = (keys: Keys) => writeFileSync(`${folder}/credentials`, cloudProfileOf(keys));
  write(OLD);
  const scenario = await createScenario({
    world: fourBackups,
    source: { credentials: fixed({}) },
    config: { environment: { HOME: home.path('') } },
  });
  scenario.cloud.exchangeKeys({ secretId: OLD.cloudId, secretKey: OLD.cloudKey });
  expect((await scenario.run()).summary.archived).toBe(4);
  scenario.cloud.exchangeKeys({ secretId: NEW.cloudId, secretKey: NEW.cloudKey });
  write(NEW);
  addBackup(scenario.cloud.world, scenario.clock, { id: 'backup-5', hoursAgo: 1 });
  expect((await scenario.run()).summary).toMatchObject({ archived: 1, exitCode: 0 });
});

function cloudProfileOf({ cloudId, cloudKey }: Keys): string {
  return `[default]\nsecret_id = ${cloudId}\nsecret_key = ${cloudKey}\n`;
}
