/** What a download over several connections owes to the others: every buffer comes back, and one connection that fails takes no other with it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBufferPool } from '../../src/store/buffer-pool.ts';
import { openParallel, type SegmentBuffers } from '../../src/transfer/parallel-download.ts';
import type { ByteRange, Download } from '../../src/transfer/resumable-download.ts';

/** As in the product. */
const SEGMENT_SIZE = 8 * 1024 * 1024;
const TOTAL = 6 * SEGMENT_SIZE;
const { signal } = new AbortController();

/** Bytes `start` to `end`, in chunks; ends with the signal's reason, as a download does. */
async function* bytesOf({ start, end }: Pick<ByteRange, 'start' | 'end'>, until: AbortSignal) {
  for (let position = start; position < end; position += SEGMENT_SIZE / 8) {
    await nextTurn();
    until.throwIfAborted();
    yield Buffer.alloc(Math.min(SEGMENT_SIZE / 8, end - position), position / SEGMENT_SIZE);
  }
}

function counting(capacity: number): SegmentBuffers & { lent(): number } {
  const pool = createBufferPool(capacity);
  let lent = 0;
  return {
    capacity,
    lent: () => lent,
    tryAcquire(size) {
      const buffer = pool.tryAcquire(size);
      if (buffer === undefined) return undefined;
      lent += 1;
      let held = true;
      return {
        bytes: buffer.bytes,
        release() {
          if (held) lent -= 1;
          held = false;
          buffer.release();
        },
      };
    },
  };
}

const first = (): Download => ({
  size: TOTAL,
  validator: '"v1"',
  body: bytesOf({ start: 0, end: TOTAL }, signal),
});

async function sizeOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of body) size += chunk.length;
  return size;
}

describe('a download over several connections', () => {
  it('gives back the buffers of segments that had come already, when it goes on alone', async () => {
    const buffers = counting(3 * SEGMENT_SIZE);
    const { body } = openParallel(first(), {
      ...{ connections: 4, buffers, signal },
      async openRange(range, inner) {
        if (range.start > SEGMENT_SIZE) return { size: TOTAL, body: bytesOf(range, inner) };
        for (let turn = 0; turn < 20; turn += 1) await nextTurn();
        throw new Error('this one cannot be had');
      },
    });
    expect(await sizeOf(body)).toBe(TOTAL);
    await nextTurn();
    expect(buffers.lent()).toBe(0);
  });

  it('goes on with the connection that it has, when the host takes no second one any more', async () => {
    const buffers = counting(SEGMENT_SIZE);
    // Another dump's, but for the very beginning: then the rest comes as a stream again.
    let others: { release(): void } | undefined;
    let streams = 0;
    const { body } = openParallel(first(), {
      ...{ connections: 2, signal },
      buffers: {
        ...buffers,
        tryAcquire(size) {
          const mine = buffers.tryAcquire(size);
          return (
            mine && {
              bytes: mine.bytes,
              release() {
                mine.release();
                others ??= buffers.tryAcquire(size);
              },
            }
          );
        },
      },
      async openRange(range, inner) {
        if (range.end === TOTAL) {
          streams += 1;
          others?.release();
        } else if (streams > 0) throw new Error('too many connections');
        return { size: TOTAL, body: bytesOf(range, inner) };
      },
    });
    expect(await sizeOf(body)).toBe(TOTAL);
    expect(streams).toBe(1);
  });
});
