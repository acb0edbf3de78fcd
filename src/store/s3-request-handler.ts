/**
 * Sends large bodies over TLS slice by slice. Written at once, a whole part would lie encrypted in memory beside the plain one: four parts of
 * 8 MiB on their way took 30 MB more than the buffer memory that is configured.
 */
import { Readable } from 'node:stream';
import { NodeHttpHandler } from '@smithy/node-http-handler';

type Request = Parameters<NodeHttpHandler['handle']>[0];
type Options = Parameters<NodeHttpHandler['handle']>[1];

/** Bytes: enough that a slice costs little, few enough that they do not count. */
const SLICE = 256 * 1024;

export class SlicingHandler extends NodeHttpHandler {
  override handle(request: Request, options?: Options): ReturnType<NodeHttpHandler['handle']> {
    const { body, protocol } = request;
    if (protocol !== 'https:' || !(body instanceof Uint8Array) || body.length <= SLICE)
      return super.handle(request, options);
    // The SDK repeats a request with the body that it gave us: each attempt gets a stream of its own.
    const stream = Readable.from(slicesOf(body), { objectMode: false, highWaterMark: SLICE });
    const sliced: Request = Object.create(request, { body: { value: stream, enumerable: true } });
    return super.handle(sliced, options);
  }
}

function* slicesOf(body: Uint8Array): Generator<Uint8Array> {
  for (let position = 0; position < body.length; position += SLICE)
    yield body.subarray(position, position + SLICE);
}
