/** Fields of hashes that expire by themselves: how many there are, and whether they take their hash along. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TypeCensus } from '../../src/domain/census.ts';
import { expiringFields } from '../../src/rdb/listpack.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { bytes, compressed, dump, key, length, listpack, string, time } from '../support/rdb-writer.ts';
import { censusOf, NOW } from './census-of.ts';

/** When a hash's fields expire, 0 for never. */
type Expiries = readonly number[];

const soonestOf = (expiries: Expiries) => Math.min(...expiries.filter((expiry) => expiry > 0), NOW + 1e9);
const entries = (expiries: Expiries) => expiries.flatMap((expiry, index) => [`f${index}`, 'v', expiry]);

/** Each of the forms in which servers write such a hash. */
const FORMS: readonly (readonly [string, string, (name: string, expiries: Expiries) => Buffer])[] = [
  [
    'of a release candidate of Redis 7.4',
    'REDIS0012',
    (name, expiries) =>
      key(
        22,
        name,
        length(expiries.length),
        ...expiries.map((expiry, index) => bytes(length(expiry), string(`f${index}`), string('v'))),
      ),
  ],
  [
    'of Redis 7.4',
    'REDIS0012',
    (name, expiries) => {
      const soonest = soonestOf(expiries);
      const delay = (expiry: number) => (expiry === 0 ? 0 : expiry - soonest + 1);
      return key(
        24,
        name,
        time(soonest),
        length(expiries.length),
        ...expiries.map((expiry, index) => bytes(length(delay(expiry)), string(`f${index}`), string('v'))),
      );
    },
  ],
  [
    'of Redis 7.4, small',
    'REDIS0012',
    (name, expiries) => key(25, name, time(soonestOf(expiries)), string(listpack(entries(expiries)))),
  ],
  [
    'of Redis 7.4, small and compressed',
    'REDIS0012',
    (name, expiries) => key(25, name, time(soonestOf(expiries)), compressed(listpack(entries(expiries)))),
  ],
  [
    'of Valkey 9',
    'VALKEY080',
    (name, expiries) =>
      key(
        22,
        name,
        length(expiries.length),
        ...expiries.map((expiry, index) =>
          bytes(string(`f${index}`), string('v'), time(expiry === 0 ? -1 : expiry)),
        ),
      ),
  ],
];

function hashes(file: Buffer): TypeCensus {
  const census = censusOf(file);
  expect(census.ending).toEqual({ kind: 'complete' });
  const [row] = census.types;
  if (row?.type !== 'hash') throw new Error('there is a hash');
  return row;
}

const expiry = fc.oneof(fc.constant(0), fc.integer({ min: NOW - 1000, max: NOW + 1000 }));

describe('a hash with expiring fields', () => {
  test.each(FORMS)('%s has them counted, and has expired when the last of them has', (_, magic, write) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(expiry, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 }),
        (each) => {
          const row = hashes(
            dump(
              each.map((expiries, index) => write(`h${index}`, expiries)),
              { magic },
            ),
          );
          expect(row).toMatchObject({
            keys: each.length,
            elements: each.flat().length,
            expiring: 0,
            expired: each.filter((expiries) => expiries.every((at) => at > 0 && at < NOW)).length,
            expiringFields: each.flat().filter((at) => at > 0).length,
            expiringFieldsExact: true,
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['redis86-field-ttl', 5, 1],
    ['valkey9-field-ttl', 4, 1],
    ['valkey9-cluster', 1, 1],
  ])('in the real %s is seen as its server wrote it', (name, fields, whollyExpiring) => {
    const sample = RDB_SAMPLES.find((each) => each.name === name);
    const [before, after] = ['2099-01-01T00:00:00Z', '2101-01-01T00:00:00Z'].map((asOf) =>
      censusOf(sample?.bytes ?? bytes(), { asOf: Date.parse(asOf) }).types.find(
        ({ type }) => type === 'hash',
      ),
    );
    expect(before).toMatchObject({ expiringFields: fields, expired: 0 });
    expect(after).toMatchObject({ expiringFields: fields, expired: whollyExpiring });
  });

  test('that is too large to be looked into says so, and what it could see', () => {
    const expiries = Array.from({ length: 20_000 }, (_, index) => (index < 3 ? NOW - 1 : 0));
    const [, magic, write] = FORMS[2] ?? FORMS[0] ?? [];
    if (!write || magic === undefined) throw new Error('there are forms');
    expect(hashes(dump([write('large', expiries), write('small', [NOW - 1])], { magic }))).toMatchObject({
      keys: 2,
      elements: 20_001,
      expired: 1,
      expiringFields: 4,
      expiringFieldsExact: false,
    });
  });
});

test('hashes that expand hundreds of times are counted, and looked into only while that takes no time', () => {
  const texts = Array.from({ length: 30 }, (_, index) => [`f${index}`, 'x'.repeat(4000), NOW - 1]).flat();
  const expanding = compressed(listpack(texts));
  const keys = Array.from({ length: 400 }, (_, index) => key(25, `k${index}`, time(NOW - 1), expanding));
  const found = hashes(dump(keys, { version: 12 }));
  expect(found).toMatchObject({ keys: 400, elements: 400 * 30, expiringFieldsExact: false });
  expect(found?.expiringFields).toBeGreaterThan(100 * 30);
  expect(found?.expiringFields).toBeLessThan(350 * 30);
});

describe('a listpack of fields', () => {
  /** Each form of an entry (`listpack.c`), and behind it its length. */
  const FORMS_OF_ENTRIES: readonly (readonly [string, Buffer])[] = [
    ['a small number', bytes(5, 1)],
    ['a number of 13 bits', bytes(0xcf, 0xff, 2)],
    ['a number of 16 bits', bytes(0xf1, 1, 2, 3)],
    ['a number of 24 bits', bytes(0xf2, 1, 2, 3, 4)],
    ['a number of 32 bits', bytes(0xf3, 1, 2, 3, 4, 5)],
    ['a number of 64 bits', bytes(0xf4, Buffer.alloc(8, 1), 9)],
    ['a short text', bytes(0x83, 'abc', 4)],
    ['a text of 300 bytes', bytes(0xe1, 0x2c, Buffer.alloc(300), 2, 0x80 | 46)],
    ['a text of 20,000 bytes', bytes(0xf0, 0x20, 0x4e, 0, 0, Buffer.alloc(20_000), 1, 0x80 | 28, 0x80 | 37)],
  ];
  const last = bytes(0xf3, 9, 0, 0, 0, 5);

  test.each(FORMS_OF_ENTRIES)('is read on behind %s', (_, entry) => {
    const pack = bytes(Buffer.alloc(6), entry, entry, last, 0xff);
    expect(expiringFields(pack, pack.length)).toEqual({ expiring: 1, last: 9, whole: true });
  });

  test.each([
    ['a small number', bytes(5, 1), 5],
    ['13 bits', bytes(0xc1, 0x02, 2), 258],
    ['16 bits', bytes(0xf1, 1, 2, 3), 513],
    ['24 bits', bytes(0xf2, 1, 0, 1, 4), 65_537],
    ['32 bits', bytes(0xf3, 1, 0, 0, 1, 5), 16_777_217],
    ['64 bits', bytes(0xf4, 0, 0, 0, 0, 1, 0, 0, 0, 9), 4_294_967_296],
  ])('has expiries of %s', (_, entry, value) => {
    const pack = bytes(Buffer.alloc(6), bytes(0x81, 'f', 2, 0x81, 'v', 2), entry, 0xff);
    expect(expiringFields(pack, pack.length)).toEqual({ expiring: 1, last: value, whole: true });
  });

  test('that is cut off anywhere, or is none at all, is never read beyond its end', () => {
    const whole = listpack(['f', 'v', NOW, 'g', 'v', 0]);
    for (let size = 0; size < whole.length; size++)
      expect(expiringFields(whole, size).whole, `${size} bytes`).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const { expiring, last: at } = expiringFields(noise, noise.length);
        expect(expiring).toBeLessThanOrEqual(noise.length);
        expect(at).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
