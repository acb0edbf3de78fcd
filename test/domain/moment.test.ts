/** Times as a person writes them at 3 a.m.: with a zone or in UTC, and never guessed. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { toEpoch, toInstant } from '../../src/domain/instant.ts';
import { lastInstantOf, parseMoment } from '../../src/domain/moment.ts';
import { createWallClock } from '../../src/domain/wall-clock.ts';

describe('a time without a zone', () => {
  test.each([
    ['2026-11-17T08:30', '2026-11-17T08:30:00Z'],
    ['2026-11-17 08:30', '2026-11-17T08:30:00Z'],
    ['2026-11-17T08:30:15', '2026-11-17T08:30:15Z'],
    ['2026-11-17T08:30:15.999', '2026-11-17T08:30:15Z'],
    [' 2028-02-29T00:00 ', '2028-02-29T00:00:00Z'],
  ])('%s is UTC, as all that is printed', (text, instant) => {
    expect(parseMoment(text)).toEqual({ instant });
  });
});

describe('a time with a zone', () => {
  test.each([
    ['2026-11-17T08:30Z', '2026-11-17T08:30:00Z'],
    ['2026-11-17 08:30 UTC', '2026-11-17T08:30:00Z'],
    ['2026-11-17T08:30+08:00', '2026-11-17T00:30:00Z'],
    ['2026-11-17T08:30:00+0800', '2026-11-17T00:30:00Z'],
    ['2026-01-01T00:00-05:30', '2026-01-01T05:30:00Z'],
    ['2026-01-01T00:00+08:00', '2025-12-31T16:00:00Z'],
  ])('%s is taken at its word', (text, instant) => {
    expect(parseMoment(text)).toEqual({ instant });
  });
});

test.each([
  '',
  'yesterday',
  '2026-02-29',
  '2026-13-01',
  '2026-11-31T00:00',
  '2026-11-17T24:00',
  '2026-11-17T08',
  '17.11.2026',
  '2026-11-17T08:30 CST',
  '1763000000',
])('%j is refused, not guessed', (text) => {
  expect(parseMoment(text)).toBeUndefined();
});

it('reads back every instant that the product prints, in any zone', () => {
  const seconds = fc.integer({ min: 0, max: 4_102_444_799 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: -14 * 60, max: 14 * 60 }), (at, offset) => {
      const instant = toInstant(at * 1000);
      expect(parseMoment(instant)).toEqual({ instant });
      const local = toInstant(toEpoch(instant) + offset * 60_000).slice(0, -1);
      const clock = (minutes: number) => String(minutes).padStart(2, '0');
      const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
      expect(parseMoment(`${local}${offset < 0 ? '-' : '+'}${clock(hours)}:${clock(minutes)}`)).toEqual({
        instant,
      });
    }),
  );
});

describe('a date alone', () => {
  test.each([
    ['2026-11-17', 'UTC', '2026-11-17T23:59:59Z'],
    ['2026-11-17', 'Asia/Shanghai', '2026-11-17T15:59:59Z'],
    ['2026-11-17', 'America/New_York', '2026-11-18T04:59:59Z'],
    // Clocks go back at the day's end, so that its last hour comes twice; or forward, so that the next day begins at one.
    ['2026-10-24', 'America/Havana', '2026-10-25T03:59:59Z'],
    ['2025-04-24', 'Africa/Cairo', '2025-04-24T21:59:59Z'],
    ['2025-10-30', 'Africa/Cairo', '2025-10-30T21:59:59Z'],
  ])('%s in %s is that whole day, to its last second', (text, timezone, last) => {
    const moment = parseMoment(text);
    expect(moment && lastInstantOf(moment, timezone)).toBe(last);
  });

  it('ends where the next one begins, in any zone and on any day', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'Africa/Cairo',
          'America/Santiago',
          'Asia/Beirut',
          'Europe/Lisbon',
          'Australia/Lord_Howe',
        ),
        fc.integer({ min: 0, max: 15_000 }),
        (timezone, number) => {
          const day = toInstant(Date.UTC(2000, 0, 1) + number * 24 * 3_600_000).slice(0, 10);
          const last = toEpoch(lastInstantOf({ day }, timezone));
          const shown = (instant: number) => toInstant(createWallClock(timezone)(instant)).slice(0, 10);
          expect([shown(last) <= day, shown(last + 1000) > day]).toEqual([true, true]);
        },
      ),
    );
  });
});
