/** Takes a body chunk by chunk, in the promised length, and lets go of it the moment the upload is over. */
import { ArchiverError } from '../domain/errors.ts';

export interface FeedOptions {
  /** Bytes that must come; absent where nobody knows. */
  readonly size?: number;
  readonly signal: AbortSignal;
}

/**
 * Yields the body's chunks as they are: each is valid until the next is asked for. Ends with the body's own error, with the signal's
 * reason as soon as it is aborted (even while the body waits), or with `store-failed` when fewer or more bytes come than promised.
 * On every way out but the body's own end the body is closed.
 */
export async function* feed(
  body: AsyncIterable<Uint8Array>,
  options: FeedOptions,
): AsyncGenerator<Uint8Array, void> {
  const { size, signal } = options;
  const source = body[Symbol.asyncIterator]();
  let open = true;
  let pulling = false;
  let position = 0;
  try {
    while (true) {
      signal.throwIfAborted();
      pulling = true;
      const next = await abortable(source.next(), signal);
      pulling = false;
      if (next.done === true) break;
      position += next.value.length;
      if (size !== undefined && position > size) throw wrongLength(`more than ${size}`, size);
      yield next.value;
    }
    open = false;
    if (size !== undefined && position < size) throw wrongLength(`only ${position}`, size);
  } catch (error) {
    // A body that threw is over; one that we stopped waiting for is not.
    open &&= !pulling || signal.aborted;
    throw error;
  } finally {
    if (open) await close(source, pulling);
  }
}

/** The promise's result, or the signal's reason at once. One listener a call, so nothing piles up on a long-lived signal. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  // A body may have done it while it was asked for the chunk: then the listener came too late.
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Closing must not replace the first cause; behind a pull that hangs it is only asked for, since it could wait for ever. */
async function close(source: AsyncIterator<Uint8Array>, pulling: boolean): Promise<void> {
  const closing = (async () => source.return?.())().catch(() => undefined);
  if (!pulling) await closing;
}

function wrongLength(came: string, size: number): ArchiverError {
  return new ArchiverError('store-failed', `${size} bytes were to be stored, but ${came} came`, {
    hint: 'The download ended at the wrong place; the next run tries again.',
  });
}
