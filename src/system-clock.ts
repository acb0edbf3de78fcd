/** The real clock: the only place that reads the time, sets timers or throws dice. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './domain/clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),

  async sleep(milliseconds, signal) {
    signal.throwIfAborted();
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      // The timer rejects with an AbortError of its own; callers want to know why they were stopped.
      signal.throwIfAborted();
      throw error;
    }
  },

  alarm(milliseconds, fire) {
    let timer: NodeJS.Timeout | undefined;
    return {
      restart() {
        // `refresh` re-arms a timer that was cleared only if it is made anew, so a stopped one is replaced.
        if (timer) timer.refresh();
        else timer = setTimeout(fire, milliseconds);
      },
      stop() {
        clearTimeout(timer);
        timer = undefined;
      },
    };
  },

  random: () => Math.random(),
};
