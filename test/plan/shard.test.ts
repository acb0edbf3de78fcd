/** How instances are shared among workers without a coordinator. */
import { describe, expect, it } from 'vitest';
import { belongsTo, isMine } from '../../src/plan/shard.ts';

const IDS = Array.from(
  { length: 10_000 },
  (_, index) => `crs-${(index * 7919).toString(36).padStart(8, '0')}`,
);

function owners(id: string, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter((index) =>
    belongsTo(id, { index, count }),
  );
}

describe('sharding', () => {
  it('gives every instance to exactly one worker', () => {
    for (const id of IDS.slice(0, 500)) expect(owners(id, 7)).toHaveLength(1);
  });

  it('gives everything to a worker that is alone, also what the cloud no longer lists', () => {
    for (const vanished of [true, false])
      for (const id of IDS.slice(0, 50)) expect(isMine({ id, vanished }, { index: 0, count: 1 })).toBe(true);
  });

  it('falls out the same way in every version, or two versions at work would leave instances to each other', () => {
    const listed = ['crs-orders01', 'crs-carts004', 'crs-legacy05', 'crs-fresh002', 'crs-catalog3', 'crs-ÄÖ'];
    expect(listed.map((id) => owners(id, 8))).toEqual([[0], [0], [3], [7], [5], [6]]);
  });

  it('gives every worker its fair share, as near as chance allows', () => {
    for (const count of [2, 8, 64]) {
      // Every worker looks at every instance, so that many of both would take long.
      const ids = IDS.slice(0, 100_000 / count);
      const shares = Array.from(
        { length: count },
        (_, index) => ids.filter((id) => belongsTo(id, { index, count })).length,
      );
      const fair = ids.length / count;
      // Four and a half standard deviations of a fair draw: one in 150,000.
      for (const share of shares) expect(Math.abs(share - fair)).toBeLessThan(4.5 * Math.sqrt(fair));
    }
  });

  it('moves only what the new worker takes when one is added', () => {
    let moved = 0;
    for (const id of IDS) {
      const [before, after] = [owners(id, 8)[0], owners(id, 9)[0]];
      if (before !== after) {
        expect(after).toBe(8);
        moved += 1;
      }
    }
    expect(moved / IDS.length).toBeGreaterThan(0.08);
    expect(moved / IDS.length).toBeLessThan(0.14);
  });
});

describe('an instance that the cloud no longer lists', () => {
  it('is the first worker’s, so that the others need not look for it', () => {
    for (const id of IDS.slice(0, 50)) {
      const mine = [0, 1, 2].map((index) => isMine({ id, vanished: true }, { index, count: 3 }));
      expect(mine).toEqual([true, false, false]);
    }
  });
});
