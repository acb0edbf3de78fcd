/** API 3.0 of the sandbox: refuses what the cloud refuses, and pages as it documents. */
import { afterEach, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import { defaultWorld, fleetWorld } from '../../src/sandbox/worlds.ts';
import { callV3, type V3Answer, type V3Overrides } from '../support/cloud-client.ts';

const NOW = Date.UTC(2026, 10, 24, 1, 30);
const DAY = 24 * 60 * 60 * 1000;
const clock = { now: () => NOW };

let sandbox: Sandbox;
afterEach(() => sandbox.close());

async function open(options: Partial<SandboxOptions> = {}) {
  sandbox = await createSandbox({ world: defaultWorld(clock), clock, ...options });
  return (action: string, parameters?: object, overrides?: V3Overrides): Promise<V3Answer> =>
    callV3(sandbox, NOW, action, parameters, overrides);
}

describe('the signature', () => {
  test('is taken with and without x-tc-action among the signed headers', async () => {
    const call = await open();
    expect((await call('DescribeInstances', {}, { signAction: true })).TotalCount).toBe(5);
    expect((await call('DescribeInstances', {}, { signAction: false })).TotalCount).toBe(5);
  });

  test.each<[string, V3Overrides, string]>([
    ['a wrong key', { secretKey: 'wrong' }, 'AuthFailure.SignatureFailure'],
    ['an unknown id', { secretId: 'AKIDNOBODY' }, 'AuthFailure.SecretIdNotFound'],
    ['a body that is not the one signed', { sentBody: '{"Limit":1}' }, 'AuthFailure.SignatureFailure'],
    [
      'another action than the one signed',
      { headers: { 'x-tc-action': 'DescribeBackupUrl' } },
      'AuthFailure.SignatureFailure',
    ],
    ['another service', { service: '127' }, 'AuthFailure.InvalidAuthorization'],
    ['no signature at all', { headers: { authorization: 'Bearer x' } }, 'AuthFailure.InvalidAuthorization'],
    ['a clock six minutes slow', { timestamp: NOW / 1000 - 360 }, 'AuthFailure.SignatureExpire'],
    ['a clock six minutes fast', { timestamp: NOW / 1000 + 360 }, 'AuthFailure.SignatureExpire'],
    ['a token that was never given', { headers: { 'x-tc-token': 'tok' } }, 'AuthFailure.TokenFailure'],
    ['another version', { version: '2017-03-12' }, 'NoSuchVersion'],
    ['a region that is not served', { region: 'ap-atlantis' }, 'UnsupportedRegion'],
  ])('of %s is refused', async (_what, overrides, code) => {
    const call = await open();
    expect((await call('DescribeInstances', {}, overrides)).Error?.Code).toBe(code);
  });

  test('is taken from a clock four minutes off', async () => {
    const call = await open();
    expect((await call('DescribeInstances', {}, { timestamp: NOW / 1000 - 240 })).TotalCount).toBe(5);
  });

  test('of temporary credentials needs their token', async () => {
    const call = await open({ credentials: { secretId: 'id', secretKey: 'key', token: 'tok' } });
    expect((await call('DescribeInstances')).Error?.Code).toBe('AuthFailure.TokenFailure');
    expect((await call('DescribeInstances', {}, { headers: { 'x-tc-token': 'tok' } })).TotalCount).toBe(5);
  });
});

describe('the answer', () => {
  test('carries the date of the cloud, by which a client can find that its clock is wrong', async () => {
    await open();
    const response = await fetch(sandbox.url, { method: 'POST', body: '{}' });
    expect(response.headers.get('date')).toBe(new Date(NOW).toUTCString());
    expect(response.status).toBe(200);
  });

  test('to an unknown action or parameter is an error, not an empty list', async () => {
    const call = await open();
    expect((await call('DescribeEverything')).Error?.Code).toBe('InvalidAction');
    expect((await call('DescribeInstances', { limit: 3 })).Error?.Code).toBe('UnknownParameter');
    expect((await call('DescribeInstances', { Limit: '3' })).Error?.Code).toBe('InvalidParameter');
  });
});

describe('DescribeInstances', () => {
  test('shows 20 where no limit is asked for, 1,000 at the most, and only at multiples of the limit', async () => {
    const call = await open({ world: fleetWorld(clock, { instances: 1001, backupsEach: 0 }) });
    expect((await call('DescribeInstances')).InstanceSet).toHaveLength(20);
    expect((await call('DescribeInstances', { Limit: 1000 })).InstanceSet).toHaveLength(1000);
    expect((await call('DescribeInstances', { Limit: 1000, Offset: 1000 })).InstanceSet).toHaveLength(1);
    expect((await call('DescribeInstances', { Limit: 1001 })).Error?.Code).toBe('InvalidParameterValue');
    expect((await call('DescribeInstances', { Limit: 100, Offset: 50 })).Error?.Code).toBe(
      'InvalidParameterValue',
    );
  });

  test('finds instances by id, and says nothing of those that are not there', async () => {
    const call = await open();
    const found = await call('DescribeInstances', { InstanceIds: ['crs-carts004', 'crs-nothere'] });
    expect(found).toMatchObject({
      TotalCount: 1,
      InstanceSet: [{ InstanceId: 'crs-carts004', RedisShardNum: 2, Type: 18 }],
    });
  });

  test('no longer shows a deleted instance', async () => {
    const call = await open();
    const ids = (await call('DescribeInstances')).InstanceSet?.map((row) => row.InstanceId);
    expect(ids).not.toContain('crs-legacy05');
  });
});

describe('DescribeInstanceBackups', () => {
  test('lists a whole region, deleted instances included, but by default only what is ready', async () => {
    const call = await open();
    const rows = (await call('DescribeInstanceBackups', { Limit: 100 })).BackupSet ?? [];
    expect(new Set(rows.map((row) => row.Status))).toEqual(new Set([2]));
    expect(rows.map((row) => row.InstanceId)).toContain('crs-legacy05');
    expect(rows).toHaveLength(10);
  });

  test('lists those in other states when asked for them', async () => {
    const call = await open();
    const found = await call('DescribeInstanceBackups', { Status: [1, -1] });
    expect(found.BackupSet?.map((row) => row.Status)).toEqual([1, -1]);
    expect((await call('DescribeInstanceBackups', { Status: [9] })).Error?.Code).toBe('InvalidParameter');
  });

  test('shows 20 where no limit is asked for, 100 at the most, every row on exactly one page', async () => {
    const call = await open({ world: fleetWorld(clock, { instances: 50, backupsEach: 5 }) });
    expect((await call('DescribeInstanceBackups')).BackupSet).toHaveLength(20);
    expect((await call('DescribeInstanceBackups', { Limit: 101 })).Error?.Code).toBe('InvalidParameterValue');
    const pages = await Promise.all(
      [0, 100, 200].map((Offset) => call('DescribeInstanceBackups', { Limit: 100, Offset })),
    );
    const ids = pages.flatMap((page) => page.BackupSet?.map((row) => row.BackupId));
    expect(new Set(ids).size).toBe(250);
    expect(ids).toHaveLength(250);
  });

  test("takes start times in the cloud's own zone, at most 30 days apart", async () => {
    const call = await open();
    const day = { BeginTime: '2026-11-23 00:00:00', EndTime: '2026-11-23 23:59:59' };
    const found = await call('DescribeInstanceBackups', { InstanceId: 'crs-orders01', ...day });
    expect(found.BackupSet?.map((row) => row.StartTime)).toEqual(['2026-11-23 06:30:00']);
    const long = { BeginTime: '2026-10-24 00:00:00', EndTime: '2026-11-24 00:00:00' };
    expect((await call('DescribeInstanceBackups', long)).Error?.Code).toBe('InvalidParameter');
    expect((await call('DescribeInstanceBackups', { BeginTime: '2026-11-23T00:00:00Z' })).Error?.Code).toBe(
      'InvalidParameter',
    );
  });

  test('of an instance that never was is an error', async () => {
    const call = await open();
    const found = await call('DescribeInstanceBackups', { InstanceId: 'crs-nothere' });
    expect(found.Error?.Code).toBe('ResourceNotFound.InstanceNotExists');
  });
});

describe('DescribeBackupUrl', () => {
  test('gives every shard its own name, size and two links', async () => {
    const call = await open();
    const { BackupSet } = await call('DescribeInstanceBackups', { InstanceId: 'crs-carts004' });
    const { BackupInfos } = await call('DescribeBackupUrl', {
      InstanceId: 'crs-carts004',
      BackupId: BackupSet?.[0]?.BackupId,
    });
    expect(BackupInfos?.map((info) => info.FileName)).toEqual([
      '100-204-redis-server-7.0-300-1.rdb',
      '100-204-redis-server-7.0-300-2.rdb',
    ]);
    const links = BackupInfos?.flatMap((info) => [info.DownloadUrl, info.InnerDownloadUrl]);
    expect(new Set(links).size).toBe(4);
    const sizes = await Promise.all(
      (links ?? []).map(async (link) => (await (await fetch(link)).bytes()).length),
    );
    expect(sizes).toEqual(BackupInfos?.flatMap((info) => [info.FileSize, info.FileSize]));
  });

  test('refuses what is not there, what is not ready and what has expired', async () => {
    const world = createWorld(clock);
    const { id: InstanceId } = world.addInstance({ id: 'crs-a' });
    const making = world.addBackup(InstanceId, { startedAt: NOW, status: 1 });
    const locked = world.addBackup(InstanceId, { startedAt: NOW, locked: true });
    const expired = world.addBackup(InstanceId, { startedAt: NOW - 7 * DAY });
    const call = await open({ world });
    const codeOf = async (BackupId: string) =>
      (await call('DescribeBackupUrl', { InstanceId, BackupId })).Error?.Code;
    expect(await codeOf(making.id)).toBe('ResourceUnavailable.BackupStatusInvalid');
    expect(await codeOf(locked.id)).toBe('ResourceUnavailable.BackupStatusInvalid');
    expect(await codeOf(expired.id)).toBe('InvalidParameterValue.BackupNotExists');
    expect(await codeOf('1-2-3')).toBe('InvalidParameterValue.BackupNotExists');
  });
});
