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

  it('gives every worker its fair share, as near as chance allows', () => {
    for (const count of [2, 8, 64]) {
      const shares = Array.from(
        { length: count },
        (_, index) => IDS.filter((id) => belongsTo(id, { index, count })).length,
      );
      const fair = IDS.length / count;
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
