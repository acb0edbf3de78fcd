/** Chooses the transport of each GET: the socket for large dumps that are served plainly, got for everything else. */
import type http from 'node:http';
import type https from 'node:https';
import type { Clock } from '../domain/clock.ts';
import { Link } from '../domain/link.ts';
import { createGotGet } from './got-get.ts';
import type { HttpGet } from './http-get.ts';
import { createIdleConnections } from './idle-connections.ts';
import { socketGet } from './socket-get.ts';
import type { LinkPolicy } from './where-links-lead.ts';

export interface DownloadAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** The proxy for this address; undefined for a direct connection. */
  proxyFor(address: string): string | undefined;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 3;

/** Below this a cheap read saves nothing. */
const SOCKET_FROM = 1024 * 1024;

/** Rejects with `link-refused` for a link, or a redirect of one, to where none may lead. */
export function createHttpGet(agents: DownloadAgents, clock: Clock, policy: LinkPolicy): HttpGet {
  const overGot = createGotGet(agents, policy);
  const idle = createIdleConnections(clock);
  const once: HttpGet = async (request) => {
    const { link, expectedSize = SOCKET_FROM } = request;
    const proxied = agents.proxyFor(link.reveal()) !== undefined;
    await policy.check(link.reveal(), { resolve: proxied });
    const isPlain = expectedSize >= SOCKET_FROM && !proxied;
    const answered = isPlain ? await socketGet(request, clock, { idle, lookup: policy.lookup }) : undefined;
    return answered ?? overGot(request, proxied);
  };
  return async (request) => {
    let { link } = request;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await once({ ...request, link });
      const { location } = answer.head.headers;
      if (!REDIRECTS.includes(answer.head.status) || location === undefined) return answer;
      answer.discard();
      if (redirects === MAX_REDIRECTS)
        throw new Error(`the download host redirects more than ${MAX_REDIRECTS} times`);
      link = redirected(link, location, policy);
    }
  };
}

function redirected(link: Link, location: string, policy: LinkPolicy): Link {
  const from = new URL(link.reveal());
  const to = URL.parse(location, from.href);
  if (to !== null && policy.follows(from, to)) return new Link(to.href, link.expiresAt);
  throw new Error(
    `the download host redirects to ${to?.origin ?? 'no address'}, where the link does not lead`,
  );
}
