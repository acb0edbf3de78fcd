/** Where requests about a bucket go: what is told is what stands on the wire, whatever was asked for. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { settle } from '../../../src/store/s3/aws-settings.ts';
import { openBucket, type S3ClientOptions } from '../../../src/store/s3/client.ts';
import { listObjects } from '../../../src/store/s3/list.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { startS3 } from '../../support/s3.ts';

afterEach(() => void vi.unstubAllEnvs());

const signal = new AbortController().signal;
const credentials = fixed({
  accessKeyId: 'stand-in-key',
  secretAccessKey: new Secret('stand-in-secret'),
});

async function open(options: Omit<S3ClientOptions, 'agents' | 'clock' | 'credentials'>) {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  const settings = { ...options, credentials, agents: s3.agents, clock: systemClock };
  return { s3, settings };
}

test.each<[what: string, bucket: string, endpoint: string, address: string, inPath: boolean]>([
  ['a name', 'archive', 'https://store.example.org', 'https://archive.store.example.org', false],
  ['an IP address', 'archive', 'http://10.0.0.9:9000', 'http://10.0.0.9:9000/archive', true],
  ['an IPv6 address', 'archive', 'http://[fd00::9]:9000', 'http://[fd00::9]:9000/archive', true],
  [
    'a dot under TLS',
    'my.archive',
    'https://store.example.org',
    'https://store.example.org/my.archive',
    true,
  ],
  [
    'a dot in clear text',
    'my.archive',
    'http://store.example.org',
    'http://store.example.org/my.archive',
    true,
  ],
  ['capitals', 'Archive', 'https://store.example.org', 'https://store.example.org/Archive', true],
  ['a base path', 'archive', 'https://example.org/s3/', 'https://archive.example.org/s3', false],
  [
    'a host like the bucket',
    'archive',
    'http://archive.example.org',
    'http://archive.archive.example.org',
    false,
  ],
])(
  'with the bucket wanted in the host name and %s it goes where it can',
  async (_what, bucket, endpoint, address, inPath) => {
    const { settings } = await open({ bucket, endpoint, forcePathStyle: false });
    expect(await openBucket(settings).address()).toMatchObject({ bucket: address, bucketInPath: inPath });
  },
);

test('a host that begins like the bucket is not taken for the bucket in the host name', async () => {
  const { settings } = await open({
    bucket: 'archive',
    endpoint: 'http://archive.example.org',
    forcePathStyle: true,
  });
  expect(await openBucket(settings).address()).toEqual({
    server: 'http://archive.example.org',
    bucket: 'http://archive.example.org/archive',
    bucketInPath: true,
  });
});

test.each([true, false])(
  'with forcePathStyle %s a request goes to the address that is told',
  async (forcePathStyle) => {
    const { s3, settings } = await open({ bucket: 'archive', forcePathStyle, region: 'here-1' });
    const bucket = openBucket({ ...settings, endpoint: `http://store.localhost:${s3.port}` });
    const told = new URL((await bucket.address()).bucket);
    await listObjects(bucket, '', { signal })
      .next()
      .catch(() => undefined);
    expect(s3.requests[0]?.headers['host']).toBe(told.host);
  },
);

test('without any region nobody guesses at one of AWS', async () => {
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  const { settings } = await open({ bucket: 'archive' });
  await expect(openBucket({ ...settings, ...(await settle(settings)) }).address()).rejects.toMatchObject({
    code: 'store-refused',
    message: 'cannot tell where s3://archive is: RegionMissing: no region is set',
    hint: expect.stringContaining('ARCHIVER_S3_REGION'),
  });
});

test.each<
  [what: string, env: Record<string, string>, asked: { endpoint?: string; region?: string }, region: string]
>([
  [
    'our own',
    { AWS_REGION: 'b-1' },
    { endpoint: 'https://s3.us-west-004.backblazeb2.com', region: 'a-1' },
    'a-1',
  ],
  [
    'that of the address',
    { AWS_REGION: 'b-1' },
    { endpoint: 'https://s3.us-west-004.backblazeb2.com' },
    'us-west-004',
  ],
  [
    'that of the address of AWS_ENDPOINT_URL',
    { AWS_REGION: 'b-1', AWS_ENDPOINT_URL: 'https://s3.us-west-004.backblazeb2.com/' },
    {},
    'us-west-004',
  ],
  ['AWS_REGION', { AWS_REGION: 'b-1' }, { endpoint: 'https://store.example.org' }, 'b-1'],
  ['the usual one', {}, { endpoint: 'https://store.example.org' }, 'us-east-1'],
  ['AWS_REGION for AWS', { AWS_REGION: 'b-1' }, {}, 'b-1'],
])('the region is %s', async (_what, env, asked, region) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  expect((await settle(asked)).region).toBe(region);
});

test('for AWS it may be left to the machine', async () => {
  expect(await settle({})).toMatchObject({ toldBy: { endpoint: 'AWS' } });
  expect(await settle({})).not.toHaveProperty('region');
});

test('FIPS and dual stack hold for the addresses of AWS', async () => {
  vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
  vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'true');
  expect(await settle({ region: 'us-east-2' })).toMatchObject({ fips: true, dualStack: true });
  vi.stubEnv('AWS_ENDPOINT_URL', 'https://store.example.org');
  await expect(settle({ region: 'us-east-2' })).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining('AWS_USE_FIPS_ENDPOINT'),
    hint: expect.stringContaining('ARCHIVER_S3_ENDPOINT'),
  });
});

test('neither holds beside an endpoint that our own settings name, whoever asks the whole machine for them', async () => {
  vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
  vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'true');
  expect(await settle({ endpoint: 'https://store.example.org' })).toMatchObject({
    fips: false,
    dualStack: false,
  });
});
