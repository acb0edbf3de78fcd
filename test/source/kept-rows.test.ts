/** Rows of a long list take little memory, and what they take is told. */
import { describe, expect, test } from 'vitest';
import { keptRows } from '../../src/source/kept-rows.ts';

describe('a row that is kept', () => {
  test('has the fields that are read, and no other', () => {
    const kept = keptRows(['Id', 'Tags', 'Missing']);
    expect(kept.keep({ Id: 'crs-1', Vpc: 'vpc-1', Tags: [{ TagKey: 'team', TagValue: 'a' }] })).toEqual({
      Id: 'crs-1',
      Tags: [{ TagKey: 'team', TagValue: 'a' }],
    });
  });

  test('has long texts cut, at any depth', () => {
    const { keep } = keptRows(['Remark', 'Tags']);
    const long = 'x'.repeat(1000);
    const row = keep({ Remark: long, Tags: [{ TagValue: long }] });
    expect(JSON.stringify(row).length).toBeLessThan(600);
  });

  test('weighs what it has by itself: what all rows have is held once', () => {
    const { keep, weigh } = keptRows(['Id', 'Remark']);
    const remark = 'the same for all of them, night by night';
    const first = weigh(keep({ Id: 'a', Remark: remark }));
    expect(weigh(keep({ Id: 'b', Remark: remark }))).toBe(first);
    const unlike = Array.from({ length: 30_000 }, (_, index) =>
      weigh(keep({ Id: `crs-${index}`, Remark: `${index} ${'y'.repeat(200)}` })),
    );
    expect(unlike.at(-1)).toBeGreaterThan(first + 200);
  });
});
