/** Measuring in passing: a stream flows through taps unchanged, and each tap answers when it has drained. */
import { createHash } from 'node:crypto';

export interface Tap<Result> {
  /** Sees each chunk once, in order, and must not keep it: the producer may reuse the buffer. */
  update(chunk: Uint8Array): void;
  /** The answer; ask once, when the stream has ended. */
  result(): Result;
}

/** The same bytes, seen by every tap on the way. */
export async function* tapped(
  body: AsyncIterable<Uint8Array>,
  taps: readonly Pick<Tap<unknown>, 'update'>[],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    for (const tap of taps) tap.update(chunk);
    yield chunk;
  }
}

/** Reads a stream to its end for its taps' sake alone. */
export async function drain(
  body: AsyncIterable<Uint8Array>,
  taps: readonly Pick<Tap<unknown>, 'update'>[],
): Promise<void> {
  for await (const chunk of body) {
    for (const tap of taps) tap.update(chunk);
  }
}

/** Counts bytes. */
export function sizeTap(): Tap<number> {
  let size = 0;
  return {
    update: (chunk) => {
      size += chunk.byteLength;
    },
    result: () => size,
  };
}

/** SHA-256 in lower-case hex, as `sha256sum` prints it. */
export function sha256Tap(): Tap<string> {
  const hash = createHash('sha256');
  return {
    update: (chunk) => {
      hash.update(chunk);
    },
    result: () => hash.digest('hex'),
  };
}
