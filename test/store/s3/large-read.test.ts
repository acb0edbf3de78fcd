/** Large objects come over a socket: what the store says then is heard as ever, and what no socket can do goes the ordinary way. */
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { openBucket, relyingOn } from '../../../src/store/s3/client.ts';
import { PROFILES } from '../../../src/store/s3/provider-profile.ts';
import { readObject } from '../../../src/store/s3/read.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { createPlainGet } from '../../../src/transfer/plain-get.ts';
import { collect, patterned, streamOf } from '../../support/bodies.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';
import { storeOn, storeOverSockets } from '../../support/s3-stores.ts';

const { signal } = new AbortController();
const BYTES = patterned(3_000_000);
const put = { signal, contentType: 'application/octet-stream', ifAbsent: false };

describe('a large read', () => {
  let server: S3Server;
  let store: ObjectStore;
  let asked: string[];

  beforeEach(async () => {
    server = await startS3();
    asked = [];
    store = storeOverSockets(server, 'aws', { asked });
    await store.put('data/dump.rdb', BYTES, put);
  });
  afterEach(() => server.close());

  const read = async (from = 0) => collect(await store.read('data/dump.rdb', { signal, from }));

  test('goes over one connection as long as that stays', async () => {
    const connections = new Set<net.Socket>();
    const front = net.createServer((socket) => {
      connections.add(socket);
      const { hostname, port } = new URL(server.endpoint);
      const back = net.connect({ host: hostname, port: Number(port) });
      socket.pipe(back).pipe(socket);
      for (const end of [socket, back]) end.on('error', () => end.destroy());
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const { port } = front.address() as net.AddressInfo;
    store = storeOverSockets({ ...server, endpoint: `http://127.0.0.1:${port}` }, 'aws');
    for (const from of [0, 1, 2_999_999]) expect((await read(from))?.equals(BYTES.subarray(from))).toBe(true);
    expect(connections.size).toBe(1);
    for (const connection of connections) connection.destroy();
    front.close();
  });

  test('of a key with every kind of letter is signed as it is asked for', async () => {
    const key = "data/percent %2F+plus (a)!*'~$&=@:,;?#[] 备份.rdb";
    await store.put(key, BYTES, put);
    expect((await collect(await store.read(key, { signal })))?.equals(BYTES)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  test.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
  ])('is repeated where the store says %i', async (status, code) => {
    server.fail({ on: 'GetObject', effect: 'answer', status, code });
    expect((await read())?.equals(BYTES)).toBe(true);
  });

  test('is repeated, or refused, by what the store says with a length', async () => {
    const get = createPlainGet({ proxyFor: () => undefined }, systemClock);
    const answers = [503, 403, undefined];
    store = storeOverSockets(server, 'aws', {
      async socketGet(request) {
        const status = answers.shift();
        if (status === undefined) return get(request);
        const code = status === 503 ? 'SlowDown' : 'AccessDenied';
        const text = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
        return { head: { status, headers: {} }, body: streamOf(Buffer.from(text)), discard() {} };
      },
    });
    await expect(read()).rejects.toMatchObject({ code: 'store-refused' });
    expect((await read())?.equals(BYTES)).toBe(true);
    expect(answers).toEqual([]);
  });

  test('is repeated where the connection breaks before an answer', async () => {
    server.fail({ on: 'GetObject', effect: 'reset' });
    expect((await read())?.equals(BYTES)).toBe(true);
    expect(asked.length).toBeGreaterThan(1);
  });

  test.each([
    [403, 'AccessDenied', 'store-refused'],
    [403, 'InvalidObjectState', 'unreadable-cold'],
    [412, 'PreconditionFailed', 'object-replaced'],
  ])('is refused with %i %s as any other', async (status, code, means) => {
    server.fail({ on: 'GetObject', effect: 'answer', status, code, times: 2 });
    await expect(read()).rejects.toMatchObject({ code: means });
  });

  test('that nobody answers any more is a store that cannot be reached', async () => {
    await server.close();
    await expect(read()).rejects.toMatchObject({ code: 'store-unreachable' });
  });

  test('of few bytes goes the ordinary way', async () => {
    const plain = storeOn(server, 'aws', { socketGet: () => Promise.reject(new Error('not asked')) });
    for (const options of [
      {},
      { expectedSize: 1000 },
      { expectedSize: BYTES.length, from: BYTES.length - 9 },
    ])
      expect(await collect(await plain.read('data/dump.rdb', { signal, ...options }))).toBeDefined();
  });

  test.each([
    ['that a proxy stands before', createPlainGet({ proxyFor: () => 'http://proxy:3128' }, systemClock)],
    ['that no socket understands', async () => undefined],
  ])('%s goes the ordinary way', async (_what, socketGet) => {
    store = storeOverSockets(server, 'aws', { socketGet });
    expect((await read())?.equals(BYTES)).toBe(true);
  });

  test('that comes to a halt is given up', async () => {
    server.fail({ on: 'GetObject', effect: 'stall' });
    const get = createPlainGet({ proxyFor: () => undefined }, systemClock);
    const impatient = storeOverSockets(server, 'aws', {
      socketGet: (request) => get({ ...request, timeoutMs: 100 }),
    });
    await expect(impatient.read('data/dump.rdb', { signal }).then(collect)).rejects.toMatchObject({
      code: 'store-unreachable',
      message: expect.stringContaining('no byte came for 0.1 s'),
    });
  });

  test('that brings other bytes than were asked for leaves no connection behind', async () => {
    const { accessKeyId, secretAccessKey } = server.credentials;
    let discarded = 0;
    const get = createPlainGet({ proxyFor: () => undefined }, systemClock);
    const bucket = openBucket({
      ...{ bucket: server.bucket, endpoint: server.endpoint, agents: server.agents, clock: systemClock },
      credentials: fixed({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
      async socketGet(request) {
        const answer = await get(request);
        const discard = () => {
          discarded += 1;
          answer?.discard();
        };
        return (
          answer && {
            ...answer,
            head: {
              ...answer.head,
              headers: { ...answer.head.headers, 'content-range': 'bytes 7-2999999/3000000' },
            },
            discard,
          }
        );
      },
    });
    const asking = readObject(relyingOn(bucket, PROFILES.aws), 'data/dump.rdb', {
      ...{ signal, expectedSize: BYTES.length },
    });
    await expect(asking).rejects.toMatchObject({ code: 'store-failed' });
    expect(discarded).toBe(1);
  });
});
