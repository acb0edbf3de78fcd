/** What happens all the time is told now and then: the first time once it has gone on for an interval, and so often from there on. */
import type { Clock } from '../domain/clock.ts';

export interface NowAndThen {
  /** Whether it is to be told now. */
  isDue(subject: string): boolean;
  /** Forgets all subjects that begin so. */
  over(beginning: string): void;
}

export function createNowAndThen(clock: Pick<Clock, 'now'>, intervalMs: number): NowAndThen {
  const toldAt = new Map<string, number>();
  return {
    isDue(subject) {
      const now = clock.now();
      const last = toldAt.get(subject);
      if (last !== undefined && now - last < intervalMs) return false;
      toldAt.set(subject, now);
      return last !== undefined;
    },
    over(beginning) {
      for (const subject of toldAt.keys()) if (subject.startsWith(beginning)) toldAt.delete(subject);
    },
  };
}

/** Milliseconds between two lines of a listing that is long. */
export const LISTING_TOLD_MS = 30_000;
