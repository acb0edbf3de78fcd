/** Bounds the time that notifications may take: a dead receiver must not hold up the end of a run, nor a signal. */
import type { Clock } from '../../domain/clock.ts';
import { ArchiverError } from '../../domain/errors.ts';

const PATIENCE_MS = 30_000;

/** After a signal: a pod is killed 30 s after it by default, and the store has things to settle in that time too. */
const GRACE_MS = 5000;

/** Aborts the signal that the work gets when its time is up; to end then is the work's own business. */
export async function withinTime(
  clock: Pick<Clock, 'alarm'>,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const limit = new AbortController();
  const giveUp = (): void => limit.abort(new ArchiverError('notify-failed', 'there was no time left'));
  const patience = clock.alarm(PATIENCE_MS, giveUp);
  const grace = clock.alarm(GRACE_MS, giveUp);
  const hurry = (): void => grace.restart();
  patience.restart();
  if (stop.aborted) hurry();
  else stop.addEventListener('abort', hurry, { once: true });
  try {
    await work(limit.signal);
  } finally {
    stop.removeEventListener('abort', hurry);
    patience.stop();
    grace.stop();
  }
}
