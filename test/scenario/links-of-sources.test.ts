/** A source whose API lies on this machine has its dumps here too; that opens nothing to the links of another source. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDownloads } from '../../src/app/wire-downloads.ts';
import type { Config } from '../../src/config/schema.ts';
import { Link } from '../../src/domain/link.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createScenario } from '../support/scenario.ts';

async function internalService(): Promise<number> {
  const server = http.createServer((_, response) => response.end('AccessKey: hush'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

/** Two sources: one with a stand-in of the API on this machine, one with the cloud's own. */
async function twoSources(allowedHosts: readonly string[] = []) {
  const sources: Config['sources'][number][] = [];
  await createScenario({
    adjust(config) {
      sources.push(...config.sources);
      return config;
    },
  });
  const cloud = sources.map(({ endpoint: _, ...source }) => ({ ...source, name: 'cloud' }));
  const downloads = createDownloads(
    { sources: [...sources, ...cloud], allowedHosts, environment: {} },
    systemClock,
  );
  onTestFinished(() => downloads.destroy());
  return async (source: string, address: string, expectedSize: number) => {
    const { body } = await downloads.of(source)({
      link: new Link(address, Number.POSITIVE_INFINITY),
      headers: {},
      timeoutMs: 5000,
      expectedSize,
      signal: new AbortController().signal,
    });
    let text = '';
    for await (const chunk of body) text += String(chunk);
    return text;
  };
}

describe.each([
  ['the socket', 64 * 1024 * 1024],
  ['got', 4000],
])('over %s', (_, size) => {
  it.each(['127.0.0.1', 'localhost'])(
    'a link to %s is followed for the source that lies there, and refused for another',
    async (host) => {
      const port = await internalService();
      const get = await twoSources();
      expect(await get('ap-guangzhou', `http://${host}:${port}/x`, size)).toContain('hush');
      // A connection that the first one has left open is no way in either.
      await expect(get('cloud', `http://${host}:${port}/x`, size)).rejects.toMatchObject({
        code: 'link-refused',
      });
    },
  );

  it('a network that somebody has allowed is allowed to all', async () => {
    const port = await internalService();
    const get = await twoSources(['127.0.0.0/8']);
    expect(await get('cloud', `http://127.0.0.1:${port}/x`, size)).toContain('hush');
  });
});
