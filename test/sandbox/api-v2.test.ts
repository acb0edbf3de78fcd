/** API 2.0 of the sandbox: refuses what the cloud refuses, and gives cluster dumps only after an export. */
import { afterEach, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox, sandboxEnvironment } from '../../src/sandbox/sandbox.ts';
import { defaultWorld } from '../../src/sandbox/worlds.ts';
import { callV2, type V2Answer } from '../support/cloud-client.ts';

const START = Date.UTC(2026, 10, 24, 1, 30);
const CLUSTER = 'crs-carts004';
const STANDARD = 'crs-catalog3';
const PAGE = { limit: '20', offset: '0' };

let sandbox: Sandbox;
let now = START;
afterEach(() => sandbox.close());

async function open() {
  now = START;
  const clock = { now: () => now };
  sandbox = await createSandbox({ world: defaultWorld(clock), clock, exportMs: 3000 });
  return (
    action: string,
    parameters?: Record<string, string>,
    how?: Parameters<typeof callV2>[4],
  ): Promise<V2Answer> => callV2(sandbox, now, action, parameters, how);
}

async function newestBackup(redisId: string): Promise<{ redisId: string; backupId: string }> {
  const { data } = await callV2(sandbox, now, 'GetRedisBackupList', { ...PAGE, redisId });
  return { redisId, backupId: String(data?.redisBackupSet?.[0]?.backupId) };
}

describe('the signature', () => {
  test.each(['GET', 'POST'] as const)('is taken by %s, in SHA-256 and in SHA-1', async (method) => {
    const call = await open();
    for (const SignatureMethod of ['HmacSHA256', 'HmacSHA1']) {
      expect(await call('DescribeRedis', { ...PAGE, SignatureMethod }, { method })).toMatchObject({
        code: 0,
        totalCount: 5,
      });
    }
  });

  test.each<[string, number, Record<string, string>, string?]>([
    ['a wrong key', 4100, {}, 'wrong'],
    ['an unknown id', 4104, { SecretId: 'AKIDNOBODY' }],
    ['a token that was never given', 4105, { Token: 'tok' }],
    ['a clock six minutes slow', 4200, { Timestamp: String(START / 1000 - 360) }],
    ['a clock six minutes fast', 4200, { Timestamp: String(START / 1000 + 360) }],
    ['a nonce that is no number', 4000, { Nonce: 'x' }],
    ['a region that is not served', 4000, { Region: 'ap-atlantis' }],
  ])('of %s is refused with %i', async (_what, code, parameters, secretKey) => {
    const call = await open();
    const answer = await call(
      'DescribeRedis',
      { ...PAGE, ...parameters },
      secretKey === undefined ? {} : { secretKey },
    );
    expect(answer.code).toBe(code);
  });

  test('is refused the second time that it comes', async () => {
    const call = await open();
    expect((await call('DescribeRedis', { ...PAGE, Nonce: '77777777' })).code).toBe(0);
    expect((await call('DescribeRedis', { ...PAGE, Nonce: '77777777' })).code).toBe(4500);
  });

  test('does not make an unknown action known', async () => {
    const call = await open();
    expect((await call('DescribeEverything')).code).toBe(6100);
  });
});

describe('the lists', () => {
  test('page by rows, at most 100, and want limit and offset', async () => {
    const call = await open();
    const page = await call('DescribeRedis', { limit: '3', offset: '2' });
    expect(page.totalCount).toBe(5);
    expect(page.data?.redisSet).toHaveLength(3);
    expect((await call('DescribeRedis', { limit: '101', offset: '0' })).code).toBe(11201);
    expect((await call('DescribeRedis', { limit: '10' })).code).toBe(11201);
  });

  test('write numbers as strings where the published example does', async () => {
    const call = await open();
    const { data } = await call('DescribeRedis', { ...PAGE, redisId: CLUSTER });
    expect(data?.redisSet).toMatchObject([{ redisId: CLUSTER, status: '2', typeId: '1', port: '6379' }]);
  });

  test("show an instance's backups in every state, newest first", async () => {
    const call = await open();
    const { data } = await call('GetRedisBackupList', { ...PAGE, redisId: 'crs-orders01' });
    expect(data?.redisBackupSet?.map((row) => row.status)).toEqual([1, 2, 2, 2, -1]);
    expect(data?.redisBackupSet?.[1]).toMatchObject({
      startTime: '2026-11-23 06:30:00',
      backupType: 'systemBackupInstance',
    });
  });

  test('know nothing of a deleted instance', async () => {
    const call = await open();
    expect((await call('GetRedisBackupList', { ...PAGE, redisId: 'crs-legacy05' })).code).toBe(10701);
    expect((await call('GetRedisBackupList', PAGE)).code).toBe(11201);
  });
});

describe('the download address', () => {
  test('of a standard edition carries a raw blob and leads to the dump', async () => {
    const call = await open();
    const { data } = await call('GetBackupDownloadUrl', await newestBackup(STANDARD));
    expect(data?.extranet).toMatch(/\/download\/dump\.rdb\?[^%]*==$/);
    expect(data?.extranet).toMatch(/\?.*\+/);
    expect(data?.extranet).toMatch(/\?.*\//);
    expect(data?.intranet).not.toBe(data?.extranet);
    const dump = await (await fetch(data?.extranet ?? '')).text();
    expect(dump.slice(0, 5)).toBe('REDIS');
  });

  test('of a cluster edition is there only once the export is done', async () => {
    const call = await open();
    const backup = await newestBackup(CLUSTER);
    expect((await call('GetBackupDownloadUrl', backup)).code).toBe(10711);

    const exported = await call('ExportRedisBackup', backup);
    expect(exported.code).toBe(0);
    const task = { requestId: String(exported.data?.requestId) };
    expect((await call('DescribeTaskInfo', task)).data?.status).toBe(1);
    expect((await call('GetBackupDownloadUrl', backup)).code).toBe(10711);
    expect((await call('ExportRedisBackup', backup)).code).toBe(10711);

    now += 3000;
    expect((await call('DescribeTaskInfo', task)).data?.status).toBe(2);
    const { data } = await call('GetRedisBackupList', { ...PAGE, redisId: CLUSTER });
    expect(data?.redisBackupSet?.[0]?.status).toBe(4);
    const { extranet } = (await call('GetBackupDownloadUrl', backup)).data ?? {};
    expect((await fetch(extranet ?? '')).status).toBe(200);
  });

  test('is refused for what is not there and not ready, and an export for what needs none', async () => {
    const call = await open();
    const making = await newestBackup('crs-orders01');
    expect((await call('GetBackupDownloadUrl', making)).code).toBe(10711);
    expect((await call('GetBackupDownloadUrl', { ...making, backupId: '1-2-3' })).code).toBe(11213);
    expect((await call('GetBackupDownloadUrl', { ...making, redisId: 'crs-nothere' })).code).toBe(10701);
    expect((await call('ExportRedisBackup', await newestBackup(STANDARD))).code).toBe(11214);
  });
});

test('names the variables that point the product at it', async () => {
  await open();
  expect(sandboxEnvironment(sandbox, 'tencent-v2')).toEqual({
    TENCENTCLOUD_SECRET_ID: sandbox.credentials.secretId,
    TENCENTCLOUD_SECRET_KEY: sandbox.credentials.secretKey,
    ARCHIVER_SOURCE_API: 'tencent-v2',
    ARCHIVER_SOURCE_REGIONS: 'ap-guangzhou',
    ARCHIVER_SOURCE_ENDPOINT: sandbox.url,
    ARCHIVER_SOURCE_NETWORK: 'extranet',
  });
});
