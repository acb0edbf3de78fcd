/** Time, waiting and chance as one argument, so that tests hold the clock. */

/** Fires once after a time in which nobody restarted it. */
export interface Alarm {
  /** Begins the whole time anew. */
  restart(): void;
  /** Will not fire unless it is restarted. */
  stop(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** A stopped alarm; `restart()` winds it up. One alarm serves a whole stream, so a chunk costs no new timer. */
  alarm(milliseconds: number, fire: () => void): Alarm;
  /** A number in [0, 1), for jitter. */
  random(): number;
}
