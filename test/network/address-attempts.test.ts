/** Names with several addresses: the other end is far away, one address leads nowhere, and others never answer. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net, { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import tls from 'node:tls';
import got from 'got';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectionWords } from '../../src/domain/addresses-tried.ts';
import { Link } from '../../src/domain/link.ts';
import { createAgents } from '../../src/network/agents.ts';
import { createExchange } from '../../src/report/notify/exchange.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createHttpGet } from '../../src/transfer/choose-transport.ts';
import { openBlackhole } from '../support/blackhole.ts';
import { linksAnywhere } from '../support/links-anywhere.ts';
import { serve } from '../support/loopback.ts';
import { pretendNames } from '../support/names.ts';
import { describeWith } from '../support/needs.ts';
import { probe } from '../support/network-probe.ts';
import { createPrivateCa } from '../support/private-ca.ts';
import { startProxy } from '../support/proxy.ts';

const NODES_OWN_MS = 250;
/** Nothing listens there, or there is no such family: refused at once either way, as without a route. */
const NOWHERE = '::1';

async function farAway() {
  // What another test has set is taken back, so that only who makes the agents can have set it.
  setDefaultAutoSelectFamilyAttemptTimeout(NODES_OWN_MS);
  onTestFinished(() => setDefaultAutoSelectFamilyAttemptTimeout(NODES_OWN_MS));
  pretendNames({
    'far.example': { addresses: ['127.0.0.1', NOWHERE], farMs: 2 * NODES_OWN_MS },
    'nowhere.example': { addresses: ['127.0.0.2', NOWHERE] },
  });
  const { port } = await serve(() => ({ body: '{}' }));
  return `http://far.example:${port}`;
}

test.each(['got', 's3', 'metadata'] as const)(
  '%s reaches what is half a second away although another address of its name leads nowhere',
  async (client) => {
    const url = await farAway();
    expect(await probe({ client, url }, {})).toContain('{}');
  },
);

test('so does the fast lane of downloads', async () => {
  expect(await statusOfDownload(await farAway())).toBe(200);
});

async function statusOfDownload(url: string): Promise<number> {
  const agents = createAgents({}, systemClock);
  onTestFinished(() => agents.destroy());
  const get = createHttpGet(agents, systemClock, linksAnywhere);
  const link = new Link(`${url}/dump.rdb`, systemClock.now() + 60_000);
  const { head, discard } = await get({
    link,
    headers: {},
    timeoutMs: 4000,
    signal: AbortSignal.timeout(5000),
  });
  discard();
  return head.status;
}

test('Node by itself does not', async () => {
  const url = await farAway();
  await expect(got(url, { retry: { limit: 0 } })).rejects.toThrow('');
});

test('each address that was tried is told, with why it failed', async () => {
  await farAway();
  const failure = await probe({ client: 'got', url: 'http://nowhere.example:1' }, {}).catch((error) => error);
  expect(connectionWords(failure)).toMatch(/ 127\.0\.0\.2:1; connect E\w+ ::1:1/);
});

/** Three of four addresses never answer: with seconds for each, one after another, nobody would live to see the fourth. */
const SILENT = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

async function mostlySilent(port: number, silent = SILENT): Promise<string> {
  await openBlackhole(port, silent);
  pretendNames({ 'silent.example': { addresses: [...silent, '127.0.0.1'] } });
  return `silent.example:${port}`;
}

describe('addresses that never answer do not hold up', () => {
  test.each([
    ['got', SILENT],
    ['s3', SILENT],
    // Which gives up after a second.
    ['metadata', SILENT.slice(1, 2)],
  ] as const)('%s', async (client, silent) => {
    const { port, asked } = await serve(() => ({ body: '{}' }));
    const url = `http://${await mostlySilent(port, [...silent])}`;
    expect(await probe({ client, url }, {})).toContain('{}');
    expect(asked).toHaveLength(1);
  });

  test('the fast lane of downloads', async () => {
    const { port } = await serve(() => ({ body: '{}' }));
    expect(await statusOfDownload(`http://${await mostlySilent(port)}`)).toBe(200);
  });

  test('a webhook', async () => {
    const { port } = await serve(() => ({ body: '{}' }));
    const address = `http://${await mostlySilent(port)}/hook`;
    const agents = createAgents({}, systemClock);
    onTestFinished(() => agents.destroy());
    const message = () => ({ address, method: 'POST', headers: {}, body: '' }) as const;
    const delivery = { message, judge: () => ({ ok: true }), secrets: [], tries: 1 };
    await createExchange(agents, systemClock)(delivery, AbortSignal.timeout(9000));
  });

  test('what goes through a proxy of such a name', async () => {
    const target = await serve(() => ({ body: 'here' }));
    const proxy = await startProxy({ routes: { 'api.example.com': `127.0.0.1:${target.port}` } });
    onTestFinished(() => proxy.close());
    const environment = { HTTP_PROXY: `http://${await mostlySilent(Number(new URL(proxy.url).port))}` };
    expect(await probe({ client: 'got', url: 'http://api.example.com' }, environment)).toBe('here');
  });
});

describeWith(['openssl'], 'nor, under TLS,', () => {
  test('a server, or a tunnel to one', async () => {
    const ca = await createPrivateCa(['silent.example', 'api.example.com']);
    onTestFinished(() => ca.remove());
    const usual = tls.getCACertificates('default');
    tls.setDefaultCACertificates([...usual, readFileSync(ca.caFile, 'utf8')]);
    onTestFinished(() => tls.setDefaultCACertificates(usual));
    const target = await serve(() => ({ body: 'here' }), { tls: ca.tls });
    expect(await probe({ client: 'got', url: `https://${await mostlySilent(target.port)}` }, {})).toBe(
      'here',
    );

    const proxy = await startProxy({ routes: { 'api.example.com': `127.0.0.1:${target.port}` } });
    onTestFinished(() => proxy.close());
    const environment = { HTTPS_PROXY: `http://${await mostlySilent(Number(new URL(proxy.url).port))}` };
    expect(await probe({ client: 'got', url: 'https://api.example.com' }, environment)).toBe('here');
  });
});

test('where no address answers all of them are told, when the time for connecting is over', async () => {
  const { port } = await serve(() => ({ body: '{}' }));
  await openBlackhole(port, SILENT);
  pretendNames({ 'dead.example': { addresses: [...SILENT, NOWHERE] } });
  const probing = probe({ client: 'got', url: `http://dead.example:${port}` }, {}, 1500);
  const failure = await probing.catch((error) => error);
  const words = connectionWords(failure).split('; ');
  expect(words).toHaveLength(4);
  for (const address of SILENT) expect(words).toContain(`connect ETIMEDOUT ${address}:${port}`);
});

test('who takes a connection and shakes no hands over TLS is named, and may be tried again', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  pretendNames({ 'mute.example': { addresses: ['127.0.0.1'] } });
  const asking = (client: 'got' | 's3') => probe({ client, url: `https://mute.example:${port}` }, {}, 300);
  for (const client of ['got', 's3'] as const)
    await expect(asking(client)).rejects.toMatchObject({
      message: `no TLS handshake with mute.example:${port} (127.0.0.1) within 0.3 s`,
      code: 'ETIMEDOUT',
    });
});
