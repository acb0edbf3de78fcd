/** The reader on damaged dumps: whatever the bytes are, it says how far it came, at once and without an exception. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REAL_DUMPS, type RealDumpName, realDump } from '../../src/sandbox/real-dumps.ts';
import { VALKEY_VALUES, VALUES } from '../support/rdb-fixtures.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { bytes, dump } from '../support/rdb-writer.ts';
import { censusOf } from './census-of.ts';

const made = dump(
  VALUES.map(({ record }) => record),
  { version: 14 },
);
const madeOfValkey = dump(
  [...VALUES.filter(({ code }) => code < 22), ...VALKEY_VALUES].map(({ record }) => record),
  { magic: 'VALKEY080' },
);

/** A few bytes changed anywhere behind the version. */
const changes = (file: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.tuple(fc.integer({ min: 9, max: file.length - 1 }), fc.nat(255)), {
      minLength: 1,
      maxLength: 8,
    })
    .map((pairs) => {
      const changed = Uint8Array.from(file);
      for (const [at, byte] of pairs) changed[at] = byte;
      return changed;
    });

function isAnswered(file: Uint8Array, cut: number): void {
  const census = censusOf(file, { cuts: [cut % file.length] });
  expect(census.size).toBe(file.length);
  expect(Number.isSafeInteger(census.keys)).toBe(true);
  // However it was cut up.
  expect(census).toEqual(censusOf(file));
  if ('offset' in census.ending) expect(census.ending.offset).toBeLessThanOrEqual(file.length);
}

describe('the reader', () => {
  test('takes changed bytes in a dump of every type', () => {
    fc.assert(fc.property(changes(made), fc.nat(), isAnswered), { numRuns: 500 });
  });

  test('takes changed bytes in a dump of every type of Valkey', () => {
    fc.assert(fc.property(changes(madeOfValkey), fc.nat(), isAnswered), { numRuns: 200 });
  });

  test.each(RDB_SAMPLES.map((sample) => [sample.name, sample.bytes] as const))(
    'takes changed bytes in the sample %s',
    (_, file) => {
      fc.assert(fc.property(changes(file), fc.nat(), isAnswered), { numRuns: 100 });
    },
  );

  test.each(Object.keys(REAL_DUMPS) as RealDumpName[])('takes changed bytes in the real %s', (name) => {
    const { size, read } = realDump(name);
    const file = bytes(...read(0, size)).subarray(0, 20_000);
    fc.assert(fc.property(changes(file), fc.nat(), isAnswered), { numRuns: 30 });
  });

  test('takes any bytes behind a good beginning', () => {
    const random = fc.uint8Array({ maxLength: 500 });
    fc.assert(
      fc.property(
        fc.constantFrom('REDIS0011', 'REDIS0014', 'REDIS0099', 'VALKEY080', 'VALKEY099'),
        random,
        fc.nat(),
        (magic, noise, cut) => isAnswered(bytes(magic, noise), cut),
      ),
      { numRuns: 300 },
    );
  });

  test('takes any bytes at all', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), isAnswered), {
      numRuns: 500,
    });
  });
});
