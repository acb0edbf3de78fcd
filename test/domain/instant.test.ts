/** Points in time as they stand in manifests and keys. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, isInstant, stampOf, toEpoch, toInstant } from '../../src/domain/instant.ts';

const seconds = fc.integer({ min: 0, max: 4_000_000_000 });

describe('an instant', () => {
  it('leads back to the same second', () => {
    fc.assert(
      fc.property(seconds, fc.nat(999), (second, fraction) => {
        expect(toEpoch(toInstant(second * 1000 + fraction))).toBe(second * 1000);
      }),
    );
  });

  it('sorts as text as it does in time, and so do the stamps of keys', () => {
    fc.assert(
      fc.property(seconds, seconds, (one, other) => {
        const [left, right] = [toInstant(one * 1000), toInstant(other * 1000)];
        expect(left < right).toBe(one < other);
        expect(stampOf(left) < stampOf(right)).toBe(one < other);
      }),
    );
  });

  it('is UTC in whole seconds; its stamp has no separators, its day is a date', () => {
    const instant = toInstant(Date.UTC(2026, 10, 24, 2, 15, 7, 999));
    expect(instant).toBe('2026-11-24T02:15:07Z');
    expect(stampOf(instant)).toBe('20261124T021507Z');
    expect(dayOf(instant)).toBe('2026-11-24');
  });

  it('is told from whatever else a file may hold', () => {
    expect(isInstant('2026-11-24T02:15:00Z')).toBe(true);
    for (const other of ['', 'yesterday', 1_795_000_000_000, undefined, null, {}, ['2026-11-24T02:15:00Z']])
      expect(isInstant(other), String(other)).toBe(false);
  });
});
