/** One cap on bytes a second over all transfers, kept steadily: each chunk waits for its own share, so no time-out is tripped by a burst. */
import type { Clock } from '../domain/clock.ts';

/** Resolves when `bytes` more may pass. */
export type Throttle = (bytes: number, signal: AbortSignal) => Promise<void>;

/** A longer wait than this is spread over several, so that a large chunk is paid for in the time of the chunks after it. */
export function createThrottle(bytesPerSecond: number | undefined, clock: Clock): Throttle {
  if (bytesPerSecond === undefined) return async () => {};
  let freeAt = 0;
  let latest = 0;
  return async (bytes, signal) => {
    const now = clock.now();
    // The clock was set back: what was paid for lies in a time that may be years away.
    if (now < latest) freeAt = now;
    latest = now;
    const startsAt = Math.max(now, freeAt);
    freeAt = startsAt + (bytes / bytesPerSecond) * 1000;
    if (startsAt > now) await clock.sleep(startsAt - now, signal);
  };
}
