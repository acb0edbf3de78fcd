/**
 * How fast a file gets on, against how fast it has to: before the cloud deletes its backup, and before its run is to be over. A floor of bytes a second
 * says neither: at 3 KiB/s a small dump is done in a minute, and a large one is lost.
 */
import type { Clock } from '../domain/clock.ts';

export interface Limits {
  /** When the cloud deletes the backup, in milliseconds since the epoch. */
  readonly lostAt: number;
  /** When the run is to be over; `Infinity` where nobody waits for it. */
  readonly runEndsAt: number;
}

export interface Judgement {
  /** It cannot be there before the cloud deletes the backup. */
  readonly late: boolean;
  /** It is late, or will not be there when the run is to be over: others need not wait for it. */
  readonly slow: boolean;
  readonly bytesPerSecond: number;
  /** So that it is there in time. */
  readonly neededBytesPerSecond: number;
}

export interface Pace {
  /** Bytes of the whole file, where they are known. */
  begun(size: number | undefined): void;
  /** Bytes of the file that have gone to the store. An answer once a minute. */
  moved(position: number): Judgement | undefined;
}

/** Milliseconds: long enough that a connection gets up to speed and a reconnect is no slowness. */
const WINDOW_MS = 60_000;
/** Of a file whose end nobody knows: so long and no longer it is given credit. */
const CREDIT_MS = 10 * WINDOW_MS;
/** So many minutes may be lost to a connection that breaks, or to a host that says when to come again. */
const HICCUP = 1;
/** A file that is late is in time again only with so much to spare, lest it is told again and again. */
const SPARE = 1.25;

export function createPace(clock: Pick<Clock, 'now'>, { lostAt, runEndsAt }: Limits): Pace {
  let size: number | undefined;
  let begunAt = clock.now();
  let since = begunAt;
  let from = 0;
  /** Minutes in a row that were too slow. */
  let tooSlow = 0;
  let late = false;

  return {
    begun(total) {
      size = total;
      [begunAt, since, from] = [clock.now(), clock.now(), 0];
    },

    moved(position) {
      const now = clock.now();
      const passed = now - since;
      // It began anew, or the clock was set back.
      if (position < from || passed < 0) {
        [since, from] = [now, position];
        return undefined;
      }
      if (passed < WINDOW_MS) return undefined;
      const rate = (position - from) / passed;
      [since, from] = [now, position];
      if (size === undefined)
        return {
          late: false,
          slow: now - begunAt > CREDIT_MS,
          bytesPerSecond: Math.round(rate * 1000),
          neededBytesPerSecond: 0,
        };
      const left = Math.max(0, size - position);
      const takes = left / rate;
      tooSlow = now + takes * (late ? SPARE : 1) > lostAt ? tooSlow + 1 : 0;
      late = tooSlow > (late ? 0 : HICCUP);
      return {
        late,
        slow: late || now + takes > runEndsAt,
        bytesPerSecond: Math.round(rate * 1000),
        neededBytesPerSecond: Math.ceil((left / Math.max(1, lostAt - now)) * 1000),
      };
    },
  };
}
