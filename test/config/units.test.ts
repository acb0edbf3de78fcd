/** Sizes, durations and offsets: what people write is what is meant, and what is shown can be written. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  parseUtcOffset,
} from '../../src/config/units.ts';
import { formatUtcOffset } from '../../src/domain/wall-clock.ts';

describe('a size', () => {
  test.each([
    ['8MiB', 8 * 1024 ** 2],
    ['8 MiB', 8 * 1024 ** 2],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['2TiB', 2 * 1024 ** 4],
    ['512', 512],
    ['512B', 512],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'MiB', '8MB', '8mib', '-1MiB', '1e3', '0.3B', '8MiBs', '99999999TiB', 'Infinity'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );

  test('is shown so that it can be written again', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });

  test('is shown in the largest unit that says it exactly', () => {
    expect([formatSize(8 * 1024 ** 2), formatSize(1025), formatSize(0)]).toEqual(['8MiB', '1025B', '0B']);
  });
});

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
  ])('%s is %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each(['', '30', '30sec', 's', '-5s', '1h30m', '0.5ms', '6H'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('is shown so that it can be written again', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });
});

describe('an offset from UTC', () => {
  test.each([
    ['+08:00', 480],
    ['-03:30', -210],
    ['+00:00', 0],
    ['-00:00', 0],
    ['+14:00', 840],
  ])('%s is %d minutes', (text, minutes) => {
    expect(parseUtcOffset(text)).toBe(minutes);
  });

  test.each(['8', '+8:00', '08:00', '+08:60', '+15:00', 'Z'])('%j is none', (text) => {
    expect(parseUtcOffset(text)).toBeUndefined();
  });

  test('is shown so that it can be written again', () => {
    fc.assert(
      fc.property(fc.integer({ min: -840, max: 840 }), (minutes) => {
        expect(parseUtcOffset(formatUtcOffset(minutes))).toBe(minutes);
      }),
    );
  });
});
