/** A clock that tests hold: waiting takes no time but moves it on, and `advance` lets hours pass. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/domain/clock.ts';
import { systemClock } from '../../src/system-clock.ts';

export interface TestClock extends Clock {
  advance(milliseconds: number): void;
  /** How long was waited for altogether, in milliseconds. */
  slept(): number;
}

/** Alarms stay real: a stall is nothing that a test could decide by moving hands. Keep their times short. */
export function createTestClock(start = '2026-11-24T03:00:00Z'): TestClock {
  let now = Date.parse(start);
  let slept = 0;
  return {
    now: () => now,
    advance(milliseconds) {
      now += milliseconds;
    },
    slept: () => slept,
    async sleep(milliseconds, signal) {
      signal.throwIfAborted();
      now += milliseconds;
      slept += milliseconds;
      await nextTurn();
      signal.throwIfAborted();
    },
    alarm: systemClock.alarm,
    random: () => 0.5,
  };
}
