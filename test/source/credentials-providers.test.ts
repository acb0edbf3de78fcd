/** Where keys come from: configuration, a TKE pod's role, the profile file, the machine's role. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createAgents, directAgents } from '../../src/network/agents.ts';
import { defaultProviders, type ProviderOptions } from '../../src/source/credentials/default-providers.ts';
import { createCredentials } from '../../src/source/credentials.ts';
import { createMetadataService } from '../../src/source/metadata.ts';
import { systemClock } from '../../src/system-clock.ts';
import { type Answer, type Asked, serve } from '../support/loopback.ts';
import { startProxy } from '../support/proxy.ts';

const never = new AbortController().signal;
const TOKEN = 'header.payload.signature';
const NOW = Date.parse('2026-11-24T02:15:00Z');

const clock = { now: () => NOW };

const ROLE_KEYS = {
  TmpSecretId: 'role-id',
  TmpSecretKey: 'role-key',
  Token: 'role-token',
  ExpiredTime: NOW / 1000 + 7200,
};

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'credentials-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A machine where nothing is configured and no metadata service runs, but for what the test says. */
async function machine(change: Partial<ProviderOptions> = {}) {
  const agents = createAgents({}, systemClock);
  const direct = directAgents(systemClock);
  onTestFinished(() => {
    agents.destroy();
    direct.destroy();
  });
  const providers = defaultProviders({
    configured: fixed({}),
    environment: {},
    agents,
    metadata: createMetadataService({ agents: direct, baseUrl: 'http://127.0.0.1:1' }),
    clock,
    stsEndpoint: 'http://127.0.0.1:1',
    systemProfile: join(await folder(), 'absent'),
    ...change,
  });
  return createCredentials({ providers, clock });
}

function metadataAt(baseUrl: string) {
  const agents = directAgents(systemClock);
  onTestFinished(() => agents.destroy());
  return createMetadataService({ agents, baseUrl });
}

async function profile(text: string): Promise<{ environment: { HOME: string }; path: string }> {
  const home = await folder();
  const path = join(home, '.tencentcloud', 'credentials');
  await mkdir(join(home, '.tencentcloud'));
  await writeFile(path, text);
  return { environment: { HOME: home }, path };
}

async function pod(answer: (asked: Asked) => Answer) {
  const sts = await serve(answer);
  const tokenFile = join(await folder(), 'token');
  await writeFile(tokenFile, `${TOKEN}\n`);
  const environment = {
    TKE_ROLE_ARN: 'qcs::cam::uin/100:roleName/archiver',
    TKE_REGION: 'ap-guangzhou',
    TKE_PROVIDER_ID: 'cls-1',
    TKE_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  };
  return { sts, tokenFile, environment, stsEndpoint: sts.url };
}

function stsReply(response: unknown): Answer {
  return { body: JSON.stringify({ Response: response }) };
}

const granted = stsReply({ Credentials: ROLE_KEYS, ExpiredTime: ROLE_KEYS.ExpiredTime, RequestId: 'r-1' });

async function failureOf(promise: Promise<unknown>): Promise<ArchiverError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ArchiverError) return error;
  throw new Error('expected an ArchiverError', { cause: error });
}

describe('configured keys', () => {
  test('come before everything that the machine could give', async () => {
    const { environment, path } = await profile('[default]\nsecret_id = profile\nsecret_key = k\n');
    const configured = fixed({ secretId: 'mine', secretKey: new Secret('k'), token: new Secret('t') });
    const source = await machine({
      configured,
      environment: { ...environment, TKE_ROLE_ARN: 'x' },
      systemProfile: path,
    });
    const found = await source.current(never);
    expect([found.secretId, found.secretKey.reveal(), found.token?.reveal(), found.expiresAt]).toEqual([
      'mine',
      'k',
      't',
      undefined,
    ]);
  });

  test('that are nowhere end in one message with all that was tried', async () => {
    const systemProfile = join(await folder(), 'absent');
    const source = await machine({ environment: { HOME: '/nonexistent' }, systemProfile });
    const error = await failureOf(source.current(never));
    expect(error.code).toBe('credentials');
    expect(error.message).toBe(
      'no credentials for the cloud were found (' +
        'TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY: not set; ' +
        'TKE OIDC: TKE_ROLE_ARN is not set; ' +
        `profile file: /nonexistent/.tencentcloud/credentials is not there, ${systemProfile} is not there; ` +
        'CVM role: http://127.0.0.1:1 does not answer: connect ECONNREFUSED 127.0.0.1:1)',
    );
  });
});

describe('a pod with a TKE role', () => {
  test('exchanges its token at STS, unsigned, before it looks at files and at the node', async () => {
    const { sts, ...options } = await pod(() => granted);
    const found = await (await machine(options)).current(never);
    expect([found.secretId, found.secretKey.reveal(), found.token?.reveal()]).toEqual([
      'role-id',
      'role-key',
      'role-token',
    ]);
    expect(found.expiresAt).toBe(NOW + 7_200_000);
    expect(sts.asked).toHaveLength(1);
    expect(sts.asked[0]?.headers).toMatchObject({
      authorization: 'SKIP',
      'content-type': 'application/json',
      'x-tc-action': 'AssumeRoleWithWebIdentity',
      'x-tc-version': '2018-08-13',
      'x-tc-region': 'ap-guangzhou',
      'x-tc-timestamp': String(NOW / 1000),
    });
    expect(JSON.parse(sts.asked[0]?.body ?? '')).toEqual({
      ProviderId: 'cls-1',
      WebIdentityToken: TOKEN,
      RoleArn: 'qcs::cam::uin/100:roleName/archiver',
      RoleSessionName: 'rdb-archiver',
      DurationSeconds: 7200,
    });
  });

  test('sends the token that lies in the file now, for Kubernetes rotates it', async () => {
    const { sts, tokenFile, ...options } = await pod(() => granted);
    const source = await machine(options);
    await source.current(never);
    await writeFile(tokenFile, 'rotated');
    await source.refresh(never);
    expect(sts.asked.map(({ body }) => JSON.parse(body).WebIdentityToken)).toEqual([TOKEN, 'rotated']);
  });

  test('asks STS again after a passing failure', async () => {
    const answers: Answer[] = [{ status: 503, body: '' }, granted];
    const { sts, ...options } = await pod(() => answers.shift() ?? granted);
    expect(await (await machine(options)).current(never)).toMatchObject({ secretId: 'role-id' });
    expect(sts.asked).toHaveLength(2);
  });

  test("is told why STS refuses, and never falls back to the node's role", async () => {
    const node = await serve(() => ({ body: 'node-role' }));
    const refusal = { Code: 'InvalidParameter.WebIdentityTokenError', Message: `bad token ${TOKEN}` };
    const { sts: _, ...options } = await pod(() => stsReply({ Error: refusal, RequestId: 'r-2' }));
    const error = await failureOf(
      (await machine({ ...options, metadata: metadataAt(node.url) })).current(never),
    );
    expect(error.code).toBe('credentials');
    expect(error.message).toContain(
      'InvalidParameter.WebIdentityTokenError: bad token [redacted] (request r-2)',
    );
    expect(node.asked).toHaveLength(0);
  });

  test.for<[string, Answer]>([
    [
      'is overloaded',
      stsReply({ Error: { Code: 'InternalError.DbError', Message: 'later' }, RequestId: 'r' }),
    ],
    ['answers with a page', { body: '<html>' }],
    ['answers with half of the keys', stsReply({ Credentials: { TmpSecretId: 'a' }, ExpiredTime: 1 })],
    ['refuses by status', { status: 403, body: 'forbidden' }],
  ])('counts STS as unavailable when it %s', async ([, answer]) => {
    const { sts: _, ...options } = await pod(() => answer);
    expect(await failureOf((await machine(options)).current(never))).toMatchObject({
      code: 'api-unavailable',
    });
  });

  test('finds its token nowhere in an error, however deep one looks', async () => {
    const { sts: _, ...options } = await pod(() => 'reset');
    const error = await failureOf((await machine(options)).current(never));
    expect(inspect(error, { depth: 30, showHidden: true })).not.toContain(TOKEN);
    expect(error.message).toContain(options.stsEndpoint);
  });

  test('gets a clear message for a missing variable, a missing token file and an empty one', async () => {
    const { sts: _, tokenFile, ...options } = await pod(() => granted);
    const without = {
      ...options,
      environment: { ...options.environment, TKE_REGION: '', TKE_PROVIDER_ID: undefined },
    };
    expect((await failureOf((await machine(without)).current(never))).message).toBe(
      'TKE_ROLE_ARN is set, but not TKE_REGION, TKE_PROVIDER_ID',
    );
    await writeFile(tokenFile, '\n');
    expect((await failureOf((await machine(options)).current(never))).message).toContain(
      `${tokenFile} (TKE_WEB_IDENTITY_TOKEN_FILE) is empty`,
    );
    await rm(tokenFile);
    expect((await failureOf((await machine(options)).current(never))).message).toContain(
      'cannot be read: ENOENT',
    );
  });

  test('reaches STS through the proxy', async () => {
    const { sts, ...options } = await pod(() => granted);
    const proxy = await startProxy({ routes: { 'sts.example.com': `127.0.0.1:${sts.port}` } });
    onTestFinished(() => proxy.close());
    const agents = createAgents({ HTTP_PROXY: proxy.url }, systemClock);
    onTestFinished(() => agents.destroy());
    await (await machine({ ...options, agents, stsEndpoint: 'http://sts.example.com' })).current(never);
    expect(proxy.asked).toEqual(['POST sts.example.com']);
  });
});

describe('the profile file', () => {
  test('of the user comes before the one of the machine', async () => {
    const mine = await profile(
      '\uFEFF; comment\n[other]\nsecret_id = no\n[default]\r\nsecret_id = mine\r\nsecret_key = "k=1"\r\n',
    );
    const machines = await profile('[default]\nsecret_id = machine\nsecret_key = k\ntoken = t\n');
    const both = await (
      await machine({ environment: mine.environment, systemProfile: machines.path })
    ).current(never);
    expect([both.secretId, both.secretKey.reveal(), both.token]).toEqual(['mine', 'k=1', undefined]);
    const one = await (await machine({ environment: {}, systemProfile: machines.path })).current(never);
    expect([one.secretId, one.token?.reveal()]).toEqual(['machine', 't']);
  });

  test('of the user, gone for a moment while it is written anew, does not end in the keys of the machine', async () => {
    const mine = await profile('[default]\nsecret_id = mine\nsecret_key = k\n');
    const machines = await profile('[default]\nsecret_id = machine\nsecret_key = k\n');
    const source = await machine({ environment: mine.environment, systemProfile: machines.path });
    expect((await source.current(never)).secretId).toBe('mine');
    await rm(mine.path);
    expect((await source.current(never)).secretId).toBe('mine');
    await writeFile(mine.path, '[default]\nsecret_id = next\nsecret_key = k\n');
    expect((await source.current(never)).secretId).toBe('next');
  });

  test.for([
    ['secret_id = a\nsecret_key = hush', 'has no section [default]'],
    ['[default]\nsecret_id = a\nsecretkey = hush', 'has no secret_key in [default]'],
    ['default = hush', 'has no secret_id and no secret_key in [default]'],
    ['[default]\nsecret_id\nsecret_key =', 'has no secret_id and no secret_key in [default]'],
  ] as const)('is never passed over when it is wrong: %j', async ([text, complaint]) => {
    const { environment, path } = await profile(text);
    const error = await failureOf((await machine({ environment })).current(never));
    expect(error).toMatchObject({ code: 'credentials', message: `the profile file ${path} ${complaint}` });
    expect(inspect(error)).not.toContain('hush');
  });

  test('that is a folder gives a clear message', async () => {
    const home = await folder();
    await mkdir(join(home, '.tencentcloud', 'credentials'), { recursive: true });
    const error = await failureOf((await machine({ environment: { HOME: home } })).current(never));
    expect(error.message).toMatch(/^the profile file .* cannot be read: EISDIR$/);
  });

  test('that another user owns is named with what to check', async () => {
    const { environment, path } = await profile('[default]\nsecret_id = a\nsecret_key = b');
    await chmod(path, 0);
    // Root may read everything, so it becomes somebody else for the moment.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.('nobody');
    try {
      const error = await failureOf((await machine({ environment })).current(never));
      expect(error.message).toContain(`${path} may not be read by this user (check owner and mode)`);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe('the role of the machine', () => {
  const FOLDER = '/latest/meta-data/cam/security-credentials/';

  async function cvm(role: Answer, keys: () => Answer) {
    const service = await serve(({ path }) => (path === FOLDER ? role : keys()));
    return { service, source: await machine({ metadata: metadataAt(service.url) }) };
  }

  function success(change: object = {}): Answer {
    return { body: JSON.stringify({ ...ROLE_KEYS, Code: 'Success', ...change }) };
  }

  test('gives keys when there is nothing else', async () => {
    const { service, source } = await cvm({ body: 'archiver-role\n' }, success);
    const found = await source.current(never);
    expect([found.secretId, found.secretKey.reveal(), found.token?.reveal(), found.expiresAt]).toEqual([
      'role-id',
      'role-key',
      'role-token',
      NOW + 7_200_000,
    ]);
    expect(service.asked.map(({ path }) => path)).toEqual([FOLDER, `${FOLDER}archiver-role`]);
  });

  test('is asked again after a failure: one bad moment is not remembered', async () => {
    let broken = true;
    const { source } = await cvm({ body: 'archiver-role' }, () =>
      broken ? { status: 404, body: '' } : success(),
    );
    await failureOf(source.current(never));
    broken = false;
    expect(await source.current(never)).toMatchObject({ secretId: 'role-id' });
  });

  test('survives a reset and an overloaded metadata service', async () => {
    const answers: Answer[] = ['reset', { status: 503, body: '' }];
    const { source } = await cvm({ body: 'archiver-role' }, () => answers.shift() ?? success());
    expect(await source.current(never)).toMatchObject({ secretId: 'role-id' });
  });

  test.for<[string, Answer, Answer]>([
    ['no role is bound to this machine', { status: 404, body: '' }, 'reset'],
    ['no role is bound to this machine', { body: '<html>welcome</html>' }, 'reset'],
    ['answered 403', { status: 403, body: '' }, 'reset'],
    [
      'gives no keys for role r: its answer is incomplete',
      { body: 'r' },
      { body: '{"Code":"Success","TmpSecretKey":"hush"}' },
    ],
    ['gives no keys for role r: its answer is incomplete', { body: 'r' }, { body: '{"TmpSecretKey":"hush"' }],
    ['gives no keys for role r: Forbidden', { body: 'r' }, { body: '{"Code":"Forbidden"}' }],
    ['answered 404 for the keys of role r', { body: 'r' }, { status: 404, body: '' }],
    ['the keys of role r could not be read', { body: 'r' }, 'reset'],
  ])('says why it gives none: %s', async ([why, role, keys]) => {
    const { source } = await cvm(role, () => keys);
    const error = await failureOf(source.current(never));
    expect(error.message).toContain(why);
    expect(inspect(error, { depth: 30 })).not.toContain('hush');
  });
});
