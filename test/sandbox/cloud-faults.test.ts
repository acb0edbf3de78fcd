/** The fault switches bend what they say and nothing else: a fault that does not strike would make every scenario pass. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { fleetWorld } from '../../src/sandbox/worlds.ts';
import { type Cloud, call, createCloud, download, type Fault } from '../support/cloud.ts';
import * as api from '../support/cloud-api-faults.ts';
import { callV2, callV3 } from '../support/cloud-client.ts';
import * as faults from '../support/cloud-download-faults.ts';

const NOW = Date.UTC(2026, 10, 24, 1, 30);
const SIZE = 300_000;
const clock = { now: () => NOW };
const dump = syntheticDump({ size: SIZE });
const whole = Buffer.concat([...dump.read(0, SIZE)]);
const INSTANCE = 'crs-00000000';

let cloud: Cloud;
afterEach(() => cloud.close());

async function open(instances = 1) {
  cloud = await createCloud({
    world: fleetWorld(clock, { instances, backupsEach: 1, dump: () => dump }),
    clock,
  });
}

async function link(): Promise<string> {
  const BackupId = cloud.world.backups('ap-guangzhou')[0]?.id ?? '';
  const answer = await callV3(cloud, NOW, 'DescribeBackupUrl', { InstanceId: INSTANCE, BackupId });
  return answer.BackupInfos?.[0]?.DownloadUrl ?? '';
}

interface Got {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The connection broke before the announced end. */
  readonly broken: boolean;
}

function get(url: string, headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined);
      response.on('close', () => {
        const { statusCode: status, headers, complete } = response;
        resolve({ status, headers, body: Buffer.concat(chunks), broken: !complete });
      });
    });
    sent.on('error', reject).end();
  });
}

async function afterFault(fault: Fault, headers?: Record<string, string>): Promise<Got> {
  await open();
  cloud.fault(download(), fault);
  return get(await link(), headers);
}

const FROM_1000 = { range: 'bytes=1000-' };

describe('a download', () => {
  test('cut at a byte gives exactly what lies before it, and breaks', async () => {
    const { body, broken } = await afterFault(faults.cutAt(123_457));
    expect({ broken, good: body.equals(whole.subarray(0, 123_457)) }).toEqual({ broken: true, good: true });
  });

  test('cut after some bytes makes progress each time', async () => {
    const { body, broken } = await afterFault(faults.cutAfter(500), FROM_1000);
    expect({ broken, good: body.equals(whole.subarray(1000, 1500)) }).toEqual({ broken: true, good: true });
  });

  test('cut before the answer has none', async () => {
    await expect(afterFault(faults.cutBeforeAnswer())).rejects.toThrow('socket hang up');
  });

  test('that ends early announces all of it', async () => {
    const { headers, body } = await afterFault(faults.endEarlyAt(100_000));
    expect(headers['content-length']).toBe(String(SIZE));
    expect(body.equals(whole.subarray(0, 100_000))).toBe(true);
  });

  test('in chunks that end early is complete as far as HTTP can tell', async () => {
    const { headers, body, broken } = await afterFault(faults.endChunksEarlyAt(100_000));
    expect({ length: headers['content-length'], broken, bytes: body.length }).toEqual({
      length: undefined,
      broken: false,
      bytes: 100_000,
    });
  });

  test('in chunks is whole', async () => {
    const { headers, body } = await afterFault(faults.chunked());
    expect(headers['transfer-encoding']).toBe('chunked');
    expect(body.equals(whole)).toBe(true);
  });

  test('that stalls sends what lies before, and leaves the connection open', async () => {
    await open();
    cloud.fault(download(), faults.stallAt(1000));
    const sent = request(await link(), { agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let bytes = 0;
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes >= 1000) break;
    }
    expect({ bytes, complete: response.complete }).toEqual({ bytes: 1000, complete: false });
  });

  test('whose link dies goes on with another link only', async () => {
    await open();
    cloud.fault(download(), faults.expireLinkAt(1000));
    const dying = await link();
    const first = await get(dying);
    expect({ broken: first.broken, bytes: first.body.length }).toEqual({ broken: true, bytes: 1000 });
    const second = await get(dying, FROM_1000);
    expect(second.body.toString()).toContain('Request has expired');
    const third = await get(await link(), FROM_1000);
    expect({ status: third.status, good: third.body.equals(whole.subarray(1000)) }).toEqual({
      status: 206,
      good: true,
    });
  });

  test('with a flipped bit differs in that byte alone, wherever it starts', async () => {
    const { body } = await afterFault(faults.flipBit(200_000), FROM_1000);
    const different = [...body.keys()].filter((index) => body[index] !== whole[index + 1000]);
    expect(different).toEqual([199_000]);
  });

  test('of a file cut in its last byte is complete as far as its length tells', async () => {
    const { body, broken } = await afterFault(faults.cutFile());
    expect({ broken, good: body.equals(whole.subarray(0, -1)) }).toEqual({ broken: false, good: true });
  });

  test('in gzip holds the same dump', async () => {
    const { headers, body } = await afterFault(faults.gzipBody());
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body).equals(whole)).toBe(true);
  });

  test.each<[string, Fault, Partial<Record<string, string | undefined>>, number]>([
    ['ignores the range', faults.ignoreRange(), { 'content-range': undefined }, 200],
    ['has another validator', faults.changeEtag('"new"'), { etag: '"new"' }, 206],
    ['has a weak validator', faults.weakEtag(), { etag: `W/${dump.etag}` }, 206],
    ['has no validator', faults.noEtag(), { etag: undefined }, 206],
    [
      'claims another start',
      faults.wrongRangeStart(),
      { 'content-range': `bytes 1001-${SIZE - 1}/${SIZE}` },
      206,
    ],
    [
      'claims another total',
      faults.wrongRangeTotal(),
      { 'content-range': `bytes 1000-${SIZE - 1}/${SIZE + 1}` },
      206,
    ],
    ['is a web page', faults.htmlPage(), { 'content-type': 'text/html' }, 200],
    ['is empty', faults.emptyFile(), { 'content-length': '0' }, 206],
    ['is expired', faults.expired(), {}, 403],
    ['is restricted', faults.restrictedNetwork(), {}, 403],
    ['is refused for its signature', faults.signatureRefused(), {}, 403],
    ['is gone', faults.noSuchKey(), {}, 404],
    ['comes later', faults.comeBackLater(503, 7), { 'retry-after': '7' }, 503],
    ['lies elsewhere', faults.redirect('http://127.0.0.1:1/'), { location: 'http://127.0.0.1:1/' }, 302],
  ])('that %s', async (_what, fault, expected, expectedStatus) => {
    const { status, headers } = await afterFault(fault, FROM_1000);
    expect(status).toBe(expectedStatus);
    for (const [name, value] of Object.entries(expected)) expect(headers[name]).toBe(value);
  });
});

describe('an API call', () => {
  const list = (offset = 0) => callV3(cloud, NOW, 'DescribeInstances', { Limit: 1, Offset: offset });
  const listV2 = () => callV2(cloud, NOW, 'DescribeRedis', { limit: '1', offset: '0' });

  test.each<[string, Fault, string, number]>([
    ['throttled', api.throttled(), 'RequestLimitExceeded', 4400],
    ['failing inside', api.internalError(), 'InternalError.DbOperationFailed', 6000],
    ['denied', api.denied(), 'UnauthorizedOperation.NoCAMAuthed', 4101],
    ['too early', api.backupNotReady(), 'ResourceUnavailable.BackupStatusInvalid', 10711],
    ['refused in a way of your own', api.refused('IpNotInWhitelist', 4102), 'IpNotInWhitelist', 4102],
    ['too late', api.backupGone(), 'InvalidParameterValue.BackupNotExists', 11213],
  ])('%s answers in the words of either dialect', async (_what, fault, v3Code, v2Code) => {
    await open();
    cloud.fault(call('DescribeInstances'), fault);
    cloud.fault(call('DescribeRedis'), fault);
    expect((await list()).Error?.Code).toBe(v3Code);
    expect((await listV2()).code).toBe(v2Code);
  });

  test('fails as often as told, after as many as told, and counts', async () => {
    await open();
    const fault = cloud.fault(call('DescribeInstances'), api.throttled(), { times: 2, after: 1 });
    const codes = [];
    for (let i = 0; i < 4; i += 1) codes.push((await list()).Error?.Code);
    expect(codes).toEqual([undefined, 'RequestLimitExceeded', 'RequestLimitExceeded', undefined]);
    expect(fault.strikes).toBe(2);
    fault.remove();
    expect((await list()).TotalCount).toBe(1);
  });

  test('of one instance only', async () => {
    await open(2);
    cloud.fault(call('DescribeInstanceBackups', { instanceId: INSTANCE }), api.internalError());
    const codeOf = async (InstanceId: string) =>
      (await callV3(cloud, NOW, 'DescribeInstanceBackups', { InstanceId })).Error?.Code;
    expect(await codeOf(INSTANCE)).toBe('InternalError.DbOperationFailed');
    expect(await codeOf('crs-00000001')).toBeUndefined();
  });

  test('that gives the first page for ever', async () => {
    await open(2);
    cloud.fault(call('DescribeInstances'), api.firstPageAgain());
    expect((await list(0)).InstanceSet).toEqual((await list(1)).InstanceSet);
  });

  test('that takes one status at a time', async () => {
    await open();
    cloud.fault(call('DescribeInstanceBackups'), api.statusListRefused());
    const ask = (Status: number[]) => callV3(cloud, NOW, 'DescribeInstanceBackups', { Status });
    expect((await ask([2, 4])).Error?.Code).toBe('InvalidParameter');
    expect((await ask([2])).TotalCount).toBe(1);
  });

  test('that knows only the old arrays of links', async () => {
    await open();
    cloud.fault(call('DescribeBackupUrl'), api.oldUrlArrays());
    expect(await link()).toBe('');
  });

  test('whose answer is changed in place', async () => {
    await open();
    const nothing = api.changeJson((answer) => {
      answer['InstanceSet'] = null;
    });
    cloud.fault(call('DescribeInstances'), nothing);
    expect(await list()).toMatchObject({ TotalCount: 1, InstanceSet: null });
  });

  test('that answers no JSON, or nothing', async () => {
    await open();
    cloud.fault(call('DescribeInstances'), api.notJson(502), { times: 1 });
    await expect(list()).rejects.toThrow(SyntaxError);
    cloud.fault(call('DescribeInstances'), api.emptyAnswer(), { times: 1 });
    await expect(list()).rejects.toThrow(SyntaxError);
  });

  test('while the set moves', async () => {
    await open(2);
    cloud.fault(
      call('DescribeInstances'),
      api.before(() => cloud.world.removeInstance(INSTANCE)),
      { after: 1 },
    );
    expect([(await list()).TotalCount, (await list()).TotalCount]).toEqual([2, 1]);
  });

  test('to a cloud whose clock is an hour ahead', async () => {
    await open();
    cloud.skew(3_600_000);
    expect((await list()).Error?.Code).toBe('AuthFailure.SignatureExpire');
  });
});

describe('a gate', () => {
  test('holds a request until it is released', async () => {
    await open();
    const gate = cloud.holdAt(call('DescribeInstances'));
    let answered = false;
    const answer = callV3(cloud, NOW, 'DescribeInstances').then((found) => {
      answered = true;
      return found;
    });
    expect((await gate.reached).action).toBe('DescribeInstances');
    await callV3(cloud, NOW, 'DescribeInstanceBackups');
    expect(answered).toBe(false);
    gate.release();
    expect((await answer).TotalCount).toBe(1);
  });

  test('holds a body at a byte, and gives the whole dump once it is released', async () => {
    await open();
    const gate = cloud.holdBodyAt(download(), 100_000);
    const answer = get(await link());
    expect((await gate.reached).file).toBe('dump-1.rdb');
    gate.release();
    expect((await answer).body.equals(whole)).toBe(true);
    expect(cloud.downloads('dump-1.rdb')).toHaveLength(1);
  });
});
