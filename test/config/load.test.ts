/** The configuration in force: who wins over whom, what is refused and how it is said. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { drillRuleShape, drillShape } from '../../src/config/drill-settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { notifyShape } from '../../src/config/notify-settings.ts';
import type { Flags } from '../../src/config/overlay.ts';
import { retentionShape } from '../../src/config/retention-settings.ts';
import { fileSchema } from '../../src/config/schema.ts';
import { destinationShape, logShape, metricsShape, sourceShape } from '../../src/config/settings.ts';
import { objectLockShape, storageClassesShape } from '../../src/config/storage-settings.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { inForce } from './in-force.ts';

type Env = Record<string, string | undefined>;

const ESSENTIALS: Env = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 's3://bucket/some/prefix' };

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'archiver-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function write(name: string, text: string): string {
  mkdirSync(join(cwd, 'config'), { recursive: true });
  const path = join(cwd, name);
  writeFileSync(path, text);
  return path;
}

const load = (env: Env = ESSENTIALS, flags: Flags = {}) =>
  inForce(loadConfig({ flags, env: { ...env }, cwd }));
const loadWith = (more: Env, flags: Flags = {}) => load({ ...ESSENTIALS, ...more }, flags);

/** What is wrong, a line each. */
function problems(env: Env, flags: Flags = {}): string[] {
  try {
    load(env, flags);
  } catch (error) {
    expect(error).toBeInstanceOf(ArchiverError);
    if (error instanceof ArchiverError) {
      expect(error.code).toBe('config');
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    }
  }
  return [];
}
const problemsWith = (more: Env) => problems({ ...ESSENTIALS, ...more });

describe('with nothing but a region and a destination', () => {
  test('everything else has the documented default', () => {
    expect(load()).toEqual({
      sources: [
        {
          name: 'ap-guangzhou',
          api: 'tencent-v3',
          region: 'ap-guangzhou',
          site: 'auto',
          credentials: {},
          instances: ['*'],
          exclude: [],
          names: [],
          tags: {},
          network: 'auto',
          utcOffsetMinutes: 480,
          exportClusters: false,
        },
      ],
      destination: { kind: 's3', bucket: 'bucket', prefix: 'some/prefix', profile: 'auto' },
      objectLock: [],
      storageClasses: [],
      retention: [],
      keepMinimum: 3,
      compression: 'none',
      compressionLevel: 3,
      ageRecipients: [],
      ageIdentities: [],
      encryptedBackups: 'warn',
      keyRecipients: [],
      readback: 'auto',
      inspect: false,
      concurrency: 4,
      connections: 1,
      partSize: 8 * 1024 ** 2,
      bufferMemory: 128 * 1024 ** 2,
      stallTimeoutMs: 30_000,
      minimumRate: 1024,
      allowedHosts: [],
      largestDump: 256 * 1024 ** 3,
      attempts: 5,
      runDeadlineMs: 6 * 3_600_000,
      staleUploadAgeMs: 24 * 3_600_000,
      shard: { index: 0, count: 1 },
      allowBackupRequests: false,
      allowEmpty: false,
      fileAccess: 'owner',
      schedule: '17 * * * *',
      timezone: 'Asia/Shanghai',
      runOnStart: true,
      jitterMs: 0,
      httpListen: { port: 8080 },
      drill: { servers: [], rules: [], searchPath: '' },
      notify: [],
      metrics: {},
      log: { level: 'info', format: 'auto', skipped: true },
      environment: {},
    });
  });

  test('an empty variable is an unset one', () => {
    expect(loadWith({ ARCHIVER_CONCURRENCY: '', ARCHIVER_S3_ENDPOINT: '  ' })).toEqual(load());
  });

  test('every setting can come from its variable', () => {
    const config = loadWith({
      ARCHIVER_SOURCE_API: 'tencent-v2',
      ARCHIVER_SOURCE_REGIONS: 'gz, ap-shanghai',
      ARCHIVER_SOURCE_ENDPOINT: 'https://redis.{region}.example.com/',
      ARCHIVER_SOURCE_INSTANCES: 'crs-a, crs-b*,',
      ARCHIVER_SOURCE_NETWORK: 'intranet',
      ARCHIVER_SOURCE_UTC_OFFSET: '-03:30',
      ARCHIVER_S3_ENDPOINT: 'http://127.0.0.1:9000/',
      ARCHIVER_S3_REGION: 'eu-1',
      ARCHIVER_S3_FORCE_PATH_STYLE: 'true',
      ARCHIVER_S3_PROFILE: 'minio',
      ARCHIVER_READBACK: 'always',
      ARCHIVER_CONCURRENCY: '7',
      ARCHIVER_PART_SIZE: '16MiB',
      ARCHIVER_BUFFER_MEMORY: '32MiB',
      ARCHIVER_STALL_TIMEOUT: '5s',
      ARCHIVER_MINIMUM_RATE: '2KiB',
      ARCHIVER_ATTEMPTS: '2',
      ARCHIVER_RUN_DEADLINE: '90m',
      ARCHIVER_STALE_UPLOAD_AGE: '2d',
      ARCHIVER_BANDWIDTH: '200MiB',
      ARCHIVER_CONNECTIONS: 'auto',
      ARCHIVER_SHARD: '1/3',
      ARCHIVER_SCHEDULE: '*/5 3 * * MON-FRI',
      ARCHIVER_TIMEZONE: 'Europe/Berlin',
      ARCHIVER_HTTP_LISTEN: '[::1]:9000',
      ARCHIVER_LOG_LEVEL: 'debug',
      ARCHIVER_LOG_FORMAT: 'json',
      ARCHIVER_LOG_SKIPPED: 'false',
    });
    const source = {
      api: 'tencent-v2',
      instances: ['crs-a', 'crs-b*'],
      network: 'intranet',
      utcOffsetMinutes: -210,
    };
    expect(config).toMatchObject({
      sources: [
        { ...source, region: 'ap-guangzhou', endpoint: 'https://redis.ap-guangzhou.example.com' },
        { ...source, region: 'ap-shanghai', endpoint: 'https://redis.ap-shanghai.example.com' },
      ],
      destination: {
        endpoint: 'http://127.0.0.1:9000',
        region: 'eu-1',
        forcePathStyle: true,
        profile: 'minio',
      },
      readback: 'always',
      concurrency: 7,
      partSize: 16 * 1024 ** 2,
      bufferMemory: 32 * 1024 ** 2,
      stallTimeoutMs: 5000,
      minimumRate: 2048,
      attempts: 2,
      runDeadlineMs: 5_400_000,
      staleUploadAgeMs: 172_800_000,
      bandwidth: 200 * 1024 ** 2,
      connections: 'auto',
      shard: { index: 1, count: 3 },
      schedule: '*/5 3 * * MON-FRI',
      timezone: 'Europe/Berlin',
      httpListen: { host: '::1', port: 9000 },
      log: { level: 'debug', format: 'json', skipped: false },
    });
  });

  test.each([
    ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1250000000/a/b/', { kind: 's3', bucket: 'my.bucket-1250000000', prefix: 'a/b' }],
    ['file:///mnt/a%20b', { kind: 'file', directory: '/mnt/a b' }],
  ])('the destination may be %s', (url, destination) => {
    expect(loadWith({ ARCHIVER_DESTINATION: url }).destination).toMatchObject(destination);
  });

  test.each(['http://host', 'host:80', '10.0.0.0/33', '10.0.0/8', '*', 'a b', '1.2.3', '::/129', '*.'])(
    'links may not be let lead to %j',
    (host) => {
      expect(
        problemsWith({ ARCHIVER_ALLOWED_HOSTS: `good.example,*.good.example,10.0.0.0/8,fd00::1,${host}` }),
      ).toEqual([
        expect.stringMatching(
          /^ARCHIVER_ALLOWED_HOSTS.*: expected host names, \*\.example\.com, addresses or networks/,
        ),
      ]);
    },
  );

  test.each([
    's3://',
    's3:///prefix',
    's3://bucket/a//b',
    's3://bucket/../b',
    's3://bucket/a?b',
    's3://key:secret@bucket/a',
    'file://mnt/archive',
    'file:mnt',
    '/mnt/archive',
    'https://bucket.example.com',
  ])('the destination may not be %s', (url) => {
    expect(problemsWith({ ARCHIVER_DESTINATION: url })).toEqual([
      expect.stringMatching(/^ARCHIVER_DESTINATION: expected s3:\/\/BUCKET\/PREFIX or file:\/\/\/DIR, got "/),
    ]);
  });
});

describe('precedence', () => {
  test('is flags, environment, .env, file, defaults', () => {
    write(
      'config/archiver.yaml',
      'concurrency: 1\nattempts: 1\nreadback: always\nlog: { level: error, format: json }\n',
    );
    write('.env', 'ARCHIVER_CONCURRENCY=2\nARCHIVER_ATTEMPTS=2\nARCHIVER_LOG_LEVEL=warn\n');
    const config = loadWith({ ARCHIVER_CONCURRENCY: '3', ARCHIVER_LOG_LEVEL: 'info' }, { logLevel: 'debug' });
    expect(config).toMatchObject({ concurrency: 3, attempts: 2, readback: 'always', stallTimeoutMs: 30_000 });
    expect(config.log).toEqual({ level: 'debug', format: 'json', skipped: true });
  });

  test('an empty variable of the process does not hide that of .env', () => {
    write('.env', 'ARCHIVER_CONCURRENCY=2\n');
    expect(loadWith({ ARCHIVER_CONCURRENCY: '' }).concurrency).toBe(2);
  });

  test('the file is that of the flag, else that of ARCHIVER_CONFIG, else the usual one', () => {
    write('config/archiver.yaml', 'concurrency: 1\n');
    write('by-variable.yaml', 'concurrency: 2\n');
    write('by-flag.yaml', 'concurrency: 3\n');
    expect(loadWith({}).concurrency).toBe(1);
    expect(loadWith({ ARCHIVER_CONFIG: 'by-variable.yaml' }).concurrency).toBe(2);
    expect(loadWith({ ARCHIVER_CONFIG: 'by-variable.yaml' }, { config: 'by-flag.yaml' }).concurrency).toBe(3);
  });

  test('leaves the environment of the process alone, but for what only the AWS SDK reads', () => {
    write(
      '.env',
      'ARCHIVER_CONCURRENCY=2\nAWS_PROFILE=backup\nAWS_ACCESS_KEY_ID=id\nAWS_SECRET_ACCESS_KEY=key\n',
    );
    const env: Env = { ...ESSENTIALS };
    loadConfig({ flags: {}, env, cwd });
    expect(env).toEqual({ ...ESSENTIALS, AWS_PROFILE: 'backup' });
  });

  test('an empty variable is an unset one for the AWS SDK too, which would take it for a value', () => {
    const env: Env = {
      ...ESSENTIALS,
      AWS_REGION: '',
      AWS_USE_FIPS_ENDPOINT: ' ',
      AWS_PROFILE: 'backup',
      OTHER: '',
    };
    loadConfig({ flags: {}, env, cwd });
    expect(env).toEqual({ ...ESSENTIALS, AWS_PROFILE: 'backup', OTHER: '' });
  });

  test('passes on proxies, private authorities, TKE and HOME, and no key', () => {
    write('ca.pem', rootCertificates[0] ?? '');
    const passed = {
      HTTPS_PROXY: 'http://proxy:3128',
      no_proxy: 'localhost',
      NODE_EXTRA_CA_CERTS: 'ca.pem',
      HOME: '/home/app',
      TKE_ROLE_ARN: 'qcs::cam::role',
    };
    const keys = {
      TENCENTCLOUD_SECRET_ID: 'id',
      TENCENTCLOUD_SECRET_KEY: 'key',
      PATH: '/bin',
      HTTP_PROXY: '',
    };
    expect(loadWith({ ...passed, ...keys }).environment).toEqual(passed);
  });
});

describe('the file', () => {
  test('adds its sources to those of the environment', () => {
    write(
      'config/archiver.yaml',
      'sources:\n  - { region: sh, names: [orders*], tags: { env: production } }\n',
    );
    const { sources } = load();
    expect(sources.map(({ name }) => name)).toEqual(['ap-shanghai', 'ap-guangzhou']);
    expect(sources[0]).toMatchObject({ names: ['orders*'], tags: { env: 'production' } });
  });

  test('is enough by itself', () => {
    write('config/archiver.yaml', 'sources: [{ region: sh }]\ndestination: { url: "file:///mnt/archive" }\n');
    expect(load({})).toMatchObject({ sources: [{ region: 'ap-shanghai' }], destination: { kind: 'file' } });
  });

  test('may leave a key empty: then it is unset', () => {
    const without = load();
    write('config/archiver.yaml', 'concurrency:\nlog:\n  level:\nsources:\n');
    expect(load()).toEqual(without);
  });

  test('reads each account from the variables that it names', () => {
    write('config/archiver.yaml', 'sources: [{ name: b, region: gz, credentialsEnv: ACCOUNT_B }]\n');
    const { sources } = loadWith({
      TENCENTCLOUD_SECRET_ID: 'id-a',
      TENCENTCLOUD_SECRET_KEY: 'key-a',
      ACCOUNT_B_SECRET_ID: 'id-b',
      ACCOUNT_B_SECRET_KEY_FILE: write('key', 'key-b\n'),
      ACCOUNT_B_TOKEN: 'token-b',
    });
    const keys = sources.map(({ credentials: { secretId, secretKey, token } }) => [
      secretId,
      secretKey?.reveal(),
      token?.reveal(),
    ]);
    expect(keys).toEqual([
      ['id-b', 'key-b', 'token-b'],
      ['id-a', 'key-a', undefined],
    ]);
  });

  test('that is no YAML is told with its line, and without quoting it', () => {
    write('config/archiver.yaml', 'concurrency: 1\nlog: {level: hush-hush-secret\nattempts: 2\n');
    const found = problems(ESSENTIALS);
    expect(found[0]).toMatch(/^config\/archiver\.yaml:\d+:\d+: no valid YAML: /);
    expect(found.join()).not.toContain('hush-hush-secret');
  });

  test.each([
    ['- a list\n', /^config\/archiver\.yaml:1: expected a mapping of settings$/],
    [
      'concurrency: 1\nconcurrency: 2\n',
      /^config\/archiver\.yaml:2:1: no valid YAML: Map keys must be unique$/,
    ],
    [
      'destination: s3://bucket\n',
      /^config\/archiver\.yaml:1: destination: expected a mapping with `url`, got "s3:/,
    ],
    ['sources: gz\n', /^config\/archiver\.yaml:1: sources: expected a list of sources, got "gz"$/],
  ])('%j is refused', (text, expected) => {
    write('config/archiver.yaml', text);
    expect(
      problems({ ARCHIVER_SOURCE_REGIONS: 'sh', ARCHIVER_CONFIG: 'config/archiver.yaml' }),
    ).toContainEqual(expect.stringMatching(expected));
  });

  test('that is named and not there is a problem', () => {
    expect(problems(ESSENTIALS, { config: 'nowhere.yaml' })).toEqual(['nowhere.yaml: there is no such file']);
  });
});

describe('problems', () => {
  test('are told all at once, each with its place, what was expected and what was there', () => {
    write(
      'config/archiver.yaml',
      [
        'sources:',
        '  - region: sh',
        '    netwrk: auto',
        '    secretKey: hush-hush',
        '  - { region: sh, tags: { tier: 1 } }',
        'part_size: 8MiB',
        'runDeadline: soon',
        'log: { level: loud }',
      ].join('\n'),
    );
    expect(
      problems({
        ARCHIVER_CONCURRENCY: 'many',
        ARCHIVER_BUFFER_MEMRY: '1GiB',
        TENCENTCLOUD_SECRET_ID: 'id',
      }).sort(),
    ).toEqual(
      [
        'ARCHIVER_BUFFER_MEMRY: unknown variable; did you mean ARCHIVER_BUFFER_MEMORY?',
        'ARCHIVER_CONCURRENCY: expected a whole number from 1 to 64, got "many"',
        'ARCHIVER_DESTINATION: required: s3://BUCKET/PREFIX or file:///DIR (or `destination.url` in the configuration file)',
        'TENCENTCLOUD_SECRET_KEY: required beside TENCENTCLOUD_SECRET_ID',
        'config/archiver.yaml:3: sources[0].netwrk: unknown key; did you mean network?',
        'config/archiver.yaml:4: sources[0].secretKey: unknown key; secrets do not stand in the file: keep them in variables, and name those by `credentialsEnv`',
        'config/archiver.yaml:5: sources[1]: another source is called ap-shanghai already; give this one a `name` of its own',
        'config/archiver.yaml:5: sources[1].tags.tier: expected a text (put numbers in quotes), got 1',
        'config/archiver.yaml:6: part_size: unknown key; did you mean partSize?',
        'config/archiver.yaml:7: runDeadline: expected a duration from 1s to 30d, for instance 30s, 5m or 6h, got "soon"',
        'config/archiver.yaml:8: log.level: expected one of debug, info, warn, error, got "loud"',
      ].sort(),
    );
  });

  test('a region and a destination are required', () => {
    expect(problems({})).toEqual([
      expect.stringMatching(/^ARCHIVER_SOURCE_REGIONS: required/),
      expect.stringMatching(/^ARCHIVER_DESTINATION: required/),
    ]);
    expect(problemsWith({ ARCHIVER_SOURCE_REGIONS: ' , ' })).toEqual([
      expect.stringMatching(/^ARCHIVER_SOURCE_REGIONS: required/),
    ]);
  });

  test.each([
    ['ARCHIVER_CONCURRENCY', '0'],
    ['ARCHIVER_CONCURRENCY', '1.5'],
    ['ARCHIVER_ATTEMPTS', '-1'],
    ['ARCHIVER_PART_SIZE', '1MiB'],
    ['ARCHIVER_PART_SIZE', '8MB'],
    ['ARCHIVER_BUFFER_MEMORY', '4MiB'],
    ['ARCHIVER_STALL_TIMEOUT', '30'],
    ['ARCHIVER_RUN_DEADLINE', '0s'],
    ['ARCHIVER_BANDWIDTH', 'fast'],
    ['ARCHIVER_CONNECTIONS', 'many'],
    ['ARCHIVER_READBACK', 'never'],
    ['ARCHIVER_SHARD', '3/3'],
    ['ARCHIVER_SHARD', '0/0'],
    ['ARCHIVER_SHARD', '1'],
    ['ARCHIVER_LOG_SKIPPED', 'yes'],
    ['ARCHIVER_LOG_FORMAT', 'xml'],
    ['ARCHIVER_SOURCE_API', 'tencent-v4'],
    ['ARCHIVER_SOURCE_NETWORK', 'vpn'],
    ['ARCHIVER_SOURCE_UTC_OFFSET', '8'],
    ['ARCHIVER_SOURCE_ENDPOINT', 'redis.example.com'],
    ['ARCHIVER_SOURCE_REGIONS', 'Guangzhou'],
    ['ARCHIVER_SOURCE_REGIONS', '../gz'],
    ['ARCHIVER_S3_ENDPOINT', 'ftp://s3.example.com'],
    ['ARCHIVER_S3_FORCE_PATH_STYLE', '1'],
  ])('%s=%s is one', (name, value) => {
    expect(problemsWith({ [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: expected .*, got (".*"|[-\\d.]+)`)),
    ]);
  });

  test.each([
    ['ARCHIVER_BUFFER_MEMORY', '200M', 'the suffix is B, KiB, MiB, GiB or TiB, not M: 200MiB'],
    ['ARCHIVER_PART_SIZE', '8MB', 'the suffix is B, KiB, MiB, GiB or TiB, not MB: 8MiB'],
    ['ARCHIVER_BANDWIDTH', '200MiB/s', 'the suffix is B, KiB, MiB, GiB or TiB, not MiB/s: 200MiB'],
    ['ARCHIVER_BANDWIDTH', '1.5 gb', 'the suffix is B, KiB, MiB, GiB or TiB, not gb: 1.5GiB'],
    ['ARCHIVER_LARGEST_DUMP', '1XB', 'the suffix is B, KiB, MiB, GiB or TiB, not XB'],
    ['ARCHIVER_STALL_TIMEOUT', '30', 'the suffix is ms, s, m, h or d'],
    ['ARCHIVER_STALL_TIMEOUT', '30sec', 'the suffix is ms, s, m, h or d, not sec: 30s'],
  ])('%s=%s is told with the suffix that is the trouble', (name, value, trouble) => {
    expect(problemsWith({ [name]: value })).toEqual([
      expect.stringMatching(/^\S+: expected a (size|duration) /),
    ]);
    expect(problemsWith({ [name]: value })[0]).toContain(`(${trouble}), got ${JSON.stringify(value)}`);
  });

  test('whatever stands there, they are in our own words, and not in those of a library', () => {
    const values = [1e30, -1, 17, 0.5, '', 'x', 'x'.repeat(300), true, null, [], [1], {}, { x: 1 }];
    const shapes: Record<string, z.ZodType>[] = [
      fileSchema.shape,
      sourceShape,
      destinationShape,
      logShape,
      metricsShape,
      notifyShape,
      retentionShape,
      objectLockShape,
      storageClassesShape,
      drillShape,
      drillRuleShape,
    ];
    const issues = shapes.flatMap((shape) =>
      Object.values(shape).flatMap((schema) =>
        values.flatMap((value) => schema.safeParse(value).error?.issues ?? []),
      ),
    );
    const own = issues.filter(({ code }) => code !== 'unrecognized_keys').map(({ message }) => message);
    expect(own.length).toBeGreaterThan(100);
    expect([...new Set(own)].filter((message) => /^(Too|Invalid|Unrecog)/.test(message))).toEqual([]);
    expect(problemsWith({ ARCHIVER_CONNECTIONS: '17' })).toEqual([
      'ARCHIVER_CONNECTIONS: expected `auto` or a number from 1 to 16, got "17"',
    ]);
  });

  test('a pool as large as all the memory that the process can have is one', () => {
    const load = (size: string) => () =>
      loadConfig({
        flags: {},
        env: { ...ESSENTIALS, ARCHIVER_BUFFER_MEMORY: size },
        cwd: mkdtempSync(join(tmpdir(), 'archiver-')),
        memory: 2 ** 30,
      });
    expect(load('1TiB')).toThrow(
      'ARCHIVER_BUFFER_MEMORY: expected less than all the memory that there is, 1GiB, got "1TiB"',
    );
    expect(load('1GiB')).toThrow('expected less than');
    expect(load('1023MiB')).not.toThrow();
  });

  test.each(['b', 'ab', 'My-Bucket', 'my_bucket', '-bucket', 'bucket-', 'a..b', '10.0.0.1', 'a'.repeat(64)])(
    'a bucket called %s is one, unless the store is said to have such names',
    (bucket) => {
      const url = { ARCHIVER_DESTINATION: `s3://${bucket}/prefix` };
      expect(problemsWith(url)).toEqual([
        expect.stringMatching(
          /^ARCHIVER_DESTINATION: expected a bucket's name of 3 to 63 lower-case .*FORCE_PATH/,
        ),
      ]);
      expect(problemsWith({ ...url, ARCHIVER_S3_FORCE_PATH_STYLE: 'true' })).toEqual([]);
    },
  );

  test('an endpoint that names the bucket too is one; any other path may be how the store is reached', () => {
    const at = (endpoint: string) =>
      problemsWith({ ARCHIVER_DESTINATION: 's3://archive/a', ARCHIVER_S3_ENDPOINT: endpoint });
    expect(at('https://1234.r2.cloudflarestorage.com/archive/')).toEqual([
      expect.stringMatching(/^ARCHIVER_S3_ENDPOINT: expected the address of the store without the bucket/),
    ]);
    expect(at('https://ref.supabase.co/storage/v1/s3')).toEqual([]);
  });

  test('a pool that is smaller than one part is one', () => {
    expect(problemsWith({ ARCHIVER_PART_SIZE: '64MiB', ARCHIVER_BUFFER_MEMORY: '32MiB' })).toEqual([
      'ARCHIVER_BUFFER_MEMORY: expected room for one part of "64MiB" at least, got "32MiB"',
    ]);
  });

  test('an age of stale uploads at which a living run could still begin one is one, whichever was set', () => {
    expect(problemsWith({ ARCHIVER_STALE_UPLOAD_AGE: '6h' })).toEqual([
      'ARCHIVER_STALE_UPLOAD_AGE: expected more than the run deadline of "6h", got "6h"',
    ]);
    expect(problemsWith({ ARCHIVER_RUN_DEADLINE: '24h' })).toEqual([
      'ARCHIVER_RUN_DEADLINE: expected less than the 24h of `staleUploadAge`, got "24h"; set that too',
    ]);
    expect(loadWith({ ARCHIVER_RUN_DEADLINE: '24h', ARCHIVER_STALE_UPLOAD_AGE: '25h' })).toMatchObject({
      runDeadlineMs: 86_400_000,
      staleUploadAgeMs: 90_000_000,
    });
  });

  test('a mistyped region is told with the nearest known one', () => {
    expect(problemsWith({ ARCHIVER_SOURCE_REGIONS: 'ap_guangzhou' })).toEqual([
      'ARCHIVER_SOURCE_REGIONS: expected a region, for instance ap-guangzhou or gz, got "ap_guangzhou"; did you mean ap-guangzhou?',
    ]);
  });

  test('an address that nobody has documented is not guessed', () => {
    const international = {
      ...ESSENTIALS,
      ARCHIVER_SOURCE_SITE: 'international',
      ARCHIVER_SOURCE_API: 'tencent-v2',
    };
    expect(problems(international)).toEqual([
      'ARCHIVER_SOURCE_SITE: API 2.0 has no host of the international site that we know: use `tencent-v3`, or name an `endpoint`',
    ]);
    expect(problems({ ...international, ARCHIVER_SOURCE_ENDPOINT: 'https://legacy.example' })).toEqual([]);
  });

  test('two sources of one name are one', () => {
    expect(problemsWith({ ARCHIVER_SOURCE_REGIONS: 'gz,ap-guangzhou' })).toEqual([
      'ARCHIVER_SOURCE_REGIONS: another source is called ap-guangzhou already; give this one a `name` of its own',
    ]);
  });

  test('variables of a source without a region mean nothing, and are told', () => {
    write('config/archiver.yaml', 'sources: [{ region: sh }]\n');
    expect(problems({ ARCHIVER_DESTINATION: 's3://bucket', ARCHIVER_SOURCE_NETWORK: 'intranet' })).toEqual([
      'ARCHIVER_SOURCE_NETWORK: means nothing without ARCHIVER_SOURCE_REGIONS; for the sources of the file, set it there',
    ]);
  });

  test('show no password that stands in an address', () => {
    const found = problemsWith({
      ARCHIVER_S3_ENDPOINT: 'https://user:hush@host',
      ARCHIVER_DESTINATION: 's3://k:hush@b/p',
    });
    expect(found).toHaveLength(2);
    expect(found.join()).not.toContain('hush');
  });
});

describe('unknown variables', () => {
  test("of a Kubernetes Service called archiver are nobody's mistake", () => {
    const links = {
      ARCHIVER_SERVICE_HOST: '10.0.0.1',
      ARCHIVER_SERVICE_PORT: '80',
      ARCHIVER_SERVICE_PORT_HTTP: '80',
      ARCHIVER_PORT: 'tcp://10.0.0.1:80',
      ARCHIVER_PORT_80_TCP_ADDR: '10.0.0.1',
      ARCHIVER_METRICS_SERVICE_HOST: '10.0.0.2',
    };
    expect(problemsWith(links)).toEqual([]);
  });

  test('of the long-running mode are known', () => {
    const daemon = {
      ARCHIVER_SCHEDULE: '17 * * * *',
      ARCHIVER_TIMEZONE: 'UTC',
      ARCHIVER_HTTP_LISTEN: '0.0.0.0:1',
    };
    expect(problemsWith(daemon)).toEqual([]);
  });

  test('without a near one are refused all the same', () => {
    expect(problemsWith({ ARCHIVER_QUX: '1' })).toEqual(['ARCHIVER_QUX: unknown variable']);
  });
});

describe('secrets', () => {
  test.each(['TENCENTCLOUD_SESSION_TOKEN', 'TENCENTCLOUD_TOKEN'])(
    'the session token may be in %s',
    (name) => {
      const { sources } = loadWith({
        TENCENTCLOUD_SECRET_ID: 'id',
        TENCENTCLOUD_SECRET_KEY: 'key',
        [name]: 'token',
      });
      expect(sources[0]?.credentials.token?.reveal()).toBe('token');
    },
  );

  test.each([
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'TENCENTCLOUD_SESSION_TOKEN',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
  ])('%s may come from a file, without the newline at its end', (name) => {
    const all: Env = {
      TENCENTCLOUD_SECRET_ID: 'id',
      TENCENTCLOUD_SECRET_KEY: 'key',
      TENCENTCLOUD_SESSION_TOKEN: 'token',
      AWS_ACCESS_KEY_ID: 'aws-id',
      AWS_SECRET_ACCESS_KEY: 'aws-key',
      AWS_SESSION_TOKEN: 'aws-token',
    };
    const plain = reveal(loadWith({ ...all, [name]: 'from-file' }));
    const filed = reveal(
      loadWith({ ...all, [name]: undefined, [`${name}_FILE`]: write('secret', 'from-file\n') }),
    );
    expect(filed).toEqual(plain);
    expect(JSON.stringify(filed)).toContain('from-file');
  });

  test('without any AWS key the SDK looks for itself', () => {
    expect(loadWith({ AWS_PROFILE: 'backup' }).destination).not.toHaveProperty('credentials');
  });

  test('a file and a value at once are a problem', () => {
    const both = {
      TENCENTCLOUD_SECRET_ID: 'id',
      TENCENTCLOUD_SECRET_KEY: 'hush',
      TENCENTCLOUD_SECRET_KEY_FILE: 'x',
    };
    expect(problemsWith(both)).toEqual([
      'TENCENTCLOUD_SECRET_KEY: is set, and TENCENTCLOUD_SECRET_KEY_FILE too; unset one of them',
    ]);
  });

  test('a file that cannot be read is a problem that names it', () => {
    const path = join(cwd, 'nowhere');
    expect(problemsWith({ AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY_FILE: path })).toEqual([
      `AWS_SECRET_ACCESS_KEY_FILE: the file ${path} cannot be read (ENOENT)`,
    ]);
  });

  test('half a pair of keys is a problem', () => {
    expect(problemsWith({ TENCENTCLOUD_SECRET_KEY: 'hush', AWS_ACCESS_KEY_ID: 'id' })).toEqual([
      'TENCENTCLOUD_SECRET_ID: required beside TENCENTCLOUD_SECRET_KEY',
      'AWS_SECRET_ACCESS_KEY: required beside AWS_ACCESS_KEY_ID',
    ]);
  });

  test('an account that the file names and nobody set is a problem', () => {
    write('config/archiver.yaml', 'sources: [{ name: b, region: gz, credentialsEnv: ACCOUNT_B }]\n');
    expect(problems(ESSENTIALS)).toEqual([
      'ACCOUNT_B_SECRET_ID: required: a source names it by `credentialsEnv: ACCOUNT_B`',
    ]);
  });

  test('with white space inside are told without being shown', () => {
    const found = problemsWith({ TENCENTCLOUD_SECRET_ID: 'id', TENCENTCLOUD_SECRET_KEY: 'hush hush' });
    expect(found).toEqual(['TENCENTCLOUD_SECRET_KEY: holds white space, which no key or token does']);
  });

  test('print as [redacted] wherever the configuration is printed', () => {
    const config = loadWith({ TENCENTCLOUD_SECRET_ID: 'id', TENCENTCLOUD_SECRET_KEY: 'hush-hush' });
    expect(config.sources[0]?.credentials.secretKey).toBeInstanceOf(Secret);
    expect(JSON.stringify(config)).not.toContain('hush-hush');
  });

  /** The keys in the clear, wherever they are. */
  function reveal(config: ReturnType<typeof load>): unknown {
    return [config.sources.map(({ credentials }) => plain(credentials)), plain(config.destination)];
  }

  function plain(value: unknown): unknown {
    if (value instanceof Secret) return value.reveal();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
});
