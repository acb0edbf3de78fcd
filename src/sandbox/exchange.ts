/** One request as the sandbox understood it, and its answer as a value, so that whoever wraps the sandbox can see and change both. */
import type { IncomingHttpHeaders } from 'node:http';

/** A request with its whole body, exactly as it came. */
export interface Received {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Exchange {
  readonly kind: 'tencent-v3' | 'tencent-v2' | 'download' | 'unknown';
  /** The API's action, or the method of a download. */
  readonly action: string;
  /** The API's parameters, not yet checked. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of which instance, backup and file, where the request says so. */
  readonly instanceId?: string;
  readonly backupId?: string;
  readonly file?: string;
  /** Which of the two links a download came by. */
  readonly network?: Network;
  readonly received: Received;
  /** Aborted when the client has gone or the sandbox closes. */
  readonly signal: AbortSignal;
}

export type Network = 'intranet' | 'extranet';

export type Body = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export type Answer = (exchange: Exchange) => Promise<Reply>;

/** Stands between a request and its answer. May answer in its own way, or another question; throwing cuts the connection. */
export type Interceptor = (exchange: Exchange, answer: Answer) => Promise<Reply>;

export function textReply(
  status: number,
  contentType: string,
  text: string,
  headers: Record<string, string> = {},
): Reply {
  const bytes = Buffer.from(text);
  const length = String(bytes.length);
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': length, ...headers },
    body: [bytes],
  };
}

export function jsonReply(value: unknown, status = 200): Reply {
  return textReply(status, 'application/json', JSON.stringify(value));
}
