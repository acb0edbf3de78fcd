/** Names that the cloud uses in two forms, engines that write dumps of their own, and the one order of texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText } from '../../src/domain/compare-text.ts';
import { writesRdb } from '../../src/domain/instance.ts';
import { longRegion, regionNames } from '../../src/domain/regions.ts';

describe('a region', () => {
  it.each([
    ['gz', 'ap-guangzhou'],
    ['sh', 'ap-shanghai'],
    ['bj', 'ap-beijing'],
    ['hk', 'ap-hongkong'],
    ['sg', 'ap-singapore'],
    ['shjr', 'ap-shanghai-fsi'],
    ['use', 'na-ashburn'],
    ['de', 'eu-frankfurt'],
  ])('%s is stored as %s', (short, long) => {
    expect(longRegion(short)).toBe(long);
    expect(longRegion(long)).toBe(long);
    expect(regionNames).toEqual(expect.arrayContaining([short, long]));
  });

  it('that is not known is taken as it is, also one that is called like something of the language', () => {
    for (const name of ['ap-nowhere', 'xx', '', 'constructor', 'toString', '__proto__'])
      expect(longRegion(name)).toBe(name);
  });

  it('never has two long names, and no long name is another’s short one', () => {
    const long = regionNames.map(longRegion);
    expect(new Set(regionNames).size).toBe(regionNames.length);
    for (const name of long) {
      expect(name).toMatch(/^(ap|na|eu|sa)-[a-z]+(-fsi|-open)?$/);
      expect(longRegion(name)).toBe(name);
    }
  });
});

describe('an engine', () => {
  it.each([
    ['Redis', true],
    ['Valkey', true],
    ['CKV', false],
    ['Memcached', false],
    ['', false],
  ])('%s: its dumps can be checked as RDB: %s', (engine, writes) => {
    expect(writesRdb({ engine })).toBe(writes);
  });
});

/** Of all kinds: two of one case, one beyond ASCII, and two of which the one with the higher code point has the lower code units. */
const letters = fc.constantFrom('a', 'b', 'B', '_', 'ü', '😀', 'Ａ');

describe('the order of texts', () => {
  it('is that of their code units, the same on every machine', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: letters, maxLength: 4 }), { maxLength: 6 }), (texts) => {
        // Without a comparison of its own, `sort` goes by code units.
        expect(texts.toSorted(compareText)).toEqual(texts.toSorted());
      }),
    );
  });

  it('holds capitals before small letters, and nothing equal but the same', () => {
    expect(compareText('B', 'a')).toBeLessThan(0);
    expect(compareText('a', 'B')).toBeGreaterThan(0);
    expect(compareText('a', 'a')).toBe(0);
  });
});
