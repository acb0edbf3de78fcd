/** The patience with one file: counted since the last progress, and told in the end. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createRetryBudget, type RetryBudget } from '../../src/transfer/retry-budget.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';

describe('the patience with one file', () => {
  const stop = new AbortController();
  let clock: TestClock;
  let budget: RetryBudget;

  beforeEach(() => {
    clock = createTestClock();
    budget = open(3);
  });

  const open = (attempts: number, random = 1) =>
    createRetryBudget({
      attempts,
      subject: 'dump.rdb of backup-1',
      clock: { ...clock, random: () => random },
      signal: stop.signal,
    });
  /** How long a failure made us wait. */
  const waits = async (fail: () => Promise<void>) => {
    const before = clock.slept();
    await fail();
    return clock.slept() - before;
  };

  it('ends with the last of the attempts without progress, and tells each cause and how often it came', async () => {
    await budget.failed('reset');
    await budget.failed('no byte came for 30 s');
    await expect(budget.failed('reset')).rejects.toMatchObject({
      code: 'download-failed',
      message:
        'could not fetch dump.rdb of backup-1 in 3 attempts without progress: reset (2 times); no byte came for 30 s',
    });
  });

  it('is new after each byte that was never reached before, and not after one that was', async () => {
    await budget.failed('reset');
    await budget.failed('reset');
    budget.progress(100);
    await budget.failed('reset');
    budget.progress(50);
    budget.progress(100);
    await budget.failed('reset');
    await expect(budget.failed('reset')).rejects.toMatchObject({ code: 'download-failed' });
  });

  it('is not renewed by a trickle: after a demand so many bytes more have to come', async () => {
    budget.progress(1000);
    await budget.failed('too slow');
    budget.demand(500);
    budget.progress(1499);
    await budget.failed('too slow');
    await expect(budget.failed('too slow')).rejects.toMatchObject({ code: 'download-failed' });

    const patient = open(2);
    patient.progress(1000);
    await patient.failed('too slow');
    patient.demand(500);
    patient.progress(1500);
    await patient.failed('too slow');
  });

  it('waits longer each time, twice as long, but never beyond half a minute', async () => {
    const patient = open(20);
    const waited: number[] = [];
    for (let attempt = 1; attempt < 12; attempt += 1) waited.push(await waits(() => patient.failed('reset')));
    expect(waited).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it('waits at least half of that, by chance, so that many workers do not come back at once', async () => {
    expect(await waits(() => open(3, 0).failed('reset'))).toBe(125);
    expect(await waits(() => open(3, 0.5).failed('reset'))).toBe(187.5);
  });

  it('begins with the short wait again after progress', async () => {
    await budget.failed('reset');
    await budget.failed('reset');
    budget.progress(1);
    expect(await waits(() => budget.failed('reset'))).toBe(250);
  });

  it('waits as long as the host asks, where that is longer, and never beyond two minutes', async () => {
    expect(await waits(() => budget.failed('503', 7000))).toBe(7000);
    expect(await waits(() => budget.failed('503', 1))).toBe(500);
    expect(await waits(() => open(3).failed('503', 3_600_000))).toBe(120_000);
  });

  it('does not outlive the signal', async () => {
    const soon = new AbortController();
    const mine = createRetryBudget({ attempts: 3, subject: 'x', clock, signal: soon.signal });
    soon.abort(new Error('stop'));
    await expect(mine.failed('reset')).rejects.toThrow('stop');
  });

  it('counts refused links apart from failures, and anew after progress', async () => {
    expect([budget.refused(2), budget.refused(2), budget.refused(2)]).toEqual([true, true, false]);
    budget.progress(1);
    expect(budget.refused(1)).toBe(true);
    expect(budget.refused(1)).toBe(false);
    await budget.failed('reset');
    await budget.failed('reset');
  });
});
