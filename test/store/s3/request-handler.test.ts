/** How bodies leave: no more of them at once than the other side takes, and nothing once it has answered. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { BoundedHandler } from '../../../src/store/s3/request-handler.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { describeWith } from '../../support/needs.ts';
import { createPrivateCa, type PrivateCa } from '../../support/private-ca.ts';

const MiB = 1024 * 1024;
type Request = Parameters<BoundedHandler['handle']>[0];

describeWith(['openssl'], 'a large body', () => {
  let ca: PrivateCa;
  beforeAll(async () => {
    ca = await createPrivateCa(['localhost']);
  });
  afterAll(() => ca.remove());

  async function createStage(protocol: string, serve: (socket: Socket) => void) {
    const server = protocol === 'https:' ? tls.createServer(ca.tls, serve) : net.createServer(serve);
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const agents = {
      httpAgent: new HttpAgent({ keepAlive: true }),
      httpsAgent: new HttpsAgent({ keepAlive: true, ca: readFileSync(ca.caFile, 'utf8') }),
    };
    const handler = new BoundedHandler(agents, systemClock);
    onTestFinished(() => {
      handler.destroy();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const requestOf = (body: Uint8Array) =>
      ({
        ...{ protocol, hostname: '127.0.0.1', port, method: 'PUT', path: '/part', query: {}, body },
        headers: { 'content-length': String(body.length) },
      }) as unknown as Request;
    return { handler, requestOf, sockets };
  }

  test('over TLS is taken from memory only as fast as the other side takes it', async () => {
    let taken = 0;
    class Counted extends Uint8Array<ArrayBuffer> {
      override subarray(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
        taken = Math.max(taken, end ?? 0);
        return new Uint8Array(this.buffer).subarray(begin, end);
      }
    }
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const { handler, requestOf } = await createStage('https:', (socket) => {
      socket.once('data', () => {
        socket.pause();
        resolve();
      });
    });
    const body = new Counted(new ArrayBuffer(128 * MiB));
    const stop = new AbortController();
    const handled = expect(handler.handle(requestOf(body), { abortSignal: stop.signal })).rejects.toThrow();
    await arrived;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(body.length / 2);
    stop.abort();
    await handled;
  });

  test.each(['http:', 'https:'])(
    'that is answered before it was sent is not read any more: %s',
    async (protocol) => {
      const received: Buffer[] = [];
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      let server: Socket | undefined;
      const { handler, requestOf } = await createStage(protocol, (socket) => {
        server = socket;
        socket.on('error', () => undefined).on('close', resolve);
        socket.once('data', () => {
          socket.pause();
          socket.write('HTTP/1.1 503 Slow Down\r\ncontent-length: 2\r\n\r\nno');
        });
        socket.on('data', (bytes) => received.push(bytes));
      });
      const body = Buffer.alloc(64 * MiB, 1);
      const { response } = await handler.handle(requestOf(body));
      expect([response.statusCode, await text(response.body)]).toEqual([503, 'no']);
      // As a pool does that lends it out again.
      body.fill(0xaa);
      server?.resume();
      await closed;
      expect(received.some((bytes) => bytes.includes(0xaa))).toBe(false);
      expect(Buffer.concat(received).length).toBeLessThan(body.length);
    },
  );

  test.each(['http:', 'https:'])(
    'that was sent whole leaves the connection for the next: %s',
    async (protocol) => {
      const body = Buffer.alloc(8 * MiB, 1);
      const { handler, requestOf, sockets } = await createStage(protocol, (socket) => {
        let left = 0;
        socket.on('data', (bytes) => {
          if (left === 0) left = body.length + bytes.indexOf('\r\n\r\n') + 4;
          left -= bytes.length;
          if (left === 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        });
      });
      for (let round = 0; round < 5; round += 1) {
        const { response } = await handler.handle(requestOf(body));
        expect(await text(response.body)).toBe('ok');
      }
      expect(sockets.size).toBe(1);
    },
  );
});

test('the words of whoever tried to connect are those that are told, however long that took', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const agent = new HttpAgent();
  const tried = Object.assign(new Error('connect ETIMEDOUT 192.0.2.1:80; connect ETIMEDOUT 192.0.2.2:80'), {
    code: 'ETIMEDOUT',
  });
  agent.createConnection = (_options, callback) => {
    setTimeout(() => callback?.(tried, undefined as never), 20_000);
    return undefined;
  };
  const handler = new BoundedHandler({ httpAgent: agent }, systemClock);
  const request = { protocol: 'http:', hostname: 'store.example', method: 'GET', path: '/', query: {} };
  const told = handler.handle({ ...request, headers: {} } as unknown as Request).catch((error) => error);
  await vi.advanceTimersByTimeAsync(21_000);
  expect(await told).toBe(tried);
});
