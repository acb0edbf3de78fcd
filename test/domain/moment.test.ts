/** Times as a person writes them at 3 a.m.: with a zone or in UTC, and never guessed. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { toEpoch, toInstant } from '../../src/domain/instant.ts';
import { parseMoment } from '../../src/domain/moment.ts';

describe('a time without a zone', () => {
  test.each([
    ['2026-11-17', '2026-11-17T00:00:00Z'],
    ['2026-11-17T08:30', '2026-11-17T08:30:00Z'],
    ['2026-11-17 08:30', '2026-11-17T08:30:00Z'],
    ['2026-11-17T08:30:15', '2026-11-17T08:30:15Z'],
    ['2026-11-17T08:30:15.999', '2026-11-17T08:30:15Z'],
    [' 2028-02-29 ', '2028-02-29T00:00:00Z'],
  ])('%s is UTC, as all that is printed', (text, instant) => {
    expect(parseMoment(text)).toBe(instant);
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
    expect(parseMoment(text)).toBe(instant);
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
      expect(parseMoment(instant)).toBe(instant);
      const local = toInstant(toEpoch(instant) + offset * 60_000).slice(0, -1);
      const clock = (minutes: number) => String(minutes).padStart(2, '0');
      const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
      expect(parseMoment(`${local}${offset < 0 ? '-' : '+'}${clock(hours)}:${clock(minutes)}`)).toBe(instant);
    }),
  );
});
