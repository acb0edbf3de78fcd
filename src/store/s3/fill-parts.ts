/** Cuts a body into parts of equal size, each in a buffer of the pool. */
import { ArchiverError } from '../../domain/errors.ts';
import type { BufferPool, PooledBuffer } from '../buffer-pool.ts';
import type { BodyDigest, PartDigest } from './body-digest.ts';
import { MAX_PARTS } from './part-size.ts';

export interface FilledPart {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
  readonly digest: Promise<PartDigest>;
  readonly last: boolean;
  /** Whoever takes the part gives its buffer back. */
  release(): void;
}

interface FillOptions {
  readonly partSize: number;
  readonly pool: BufferPool;
  readonly digest: BodyDigest;
  readonly signal: AbortSignal;
}

/**
 * Yields at least one part, an empty one for an empty body. A full part is yielded only when the next byte or the end has come, so
 * that the last one is known as such. Waits for a buffer only while it holds none: the pool cannot deadlock.
 */
export async function* fillParts(
  body: AsyncIterable<Uint8Array>,
  options: FillOptions,
): AsyncGenerator<FilledPart, void> {
  const { partSize, pool, digest, signal } = options;
  let number = 1;
  let filled = 0;
  let held: PooledBuffer | undefined = await pool.acquire(partSize, signal);

  function handOver(buffer: PooledBuffer, last: boolean): FilledPart {
    held = undefined;
    const bytes = buffer.bytes.subarray(0, filled);
    return { number, bytes, digest: digest.endPart(bytes, last), last, release: () => buffer.release() };
  }

  try {
    let buffer = held;
    for await (const chunk of body) {
      for (let position = 0; position < chunk.length; ) {
        if (filled === partSize) {
          yield handOver(buffer, false);
          number += 1;
          if (number > MAX_PARTS) throw tooManyParts(partSize);
          buffer = held = await pool.acquire(partSize, signal);
          filled = 0;
        }
        const piece = chunk.subarray(position, position + partSize - filled);
        buffer.bytes.set(piece, filled);
        digest.update(piece);
        filled += piece.length;
        position += piece.length;
      }
    }
    yield handOver(buffer, true);
  } finally {
    held?.release();
  }
}

function tooManyParts(partSize: number): ArchiverError {
  return new ArchiverError('config', `the body does not end within ${MAX_PARTS} parts of ${partSize} bytes`, {
    hint: 'Its size was not known beforehand: raise ARCHIVER_PART_SIZE (and ARCHIVER_BUFFER_MEMORY with it).',
  });
}
