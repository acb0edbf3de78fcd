/** Uploads when the store, the network or the caller fails, and what proves that one arrived. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { createBufferPool } from '../../../src/store/buffer-pool.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { settle } from '../../../src/store/s3/aws-settings.ts';
import { openBucket } from '../../../src/store/s3/client.ts';
import { MIN_PART_SIZE } from '../../../src/store/s3/part-size.ts';
import { createS3Store } from '../../../src/store/s3/s3-store.ts';
import { patterned, streamOf } from '../../support/bodies.ts';
import { createTestClock } from '../../support/clock.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';
import type { S3Fault, S3Operation } from '../../support/s3-faults.ts';
import { storeOn } from '../../support/s3-stores.ts';

const signal = new AbortController().signal;
const options = { signal, contentType: 'application/octet-stream' };
const KEY = 'data/dump.rdb';

/** Three parts. */
const DUMP = patterned(2 * MIN_PART_SIZE + 1000);

const SLOW_DOWN = { effect: 'answer', status: 503, code: 'SlowDown' } as const;

describe('an upload to S3', () => {
  let server: S3Server;
  let store: ObjectStore;

  beforeEach(async () => {
    server = await startS3();
    // Back-off between the SDK's attempts is its own; ours waits on the test's clock.
    store = storeOn(server, 'aws', { clock: createTestClock() });
  });
  afterEach(() => server.close());

  const upload = (bytes: Buffer = DUMP) =>
    store.upload(KEY, streamOf(bytes), { ...options, size: bytes.length });
  const nothingThere = () => {
    expect(server.objects.has(KEY)).toBe(false);
    expect(server.uploads.size).toBe(0);
  };

  test('of a small dump is one request and the question whether it arrived', async () => {
    expect(await upload(patterned(MIN_PART_SIZE))).toMatchObject({ size: MIN_PART_SIZE, proof: 'checksum' });
    expect(Object.fromEntries(server.counts)).toEqual({ PutObject: 1, HeadObject: 1 });
  });

  test('sends each body with a digest that the store checks, in no framing of its own', async () => {
    await upload();
    const bodies = server.requests.filter(({ operation }) => operation === 'UploadPart');
    expect(bodies).toHaveLength(3);
    for (const { headers } of bodies) {
      expect(headers['x-amz-checksum-crc32']).toMatch(/^.{6}==$/);
      expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
      expect(headers['content-encoding']).toBeUndefined();
      expect(headers['expect']).toBeUndefined();
    }
  });

  test('signs the digest of each body on a clear-text connection, wherever its address came from', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', server.endpoint);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { bucket, agents, credentials } = server;
    const { accessKeyId, secretAccessKey } = credentials;
    const opened = openBucket({
      ...(await settle({ bucket, region: 'us-east-1' })),
      ...{ profile: 'aws', agents, clock: createTestClock() },
      credentials: fixed({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
    });
    const pool = createBufferPool(4 * MIN_PART_SIZE);
    const byVariable = createS3Store({ bucket: () => opened, agents, partSize: MIN_PART_SIZE, pool });
    await byVariable.upload(KEY, streamOf(DUMP), options);
    await byVariable.put('small', Buffer.from('{}'), { ...options, ifAbsent: false });
    const bodies = server.requests.filter(({ operation }) => ['UploadPart', 'PutObject'].includes(operation));
    expect(bodies).toHaveLength(4);
    for (const { headers } of bodies) expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('to a store that knows no checksum headers sends the MD5 instead', async () => {
    await storeOn(server, 'minio').upload(KEY, streamOf(DUMP), options);
    for (const { headers } of server.requests.filter(({ operation }) => operation === 'UploadPart')) {
      expect(headers['content-md5']).toMatch(/^.{22}==$/);
      expect(headers['x-amz-checksum-crc32']).toBeUndefined();
    }
  });

  test.each([
    ['from a pool of two parts', 'minio', 2],
    ['to a store that bears two at once', 'r2', 8],
  ] as const)('%s lets no part wait for another one', async (_what, profile, parts) => {
    // Whoever waits, waits for ever.
    const alarm = () => ({ restart() {}, stop() {} });
    const clock = { ...createTestClock(), alarm };
    const pool = createBufferPool(parts * MIN_PART_SIZE);
    const arrived = storeOn(server, profile, { pool, clock }).upload(KEY, streamOf(DUMP), options);
    expect(await arrived).toMatchObject({ size: DUMP.length });
  });

  const survivable: readonly (readonly [string, S3Fault])[] = [
    ['a part is answered SlowDown', { on: 'UploadPart', nth: 2, ...SLOW_DOWN }],
    ['the connection breaks in the middle of a part', { on: 'UploadPart', nth: 3, effect: 'reset' }],
    ['the answer to a part is lost', { on: 'UploadPart', effect: 'lose-reply' }],
    [
      'the upload is refused once with 500',
      { on: 'CreateMultipartUpload', effect: 'answer', status: 500, code: 'InternalError' },
    ],
    [
      'completing is answered 200 with an error inside, once',
      { on: 'CompleteMultipartUpload', effect: 'error-in-200', code: 'InternalError' },
    ],
    [
      'the answer to completing is lost, and then the upload is unknown',
      { on: 'CompleteMultipartUpload', effect: 'lose-reply' },
    ],
  ];
  test.each(survivable)('arrives whole although %s', async (_what, fault) => {
    server.fail(fault);
    expect(await upload()).toMatchObject({ size: DUMP.length, proof: 'checksum' });
    expect(server.bytesOf(KEY)?.equals(DUMP)).toBe(true);
    expect(server.uploads.size).toBe(0);
  });

  test.each([
    [
      'is refused',
      { on: 'UploadPart', nth: 2, effect: 'answer', status: 403, code: 'AccessDenied' },
      'store-refused',
    ],
    [
      'stays overloaded',
      { on: 'UploadPart', times: 99, effect: 'answer', status: 500, code: 'InternalError' },
      'store-failed',
    ],
    ['breaks off every time', { on: 'UploadPart', times: 99, effect: 'reset' }, 'store-unreachable'],
    ['changes a bit of a part', { on: 'UploadPart', nth: 2, effect: 'corrupt' }, 'store-failed'],
    ['answers the digest of other bytes', { on: 'UploadPart', nth: 2, effect: 'wrong-etag' }, 'store-failed'],
    [
      'answers errors inside 200 to completing',
      { on: 'CompleteMultipartUpload', times: 99, effect: 'error-in-200', code: 'InternalError' },
      'store-failed',
    ],
    [
      'has forgotten the upload',
      { on: 'CompleteMultipartUpload', effect: 'answer', status: 404, code: 'NoSuchUpload' },
      'store-failed',
    ],
    [
      'lets nobody complete',
      { on: 'CompleteMultipartUpload', effect: 'answer', status: 403, code: 'AccessDenied' },
      'store-refused',
    ],
    ['answers with a web page', { on: 'CreateMultipartUpload', effect: 'web-page' }, 'store-failed'],
  ] as const)('that the store %s fails, shows nothing and leaves nothing', async (_what, fault, code) => {
    server.fail(fault);
    await expect(upload()).rejects.toMatchObject({ code });
    nothingThere();
  });

  test('takes no older object of the same size for its own when completing failed', async () => {
    await upload(patterned(DUMP.length, 2));
    server.fail({ on: 'CompleteMultipartUpload', effect: 'answer', status: 404, code: 'NoSuchUpload' });
    await expect(upload()).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('NoSuchUpload'),
    });
    expect(server.bytesOf(KEY)?.equals(patterned(DUMP.length, 2))).toBe(true);
  });

  test('tells why it failed first, even when giving it up fails too', async () => {
    server.fail({ on: 'UploadPart', effect: 'answer', status: 403, code: 'AccessDenied' });
    server.denied.add('AbortMultipartUpload');
    await expect(upload()).rejects.toMatchObject({ message: expect.stringContaining('upload part') });
    expect(server.counts.get('AbortMultipartUpload')).toBe(1);
  });

  test('takes no more of the body once a part has failed, and is given up only after every part has come to its end', async () => {
    const held = server.holdAt(({ operation, partNumber }) => operation === 'UploadPart' && partNumber === 1);
    let closed = false;
    async function* endless() {
      try {
        while (true) yield patterned(1024 * 1024);
      } finally {
        closed = true;
      }
    }
    const failed = store.upload(KEY, endless(), options).catch((error: unknown) => error);
    await held.arrived;
    server.fail({ on: 'UploadPart', times: 100, effect: 'answer', status: 403, code: 'AccessDenied' });
    await expect.poll(() => closed, { timeout: 20_000 }).toBe(true);
    expect(server.counts.get('AbortMultipartUpload')).toBeUndefined();
    held.release();
    expect(await failed).toMatchObject({ code: 'store-refused' });
    expect(server.requests.at(-1)?.operation).toBe('AbortMultipartUpload');
    nothingThere();
  });

  test('does not wait for ever for a store that never answers to giving up', async () => {
    server.holdAt(({ operation }) => operation === 'AbortMultipartUpload');
    server.fail({ on: 'UploadPart', effect: 'answer', status: 403, code: 'AccessDenied' });
    const alarm = (_milliseconds: number, fire: () => void) => ({
      restart: () => void setImmediate(fire),
      stop() {},
    });
    const impatient = storeOn(server, 'aws', { clock: { ...createTestClock(), alarm } });
    await expect(impatient.upload(KEY, streamOf(DUMP), options)).rejects.toMatchObject({
      code: 'store-refused',
    });
  });

  const moments: readonly S3Operation[] = ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'];
  test.each(moments)('that is told to stop during %s leaves nothing', async (operation) => {
    const stop = new AbortController();
    const held = server.holdAt((request) => request.operation === operation);
    const stopped = expect(
      store.upload(KEY, streamOf(DUMP), { ...options, signal: stop.signal }),
    ).rejects.toThrow('asked to stop');
    await held.arrived;
    stop.abort(new Error('asked to stop'));
    // The server notices the end of a cut connection by itself; only the request that makes the upload is waited for.
    if (operation === 'CreateMultipartUpload') held.release();
    await stopped;
    nothingThere();
  });

  test('that is told to stop does not wait for ever for a store that never names the upload', async () => {
    const stop = new AbortController();
    const alarm = (_milliseconds: number, fire: () => void) => ({
      restart: () => void setImmediate(fire),
      stop() {},
    });
    const impatient = storeOn(server, 'aws', { clock: { ...createTestClock(), alarm } });
    const held = server.holdAt(({ operation }) => operation === 'CreateMultipartUpload', { all: true });
    const stopped = expect(
      impatient.upload(KEY, streamOf(DUMP), { ...options, signal: stop.signal }),
    ).rejects.toThrow('asked to stop');
    await held.arrived;
    stop.abort(new Error('asked to stop'));
    await stopped;
  });

  test('never has more parts on their way than the store bears', async () => {
    const gate = server.holdAt(({ operation }) => operation === 'UploadPart', { all: true });
    const pool = createBufferPool(8 * MIN_PART_SIZE);
    const uploaded = storeOn(server, 'r2', { pool }).upload(
      KEY,
      streamOf(patterned(6 * MIN_PART_SIZE)),
      options,
    );
    await expect.poll(() => server.counts.get('UploadPart')).toBe(2);
    gate.release();
    await uploaded;
    expect(server.bytesOf(KEY)).toHaveLength(6 * MIN_PART_SIZE);
  });

  test('says before the first byte that a dump is too large for the memory', async () => {
    let asked = false;
    const body = streamOf(DUMP, {
      before: () => {
        asked = true;
      },
    });
    const size = 1024 ** 4;
    await expect(store.upload(KEY, body, { ...options, size })).rejects.toMatchObject({ code: 'config' });
    expect(asked).toBe(false);
    expect(server.requests).toEqual([]);
  });

  test('gives every buffer back, on every way out', async () => {
    const pool = createBufferPool(4 * MIN_PART_SIZE);
    const small = storeOn(server, 'aws', { pool });
    server.fail({ on: 'UploadPart', nth: 2, effect: 'answer', status: 403, code: 'AccessDenied' });
    await expect(small.upload(KEY, streamOf(DUMP), options)).rejects.toThrow();
    server.fail({ on: 'CreateMultipartUpload', effect: 'answer', status: 403, code: 'AccessDenied' });
    await expect(small.upload(KEY, streamOf(DUMP), options)).rejects.toThrow();
    const brokenBody = streamOf(DUMP, {
      before: (position) => {
        if (position > MIN_PART_SIZE) throw new Error('broken');
      },
    });
    await expect(small.upload(KEY, brokenBody, options)).rejects.toThrow('broken');
    await small.upload(KEY, streamOf(DUMP), options);
    await small.upload(KEY, streamOf(patterned(10)), options);
    const all = await Promise.all([1, 2, 3, 4].map(() => pool.acquire(MIN_PART_SIZE, signal)));
    expect(all).toHaveLength(4);
  });
});

describe('the proof of an upload', () => {
  let server: S3Server;
  afterEach(() => server.close());

  const proofOf = async (profile: Parameters<typeof storeOn>[1], bytes: Buffer) =>
    (await storeOn(server, profile).upload(KEY, streamOf(bytes), options)).proof;
  const SMALL = patterned(100);

  test('under a KMS key is the checksum header, and nothing where the store answers none', async () => {
    server = await startS3({ mode: 'aws' });
    server.behaviour.encryption = 'aws:kms';
    expect(await proofOf('aws', DUMP)).toBe('checksum');
    expect(await proofOf('minio', DUMP)).toBe('none');
    expect(await proofOf('minio', SMALL)).toBe('none');
  });

  test("under the store's own key is the ETag as usual", async () => {
    server = await startS3({ mode: 'ceph' });
    server.behaviour.encryption = 'AES256';
    expect(await proofOf('ceph', DUMP)).toBe('checksum');
  });

  test('is nothing where the profile says that the ETag is no MD5', async () => {
    server = await startS3({ mode: 'cos' });
    // As COS, but read by a profile that knows nothing of its checksum header.
    const store = storeOn(server, 'gcs', { forcePathStyle: false });
    expect((await store.upload(KEY, streamOf(DUMP), options)).proof).toBe('none');
    expect((await store.upload(KEY, streamOf(SMALL), options)).proof).toBe('checksum');
  });

  test.each(['aws', 'ceph'] as const)('fails when %s holds other bytes than were sent', async (mode) => {
    server = await startS3({ mode });
    server.fail({ on: 'PutObject', effect: 'corrupt' });
    await expect(proofOf(mode, SMALL)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('the store holds other bytes than were sent'),
    });
  });

  test('is the CRC-32 of the whole where the store answers that of an upload in parts, and nothing is read back', async () => {
    server = await startS3({ mode: 'aws' });
    server.behaviour.multipartCrc32 = 'full-object';
    expect(await proofOf('aws', DUMP)).toBe('checksum');
    expect(server.objects.get(KEY)?.crc32).not.toContain('-');
    expect(server.counts.get('GetObject')).toBeUndefined();
    server.objects.clear();
    server.fail({ on: 'UploadPart', effect: 'corrupt', nth: 2 });
    await expect(proofOf('aws', DUMP)).rejects.toMatchObject({ code: 'store-failed' });
  });

  test('holds for a dump whose bytes the stand-in does not even keep', async () => {
    server = await startS3({ mode: 'aws', discardBodies: true });
    expect(await proofOf('aws', DUMP)).toBe('checksum');
    expect(server.objects.get(KEY)).toMatchObject({ size: DUMP.length, chunks: [] });
  });
});
