/** How much patience one file has left: failures are counted since the last progress, so a long healthy download survives many blips. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';

export interface RetryBudget {
  /** Bytes have come; only a position never reached before refills the budget, or a file that keeps starting over would never end. */
  progress(position: number): void;
  /** Counts a failure and waits before the next attempt; rejects with `download-failed` when the budget is used up. */
  failed(cause: string, retryAfterMs?: number): Promise<void>;
  /** So many bytes more must come before anything counts as progress again: a trickle would refill the budget for ever. */
  demand(bytes: number): void;
  /** Counts a refused link; false when `limit` refusals without progress are used up. */
  refused(limit: number): boolean;
}

export interface BudgetOptions {
  /** Attempts without progress. */
  readonly attempts: number;
  /** What is being fetched, for the error. */
  readonly subject: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** First wait; doubles with each failure. Zero would hammer a host that just fell over. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** A `Retry-After` beyond this would outlive the run's patience; the next run is the better retry. */
const LONGEST_RETRY_AFTER_MS = 120_000;

export function createRetryBudget(options: BudgetOptions): RetryBudget {
  const { attempts, subject, clock, signal } = options;
  let failures = 0;
  let refusals = 0;
  let best = 0;
  let demanded = 0;
  const causes = new Map<string, number>();

  return {
    progress(position) {
      if (position <= best) return;
      best = position;
      if (position < demanded) return;
      failures = 0;
      refusals = 0;
    },

    demand(bytes) {
      demanded = best + bytes;
    },

    async failed(cause, retryAfterMs) {
      failures += 1;
      causes.set(cause, (causes.get(cause) ?? 0) + 1);
      if (failures >= attempts) {
        throw new ArchiverError(
          'download-failed',
          `could not fetch ${subject} in ${attempts} attempts without progress: ${story(causes)}`,
        );
      }
      const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
      const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
      await clock.sleep(Math.max(asked, backoff * (0.5 + clock.random() / 2)), signal);
    },

    refused(limit) {
      refusals += 1;
      return refusals <= limit;
    },
  };
}

function story(causes: ReadonlyMap<string, number>): string {
  return [...causes].map(([cause, count]) => (count > 1 ? `${cause} (${count} times)` : cause)).join('; ');
}
