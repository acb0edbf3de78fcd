/** The cloud's wall clock becomes UTC, and "never" does not become a date. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toInstant } from '../../src/domain/instant.ts';
import { fromCloudTime } from '../../src/source/cloud-time.ts';

const BEIJING = 8 * 60;

function wallClock(epoch: number, offsetMinutes: number): string {
  return new Date(epoch + offsetMinutes * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}

test('reads the backups of the documentation as the moments that their own ids hold', () => {
  expect(fromCloudTime('2017-02-08 16:46:34', BEIJING)).toBe('2017-02-08T08:46:34Z');
  expect(fromCloudTime('2017-02-08 19:09:26', BEIJING)).toBe('2017-02-08T11:09:26Z');
  expect(fromCloudTime('2026-01-01 03:00:00', BEIJING)).toBe('2025-12-31T19:00:00Z');
});

test('finds any second again, in any zone', () => {
  const seconds = fc.integer({ min: Date.UTC(1971, 0) / 1000, max: Date.UTC(9998, 0) / 1000 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: -720, max: 840 }), (epoch, offset) => {
      expect(fromCloudTime(wallClock(epoch * 1000, offset), offset)).toBe(toInstant(epoch * 1000));
    }),
  );
});

test.each([
  '0000-00-00 00:00:00',
  '',
  '2026-02-30 00:00:00',
  '2026-13-01 00:00:00',
  '2026-11-24 24:00:00',
  '2026-11-24',
  '2026-11-24T02:15:00Z',
  ' 2026-11-24 02:15:00',
  'never',
])('takes %j for no point in time', (text) => {
  expect(fromCloudTime(text, BEIJING)).toBeUndefined();
});

test('never throws, and gives instants only', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(fromCloudTime(text, BEIJING) ?? '2026-11-24T02:15:00Z').toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      );
    }),
  );
});
