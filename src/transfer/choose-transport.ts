/** Chooses the transport of each GET: the socket for large dumps that are served plainly, got for everything else. */
import type http from 'node:http';
import type https from 'node:https';
import type { Clock } from '../domain/clock.ts';
import { createGotGet } from './got-get.ts';
import type { HttpGet } from './http-get.ts';
import { createIdleConnections } from './idle-connections.ts';
import { socketGet } from './socket-get.ts';

export interface DownloadAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** The proxy for this address; undefined for a direct connection. */
  proxyFor(address: string): string | undefined;
}

/** Below this a cheap read saves nothing. */
const SOCKET_FROM = 1024 * 1024;

export function createHttpGet(agents: DownloadAgents, clock: Clock): HttpGet {
  const overGot = createGotGet(agents);
  const idle = createIdleConnections(clock);
  return async (request) => {
    const { link, expectedSize = SOCKET_FROM } = request;
    const isPlain = expectedSize >= SOCKET_FROM && agents.proxyFor(link.reveal()) === undefined;
    return (isPlain ? await socketGet(request, clock, idle) : undefined) ?? overGot(request);
  };
}
