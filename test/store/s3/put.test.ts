/** Put if absent: two runs, lost answers, stores that know no conditions. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { createTestClock } from '../../support/clock.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';
import { storeOn } from '../../support/s3-stores.ts';

const KEY = 'catalog/manifest.json';
const options = { signal: new AbortController().signal, contentType: 'application/json', ifAbsent: true };
const OURS = Buffer.from('{"runId":"ours"}');
const THEIRS = Buffer.from('{"runId":"theirs"}');

describe('a put if absent on a store that honours it', () => {
  let server: S3Server;
  let store: ObjectStore;
  const clock = createTestClock();

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws', { clock });
  });
  afterEach(() => server.close());

  test('is one request', async () => {
    expect(await store.put(KEY, OURS, options)).toBe('stored');
    expect(Object.fromEntries(server.counts)).toEqual({ PutObject: 1 });
    expect(server.requests[0]?.headers).toMatchObject({
      'if-none-match': '*',
      'content-type': 'application/json',
    });
  });

  test.each(['lose-reply', 'answer'] as const)(
    'whose answer was lost (%s) finds its own bytes and has stored',
    async (effect) => {
      server.fail(
        effect === 'answer'
          ? { on: 'PutObject', effect, status: 503, code: 'SlowDown' }
          : { on: 'PutObject', effect },
      );
      expect(await store.put(KEY, OURS, options)).toBe('stored');
      expect(server.bytesOf(KEY)).toEqual(OURS);
    },
  );

  test('whose every answer was lost finds its own bytes and has stored', async () => {
    server.fail({ on: 'PutObject', times: 99, effect: 'lose-reply' });
    expect(await store.put(KEY, OURS, options)).toBe('stored');
  });

  test("that had to be repeated does not take another run's bytes for its own", async () => {
    const held = server.holdAt(({ operation, count }) => operation === 'PutObject' && count === 2);
    server.fail({ on: 'PutObject', effect: 'reset' });
    const answer = store.put(KEY, OURS, options);
    await held.arrived;
    expect(await storeOn(server, 'aws').put(KEY, THEIRS, options)).toBe('stored');
    held.release();
    expect(await answer).toBe('exists');
    expect(server.bytesOf(KEY)).toEqual(THEIRS);
  });

  test('that meets a conflict tries again for a while, and then says so', async () => {
    const conflict = {
      on: 'PutObject',
      effect: 'answer',
      status: 409,
      code: 'ConditionalRequestConflict',
    } as const;
    server.fail({ ...conflict, times: 2 });
    expect(await store.put(KEY, OURS, options)).toBe('stored');
    expect(clock.slept()).toBeGreaterThan(0);
    server.fail({ ...conflict, times: 99 });
    await expect(store.put(`${KEY}2`, OURS, options)).rejects.toMatchObject({ code: 'store-failed' });
    expect(server.counts.get('PutObject')).toBe(3 + 5);
  });

  test('that fails is told by its own failure, not by the failing look afterwards', async () => {
    server.fail({ on: 'PutObject', times: 99, effect: 'reset' });
    server.fail({ on: 'GetObject', times: 99, effect: 'answer', status: 403, code: 'AccessDenied' });
    await expect(store.put(KEY, OURS, options)).rejects.toMatchObject({
      code: 'store-unreachable',
      message: expect.stringMatching(/^cannot put/),
    });
  });

  test('that may not be is refused', async () => {
    server.denied.add('PutObject');
    await expect(store.put(KEY, OURS, options)).rejects.toMatchObject({ code: 'store-refused' });
  });
});

describe('a put if absent on a store that may not honour it', () => {
  let server: S3Server;
  let store: ObjectStore;

  beforeEach(async () => {
    server = await startS3({ mode: 'ceph' });
    store = storeOn(server, 'other', { clock: createTestClock() });
  });
  afterEach(() => server.close());

  test.each(['honoured', 'refused', 'ignored'] as const)(
    '(%s) stores once and finds what is there',
    async (conditionalWrites) => {
      server.behaviour.conditionalWrites = conditionalWrites;
      expect(await store.put(KEY, OURS, options)).toBe('stored');
      expect(await store.put(KEY, THEIRS, options)).toBe('exists');
      expect(server.bytesOf(KEY)).toEqual(OURS);
    },
  );

  test.each(['honoured', 'refused', 'ignored'] as const)(
    '(%s) yields to the run whose bytes are there in the end',
    async (conditionalWrites) => {
      server.behaviour.conditionalWrites = conditionalWrites;
      const look = server.holdAt(({ operation }) => operation === 'GetObject');
      const ours = store.put(KEY, OURS, options);
      await look.arrived;
      server.objects.delete(KEY);
      expect(await storeOn(server, 'ceph').put(KEY, THEIRS, { ...options, ifAbsent: false })).toBe('stored');
      look.release();
      expect(await ours).toBe('exists');
    },
  );

  test('also works where the profile expects conditions that the store refuses', async () => {
    server.behaviour.conditionalWrites = 'refused';
    const believing = storeOn(server, 'ceph');
    expect(await believing.put(KEY, OURS, options)).toBe('stored');
    expect(await believing.put(KEY, THEIRS, options)).toBe('exists');
  });

  test('fails when the object is gone again afterwards', async () => {
    const look = server.holdAt(({ operation }) => operation === 'GetObject');
    const ours = expect(store.put(KEY, OURS, options)).rejects.toMatchObject({ code: 'store-failed' });
    await look.arrived;
    server.objects.delete(KEY);
    look.release();
    await ours;
  });
});

test('on COS a put if absent uses its own header', async () => {
  const server = await startS3({ mode: 'cos' });
  const store = storeOn(server, 'cos');
  expect(await store.put(KEY, OURS, options)).toBe('stored');
  const put = server.requests.find(({ operation }) => operation === 'PutObject');
  expect(put?.headers).toMatchObject({
    'x-cos-forbid-overwrite': 'true',
    host: `archive.localhost:${server.port}`,
  });
  expect(await store.put(KEY, THEIRS, options)).toBe('exists');
  await server.close();
});
