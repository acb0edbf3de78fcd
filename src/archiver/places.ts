/**
 * Places for files on their way, shared by all runs of the process and given to the most urgent. A place can be held for days by a server that trickles;
 * so where those who hold them are all slow, one more is open for a try: whoever is fast there goes through, and whoever is slow gives way to the next.
 */
import type { Backup } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { byUrgency, isAtRisk } from '../plan/plan.ts';

/** Thrown in mid-transfer where somebody else is to have a try: it was no failure, and waits for a place again. */
export class GaveWay extends ArchiverError {
  constructor() {
    super('download-failed', 'gave its place to a backup that was not tried yet', { retry: 'never' });
  }
}

export interface Place {
  /** Aborted with `GaveWay`. */
  readonly signal: AbortSignal;
  /** Says whether who holds it will be long: beyond the end of its run. */
  judge(slow: boolean): void;
  /** A second call does nothing. */
  release(): void;
}

export interface Places {
  /** `tried`: it gave way before, and waits for a place that nobody takes away. Rejects with the signal's reason. */
  take(backup: Backup, options: { readonly tried: boolean }, signal: AbortSignal): Promise<Place>;
}

interface Holder {
  readonly backup: Backup;
  readonly stop: AbortController;
  slow: boolean;
}

interface Waiter {
  readonly backup: Backup;
  readonly tried: boolean;
  readonly serve: (holder: Holder) => void;
}

/** So many, and the one for a try. */
export function createPlaces(count: number, clock: Pick<Clock, 'now'>): Places {
  const holders = new Set<Holder>();
  let trial: Holder | undefined;
  const waiting = new Set<Waiter>();

  function arrange(): void {
    if (trial && holders.size < count) {
      holders.add(trial);
      trial = undefined;
    }
    for (const next of [...waiting].sort(byUrgency)) {
      if (holders.size === count) break;
      holders.add(serve(next));
    }
    const next = [...waiting].filter(({ tried }) => !tried).sort(byUrgency)[0];
    if (!next || !opensFor(next)) return;
    if (!trial) trial = serve(next);
    else if (trial.slow) trial.stop.abort(new GaveWay());
  }

  /** Where nobody gets on, or where who waits would be lost behind those who have more time. */
  function opensFor(waiter: Waiter): boolean {
    const all = [...holders];
    return (
      all.every(({ slow }) => slow) ||
      (isAtRisk(waiter.backup, clock.now()) && all.some((holder) => byUrgency(waiter, holder) < 0))
    );
  }

  function serve(waiter: Waiter): Holder {
    waiting.delete(waiter);
    const holder = { backup: waiter.backup, stop: new AbortController(), slow: false };
    waiter.serve(holder);
    return holder;
  }

  function placeOf(holder: Holder): Place {
    const isHeld = (): boolean => holders.has(holder) || trial === holder;
    return {
      signal: holder.stop.signal,
      judge(slow) {
        holder.slow = slow;
        if (slow && isHeld()) arrange();
      },
      release() {
        if (!isHeld()) return;
        if (trial === holder) trial = undefined;
        holders.delete(holder);
        arrange();
      },
    };
  }

  return {
    async take(backup, { tried }, signal) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<Place>();
      const waiter: Waiter = { backup, tried, serve: (holder) => resolve(placeOf(holder)) };
      const leave = (): void => {
        if (waiting.delete(waiter)) reject(signal.reason);
      };
      signal.addEventListener('abort', leave);
      waiting.add(waiter);
      arrange();
      return promise.finally(() => signal.removeEventListener('abort', leave));
    },
  };
}
