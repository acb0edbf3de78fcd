/** Reading an archive over a bad line: goes on where it broke, and never mixes two objects. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resumableReads } from '../../src/catalog/resumable-read.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { collect, patterned, streamOf } from '../support/bodies.ts';
import { createTestClock } from '../support/clock.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { storeOn, storeOverSockets } from '../support/s3-stores.ts';

const { signal } = new AbortController();
const KEY = 'data/dump.rdb';
const ATTEMPTS = 4;
const bytes = patterned(3_000_000);

describe.each([
  ['a stream', storeOn],
  ['a socket', storeOverSockets],
])('a read of an archived file over %s', (_, open) => {
  let server: S3Server;
  let plain: ObjectStore;
  let store: ObjectStore;

  beforeEach(async () => {
    server = await startS3();
    plain = open(server, 'aws');
    store = resumableReads(plain, { attempts: ATTEMPTS, clock: createTestClock() });
    await put(bytes);
  });
  afterEach(() => server.close());

  const put = (body: Buffer) =>
    plain.upload(KEY, streamOf(body), { signal, contentType: 'application/octet-stream' });
  const asked = () =>
    server.requests
      .filter(({ operation }) => operation === 'GetObject')
      .map(({ headers }) => [headers['range'], headers['if-match'] !== undefined]);

  it('that breaks off goes on at the same byte of the same object, and asks for no byte twice', async () => {
    server.fail({ on: 'GetObject', effect: 'cut' });
    expect((await collect(await store.read(KEY, { signal })))?.equals(bytes)).toBe(true);
    expect(asked()).toEqual([
      [undefined, false],
      [expect.stringMatching(/^bytes=\d+-$/), true],
    ]);
  });

  it('that was begun at some byte goes on behind that', async () => {
    server.fail({ on: 'GetObject', effect: 'cut' });
    const rest = await collect(await store.read(KEY, { signal, from: 1_000_001 }));
    expect(rest?.equals(bytes.subarray(1_000_001))).toBe(true);
  });

  it('survives more breaks than it has attempts, as long as each brings something', async () => {
    server.fail({ on: 'GetObject', effect: 'cut', times: 3 * ATTEMPTS });
    expect((await collect(await store.read(KEY, { signal })))?.equals(bytes)).toBe(true);
    expect(asked()).toHaveLength(3 * ATTEMPTS + 1);
  });

  it('is given up after so many attempts without a byte, with what the store said last', async () => {
    server.fail({ on: 'GetObject', effect: 'cut' });
    server.fail({ on: 'GetObject', effect: 'answer', status: 500, code: 'InternalError', nth: 2, times: 99 });
    await expect(store.read(KEY, { signal }).then(collect)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('InternalError'),
    });
  });

  it('that the store refuses in the middle is not asked for again', async () => {
    server.fail({ on: 'GetObject', effect: 'cut' });
    server.fail({ on: 'GetObject', effect: 'answer', status: 403, code: 'AccessDenied', nth: 2, times: 99 });
    await expect(store.read(KEY, { signal }).then(collect)).rejects.toMatchObject({ code: 'store-refused' });
    // A refusal without a length is asked for once more: sockets leave it to the SDK.
    expect(asked().length).toBeLessThan(ATTEMPTS);
  });

  it.each(['honoured', 'ignored'] as const)(
    'fails where the object was replaced meanwhile, conditions and ranges being %s',
    async (ranges) => {
      server.behaviour.ranges = ranges;
      server.fail({ on: 'GetObject', effect: 'cut' });
      const gate = server.holdAt(({ operation, count }) => operation === 'GetObject' && count === 2);
      const reading = store.read(KEY, { signal }).then(collect);
      await gate.arrived;
      await put(patterned(bytes.length, 2));
      gate.release();
      await expect(reading).rejects.toMatchObject({ code: 'object-replaced', exit: 3 });
    },
  );

  it('fails where the object was removed meanwhile', async () => {
    server.fail({ on: 'GetObject', effect: 'cut' });
    const gate = server.holdAt(({ operation, count }) => operation === 'GetObject' && count === 2);
    const reading = store.read(KEY, { signal }).then(collect);
    await gate.arrived;
    server.objects.delete(KEY);
    gate.release();
    await expect(reading).rejects.toMatchObject({ code: 'object-replaced' });
  });

  it('goes on through a gateway that knows no ranges: what it has already is skipped', async () => {
    server.behaviour.ranges = 'ignored';
    server.fail({ on: 'GetObject', effect: 'cut', times: 1 });
    expect((await collect(await store.read(KEY, { signal })))?.equals(bytes)).toBe(true);
  });

  it('stops when asked to, in the middle of its waiting too', async () => {
    const stop = new AbortController();
    server.fail({ on: 'GetObject', effect: 'cut', times: 99 });
    const patient = resumableReads(plain, {
      attempts: ATTEMPTS,
      clock: {
        random: () => 0.5,
        async sleep(_milliseconds, inner) {
          stop.abort(new Error('stop'));
          inner.throwIfAborted();
        },
      },
    });
    await expect(patient.read(KEY, { signal: stop.signal }).then(collect)).rejects.toThrow('stop');
  });

  it('of an object that is not there says so', async () => {
    expect(await store.read('data/none', { signal })).toBeUndefined();
  });
});
