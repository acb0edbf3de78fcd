/**
 * Sends bodies out of buffers that are only lent.
 *
 * Over TLS large ones go slice by slice: written at once, a whole part would lie encrypted in memory beside the plain one (four parts of 8 MiB on
 * their way took 30 MB more than the buffer memory that is configured). And where a server refuses before it has the whole body, the rest is
 * not sent: the part's buffer may be filled with other bytes by then.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import type { Clock } from '../../domain/clock.ts';
import { largeRead, type SocketGet } from './large-read.ts';
import { shortAnswer } from './short-answer.ts';

type Request = Parameters<NodeHttpHandler['handle']>[0];
type Options = Parameters<NodeHttpHandler['handle']>[1] & {
  /** Asks for an object's many bytes, which are read over the sockets where these are given; aborted as the SDK's own `abortSignal`. */
  readonly large?: AbortSignal;
};

/** Milliseconds without a byte in either direction. Completing a large upload can be silent for long; it is settled by asking. */
const SOCKET_TIMEOUT = 60_000;

/** Bytes: enough that a slice costs little, few enough that they do not count. */
const SLICE = 256 * 1024;

/** The SDK's own request handler, for bodies that lie in lent buffers, and for servers that do not know when to stop. */
export class BoundedHandler extends NodeHttpHandler {
  readonly #clock: Pick<Clock, 'alarm'>;
  readonly #socketGet: SocketGet | undefined;

  constructor(options: NodeHttpHandlerOptions, clock: Pick<Clock, 'alarm'>, socketGet?: SocketGet) {
    // The agents limit connecting, and tell every address that was tried and why it failed: a limit of the SDK's would come before, and tell none.
    super({ ...options, socketTimeout: SOCKET_TIMEOUT });
    this.#clock = clock;
    this.#socketGet = socketGet;
  }

  override async handle(request: Request, options?: Options): ReturnType<NodeHttpHandler['handle']> {
    return shortAnswer(request, await this.#send(request, options), this.#clock);
  }

  async #send(request: Request, options?: Options): ReturnType<NodeHttpHandler['handle']> {
    const { body, protocol } = request;
    if (options?.large && this.#socketGet) {
      const limits = { timeoutMs: SOCKET_TIMEOUT, signal: options.large };
      const response = await largeRead(request, this.#socketGet, limits);
      if (response) return { response };
    }
    if (!(body instanceof Uint8Array) || body.length <= SLICE) return super.handle(request, options);
    if (protocol !== 'https:') return cutShort(await super.handle(request, options));
    // The SDK repeats a request with the body that it gave us: each attempt gets a stream of its own.
    const stream = Readable.from(slicesOf(body), { objectMode: false, highWaterMark: SLICE });
    const sliced: Request = Object.create(request, { body: { value: stream, enumerable: true } });
    return cutShort(await super.handle(sliced, options), stream);
  }
}

/** Where a refusal came before the request was all sent, nothing more of it is, and the connection ends with the answer. */
function cutShort(
  handled: Awaited<ReturnType<NodeHttpHandler['handle']>>,
  stream?: Readable,
): Awaited<ReturnType<NodeHttpHandler['handle']>> {
  // Node's client keeps the request at its answer.
  const answer: IncomingMessage & { readonly req?: ClientRequest } = handled.response.body;
  const { req } = answer;
  // Who says yes has had it all, although Node may still be about to tell that it was sent.
  if (!req || req.writableFinished || handled.response.statusCode < 300) return handled;
  stream?.destroy();
  answer.once('end', () => req.destroy());
  return handled;
}

function* slicesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let position = 0; position < body.length; position += SLICE)
    yield body.subarray(position, position + SLICE);
}
