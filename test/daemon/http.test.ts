/** The web server of the long-running mode, on a real socket. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type HttpOptions, type HttpServer, serveHttp } from '../../src/daemon/http.ts';
import { ArchiverError } from '../../src/domain/errors.ts';

const hello = { status: 200, contentType: 'text/html; charset=utf-8', body: '<p>héllo</p>' };

async function start(options: Partial<HttpOptions> = {}): Promise<HttpServer & { failures: string[] }> {
  const failures: string[] = [];
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    routes: { '/': () => hello, '/late': async () => ({ ...hello, status: 503 }) },
    onFailure: (path, error) => failures.push(`${path}: ${error}`),
    ...options,
  });
  onTestFinished(() => server.close());
  return { ...server, failures };
}

/** Writes raw bytes and gives what comes back until the server closes. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    let answer = '';
    connect(Number(port), hostname)
      .on('data', (chunk) => {
        answer += chunk;
      })
      .on('close', () => resolve(answer))
      .on('error', reject)
      .write(text);
  });
}

describe('answers', () => {
  test('a path that is there, whatever its query, with headers that let nothing else in', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/?a=1`);
    expect([response.status, await response.text()]).toEqual([200, hello.body]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script|style|https?:|\*/);
  });

  test('a page with the policy of its own', async () => {
    const policy = "default-src 'none'; style-src 'sha256-x'";
    const { url } = await start({ routes: { '/': () => ({ ...hello, policy }) } });
    expect((await fetch(url)).headers.get('content-security-policy')).toBe(policy);
  });

  test('with the status of the route', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/late`)).status).toBe(503);
  });

  test('HEAD as GET without the body', async () => {
    const { url } = await start();
    const response = await fetch(url, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(hello.body)));
  });

  test.each(['/nothing', '/constructor', '/__proto__', '//', '/late/'])(
    '404 plainly for %s',
    async (path) => {
      const { url } = await start();
      const response = await raw(url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(response).toMatch(/^HTTP\/1.1 404 /);
      expect(response).toMatch(/\r\n\r\nnot found\n$/);
    },
  );

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('405 for %s, with what is allowed', async (method) => {
    const { url } = await start();
    const response = await fetch(url, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('500 without the reason where a route fails, and tells the reason elsewhere', async () => {
    const server = await start({ routes: { '/': () => Promise.reject(new Error('hush')) } });
    const response = await fetch(server.url);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('hush');
    expect(server.failures).toEqual(['/: Error: hush']);
  });
});

describe('whoever misbehaves', () => {
  test('a body is not waited for, and not taken for the next request', async () => {
    const { url } = await start();
    const answer = await raw(
      url,
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nGET / HTTP/1.1\r\n',
    );
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 405']);
    expect(answer).toContain('connection: close');
  });

  test('what is no HTTP is refused', async () => {
    const { url } = await start();
    expect(await raw(url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
  });

  test('headers without end are refused', async () => {
    const { url } = await start();
    expect(await raw(url, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  });

  test('headers that never end are cut off', { timeout: 20_000 }, async () => {
    const { url } = await start();
    expect(await raw(url, 'GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1.1 408 /);
  });

  test('an idle connection does not hold up the end', async () => {
    const server = await start();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await server.close();
    await gone;
  });
});

describe('listens', () => {
  test.each([
    [{ host: '127.0.0.1' }, /^http:\/\/127\.0\.0\.1:\d+$/],
    [{ host: '0.0.0.0' }, /^http:\/\/127\.0\.0\.1:\d+$/],
    [{ host: 'localhost' }, /^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/],
  ])('on %j, and says where that can be reached', async (where, address) => {
    const { url } = await start(where);
    expect(url).toMatch(address);
    expect((await fetch(url)).status).toBe(200);
  });

  test('on every address of the machine where no host is given', async () => {
    const server = await serveHttp({ port: 0, routes: { '/': () => hello }, onFailure: () => undefined });
    onTestFinished(() => server.close());
    expect((await fetch(server.url)).status).toBe(200);
    // A kubelet asks by the pod's address, of whichever family the cluster has first.
    const { port } = new URL(server.url);
    const families = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ family }) => family));
    for (const host of ['127.0.0.1', ...(families.includes('IPv6') ? ['[::1]'] : [])])
      expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
  });

  test('not on a port that is in use: a mistake of the configuration, told with the way out', async () => {
    const { url } = await start();
    const taken = serveHttp({
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      routes: {},
      onFailure: () => undefined,
    });
    const error = await taken.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArchiverError);
    expect(error).toMatchObject({
      exit: 2,
      message: `cannot listen on 127.0.0.1:${new URL(url).port}: the port is in use`,
      hint: expect.stringContaining('ARCHIVER_HTTP_LISTEN'),
    });
  });

  test('not on an address of another machine', async () => {
    const elsewhere = serveHttp({ host: '192.0.2.1', port: 0, routes: {}, onFailure: () => undefined });
    await expect(elsewhere).rejects.toThrow('cannot listen on 192.0.2.1:0: this machine has no such address');
  });
});

describe('whoever takes all connections', () => {
  /** Opens so many and says half of what it takes; they stay until the test's end. */
  async function holdOpen(url: string, count: number, path = '/'): Promise<Socket[]> {
    const { hostname, port } = new URL(url);
    const sockets = Array.from({ length: count }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n`);
    return sockets;
  }

  test('keeps nobody out: an answer comes within a second beside two hundred that ask by halves', async () => {
    const { url } = await start();
    await holdOpen(url, 200);
    for (let asked = 0; asked < 20; asked += 1) {
      const response = await fetch(`${url}/`, {
        signal: AbortSignal.timeout(1000),
        headers: { connection: 'close' },
      });
      expect(response.status).toBe(200);
      await response.text();
    }
  });

  test('and waits for answers that do not get away keeps nobody out either', async () => {
    let asked = 0;
    const slow = (): Promise<never> => {
      asked += 1;
      return new Promise(() => undefined);
    };
    const { url } = await start({ routes: { '/': () => hello, '/slow': slow } });
    const sockets = await holdOpen(url, 40, '/slow');
    for (const socket of sockets) socket.write('\r\n');
    await expect.poll(() => asked).toBe(40);
    expect((await fetch(url, { signal: AbortSignal.timeout(5000) })).status).toBe(200);
    await expect.poll(() => sockets.filter(({ destroyed }) => destroyed).length).toBe(1);
    expect(sockets[0]?.destroyed).toBe(true);
  });

  test('loses the oldest of them, and keeps what is being answered', async () => {
    const slow = Promise.withResolvers<typeof hello>();
    const { url } = await start({ routes: { '/': () => hello, '/slow': () => slow.promise } });
    const answered = fetch(`${url}/slow`);
    const sockets = await holdOpen(url, 60);
    await Promise.all(sockets.slice(0, 10).map((socket) => socket.destroyed || once(socket, 'close')));
    expect(sockets.at(-1)?.destroyed).toBe(false);
    slow.resolve(hello);
    expect((await answered).status).toBe(200);
  });
});
