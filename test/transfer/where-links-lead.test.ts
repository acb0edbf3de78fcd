/** Where a link may lead: by the address that its name resolves to when the connection is made, on both transports, and by its redirects. */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Link } from '../../src/domain/link.ts';
import { createAgents } from '../../src/network/agents.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createHttpGet } from '../../src/transfer/choose-transport.ts';
import { createLinkPolicy } from '../../src/transfer/where-links-lead.ts';

const CLOUD = '81.69.1.2';
const policy = (options: Partial<Parameters<typeof createLinkPolicy>[0]> = {}) =>
  createLinkPolicy({
    endpoints: [],
    allowed: [],
    resolve: async () => [{ address: CLOUD, family: 4 }],
    ...options,
  });

describe('a link to an address', () => {
  test.each([
    ...[
      '127.0.0.1',
      '127.8.8.8',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
    ],
    ...[
      '169.254.169.254',
      '169.254.0.23',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '[fc00::1]',
      '100.100.100.200',
      '168.63.129.16',
    ],
    ...['2130706433', '0x7f.1', '017700000001', '224.0.0.1'],
  ])('of this machine, or of keys, is refused however it is written: %s', async (host) => {
    await expect(policy().check(`http://${host}/x?sign=hush`)).rejects.toMatchObject({
      code: 'link-refused',
      message: expect.not.stringContaining('hush'),
    });
  });

  test.each(['10.0.0.8', '172.16.0.1', '192.168.1.1', '9.1.2.3', CLOUD, '[2402:4e00::1]'])(
    'of the cloud is taken: %s',
    (host) => policy().check(`http://${host}/x`),
  );

  test.each([['127.0.0.1'], ['127.0.0.0/8'], ['10.0.0.0/8', '127.0.0.1/32']])(
    'that somebody has allowed is taken: %s',
    (...allowed) => policy({ allowed }).check('http://127.0.0.1/x'),
  );

  test('of the kind where the API itself lies is taken, and of no other', async () => {
    const private_ = policy({ endpoints: ['http://127.0.0.1:8080', 'https://redis.tencentcloudapi.com'] });
    await private_.check('http://127.0.0.9:1/x');
    await expect(private_.check('http://169.254.169.254/x')).rejects.toThrow('metadata');
    const linkLocal = policy({ endpoints: ['http://169.254.7.7'] });
    await linkLocal.check('http://169.254.7.8/x');
    await expect(linkLocal.check('http://169.254.0.23/x')).rejects.toThrow('metadata');
  });
});

describe('a link to a name', () => {
  const resolved = (host: string, address: string, allowed: readonly string[] = []) =>
    new Promise<unknown>((resolve, reject) => {
      const family = address.includes(':') ? 6 : 4;
      const { lookup } = policy({ allowed, resolve: async () => [{ address, family }] });
      lookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
    });
  const BUCKET = 'redis-database-backup-1250000000.cos.ap-guangzhou.myqcloud.com';

  test('of the cloud’s storage is taken inside a VPC, where it resolves to a link-local address', async () => {
    for (const host of [BUCKET, 'b-1.cos-internal.ap-guangzhou.tencentcos.cn'])
      expect(await resolved(host, '169.254.0.47')).toEqual([{ address: '169.254.0.47', family: 4 }]);
  });

  test.each([
    [BUCKET, '169.254.0.23'],
    [BUCKET, '127.0.0.1'],
    [BUCKET, 'fd00::1'],
    ['myqcloud.com.evil.example', '169.254.0.47'],
    ['evilmyqcloud.com', '169.254.0.47'],
  ])('%s is refused at %s', async (host, address) => {
    await expect(resolved(host, address)).rejects.toMatchObject({ code: 'link-refused' });
  });

  test('that somebody has allowed is taken wherever it leads, but for metadata services', async () => {
    const allowed = ['dumps.example'];
    expect(await resolved('dumps.example', '127.0.0.1', allowed)).toHaveLength(1);
    await expect(resolved('dumps.example', '169.254.0.23', allowed)).rejects.toThrow('metadata');
  });
});

describe('a redirect', () => {
  test.each([
    ['http://a.example:80/x', 'http://a.example/y', true],
    ['http://a.example/x', 'https://a.example/y', true],
    ['https://a.example/x', 'http://a.example/y', false],
    ['http://a.example/x', 'http://a.example:8080/y', false],
    ['https://a.example/x', 'https://b.example/y', false],
    ['https://a.example/x', 'https://cdn.allowed.example/y', true],
    ['https://a.example/x', 'https://allowed.example.evil/y', false],
    ['http://a.example/x', 'file://a.example/etc/passwd', false],
  ])('from %s to %s: %s', (from, to, follows) => {
    expect(policy({ allowed: ['*.allowed.example'] }).follows(new URL(from), new URL(to))).toBe(follows);
  });
});

describe('on the wire', () => {
  const servers: http.Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function internalService(headers: http.OutgoingHttpHeaders = {}, status = 200) {
    let asked = 0;
    const server = http.createServer((_, response) => {
      asked += 1;
      response.writeHead(status, headers).end('{"secret":"hush"}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, asked: () => asked };
  }

  const agents = { http: new http.Agent(), https: new https.Agent() };
  const getBy = (
    links: ReturnType<typeof policy>,
    expectedSize: number,
    proxyFor = (): string | undefined => undefined,
  ) => {
    const get = createHttpGet({ ...agents, proxyFor }, systemClock, links);
    return (address: string) =>
      get({
        link: new Link(address, 0),
        headers: {},
        timeoutMs: 5000,
        expectedSize,
        signal: new AbortController().signal,
      });
  };
  const toLoopback = async () => [{ address: '127.0.0.1', family: 4 }];

  test.each([
    ['the socket', 1 << 30],
    ['got', 10],
  ])('a name leads nowhere either that its address may not: over %s', async (_, size) => {
    const { port, asked } = await internalService();
    const get = getBy(policy({ resolve: toLoopback }), size);
    await expect(get(`http://dumps.example:${port}/x`)).rejects.toMatchObject({ code: 'link-refused' });
    expect(asked()).toBe(0);
  });

  test.each([
    ['the socket', 1 << 30],
    ['got', 10],
  ])('of the addresses of a name those alone are tried that a link may lead to: over %s', async (_, size) => {
    const { port, asked } = await internalService();
    let knocked = 0;
    const closed = http.createServer().on('connection', () => {
      knocked += 1;
    });
    servers.push(closed);
    await new Promise<void>((resolve) => closed.listen(port, '127.0.0.2', resolve));
    const both = async () => ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }));
    const own = createAgents({}, systemClock);
    const get = createHttpGet(own, systemClock, policy({ resolve: both, allowed: ['127.0.0.1/32'] }));
    const link = new Link(`http://dumps.example:${port}/x`, 0);
    const { signal } = new AbortController();
    const { head, discard } = await get({ link, headers: {}, timeoutMs: 5000, expectedSize: size, signal });
    discard();
    own.destroy();
    expect(head.status).toBe(200);
    expect(asked()).toBeGreaterThan(0);
    expect(knocked).toBe(0);
  });

  test('a name that a proxy would resolve is looked up here first', async () => {
    const get = getBy(policy({ resolve: toLoopback }), 10, () => 'http://proxy.example:3128');
    await expect(get('http://dumps.example/x')).rejects.toMatchObject({ code: 'link-refused' });
  });

  test.each([
    ['the socket', 1 << 30],
    ['got', 10],
  ])('a redirect elsewhere is not followed: over %s', async (_, size) => {
    const inside = await internalService();
    const host = await internalService({ location: `http://127.0.0.1:${inside.port}/keys?hush` }, 302);
    const get = getBy(policy({ allowed: ['127.0.0.1/32'] }), size);
    // Allowed by its address as a whole, so another name stands for the elsewhere.
    const named = getBy(policy({ endpoints: ['http://127.0.0.1'], resolve: toLoopback }), size);
    await expect(named(`http://dumps.example:${host.port}/x`)).rejects.toThrow(
      /redirects to http:\/\/127\.0\.0\.1:\d+, where/,
    );
    expect(inside.asked()).toBe(0);
    expect((await get(`http://127.0.0.1:${host.port}/x`)).head.status).toBe(200);
  });
});
