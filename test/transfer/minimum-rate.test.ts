/** The floor under a download's rate: a trickle is a failure, a slow bucket is none. */
import { describe, expect, it } from 'vitest';
import { TooSlow, withMinimumRate } from '../../src/transfer/minimum-rate.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';

const WINDOW_MS = 30_000;

/** Chunks of so many bytes, each after so many milliseconds. */
async function* source(clock: TestClock, chunks: readonly (readonly [bytes: number, afterMs: number])[]) {
  for (const [bytes, afterMs] of chunks) {
    clock.advance(afterMs);
    yield new Uint8Array(bytes);
  }
}

async function drain(
  clock: TestClock,
  chunks: readonly (readonly [bytes: number, afterMs: number])[],
  { bytes = 30_000, busyMs = 0 } = {},
): Promise<number> {
  let came = 0;
  for await (const chunk of withMinimumRate(source(clock, chunks), { clock, bytes, windowMs: WINDOW_MS })) {
    came += chunk.byteLength;
    clock.advance(busyMs);
  }
  return came;
}

const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

describe('a download', () => {
  it('of one byte before each stall time-out has failed after the second', async () => {
    const draining = drain(createTestClock(), times(100, [1, 29_000] as const));
    await expect(draining).rejects.toThrow(TooSlow);
    await expect(drain(createTestClock(), times(100, [1, 29_000] as const))).rejects.toThrow(
      'only 2 bytes came in 58 s of waiting',
    );
  });

  it('exactly at the floor goes on', async () => {
    expect(await drain(createTestClock(), times(100, [1000, 1000] as const))).toBe(100_000);
  });

  it('that begins fast and then trickles has failed', async () => {
    const chunks = [...times(50, [65_536, 10] as const), ...times(100, [10, 1000] as const)];
    await expect(drain(createTestClock(), chunks)).rejects.toThrow(TooSlow);
  });

  it('into a slow bucket goes on, however little is asked of the source', async () => {
    expect(await drain(createTestClock(), times(50, [100, 1] as const), { busyMs: 60_000 })).toBe(5000);
  });

  it('is not failed by a clock that was set', async () => {
    const chunks = [
      [20_000, 10],
      [20_000, 3_600_000],
      [20_000, -3_600_000],
      [20_000, 10],
    ] as const;
    expect(await drain(createTestClock(), chunks)).toBe(80_000);
  });

  it('may trickle for ever where there is no floor', async () => {
    expect(await drain(createTestClock(), times(100, [1, 29_000] as const), { bytes: 0 })).toBe(100);
  });
});
