/**
 * Reads large objects as dumps are downloaded: out of a socket into reused windows, signed by the SDK. Through Node's streams a verify took 2.7 times
 * the processor time, most of it for the garbage of reads of 64 KiB.
 */
import { Readable } from 'node:stream';
import type { NodeHttpHandler } from '@smithy/node-http-handler';

type Request = Parameters<NodeHttpHandler['handle']>[0];
type Answer = Awaited<ReturnType<NodeHttpHandler['handle']>>['response'];

/**
 * The port to the sockets: one GET. Resolves with undefined for what it leaves to an ordinary client (through a proxy, say, or an answer without
 * a length). Rejects when no answer came, and `body` throws when it stops coming.
 */
export type SocketGet = (request: {
  readonly address: string;
  /** To be sent as they are: they are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without an answer, or without a byte of it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}) => Promise<
  | {
      readonly head: {
        readonly status: number;
        readonly headers: Readonly<Record<string, string | undefined>>;
      };
      /** A chunk is valid until the next one is asked for. */
      readonly body: AsyncIterable<Uint8Array>;
      /** Gives up the rest of the answer. */
      discard(): void;
    }
  | undefined
>;

/** Undefined where the SDK's own way should be taken. Rejects as the SDK's handler does, so that it is tried again where that helps. */
export async function largeRead(
  { protocol, hostname, port, path, query, headers }: Request,
  get: SocketGet,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Answer | undefined> {
  const place = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
  const search = Object.entries(query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  const address = `${place}${path}${search.length === 0 ? '' : `?${search.join('&')}`}`;
  let answer: Awaited<ReturnType<SocketGet>>;
  try {
    answer = await get({ address, headers, timeoutMs, signal });
  } catch (error) {
    throw passing(error, signal);
  }
  if (answer === undefined) return undefined;
  const { head, body, discard } = answer;
  const isObject = head.status >= 200 && head.status < 300;
  return {
    statusCode: head.status,
    headers: Object.fromEntries(
      Object.entries(head.headers).filter((header): header is [string, string] => header[1] !== undefined),
    ),
    body: isObject ? readableInName(body, discard) : Readable.from(copies(body), { objectMode: false }),
  };
}

/**
 * The SDK hands on nothing but streams of Node's, whose buffer would read ahead, over the bytes of a chunk that is still in use: who iterates this
 * one iterates `body`.
 */
function readableInName(body: AsyncIterable<Uint8Array>, discard: () => void): Readable {
  const chunks = body[Symbol.asyncIterator]();
  const iterator = {
    next: () => chunks.next(),
    // One that never began would not give up anything by itself.
    async return() {
      discard();
      return { done: true, value: undefined } as const;
    },
  };
  return Object.assign(new Readable({ read() {} }), { [Symbol.asyncIterator]: () => iterator });
}

async function* copies(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of body) yield Buffer.from(chunk);
}

/** The SDK repeats what has the code of a broken connection. */
function passing(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || !(error instanceof Error) || 'code' in error) return error;
  return Object.assign(error, { code: 'ECONNRESET' });
}
