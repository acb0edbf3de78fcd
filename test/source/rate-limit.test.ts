/** Calls are spaced so that the documented quota is never reached. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { createRateLimit } from '../../src/source/rate-limit.ts';
import { jumpingClock, never } from './setup.ts';

/** When each of `count` calls asked for at once gets its turn, in milliseconds from now. */
async function turns(count: number, quota: number): Promise<number[]> {
  const given: number[] = [];
  const clock: Clock = {
    ...jumpingClock(),
    now: () => 0,
    sleep: async (milliseconds) => void given.push(milliseconds),
  };
  const take = createRateLimit({ Action: quota }, clock);
  await Promise.all(Array.from({ length: count }, () => take('Action', never)));
  return [0, ...given];
}

test('stays below the quota in every second, however many calls are waiting', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 300 }),
      async (quota, count) => {
        const given = await turns(count, quota);
        expect(given).toHaveLength(count);
        for (const begin of given) {
          const within = given.filter((at) => at >= begin && at < begin + 1000);
          expect(within.length).toBeLessThanOrEqual(Math.max(1, quota));
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('uses four fifths of the quota', async () => {
  const given = await turns(101, 50);
  expect(given.at(-1)).toBeCloseTo(100 * 25);
});

test('does not make one action wait for another, nor anyone who comes late enough', async () => {
  const clock = jumpingClock();
  const take = createRateLimit({ One: 1, Two: 1 }, clock);
  await take('One', never);
  await take('Two', never);
  clock.time += 1250;
  await take('One', never);
  expect(clock.sleeps).toEqual([]);
  await take('One', never);
  expect(clock.sleeps).toEqual([1250]);
});

test('spaces an action without a documented quota by the usual one', async () => {
  const clock = jumpingClock();
  const take = createRateLimit({}, clock);
  await take('Action', never);
  await take('Action', never);
  expect(clock.sleeps).toEqual([62.5]);
});

test('does not wait for the old time to come again when the clock was set back', async () => {
  const clock = jumpingClock();
  const take = createRateLimit({ Action: 1 }, clock);
  await take('Action', never);
  clock.time -= 3_600_000;
  await take('Action', never);
  await take('Action', never);
  expect(clock.sleeps).toEqual([1250]);
});

test('gives up the wait when told to stop', async () => {
  const take = createRateLimit({}, jumpingClock());
  await take('Action', never);
  await expect(take('Action', AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
});
