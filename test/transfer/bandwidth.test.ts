/** The cap on bytes a second over all transfers. */
import { describe, expect, it } from 'vitest';
import { createThrottle } from '../../src/transfer/bandwidth.ts';
import { createTestClock } from '../support/clock.ts';

const signal = new AbortController().signal;
const MiB = 1024 * 1024;

describe('the bandwidth cap', () => {
  it('lets exactly so many bytes a second pass, steadily', async () => {
    const clock = createTestClock();
    const throttle = createThrottle(10 * MiB, clock);
    const begin = clock.now();
    for (let chunk = 0; chunk < 320; chunk += 1) await throttle(MiB / 16, signal);
    // 20 MiB at 10 MiB a second: the last chunk waits for all before it.
    expect(clock.now() - begin).toBeGreaterThan(1900);
    expect(clock.now() - begin).toBeLessThanOrEqual(2000);
  });

  it('is shared by all transfers', async () => {
    const clock = createTestClock();
    const throttle = createThrottle(MiB, clock);
    const begin = clock.now();
    await Promise.all([1, 2, 3, 4].map(() => throttle(MiB, signal)));
    expect(clock.now() - begin).toBeGreaterThanOrEqual(3000);
  });

  it('gives no credit for idle time, so no burst follows a pause', async () => {
    const clock = createTestClock();
    const throttle = createThrottle(MiB, clock);
    clock.advance(60_000);
    const begin = clock.now();
    await throttle(MiB, signal);
    await throttle(MiB, signal);
    expect(clock.now() - begin).toBeGreaterThanOrEqual(1000);
  });

  it('does not wait for the old time to come again when the clock was set back', async () => {
    const clock = createTestClock();
    const throttle = createThrottle(MiB, clock);
    await throttle(MiB, signal);
    clock.advance(-3_600_000);
    await throttle(MiB, signal);
    expect(clock.slept()).toBeLessThanOrEqual(1000);
  });

  it('costs nothing where none is configured', async () => {
    const clock = createTestClock();
    await createThrottle(undefined, clock)(1e12, signal);
    expect(clock.slept()).toBe(0);
  });

  it('ends its wait at once when it is interrupted', async () => {
    const clock = createTestClock();
    const throttle = createThrottle(1, clock);
    await throttle(100, signal);
    await expect(throttle(1, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});
