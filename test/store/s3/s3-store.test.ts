/** The rest of the S3 store: listings, reading, refusals. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { collect, patterned } from '../../support/bodies.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';
import { storeOn, storeOverSockets } from '../../support/s3-stores.ts';

const signal = new AbortController().signal;
const options = { signal, contentType: 'text/plain', ifAbsent: false };

async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, { signal })) keys.push(key);
  return keys;
}

describe('the store in a bucket', () => {
  let server: S3Server;
  let store: ObjectStore;

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws', { forcePathStyle: true });
  });
  afterEach(() => server.close());

  const fill = async (count: number) => {
    for (let index = 0; index < count; index += 1) await store.put(`k/${index}`, Buffer.from('x'), options);
  };

  test('names itself without credentials', () => {
    expect(store.description).toBe('s3://archive');
    expect(inspect(store, { depth: 10 })).not.toContain(server.credentials.secretAccessKey);
  });

  test.each([
    [
      'a wrong secret',
      { credentials: fixed({ accessKeyId: 'stand-in-key', secretAccessKey: new Secret('wrong-one') }) },
      'AWS_SECRET_ACCESS_KEY',
    ],
    [
      'a wrong key',
      { credentials: fixed({ accessKeyId: 'nobody', secretAccessKey: new Secret('wrong-one') }) },
      'AWS_ACCESS_KEY_ID',
    ],
    ['a bucket that is not there', { bucket: 'nowhere' }, 'Create the bucket'],
  ])('with %s refuses with a hint and shows no secret', async (_what, overrides, hint) => {
    const error: unknown = await keysOf(storeOn(server, 'aws', { forcePathStyle: true, ...overrides })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'store-refused', hint: expect.stringContaining(hint) });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(
      /wrong-one|f00d|StringToSign|Signature=/,
    );
  });

  test('with the bucket in the path where the store wants it in the host is told which switch to set', async () => {
    const cos = await startS3({ mode: 'cos' });
    await expect(keysOf(storeOn(cos, 'cos', { forcePathStyle: true }))).rejects.toMatchObject({
      code: 'store-refused',
      hint: expect.stringContaining('ARCHIVER_S3_FORCE_PATH_STYLE=false'),
    });
    await cos.close();
  });

  test('that nobody listens at is unreachable', async () => {
    const { endpoint } = server;
    await server.close();
    const gone = storeOn({ ...server, endpoint }, 'aws', { forcePathStyle: true });
    await expect(gone.head('k', { signal })).rejects.toMatchObject({ code: 'store-unreachable' });
  });

  test('that is a web page says so, and is not taken for an empty bucket', async () => {
    server.fail({ on: 'ListObjectsV2', effect: 'web-page' });
    server.fail({ on: 'PutObject', effect: 'web-page' });
    const notS3 = { code: 'store-failed', hint: expect.stringContaining('ARCHIVER_S3_ENDPOINT') };
    await expect(keysOf(store)).rejects.toMatchObject(notS3);
    await expect(store.put('k', Buffer.from('x'), options)).rejects.toMatchObject(notS3);
  });

  test('fails loudly when a page is not the last but nobody says how to go on', async () => {
    await fill(3);
    server.behaviour.pageSize = 2;
    server.behaviour.tokenlessPages = true;
    await expect(keysOf(store)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('cut its listing short'),
    });
  });

  test('lists a store of the first list version by its keys', async () => {
    await fill(5);
    server.behaviour.pageSize = 2;
    server.behaviour.tokenlessPages = true;
    expect(await keysOf(storeOn(server, 'obs', { forcePathStyle: true }))).toEqual([
      'k/0',
      'k/1',
      'k/2',
      'k/3',
      'k/4',
    ]);
    expect(server.counts.get('ListObjects')).toBe(3);
  });

  test('asks for no page that it does not need', async () => {
    await fill(5);
    server.behaviour.pageSize = 2;
    const listed: string[] = [];
    for await (const { key } of store.list('k/', { signal, limit: 2 })) listed.push(key);
    expect(listed).toEqual(['k/0', 'k/1']);
    expect(server.counts.get('ListObjectsV2')).toBe(1);
  });
});

describe.each([
  ['a stream', storeOn],
  ['a socket', storeOverSockets],
])('an object read over %s', (_, open) => {
  let server: S3Server;
  let store: ObjectStore;

  beforeEach(async () => {
    server = await startS3();
    store = open(server, 'aws', { forcePathStyle: true });
  });
  afterEach(() => server.close());

  test('is never taken for a whole one when only half of it came', async () => {
    await store.put('k', patterned(1_000_000), options);
    server.fail({ on: 'GetObject', effect: 'cut' });
    const half = await store.read('k', { signal });
    await expect(collect(half)).rejects.toMatchObject({
      code: expect.stringMatching(/^store-(unreachable|failed)$/),
    });
    expect((await collect(await store.read('k', { signal })))?.length).toBe(1_000_000);
  });

  test('comes no further when asked to stop', async () => {
    await store.put('k', patterned(5_000_000), options);
    const stop = new AbortController();
    const read = async () => {
      for await (const _chunk of (await store.read('k', { signal: stop.signal })) ?? [])
        stop.abort(new Error('asked to stop'));
    };
    await expect(read()).rejects.toThrow('asked to stop');
  });

  test('may be left in the middle of an object', async () => {
    await store.put('k', patterned(5_000_000), options);
    for await (const _chunk of (await store.read('k', { signal })) ?? []) break;
    expect((await store.head('k', { signal }))?.size).toBe(5_000_000);
  });
});
