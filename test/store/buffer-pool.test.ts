/** The pool of part buffers: fair, bounded, never stuck. */
import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBufferPool, type PooledBuffer } from '../../src/store/buffer-pool.ts';

const signal = new AbortController().signal;

/** Lets everything happen that can happen without a timer. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the buffer pool', () => {
  test('serves first come, first served: a large request is not starved by small ones behind it', async () => {
    const pool = createBufferPool(10);
    const first = await pool.acquire(6, signal);
    const order: string[] = [];
    const acquire = async (name: string, size: number) => {
      const buffer = await pool.acquire(size, signal);
      order.push(name);
      return buffer;
    };
    const large = acquire('large', 10);
    const small = acquire('small', 1);
    await settle();
    expect(order).toEqual([]);
    first.release();
    (await large).release();
    await small;
    expect(order).toEqual(['large', 'small']);
  });

  test('reuses the memory of a buffer that was given back', async () => {
    const pool = createBufferPool(8);
    const first = await pool.acquire(8, signal);
    first.release();
    expect((await pool.acquire(8, signal)).bytes).toBe(first.bytes);
  });

  test('lends a buffer to one at a time, however often it is given back', async () => {
    const pool = createBufferPool(8);
    const first = await pool.acquire(4, signal);
    first.release();
    first.release();
    const [one, other] = await Promise.all([pool.acquire(4, signal), pool.acquire(4, signal)]);
    expect(one.bytes).not.toBe(other.bytes);
  });

  test('stops waiting when asked to, and lets those behind it pass', async () => {
    const pool = createBufferPool(10);
    await pool.acquire(5, signal);
    const stop = new AbortController();
    const blocked = pool.acquire(9, stop.signal);
    const behind = pool.acquire(5, signal);
    stop.abort(new Error('asked to stop'));
    await expect(blocked).rejects.toThrow('asked to stop');
    expect((await behind).bytes).toHaveLength(5);
  });

  test('gives nothing to whoever was stopped before, and keeps none of it', async () => {
    const pool = createBufferPool(8);
    const stop = new AbortController();
    stop.abort(new Error('stop'));
    await expect(pool.acquire(8, stop.signal)).rejects.toThrow('stop');
    expect((await pool.acquire(8, signal)).bytes).toHaveLength(8);
  });

  test('leaves nothing on a signal that lives for months, whoever was served and whoever was not', async () => {
    const pool = createBufferPool(8);
    const long = new AbortController();
    const first = await pool.acquire(8, long.signal);
    const second = pool.acquire(8, long.signal);
    expect(getEventListeners(long.signal, 'abort')).toHaveLength(1);
    first.release();
    (await second).release();
    await settle();
    expect(getEventListeners(long.signal, 'abort')).toHaveLength(0);
  });

  test('says what to configure when a buffer could never fit', async () => {
    await expect(createBufferPool(10).acquire(11, signal)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('ARCHIVER_BUFFER_MEMORY'),
    });
  });

  test('never lends more than its bytes, always serves in order, and serves everyone', async () => {
    const requests = fc.array(fc.record({ size: fc.integer({ min: 1, max: 100 }), abort: fc.boolean() }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(requests, fc.infiniteStream(fc.nat()), async (wanted, dice) => {
        const pool = createBufferPool(100);
        const lent: PooledBuffer[] = [];
        const served: number[] = [];
        const stops = wanted.map(() => new AbortController());
        const waits = wanted.map(async ({ size }, index) => {
          const buffer = await pool.acquire(size, stops[index]?.signal ?? signal);
          expect(buffer.bytes).toHaveLength(size);
          served.push(index);
          lent.push(buffer);
          expect(lent.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(100);
        });
        const outcomes = Promise.allSettled(waits);
        for (const [index, { abort }] of wanted.entries()) if (abort) stops[index]?.abort();
        for (await settle(); lent.length > 0; await settle()) {
          const [chosen] = lent.splice((dice.next().value ?? 0) % lent.length, 1);
          chosen?.release();
        }
        expect(served).toEqual(served.toSorted((one, other) => one - other));
        const failed = (await outcomes).filter(({ status }) => status === 'rejected').length;
        expect(served.length + failed).toBe(wanted.length);
        expect(failed).toBeLessThanOrEqual(wanted.filter(({ abort }) => abort).length);
      }),
      { numRuns: 50 },
    );
  });
});
