/** The rate of a stream over the last few seconds: what a person takes for "now". */
import type { Clock } from '../../domain/clock.ts';

const WINDOW_MS = 5000;

export interface Meter {
  add(bytes: number): void;
  /** Bytes. */
  total(): number;
  /** Bytes a second. */
  rate(): number;
}

export function createMeter(clock: Pick<Clock, 'now'>): Meter {
  const begunAt = clock.now();
  const samples: { at: number; bytes: number }[] = [];
  let total = 0;

  const forget = (): void => {
    while (samples[0] !== undefined && samples[0].at <= clock.now() - WINDOW_MS) samples.shift();
  };

  return {
    add(bytes) {
      total += bytes;
      forget();
      const last = samples.at(-1);
      // One sample for each tenth of a second is enough, whatever the size of the chunks.
      if (last !== undefined && clock.now() - last.at < 100) last.bytes += bytes;
      else samples.push({ at: clock.now(), bytes });
    },
    total: () => total,
    rate() {
      forget();
      const span = Math.min(WINDOW_MS, clock.now() - begunAt);
      return span <= 0 ? 0 : (samples.reduce((sum, { bytes }) => sum + bytes, 0) * 1000) / span;
    },
  };
}
