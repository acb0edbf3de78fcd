/** A transfer is held against what its own backup needs: told at once when it cannot be there in time, and not again and again. */
import { describe, expect, it } from 'vitest';
import { createPace } from '../../src/archiver/pace.ts';
import { HOUR_MS } from '../support/builders.ts';
import { createTestClock } from '../support/clock.ts';

const MINUTE_MS = 60_000;

const begun = (size: number | undefined, { lostIn = 100 * HOUR_MS, runEndsIn = 6 * HOUR_MS } = {}) => {
  const clock = createTestClock();
  const pace = createPace(clock, { lostAt: clock.now() + lostIn, runEndsAt: clock.now() + runEndsIn });
  pace.begun(size);
  let position = 0;
  return {
    clock,
    pace,
    /** So many bytes within a minute. */
    minute(bytes: number) {
      clock.advance(MINUTE_MS);
      position += bytes;
      return pace.moved(position);
    },
  };
};

describe('a transfer', () => {
  it('is late when for two minutes it comes too slowly to be there before the cloud deletes the backup', () => {
    const { minute } = begun(1_000_000, { lostIn: HOUR_MS });
    expect(minute(6000)?.late).toBe(false);
    expect(minute(6000)).toEqual({
      late: true,
      slow: true,
      bytesPerSecond: 100,
      neededBytesPerSecond: Math.ceil(988_000 / 3480),
    });
  });

  it('is slow, and not late, when it is there after its run and before that', () => {
    expect(begun(60_000_000).minute(60_000)).toMatchObject({ late: false, slow: true });
  });

  it('is neither when it gets on', () => {
    expect(begun(60_000_000).minute(6_000_000)).toMatchObject({ late: false, slow: false });
  });

  it('is in time again only with something to spare', () => {
    const { minute } = begun(600_000, { lostIn: HOUR_MS });
    expect([minute(1000)?.late, minute(1000)?.late]).toEqual([false, true]);
    // 57 minutes are left: 10,500 bytes a minute would just do.
    expect(minute(10_600)?.late).toBe(true);
    expect(minute(14_000)?.late).toBe(false);
  });

  it('is judged once a minute, and anew when it had to start over or the clock was set back', () => {
    const { clock, pace, minute } = begun(1_000_000);
    expect(minute(1000)).toBeDefined();
    expect(pace.moved(2000)).toBeUndefined();
    clock.advance(MINUTE_MS);
    expect(pace.moved(10)).toBeUndefined();
    clock.advance(-HOUR_MS);
    expect(pace.moved(500)).toBeUndefined();
    clock.advance(MINUTE_MS);
    expect(pace.moved(6500)).toMatchObject({ bytesPerSecond: 100 });
  });

  it('whose end nobody knows is slow after ten minutes', () => {
    const { minute } = begun(undefined);
    const judged = Array.from({ length: 11 }, () => minute(1e9)?.slow);
    expect(judged).toEqual([...Array.from({ length: 10 }, () => false), true]);
  });
});
