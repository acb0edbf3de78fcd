/** The socket transport for who reads large objects that are no downloads, as the destination's are: a GET that stalls fails. */
import type { Clock } from '../domain/clock.ts';
import { Link } from '../domain/link.ts';
import type { GetAnswer } from './http-get.ts';
import { createIdleConnections } from './idle-connections.ts';
import { socketGet } from './socket-get.ts';
import { withStallTimeout } from './stall-timeout.ts';

export interface PlainGetRequest {
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds in which an answer must be there, and in which a byte of it must come. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Resolves with undefined where another client should make the request, as for one that goes through a proxy. Rejects when no answer came. */
export type PlainGet = (request: PlainGetRequest) => Promise<GetAnswer | undefined>;

export function createPlainGet(
  { proxyFor }: { proxyFor(address: string): string | undefined },
  clock: Clock,
): PlainGet {
  const idle = createIdleConnections(clock);
  return async ({ address, headers, timeoutMs, signal }) => {
    if (proxyFor(address) !== undefined) return undefined;
    const link = new Link(address, Number.POSITIVE_INFINITY);
    const answer = await socketGet({ link, headers, timeoutMs, signal }, clock, { idle });
    if (!answer) return undefined;
    const stalling = { clock, stallTimeoutMs: timeoutMs, signal, cancel: answer.discard };
    return { ...answer, body: withStallTimeout(answer.body, stalling) };
  };
}
