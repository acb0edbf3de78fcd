/** The socket transport on real sockets: what it takes, what it leaves to got, and that no byte is lost or mixed up on the way. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Link } from '../../src/domain/link.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createHttpGet } from '../../src/transfer/choose-transport.ts';
import { socketGet } from '../../src/transfer/socket-get.ts';
import { linksAnywhere } from '../support/links-anywhere.ts';
import { describeWith } from '../support/needs.ts';
import { createPrivateCa } from '../support/private-ca.ts';

const CONTENT = randomBytes(3 * 1024 * 1024 + 11);
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\nETag: "v1"\r\n\r\n`;

/** A server that answers each connection with these bytes, whatever was asked; what was asked is kept. */
async function startServer(
  reply: Buffer | string,
  makeServer: (serve: (socket: net.Socket) => void) => net.Server = (serve) => net.createServer(serve),
) {
  const asked: string[] = [];
  const server = makeServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      asked.push(data.toString('latin1'));
      socket.end(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, asked };
}

function get(address: string, headers: Record<string, string> = {}, signal = new AbortController().signal) {
  return socketGet({ link: new Link(address, 0), headers, timeoutMs: 5000, signal }, systemClock);
}

/** Reads slowly, so that the socket has to be paused again and again. */
async function digestOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body) {
    await nextTurn();
    hash.update(chunk);
  }
  return hash.digest('hex');
}

const EXPECTED = createHash('sha256').update(CONTENT).digest('hex');

describe('the socket transport', () => {
  it('gives every byte, in order, to a reader that is slower than the network', async () => {
    const { port } = await startServer(Buffer.concat([Buffer.from(HEAD), CONTENT]));
    const answer = await get(`http://127.0.0.1:${port}/dump.rdb`);
    expect(answer?.head).toMatchObject({ status: 200, headers: { etag: '"v1"' } });
    expect(answer && (await digestOf(answer.body))).toBe(EXPECTED);
  });

  it('asks for the link byte for byte, and for nothing encoded', async () => {
    const { port, asked } = await startServer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await get(`http://127.0.0.1:${port}/download/dump.rdb?AbC/dEf+ghI==&x=%2f`, {
      range: 'bytes=5-',
      'if-match': '"v1"',
    });
    expect(asked[0]).toMatch(/^GET \/download\/dump\.rdb\?AbC\/dEf\+ghI==&x=%2f HTTP\/1\.1\r\n/);
    expect(asked[0]?.toLowerCase()).toContain(`host: 127.0.0.1:${port}\r\n`);
    expect(asked[0]).toContain('accept-encoding: identity\r\n');
    expect(asked[0]).toContain('range: bytes=5-\r\n');
  });

  it.each([
    ['a body in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\nbody'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n'],
    ['an endless head', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`],
  ])('leaves %s to got', async (_, reply) => {
    const { port } = await startServer(reply);
    expect(await get(`http://127.0.0.1:${port}/`)).toBeUndefined();
  });

  it('leaves addresses to got that would have to be rewritten', async () => {
    for (const address of [
      'http://[::1]:1/x',
      'http://user:pw@127.0.0.1:1/',
      'http://127.0.0.1:1/ä',
      'ftp://127.0.0.1/',
      'http://127.0.0.1:1/a b',
      'http://127.0.0.1:1/a\r\nX: y',
    ]) {
      expect(await get(address), address).toBeUndefined();
    }
  });

  it('tells a connection that ends before the head', async () => {
    const { port } = await startServer('HTTP/1.1 200 OK\r\nContent-Le');
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toThrow('ended before an answer');
  });

  it('takes no more than the announced length', async () => {
    const { port } = await startServer('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef');
    const answer = await get(`http://127.0.0.1:${port}/`);
    const chunks: string[] = [];
    for await (const chunk of answer?.body ?? []) chunks.push(String(chunk));
    expect(chunks.join('')).toBe('abc');
  });

  it('gives up a silent server after its time-out, and at once when it is interrupted', async () => {
    const silent = net.createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const link = new Link(address, 0);
    await expect(
      socketGet({ link, headers: {}, timeoutMs: 50, signal: new AbortController().signal }, systemClock),
    ).rejects.toThrow('no answer came for 0.05 s');
    const controller = new AbortController();
    const waiting = socketGet(
      { link, headers: {}, timeoutMs: 60_000, signal: controller.signal },
      systemClock,
    );
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });

  it('is not taken through a proxy, nor for a small dump', async () => {
    const { port, asked } = await startServer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    const link = new Link(`http://127.0.0.1:${port}/x`, 0);
    const request = { link, headers: {}, timeoutMs: 5000, signal: new AbortController().signal };
    const agents = { http: new http.Agent(), https: new https.Agent() };
    const direct = createHttpGet({ ...agents, proxyFor: () => undefined }, systemClock, linksAnywhere);
    (await direct({ ...request, expectedSize: 100 })).discard();
    (await direct({ ...request, expectedSize: 10 * 1024 * 1024 })).discard();
    (
      await createHttpGet({ ...agents, proxyFor: () => 'http://proxy' }, systemClock, linksAnywhere)(request)
    ).discard();
    expect(asked.map((text) => /user-agent: got/i.test(text))).toEqual([true, false, true]);
  });
});

describeWith(['openssl'], 'the socket transport over TLS', () => {
  async function startSecure(names: readonly string[]) {
    const ca = await createPrivateCa(names);
    onTestFinished(() => ca.remove());
    const reply = Buffer.concat([Buffer.from(HEAD), CONTENT]);
    return { ca, ...(await startServer(reply, (serve) => tls.createServer(ca.tls, serve))) };
  }

  it('gives every byte, in order, although several records come after a pause', async () => {
    const { ca, port } = await startSecure(['localhost']);
    const usual = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...usual, readFileSync(ca.caFile, 'utf8')]);
    onTestFinished(() => tls.setDefaultCACertificates(usual));
    for (const host of ['127.0.0.1', 'localhost']) {
      const answer = await get(`https://${host}:${port}/dump.rdb?sign=a%3D`);
      expect(answer && (await digestOf(answer.body)), host).toBe(EXPECTED);
    }
  });

  it('refuses a certificate that nobody trusts', async () => {
    const { port } = await startSecure(['localhost']);
    await expect(get(`https://localhost:${port}/`)).rejects.toThrow(/certificate/);
  });
});
