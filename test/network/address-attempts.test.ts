/** Names with several addresses: the other end is far away, and one address leads nowhere. */
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import got from 'got';
import { expect, onTestFinished, test } from 'vitest';
import { connectionWords } from '../../src/domain/addresses-tried.ts';
import { Link } from '../../src/domain/link.ts';
import { createAgents } from '../../src/network/agents.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createHttpGet } from '../../src/transfer/choose-transport.ts';
import { linksAnywhere } from '../support/links-anywhere.ts';
import { serve } from '../support/loopback.ts';
import { pretendNames } from '../support/names.ts';
import { probe } from '../support/network-probe.ts';

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
  const url = await farAway();
  const agents = createAgents({});
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
  expect(head.status).toBe(200);
});

test('Node by itself does not', async () => {
  const url = await farAway();
  await expect(got(url, { retry: { limit: 0 } })).rejects.toThrow('');
});

test('each address that was tried is told, with why it failed', async () => {
  await farAway();
  const failure = await probe({ client: 'got', url: 'http://nowhere.example:1' }, {}).catch((error) => error);
  expect(connectionWords(failure)).toMatch(/ 127\.0\.0\.2:1; connect E\w+ ::1:1/);
});
