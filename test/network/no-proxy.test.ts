/** NO_PROXY in all its spellings, and that Node decides as we say. */
import { type Agent, request } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAgents } from '../../src/network/agents.ts';
import { parseNoProxy } from '../../src/network/no-proxy.ts';
import { systemClock } from '../../src/system-clock.ts';

const PROXY = 'http://proxy.example.com:3128';

/** Whether Node itself would send this request to the proxy: it then asks for the whole address instead of the path. */
function nodeUsesProxy(agent: Agent, url: string): boolean {
  agent.createConnection = () => new Socket();
  const sent = request(url, { agent });
  sent.on('error', () => {});
  sent.destroy();
  return sent.path.startsWith('http://');
}

describe('NO_PROXY', () => {
  test.for([
    ['example.com', 'example.com', true],
    ['example.com', 'cos.example.com', true],
    ['example.com', 'notexample.com', false],
    ['.example.com', 'example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['EXAMPLE.com', 'Cos.Example.COM', true],
    ['example.com:8080', 'example.com', false],
    ['*', 'anything.example.org', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['192.168.7.9/24', '192.168.7.255', true],
    ['192.168.7.9/24', '192.168.8.0', false],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['10.1.2.3/32', '10.1.2.4', false],
    ['10.0.0.1-10.0.0.9', '10.0.0.5', true],
    ['10.0.0.9-10.0.0.1', '10.0.0.5', false],
    ['10.0.0.0/33,1.2.3/8,/8', '10.0.0.5', false],
    ['[fd00::1]', 'fd00::1', true],
    ['a.test, b.test\tc.test', 'b.test', true],
    ['a.test, b.test\tc.test', 'c.test', true],
    [',, ,', 'a.test', false],
    ['', 'localhost', true],
    ['', '127.9.9.9', true],
    ['', '::1', true],
    ['', 'metadata.tencentyun.com', false],
  ] as const)('%j and the host %s: direct is %s', ([value, host, direct]) => {
    expect(parseNoProxy(value).covers(host, '80')).toBe(direct);
  });

  test('can name a port', () => {
    expect(parseNoProxy('example.com:8080').covers('example.com', '8080')).toBe(true);
    expect(parseNoProxy('example.com:8080').covers('example.com', '443')).toBe(false);
  });

  test('means to Node what it means to us, for every list and every host', () => {
    const octet = fc.constantFrom(0, 1, 10, 127, 128, 255);
    const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
    const name = fc.constantFrom('a.test', 'b.a.test', 'ba.test', 'test', 'localhost', 'x-y.test');
    const host = fc.oneof(address, name, fc.constantFrom('[::1]', '[fd00::1]'));
    const port = fc.constantFrom('', ':80', ':8080');
    const entry = fc.oneof(
      { weight: 8, arbitrary: host },
      fc.tuple(host, port).map((parts) => parts.join('')),
      name.map((suffix) => `.${suffix}`),
      name.map((suffix) => `*.${suffix}`),
      fc.tuple(address, fc.integer({ min: 0, max: 34 })).map((parts) => parts.join('/')),
      fc.tuple(address, address).map((ends) => ends.join('-')),
      fc.constantFrom('*', '', '-', '.', 'fd00::/8'),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), host, port, (entries, target, targetPort) => {
        const url = `http://${target}${targetPort}/`;
        const agents = createAgents({ HTTP_PROXY: PROXY, NO_PROXY: entries.join(',') }, systemClock);
        expect(agents.proxyFor(url) !== undefined).toBe(nodeUsesProxy(agents.http, url));
      }),
      { numRuns: 500 },
    );
  });
});
