/**
 * Sends a stream through one of Node's transforms by pulling: the source is asked only when somebody asks here, what it throws comes out
 * here, and a consumer who stops leaves nothing running. Writing beside reading would have two ends to fail and nobody to tell.
 */
import type { Transform } from 'node:stream';

/** Those of `node:zlib`. */
export type CodecTransform = Transform & {
  /** Bytes that it has made use of. */
  readonly bytesWritten: number;
};

/** What the transform itself says of the bytes, apart from what their source throws. */
export class TransformFailure extends Error {
  override readonly name = 'TransformFailure';
}

const KiB = 1024;

/** Bytes that are handed over at once: one hop to another thread and back each. */
export const BLOCK_SIZE = 128 * KiB;

/**
 * Throws `TransformFailure` where the transform fails, or where it ends before its source. The source's chunks are copied, so while one
 * block is worked on in another thread the next is gathered already.
 */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: CodecTransform,
): AsyncGenerator<Uint8Array> {
  const work = workOf(transform);
  try {
    for await (const block of inBlocks(source)) {
      yield* work.outcome();
      work.write(block);
    }
    yield* work.outcome();
    work.end();
    yield* work.outcome();
  } finally {
    transform.destroy();
  }
}

/** Two buffers by turns: a block is valid until the next but one is asked for. */
async function* inBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let [block, other] = [Buffer.allocUnsafeSlow(BLOCK_SIZE), Buffer.allocUnsafeSlow(BLOCK_SIZE)];
  let filled = 0;
  for await (const chunk of source) {
    for (let position = 0; position < chunk.length; ) {
      const piece = chunk.subarray(position, position + BLOCK_SIZE - filled);
      block.set(piece, filled);
      filled += piece.length;
      position += piece.length;
      if (filled < BLOCK_SIZE) continue;
      yield block;
      [block, other, filled] = [other, block, 0];
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/** One thing at a time that the transform is busy with, and what comes out of it meanwhile. */
function workOf(transform: CodecTransform) {
  let failure: TransformFailure | undefined;
  let given = 0;
  let busy = false;
  let ending = false;
  let ended = false;
  let wake = () => {};

  const fail = (error: Error) => {
    failure ??= new TransformFailure(error.message, { cause: error });
    wake();
  };
  transform.on('error', fail);
  transform.on('readable', () => wake());
  transform.once('end', () => {
    ended = true;
    wake();
  });

  return {
    write(block: Uint8Array) {
      busy = true;
      given += block.length;
      transform.write(block, (error) => {
        busy = false;
        // Node's decoders end politely at the end of what they know, and drop the rest without a word.
        if (!error && transform.bytesWritten !== given) fail(new Error('something follows behind its end'));
        else if (error) fail(error);
        else wake();
      });
    },
    end() {
      ending = true;
      transform.end();
    },
    /** What has come out, until it is done with what it was given. */
    async *outcome(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const piece: Uint8Array | null = failure ? null : transform.read();
        if (piece) yield piece;
        else if (failure) throw failure;
        else if (ended && !ending) throw new TransformFailure('it ended before its source');
        else if (ending ? ended : !busy) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
