/** A clock on which a week passes in a moment: sleepers wake in their order, and the hands can be moved as a bad time server does. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/domain/clock.ts';
import { systemClock } from '../../src/system-clock.ts';

export interface VirtualClock extends Clock {
  /** Lets so much time pass and wakes everyone whose time has come, each at its own time. */
  pass(milliseconds: number): Promise<void>;
  /** Moves the hands without any time passing: nobody wakes. */
  set(milliseconds: number): void;
}

interface Sleeper {
  readonly at: number;
  wake(): void;
}

export function createVirtualClock(start: string, random = 0.5): VirtualClock {
  /** Time that has passed, whatever the hands show. */
  let passed = 0;
  let hands = Date.parse(start);
  const sleepers = new Set<Sleeper>();

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  };
  const earliest = (until: number): Sleeper | undefined =>
    [...sleepers].filter(({ at }) => at <= until).sort((left, right) => left.at - right.at)[0];
  const goTo = (time: number): void => {
    hands += time - passed;
    passed = time;
  };

  return {
    now: () => hands,
    random: () => random,
    alarm: systemClock.alarm,
    set(milliseconds) {
      hands = milliseconds;
    },

    async pass(milliseconds) {
      const until = passed + milliseconds;
      await settle();
      for (let next = earliest(until); next !== undefined; next = earliest(until)) {
        goTo(next.at);
        next.wake();
        await settle();
      }
      goTo(until);
    },

    async sleep(milliseconds, signal) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', fail);
        };
        const fail = (): void => {
          leave();
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          at: passed + milliseconds,
          wake() {
            leave();
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', fail);
      });
    },
  };
}
