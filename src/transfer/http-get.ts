/** One GET over got, as a stream and nothing more: no retry, no decompression, no redirect games; what it means is decided elsewhere. */

import { once } from 'node:events';
import type http from 'node:http';
import type https from 'node:https';
import got, { RequestError } from 'got';
import type { Link } from '../domain/link.ts';
import type { ResponseHead } from './range-response.ts';

export interface GetRequest {
  readonly link: Link;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds in which the connection and the answer's headers must be there. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface GetAnswer {
  readonly head: ResponseHead;
  /** The bytes as they come over the wire. A chunk is valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives up the rest of the answer. */
  discard(): void;
}

/** Rejects with an `Error` whose message is safe to show, when no answer came. */
export type HttpGet = (request: GetRequest) => Promise<GetAnswer>;

const MAX_REDIRECTS = 3;

/** The agents bring keep-alive and the proxies of the environment. */
export function createHttpGet(agents: { http: http.Agent; https: https.Agent }): HttpGet {
  return async ({ link, headers, timeoutMs, signal }) => {
    const stream = got.stream(link.reveal(), {
      agent: agents,
      headers: { 'accept-encoding': 'identity', ...headers },
      decompress: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
      maxRedirects: MAX_REDIRECTS,
      timeout: { lookup: timeoutMs, connect: timeoutMs, secureConnect: timeoutMs, response: timeoutMs },
      signal,
    });
    // An error between two reads would otherwise end the process; the iterator reports it at the next read.
    stream.on('error', () => {});
    try {
      const [response] = (await once(stream, 'response')) as [http.IncomingMessage];
      const head = { status: response.statusCode ?? 0, headers: flatten(response.headers) };
      return { head, body: stream, discard: () => stream.destroy() };
    } catch (error) {
      stream.destroy();
      throw new Error(describeNetworkError(error));
    }
  };
}

/** A sentence for an error of the network, without the request it belongs to: that one carries the link. */
export function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof RequestError && error.name === 'TimeoutError') return `time-out: ${error.message}`;
  if (code === undefined || error.message.includes(code)) return withoutQueries(error.message);
  return `${withoutQueries(error.message)} (${code})`;
}

function withoutQueries(text: string): string {
  return text.replaceAll(/\?[^\s"')]+/g, '?[redacted]');
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
