/** The download host of the sandbox: ranges to the byte, and links that die when and as the cloud's do. */
import { request } from 'node:http';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRange } from '../../src/sandbox/download-host.ts';
import { bytesDump } from '../../src/sandbox/dump.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { callV2, callV3 } from '../support/cloud-client.ts';

const START = Date.UTC(2026, 10, 24, 1, 30);
const HOUR = 60 * 60 * 1000;
const BYTES = Buffer.from(
  'REDIS0011 one hundred bytes are enough to see which of them a range gives back '.padEnd(100, '.'),
);
const INSTANCE = 'crs-a';
const ETAG = bytesDump(BYTES).etag;

let now = START;
let world: World;
let backupId: string;
let sandbox: Sandbox;

beforeEach(async () => {
  now = START;
  const clock = { now: () => now };
  world = createWorld(clock);
  world.addInstance({ id: INSTANCE });
  backupId = world.addBackup(INSTANCE, {
    startedAt: START,
    files: [{ name: 'a.rdb', dump: bytesDump(BYTES) }],
  }).id;
  sandbox = await createSandbox({ world, clock });
});
afterEach(() => sandbox.close());

async function v3Link(): Promise<string> {
  const answer = await callV3(sandbox, now, 'DescribeBackupUrl', {
    InstanceId: INSTANCE,
    BackupId: backupId,
  });
  return answer.BackupInfos?.[0]?.DownloadUrl ?? '';
}

async function v2Link(): Promise<string> {
  return (
    (await callV2(sandbox, now, 'GetBackupDownloadUrl', { redisId: INSTANCE, backupId })).data?.extranet ?? ''
  );
}

interface Got {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

/** Sends the target as it stands, which `fetch` does not promise. */
function get(link: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  const { hostname, port, origin } = new URL(link);
  return new Promise((resolve, reject) => {
    const path = link.slice(origin.length);
    const call = request({ hostname, port, path, method, headers }, async (response) => {
      const body = Buffer.concat(await response.toArray());
      resolve({ status: response.statusCode, headers: response.headers, body });
    });
    call.on('error', reject).end();
  });
}

describe.each([
  ['API 3.0', v3Link, 6 * HOUR + 60_000],
  ['API 2.0', v2Link, 12 * HOUR],
])('a link of %s', (_api, linkOf, life) => {
  test('gives the whole dump, with its length and a strong validator', async () => {
    const { status, headers, body } = await get(await linkOf());
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-length': '100', etag: ETAG, 'accept-ranges': 'bytes' });
    expect(body).toEqual(BYTES);
  });

  test('works until its last second and not a second longer', async () => {
    const link = await linkOf();
    now += life - 1000;
    expect((await get(link)).status).toBe(200);
    now += 1000;
    const late = await get(link);
    expect(late.status).toBe(403);
    expect(late.headers['content-type']).toBe('application/xml');
    expect(late.body.toString()).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>');
    expect((await get(await linkOf())).status).toBe(200);
  });

  test('is refused when its query was touched', async () => {
    const link = await linkOf();
    const touched = new URL(link);
    touched.searchParams.append('x', '1');
    for (const wrong of [link.slice(0, -1), touched.href, link.split('?')[0] ?? '']) {
      const { status, body } = await get(wrong);
      expect(status).toBe(403);
      expect(body.toString()).toContain('<Code>SignatureDoesNotMatch</Code>');
    }
  });

  test('leads nowhere once the file is gone', async () => {
    const link = await linkOf();
    world.deleteFile(INSTANCE, backupId, 'a.rdb');
    const { status, body } = await get(link);
    expect(status).toBe(404);
    expect(body.toString()).toContain('<Code>NoSuchKey</Code>');
  });

  test('answers HEAD without a body', async () => {
    const { status, headers, body } = await get(await linkOf(), {}, 'HEAD');
    expect({ status, length: headers['content-length'], bytes: body.length }).toEqual({
      status: 200,
      length: '100',
      bytes: 0,
    });
  });
});

test('a link of API 3.0 says in its q-sign-time when it dies', async () => {
  const sign = new URL(await v3Link()).searchParams.get('sign');
  const start = START / 1000;
  expect(new URLSearchParams(sign ?? '').get('q-sign-time')).toBe(`${start};${start + 21_660}`);
});

test('a link of API 2.0 is refused when its raw letters were encoded', async () => {
  const link = await v2Link();
  const [path = '', blob = ''] = link.split('?');
  expect((await get(`${path}?${encodeURIComponent(blob)}`)).status).toBe(403);
});

test('an object of COS carries its CRC-64', async () => {
  world.changeBackup(INSTANCE, backupId, {
    files: [{ name: 'a.rdb', dump: bytesDump(Buffer.from('123456789')) }],
  });
  // The check value of CRC-64/XZ, in decimal.
  expect((await get(await v3Link())).headers['x-cos-hash-crc64ecma']).toBe(String(0x995dc9bbdf1939fan));
});

test('the log tells which file was fetched, from which byte, and by which of the two links', async () => {
  await get(await v3Link(), { range: 'bytes=10-' });
  expect(sandbox.calls('DescribeBackupUrl')).toBe(1);
  const download = sandbox.requests.find(({ kind }) => kind === 'download');
  expect(download).toMatchObject({
    instanceId: INSTANCE,
    backupId,
    file: 'a.rdb',
    network: 'extranet',
    status: 206,
  });
  expect(download?.received.headers.range).toBe('bytes=10-');
});

describe('a range', () => {
  test('gives exactly the bytes asked for, and says where they lie', async () => {
    const link = await v3Link();
    await fc.assert(
      fc.asyncProperty(fc.nat(99), fc.nat(150), async (start, end) => {
        const [first, last] = [Math.min(start, end), Math.max(start, end)];
        const { status, headers, body } = await get(link, { range: `bytes=${first}-${last}` });
        expect(status).toBe(206);
        expect(headers['content-range']).toBe(`bytes ${first}-${Math.min(last, 99)}/100`);
        expect(body).toEqual(BYTES.subarray(first, last + 1));
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ['bytes=90-', { start: 90, end: 100 }],
    ['bytes=-10', { start: 90, end: 100 }],
    ['bytes=-200', { start: 0, end: 100 }],
    ['bytes=99-99', { start: 99, end: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,5-6', undefined],
    ['bytes=5-4', undefined],
    ['bytes=-', undefined],
    ['lines=1-2', undefined],
    [undefined, undefined],
  ])('%s means %o', (header, meaning) => {
    expect(parseRange(header, 100)).toEqual(meaning);
  });

  test('past the end is refused with the true length', async () => {
    const { status, headers } = await get(await v3Link(), { range: 'bytes=100-' });
    expect({ status, range: headers['content-range'] }).toEqual({ status: 416, range: 'bytes */100' });
  });

  test('is given only while the file is the one that the client has seen', async () => {
    const link = await v3Link();
    const range = 'bytes=50-';
    expect((await get(link, { range, 'if-range': ETAG })).status).toBe(206);
    expect((await get(link, { range, 'if-range': '"other"' })).status).toBe(200);
    expect((await get(link, { range, 'if-match': ETAG })).status).toBe(206);
    expect((await get(link, { range, 'if-match': '"other"' })).status).toBe(412);
  });
});
