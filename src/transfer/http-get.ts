/** The port to the download host: one GET, as a stream and nothing more. What an answer means is decided elsewhere. */
import { connectionWords } from '../domain/addresses-tried.ts';
import type { Link } from '../domain/link.ts';
import type { ResponseHead } from './range-response.ts';

export interface GetRequest {
  readonly link: Link;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds in which the connection and the answer's headers must be there. */
  readonly timeoutMs: number;
  /** Bytes that are expected, as far as anybody knows. */
  readonly expectedSize?: number;
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

/** A sentence for an error of the network, without the request it belongs to: that one carries the link. */
export function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  const text = withoutQueries(connectionWords(error));
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}

/** Servers and network errors quote addresses, and the query of a link opens a whole dump. */
export function withoutQueries(text: string): string {
  return text.replaceAll(/\?[^\s"')]+/g, '?[redacted]');
}
