/** Outbound connections through a real proxy and to servers with a private CA, for both HTTP clients of the product. */
import { inspect } from 'node:util';
import got from 'got';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createAgents, directAgents } from '../../src/network/agents.ts';
import { systemClock } from '../../src/system-clock.ts';
import { serve } from '../support/loopback.ts';
import { describeWith } from '../support/needs.ts';
import { type Probe, probe, probeInChild } from '../support/network-probe.ts';
import { createPrivateCa, type PrivateCa } from '../support/private-ca.ts';
import { type ProxyOptions, startProxy } from '../support/proxy.ts';

const CLIENTS = ['got', 's3'] as const;

async function proxyWith(options: ProxyOptions) {
  const proxy = await startProxy(options);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** The proxy's address with a user name and password in it. */
function withPassword(url: string, password = 'hush/@'): string {
  return url.replace('//', `//me:${encodeURIComponent(password)}@`);
}

async function failureOf(attempt: Promise<unknown>): Promise<Error> {
  const error = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Error) return error;
  throw new Error('expected a failure');
}

describe.for(CLIENTS)('%s', (client) => {
  test('reaches an http target through the proxy, with user name and password', async () => {
    const target = await serve(({ headers }) => ({ body: `for ${headers.host}` }));
    const proxy = await proxyWith({
      requires: 'me:hush/@',
      routes: { 'api.example.com': `127.0.0.1:${target.port}` },
    });
    const body = await probe(
      { client, url: 'http://api.example.com' },
      { HTTP_PROXY: withPassword(proxy.url) },
    );
    expect(body).toBe('for api.example.com');
    expect(proxy.asked).toEqual(['GET api.example.com']);
    expect(target.asked[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('takes the lower-case name and an address without scheme', async () => {
    const target = await serve(() => ({ body: 'here' }));
    const proxy = await proxyWith({ routes: { 'api.example.com': `127.0.0.1:${target.port}` } });
    const environment = { http_proxy: proxy.url.replace('http://', ''), HTTP_PROXY: 'http://127.0.0.1:1' };
    expect(await probe({ client, url: 'http://api.example.com' }, environment)).toBe('here');
  });

  test('leaves the proxy out for this machine itself, and without the variables', async () => {
    const target = await serve(() => ({ body: 'here' }));
    const proxy = await proxyWith({});
    expect(await probe({ client, url: target.url }, { HTTP_PROXY: proxy.url })).toBe('here');
    expect(await probe({ client, url: target.url }, { HTTP_PROXY: '', http_proxy: ' ' })).toBe('here');
    expect(proxy.asked).toEqual([]);
  });

  test('leaves the proxy out for what NO_PROXY names', async () => {
    const target = await serve(() => ({ body: 'here' }));
    const proxy = await proxyWith({});
    // This machine by an address that does not look like loopback.
    const url = `http://0.0.0.0:${target.port}`;
    expect(await probe({ client, url }, { HTTP_PROXY: proxy.url, NO_PROXY: '10.0.0.0/8,0.0.0.0/8' })).toBe(
      'here',
    );
    expect(proxy.asked).toEqual([]);
    expect(await probe({ client, url }, { HTTP_PROXY: proxy.url, NO_PROXY: '10.0.0.0/8' })).toBe('here');
    expect(proxy.asked).toEqual([`GET 0.0.0.0:${target.port}`]);
  });

  test.for(['http', 'https'] as const)(
    'names the proxy that cannot be reached (%s), not its password',
    async (scheme) => {
      const proxy = withPassword('http://127.0.0.1:1');
      const environment = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
      const error = await failureOf(probe({ client, url: `${scheme}://api.example.com` }, environment));
      expect(error.message).toBe('connect ECONNREFUSED 127.0.0.1:1 (through the proxy http://127.0.0.1:1)');
      expect(inspect(error, { depth: 30, showHidden: true })).not.toContain('hush');
    },
  );

  test('names the proxy that refuses to tunnel', async () => {
    const proxy = await proxyWith({ requires: 'someone:else' });
    const environment = { HTTPS_PROXY: withPassword(proxy.url) };
    const error = await failureOf(probe({ client, url: 'https://api.example.com' }, environment));
    expect(error).toMatchObject({
      code: 'ERR_PROXY_TUNNEL',
      message: `Failed to establish tunnel to api.example.com:443 via ${proxy.url}/: HTTP/1.1 407 Proxy Authentication Required`,
    });
    expect(proxy.asked).toEqual(['CONNECT api.example.com:443']);
  });

  test('is not held for ever by a proxy that keeps silent', async () => {
    const proxy = await proxyWith({ hangs: true });
    const error = await failureOf(
      probe({ client, url: 'https://api.example.com' }, { HTTPS_PROXY: proxy.url }, 500),
    );
    expect(error.message).toBe(
      `no tunnel to api.example.com:443 within 0.5 s (through the proxy ${proxy.url})`,
    );
  });
});

describe('an error of got', () => {
  test('does not print the password of the proxy, as JSON or by inspection', async () => {
    const proxy = await proxyWith({ requires: 'someone:else' });
    const agents = createAgents({ HTTP_PROXY: withPassword(proxy.url, 'hush') }, systemClock);
    const error = await failureOf(got('http://api.example.com', { agent: agents, retry: { limit: 0 } }));
    expect(error.message).toContain('407 (Proxy Authentication Required)');
    for (const print of [JSON.stringify(error), inspect(error, { depth: 30 })]) {
      expect(print).not.toContain('hush');
      expect(print).not.toContain(Buffer.from('me:hush').toString('base64'));
    }
  });
});

describe('the proxy in use', () => {
  const agents = createAgents(
    {
      HTTPS_PROXY: 'https://me:hush@proxy.example.com',
      NO_PROXY: '.internal,10.0.0.0/8',
    },
    systemClock,
  );

  test('is told by address, without its password', () => {
    expect(agents.proxyFor('https://redis.tencentcloudapi.com/')).toBe('https://proxy.example.com');
    expect(agents.proxyFor('http://redis.tencentcloudapi.com/')).toBeUndefined();
    expect(agents.proxyFor('https://s3.internal/')).toBeUndefined();
    expect(agents.proxyFor('https://10.3.4.5:9000/')).toBeUndefined();
    expect(agents.proxyFor('https://[::1]/')).toBeUndefined();
  });

  test('is none for the metadata service', () => {
    expect(directAgents(systemClock).proxyFor('http://metadata.tencentyun.com/')).toBeUndefined();
  });

  test.for([
    ['http://me:hush@', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://me:hush%zz@proxy:1', 'HTTPS_PROXY is not the address of a proxy'],
    ['http://me:hush@proxy:99999', 'HTTPS_PROXY is not the address of a proxy'],
    ['socks5://me:hush@proxy:1080', 'HTTPS_PROXY: proxies of the kind socks5:// are not supported'],
  ])('is refused when it makes no sense: %s', ([value, message]) => {
    expect(() => createAgents({ HTTPS_PROXY: value }, systemClock)).toThrow(
      expect.objectContaining({ code: 'config', message }),
    );
  });
});

describe('the metadata service', () => {
  test('is never asked through the proxy, even where Node itself was told to use it', async () => {
    const target = await serve(() => ({ body: 'here' }));
    const proxy = await proxyWith({});
    const environment = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    const [control, metadata] = await probeInChild(
      [
        { client: 'got-default', url: target.url },
        { client: 'metadata', url: target.url },
      ],
      environment,
    );
    expect([control, metadata]).toEqual(['here', '{"status":200,"body":"here"}']);
    expect(proxy.asked).toEqual([`GET 127.0.0.1:${target.port}`]);
  });
});

describeWith(['openssl'], 'a server with a certificate by a private CA', () => {
  let ca: PrivateCa;
  beforeAll(async () => {
    ca = await createPrivateCa(['api.example.com']);
  });
  afterAll(() => ca.remove());

  const both = (url: string): Probe[] => CLIENTS.map((client) => ({ client, url }));

  test('is trusted by both clients with NODE_EXTRA_CA_CERTS, and by none without', async () => {
    const { url } = await serve(() => ({ body: 'here' }), { tls: ca.tls });
    expect(await probeInChild(both(url), { NODE_EXTRA_CA_CERTS: ca.caFile })).toEqual(['here', 'here']);
    for (const result of await probeInChild(both(url), {})) expect(result).toMatch(/^failed: .*certificate/);
  });

  test('is reached through a tunnel of the proxy by both clients', async () => {
    const target = await serve(({ headers }) => ({ body: `for ${headers.host}` }), { tls: ca.tls });
    const proxy = await proxyWith({
      requires: 'me:hush/@',
      routes: { 'api.example.com': `127.0.0.1:${target.port}` },
    });
    const environment = { NODE_EXTRA_CA_CERTS: ca.caFile, HTTPS_PROXY: withPassword(proxy.url) };
    const results = await probeInChild(both('https://api.example.com'), environment);
    expect(results).toEqual(['for api.example.com', 'for api.example.com']);
    expect(proxy.asked).toEqual(['CONNECT api.example.com:443', 'CONNECT api.example.com:443']);
  });

  test('is reached without the proxy where NO_PROXY names it', async () => {
    const target = await serve(() => ({ body: 'here' }), { tls: ca.tls });
    const proxy = await proxyWith({});
    const environment = { NODE_EXTRA_CA_CERTS: ca.caFile, HTTPS_PROXY: proxy.url };
    const probes = both(`https://0.0.0.0:${target.port}`);
    expect(await probeInChild(probes, { ...environment, NO_PROXY: '0.0.0.0/8' })).toEqual(['here', 'here']);
    expect(proxy.asked).toEqual([]);
    expect(await probeInChild(probes, environment)).toEqual(['here', 'here']);
    expect(proxy.asked).toHaveLength(2);
  });

  test('that is not trusted behind a proxy is told with the proxy, which may be the one that breaks the TLS', async () => {
    const target = await serve(() => ({ body: 'here' }), { tls: ca.tls });
    const proxy = await proxyWith({ routes: { 'api.example.com': `127.0.0.1:${target.port}` } });
    const results = await probeInChild(both('https://api.example.com'), { HTTPS_PROXY: proxy.url });
    for (const result of results)
      expect(result).toMatch(/certificate.* \(through the proxy http:\/\/127\.0\.0\.1:\d+\)$/);
  });
});
