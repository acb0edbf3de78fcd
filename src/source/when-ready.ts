/** Waits a little for a backup that is not ready this moment. */
import type { Clock } from '../domain/clock.ts';
import { verdictOf } from './api-errors.ts';

/** A conversion often ends within seconds; a longer one is for the next run. */
const WAITS_MS = [5_000, 10_000, 20_000];

/** Asks again a few times while the answer is "not ready", then rejects with it. */
export async function whenReady<T>(ask: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (const wait of WAITS_MS) {
    try {
      return await ask();
    } catch (error) {
      if (verdictOf(error) !== 'not-ready') throw error;
      await clock.sleep(wait, signal);
    }
  }
  return ask();
}
