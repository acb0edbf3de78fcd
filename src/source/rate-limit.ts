/** Spaces out the calls of each action, so that we stay below the account's quota instead of running into it. */
import type { Clock } from '../domain/clock.ts';

/** Of the documented quota; the rest is for the account's other tools. */
const SHARE = 0.8;

/** Calls a second where the documentation names no quota: the cloud's usual default. */
const USUAL_QUOTA = 20;

/** Resolves when the action may be called; rejects with the signal's reason. */
export type RateLimit = (action: string, signal: AbortSignal) => Promise<void>;

/**
 * `quotas`: calls a second that the cloud documents for each action, of the whole account. `workers`: how many share them, since they
 * know nothing of each other.
 */
export function createRateLimit(
  quotas: Readonly<Record<string, number>>,
  clock: Clock,
  workers = 1,
): RateLimit {
  const nextFree = new Map<string, number>();
  let latest = Number.NEGATIVE_INFINITY;

  return async (action, signal) => {
    signal.throwIfAborted();
    const interval = (1000 * workers) / ((quotas[action] ?? USUAL_QUOTA) * SHARE);
    const now = clock.now();
    // The clock was set back: the turns that were given out lie in a time that may be years away.
    if (now < latest) nextFree.clear();
    latest = now;
    const turn = Math.max(now, nextFree.get(action) ?? now);
    nextFree.set(action, turn + interval);
    if (turn > now) await clock.sleep(turn - now, signal);
  };
}
