/** A stream that trickles is a failure too: one byte before each stall time-out would hold its place for ever. */
import type { Clock } from '../domain/clock.ts';

export interface MinimumRate {
  readonly clock: Clock;
  /** Bytes that must come in `windowMs` milliseconds of waiting; 0 for no floor. */
  readonly bytes: number;
  readonly windowMs: number;
}

/** What came was less than the floor. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow';
}

/** The same chunks; throws `TooSlow` in place of the last of a window that brought too few bytes. Only the time of waiting for the source counts, so a slow bucket cannot trip it. */
export async function* withMinimumRate(
  body: AsyncIterable<Uint8Array>,
  { clock, bytes, windowMs }: MinimumRate,
): AsyncGenerator<Uint8Array> {
  let came = 0;
  let waited = 0;
  let askedAt = clock.now();
  for await (const chunk of body) {
    // A longer wait would have been a stall: it is the clock that was set.
    waited += Math.min(Math.max(0, clock.now() - askedAt), windowMs);
    came += chunk.byteLength;
    if (waited >= windowMs) {
      if (came < bytes)
        throw new TooSlow(`only ${came} bytes came in ${Math.round(waited / 1000)} s of waiting`);
      [came, waited] = [0, 0];
    }
    yield chunk;
    askedAt = clock.now();
  }
}
