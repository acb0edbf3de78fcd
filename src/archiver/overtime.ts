/**
 * What becomes of work in hand when the run's deadline has passed. A dump that trickled above the floor held a run for four days, every tick was skipped,
 * and a backup with an hour to live was lost. But a large dump on a slow way must not be begun anew by every run either: so whoever is halfway goes on.
 */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';

export interface Overtime {
  /** Aborted when the deadline has passed, for what should be over long before: looking and planning. */
  readonly deadline: AbortSignal;
  /** One backup's share of it. */
  watch(): Watch;
  /** Ends the alarms. */
  close(): void;
}

export interface Watch {
  /** The run's deadline, in milliseconds since the epoch. */
  readonly runEndsAt: number;
  /** Aborted with a `download-failed` when this backup is given up. */
  readonly signal: AbortSignal;
  begun(file: number, size: number | undefined): void;
  /** Bytes of the file that have gone to the store. */
  moved(file: number, position: number): void;
}

/** Of the deadline: a transfer that was halfway at the deadline, and no slower after it, is done by then. */
const LONGEST = 2;
/** Milliseconds; the most that Node's timers take. */
const MOST_MS = 2 ** 31 - 1;

export function createOvertime(
  { startedAt, deadlineMs }: { readonly startedAt: number; readonly deadlineMs: number },
  clock: Pick<Clock, 'now' | 'alarm'>,
): Overtime {
  const late = new AbortController();
  const over = new AbortController();
  const alarms = [
    clock.alarm(Math.min(deadlineMs, MOST_MS), () => late.abort(notListed(deadlineMs))),
    clock.alarm(Math.min(LONGEST * deadlineMs, MOST_MS), () =>
      over.abort(givenUp('and twice the deadline is over')),
    ),
  ];
  for (const alarm of alarms) alarm.restart();

  function watch(): Watch {
    const mine = new AbortController();
    const files = new Map<number, { readonly size: number | undefined }>();
    return {
      runEndsAt: startedAt + deadlineMs,
      signal: AbortSignal.any([mine.signal, over.signal]),
      begun: (file, size) => void files.set(file, { size }),
      moved(file, position) {
        const age = clock.now() - startedAt;
        if (age <= deadlineMs) return;
        const size = files.get(file)?.size;
        if (size === undefined || position * 2 < size || age > LONGEST * deadlineMs)
          mine.abort(givenUp(`after ${position} of ${size ?? 'nobody knows how many'} bytes`));
      },
    };
  }

  return {
    deadline: late.signal,
    watch,
    close() {
      for (const alarm of alarms) alarm.stop();
    },
  };
}

function givenUp(reached: string): ArchiverError {
  return new ArchiverError(
    'download-failed',
    `given up at the run's deadline, ${reached}: it would keep later backups waiting`,
    {
      hint: 'Look at what makes it slow. Where the way is no faster, raise ARCHIVER_RUN_DEADLINE (a transfer may take twice as long if half of it is there by then), or ARCHIVER_CONNECTIONS.',
      retry: 'never',
    },
  );
}

function notListed(deadlineMs: number): ArchiverError {
  return new ArchiverError(
    'api-unavailable',
    `sources and destination were not listed within the run's deadline of ${deadlineMs / 1000} s`,
    {
      hint: 'Something answers without end, or too slowly. Nothing was archived by this run; `rdb-archiver check` tries each of them.',
    },
  );
}
