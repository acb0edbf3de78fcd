/** What stands in the variables and shared files of AWS, and what came of it: in what the program says, and on the wire. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { CheckItem } from '../../src/check/report.ts';
import { serve } from '../support/loopback.ts';
import { startProxy } from '../support/proxy.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { itemsOf, openWorkplace, outcomesOf, type Workplace } from '../support/workplace.ts';

async function server(): Promise<S3Server> {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  return s3;
}

/** A place with a bucket's name and its keys, and no word of where the bucket is. */
async function workplace(): Promise<Workplace> {
  const work = await openWorkplace();
  onTestFinished(() => work.close());
  return work;
}

const KEYS = { AWS_ACCESS_KEY_ID: 'stand-in-key', AWS_SECRET_ACCESS_KEY: 'stand-in-secret' };
const BUCKET = { ARCHIVER_DESTINATION: 's3://archive/redis', ...KEYS };

type Env = Readonly<Record<string, string>>;

/** Writes shared AWS files where the program finds them; returns the variables that it takes. */
function sharedFiles({ cwd }: Workplace, config: string): Env {
  mkdirSync(join(cwd, '.aws'), { recursive: true });
  writeFileSync(join(cwd, '.aws', 'config'), config);
  return {};
}

async function check(work: Workplace, env: Env) {
  const result = await work.run(['check', '--json'], { ...BUCKET, ...env });
  const items = itemsOf<CheckItem>(result);
  const of = (name: string): CheckItem => {
    const item = items.find(({ part, check }) => part === 'destination' && check === name);
    if (!item) throw new Error(`there is no finding ${name}: ${result.stderr}`);
    return item;
  };
  return { code: result.code, of };
}

/** Who an address may come from, and how that is set. */
const WAYS: readonly (readonly [by: string, set: (work: Workplace, url: string) => Env])[] = [
  ['AWS_ENDPOINT_URL_S3', (_, url) => ({ AWS_ENDPOINT_URL_S3: url, AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })],
  ['AWS_ENDPOINT_URL', (_, url) => ({ AWS_ENDPOINT_URL: url })],
  [
    'AWS_ENDPOINT_URL',
    ({ cwd }, url) => {
      writeFileSync(join(cwd, '.env'), `AWS_ENDPOINT_URL=${url}\n`);
      return {};
    },
  ],
  [
    'endpoint_url in the shared AWS files',
    (work, url) => sharedFiles(work, `[default]\nendpoint_url = ${url}\n`),
  ],
  [
    'endpoint_url in the shared AWS files',
    (work, url) => {
      const path = join(work.cwd, 'elsewhere');
      writeFileSync(
        path,
        `[profile backup]\nservices = ours\n\n[services ours]\ns3 =\n  endpoint_url = ${url}\n`,
      );
      return { AWS_CONFIG_FILE: path, AWS_PROFILE: 'backup' };
    },
  ],
];

test.each(WAYS)('an address by %s is the one that check, profile and warnings go by', async (by, set) => {
  const s3 = await server();
  const work = await workplace();
  const { code, of } = await check(work, set(work, s3.endpoint));
  expect(code).toBe(0);
  expect(s3.requests.length).toBeGreaterThan(10);
  expect(of('transport').detail).toBe('clear text, but within this machine');
  expect(of('reach')).toMatchObject({
    detail: `${s3.endpoint} (${by}) answers, the bucket in the path, region us-east-1`,
    facts: { endpoint: s3.endpoint, endpointBy: by, region: 'us-east-1', regionBy: 'assumption' },
  });
  expect(of('profile').facts).toMatchObject({ profile: 'other', configured: 'auto' });
});

test('an address by AWS_ENDPOINT_URL in clear text beyond this machine is warned of', async () => {
  const s3 = await server();
  const proxy = await startProxy({ routes: { 'store.example.org': `127.0.0.1:${s3.port}` } });
  onTestFinished(() => proxy.close());
  const { of } = await check(await workplace(), {
    AWS_ENDPOINT_URL: 'http://store.example.org',
    HTTP_PROXY: proxy.url,
  });
  expect(of('transport')).toMatchObject({ verdict: 'warning', facts: { clearText: true } });
  expect(of('reach')).toMatchObject({
    verdict: 'ok',
    facts: { endpoint: 'http://store.example.org', proxy: proxy.url },
  });
});

test('our own settings come before all of them', async () => {
  const [ours, theirs] = [await server(), await server()];
  const work = await workplace();
  const { code, of } = await check(work, {
    ...sharedFiles(
      work,
      `[default]\nendpoint_url = ${theirs.endpoint}\nregion = eu-south-9\nuse_dualstack_endpoint = true\n`,
    ),
    AWS_ENDPOINT_URL: theirs.endpoint,
    AWS_REGION: 'eu-north-9',
    ARCHIVER_S3_ENDPOINT: ours.endpoint,
    ARCHIVER_S3_REGION: 'here-1',
  });
  expect(code).toBe(0);
  expect(theirs.requests).toEqual([]);
  expect(of('reach')).toMatchObject({
    detail: `${ours.endpoint} answers, the bucket in the path, region here-1`,
    facts: { endpointBy: 'the configuration', regionBy: 'the configuration', dualStack: false },
  });
});

test('AWS_REGION is what requests beside an address of one’s own are signed for, as documented', async () => {
  const s3 = await server();
  const result = await (await workplace()).run(['list', 'archives'], {
    ...BUCKET,
    ARCHIVER_S3_ENDPOINT: s3.endpoint,
    AWS_REGION: 'eu-north-9',
  });
  expect(result.code).toBe(0);
  expect(s3.requests[0]?.headers['authorization']).toContain('/eu-north-9/s3/aws4_request');
});

test.each<[what: string, env: Env, files: string, host: string]>([
  ['AWS_REGION', { AWS_REGION: 'eu-west-1' }, '', 'archive.s3.eu-west-1.amazonaws.com'],
  [
    'an empty AWS_REGION and the region of the profile',
    { AWS_REGION: '' },
    'region = eu-west-2',
    'archive.s3.eu-west-2.amazonaws.com',
  ],
  [
    'AWS_REGION before that of the profile',
    { AWS_REGION: 'eu-west-1' },
    'region = eu-west-2',
    'archive.s3.eu-west-1.amazonaws.com',
  ],
  [
    'ARCHIVER_S3_REGION before AWS_REGION',
    { ARCHIVER_S3_REGION: 'eu-west-3', AWS_REGION: 'eu-west-1' },
    '',
    'archive.s3.eu-west-3.amazonaws.com',
  ],
  [
    'AWS_USE_FIPS_ENDPOINT',
    { AWS_REGION: 'us-east-2', AWS_USE_FIPS_ENDPOINT: 'true' },
    '',
    'archive.s3-fips.us-east-2.amazonaws.com',
  ],
  [
    'use_fips_endpoint and use_dualstack_endpoint',
    { AWS_REGION: 'us-east-2' },
    'use_fips_endpoint = true\nuse_dualstack_endpoint = true',
    'archive.s3-fips.dualstack.us-east-2.amazonaws.com',
  ],
  [
    'AWS_USE_DUALSTACK_ENDPOINT',
    { AWS_REGION: 'us-east-2', AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    '',
    'archive.s3.dualstack.us-east-2.amazonaws.com',
  ],
  [
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
    {
      AWS_REGION: 'us-east-2',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    },
    'endpoint_url = http://127.0.0.1:9',
    'archive.s3.us-east-2.amazonaws.com',
  ],
])('%s: where requests to AWS go, and what config show says of it', async (_what, env, files, host) => {
  // Takes nobody anywhere, and remembers where they wanted to go.
  const proxy = await startProxy({ requires: 'nobody:knows' });
  onTestFinished(() => proxy.close());
  const work = await workplace();
  sharedFiles(work, `[default]\n${files}\n`);
  const all = { ...BUCKET, ...env, HTTPS_PROXY: proxy.url };
  const [listed, shown] = await Promise.all([
    work.run(['list', 'archives'], all),
    work.run(['config', 'show'], all),
  ]);
  expect(listed.code).toBe(11);
  expect([...new Set(proxy.asked)]).toEqual([`CONNECT ${host}:443`]);
  expect(shown.stdout).toContain(`address: https://${host}\n`);
  expect(shown.stdout).toContain(`proxy: ${proxy.url}\n`);
});

test.each<[env: Env, said: string]>([
  [{ AWS_USE_FIPS_ENDPOINT: 'yes' }, 'AWS_USE_FIPS_ENDPOINT: expected true or false'],
  [
    { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: '1' },
    'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: expected true or false',
  ],
  [{ AWS_ENDPOINT_URL: 'localhost:9000' }, 'AWS_ENDPOINT_URL: expected an http:// or https:// address'],
  [
    { AWS_ENDPOINT_URL: 'http://me:hush@store:9000' },
    'AWS_ENDPOINT_URL: expected an http:// or https:// address',
  ],
  [{ AWS_REGION: 'eu west' }, 'AWS_REGION: expected a region'],
  [
    { AWS_USE_FIPS_ENDPOINT: 'true', AWS_ENDPOINT_URL: 'http://store:9000' },
    'store:9000 comes from AWS_ENDPOINT_URL',
  ],
  [{ ARCHIVER_DESTINATION: 's3://archive--use1-az4--x-s3/redis' }, 'expected a general purpose bucket'],
])('%j is refused with what is wrong and exit 2, not passed over without a word', async (env, said) => {
  const { code, stderr } = await (await workplace()).run(['list', 'archives'], { ...BUCKET, ...env });
  expect(code).toBe(2);
  expect(stderr).toContain(said);
  expect(stderr).not.toContain('hush');
});

/** By variables and by files: whatever the SDK would change a request or a proof by. */
const HOSTILE: Env = {
  AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_SUPPORTED',
  AWS_RESPONSE_CHECKSUM_VALIDATION: 'WHEN_SUPPORTED',
  AWS_RETRY_MODE: 'adaptive',
  AWS_MAX_ATTEMPTS: '1',
  AWS_DEFAULTS_MODE: 'mobile',
  AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
  AWS_SIGV4A_SIGNING_REGION_SET: '*',
  AWS_S3_USE_ARN_REGION: 'true',
  AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS: 'true',
  AWS_S3_DISABLE_EXPRESS_SESSION_AUTH: 'true',
  AWS_ACCOUNT_ID_ENDPOINT_MODE: 'required',
  AWS_USE_DUALSTACK_ENDPOINT: 'true',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_DISABLE_CLOCK_SKEW_CORRECTION: 'true',
  AWS_ENABLE_DEFAULT_SOCKET_TIMEOUT_2026: 'true',
  AWS_BEARER_TOKEN_S3: 'nobody-knows-it',
  AWS_DEFAULT_REGION: 'eu-north-9',
};

/** What a run sends, but for what differs between any two. */
async function requestsOf(profile: string, set: (work: Workplace) => Env) {
  const s3 = await server();
  s3.fail({ on: 'HeadObject', effect: 'answer', status: 503, code: 'SlowDown' });
  const work = await workplace();
  const place = { ARCHIVER_S3_ENDPOINT: s3.endpoint, ARCHIVER_S3_PROFILE: profile };
  const way = { ARCHIVER_S3_FORCE_PATH_STYLE: 'true' };
  const env = { ...BUCKET, ...place, ...way, ...set(work) };
  const result = await work.run(['run'], env);
  expect(outcomesOf(result).map(({ outcome }) => outcome)).toEqual(['archived']);
  expect((await work.run(['verify'], env)).code).toBe(0);
  return s3.requests.map(({ operation, headers }) => {
    const signed = /SignedHeaders=([^,]+)/.exec(String(headers['authorization']))?.[1];
    const scope = /Credential=[^/]+\/\d+\/([^,]+)/.exec(String(headers['authorization']))?.[1];
    const { 'amz-sdk-request': attempts } = headers;
    return { operation, names: Object.keys(headers).sort(), signed, scope, attempts };
  });
}

test.each(['aws', 'other'])(
  'under the profile %s nothing else in the variables and files of AWS changes a request',
  async (profile) => {
    const asFile = Object.entries(HOSTILE)
      .map(([name, value]) => `${name.replace('AWS_', '').toLowerCase()} = ${value}`)
      .join('\n');
    const [plain, byVariables, byFile] = await Promise.all([
      requestsOf(profile, () => ({})),
      requestsOf(profile, () => HOSTILE),
      requestsOf(profile, (work) => sharedFiles(work, `[default]\n${asFile}\n`)),
    ]);
    expect(plain.length).toBeGreaterThan(5);
    expect(byVariables).toEqual(plain);
    expect(byFile).toEqual(plain);
  },
);

/** Answers for every service of keys that there is on loopback: a container's, the machine's, and STS. */
async function keyServices(): Promise<string> {
  const keys = {
    AccessKeyId: 'stand-in-key',
    SecretAccessKey: 'stand-in-secret',
    Token: 'a-token',
    Expiration: '2100-01-01T00:00:00Z',
  };
  const { url } = await serve(({ path, body }) => {
    if (body.includes('AssumeRole')) return { body: assumed(keys), headers: { 'content-type': 'text/xml' } };
    if (path === '/latest/api/token') return { body: 'imds-token' };
    if (path.endsWith('/security-credentials/')) return { body: 'role' };
    return { body: JSON.stringify({ ...keys, Code: 'Success' }) };
  });
  return url;
}

function assumed({
  AccessKeyId,
  SecretAccessKey,
  Token,
  Expiration,
}: Readonly<Record<string, string>>): string {
  const keys = { AccessKeyId, SecretAccessKey, SessionToken: Token, Expiration };
  const fields = Object.entries(keys).map(([name, value]) => `<${name}>${value}</${name}>`);
  const result = `<Credentials>${fields.join('')}</Credentials>`;
  return `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>${result}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

const NO_KEYS = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };

test.each<[what: string, from: string, set: (work: Workplace, url: string) => Env]>([
  ['variables', 'AWS_ACCESS_KEY_ID', () => KEYS],
  [
    'a profile',
    'the shared AWS files',
    ({ cwd }) => {
      const path = join(cwd, 'keys');
      const keys = 'aws_access_key_id = stand-in-key\naws_secret_access_key = stand-in-secret\n';
      writeFileSync(path, `[backup]\n${keys}`);
      return { AWS_PROFILE: 'backup', AWS_SHARED_CREDENTIALS_FILE: path };
    },
  ],
  [
    'a container’s service',
    "the container's own service: AWS_CONTAINER_CREDENTIALS_…",
    (_, url) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys` }),
  ],
  [
    'a web identity',
    'web identity: AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE',
    ({ cwd }, url) => {
      writeFileSync(join(cwd, 'token'), 'a.web.token');
      const role = { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/archiver' };
      return { ...role, AWS_WEB_IDENTITY_TOKEN_FILE: join(cwd, 'token'), AWS_ENDPOINT_URL_STS: url };
    },
  ],
  ['a machine’s role', "the machine's role", (_, url) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url })],
])('keys from %s: check says so, and no more of them than that', async (_what, from, set) => {
  const s3 = await server();
  const work = await workplace();
  const { code, of } = await check(work, {
    ...NO_KEYS,
    ARCHIVER_S3_ENDPOINT: s3.endpoint,
    ...set(work, await keyServices()),
  });
  expect(code).toBe(0);
  const { detail, facts, verdict } = of('credentials');
  expect({ verdict, from: facts['from'] }).toEqual({ verdict: 'ok', from });
  expect(detail).toMatch(/^from [^,]+(, [A-Z_]+)?(, valid until 2100-01-01T00:00:00.000Z)?$/);
  expect(JSON.stringify(of('credentials'))).not.toMatch(/stand-in|a-token/);
});

test('without any keys check says what to set, and nothing was asked of the store', async () => {
  const s3 = await server();
  const env = { ARCHIVER_S3_ENDPOINT: s3.endpoint, AWS_EC2_METADATA_DISABLED: 'true' };
  const { code, of } = await check(await workplace(), { ...NO_KEYS, ...env });
  expect(code).toBe(11);
  expect(of('credentials')).toMatchObject({
    verdict: 'failed',
    hint: expect.stringContaining('AWS_ACCESS_KEY_ID'),
  });
  expect(s3.requests).toEqual([]);
});
