/** The reader on what it cannot read: it says how far it came and why, and shows what was before. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MODULE_ID, VALKEY_VALUES, VALUES } from '../support/rdb-fixtures.ts';
import { auxiliary, bytes, dump, key, length, selectDatabase, string } from '../support/rdb-writer.ts';
import { censusOf } from './census-of.ts';

const greeting = key(0, 'greeting', string('hello'));
const everything = dump(
  VALUES.map(({ record }) => record),
  { version: 14 },
);

describe('what cannot be read', () => {
  test('is nobody’s fault in a version to come: what was before it is counted, and all that is odd is told', () => {
    for (const odd of [bytes(200, string('key')), key(2, 'set', 0x82), bytes(0, string('cut'), length(99))]) {
      const census = censusOf(dump([auxiliary('redis-ver', '9.9.9'), greeting, odd], { version: 15 }));
      expect(census).toMatchObject({ version: 15, serverVersion: '9.9.9', keys: 1 });
      expect(census.ending).toMatchObject({
        kind: 'unknown-type',
        detail: expect.stringContaining('of version 15, and this program knows those up to 13'),
      });
    }
  });

  test('is what one family means by a number of the other', () => {
    const [valkeyHash] = VALKEY_VALUES;
    const redisOnly = VALUES.filter(({ code }) => code > 22).map(({ record }) => record);
    for (const record of redisOnly)
      expect(censusOf(dump([record], { magic: 'VALKEY080' })).ending.kind).toBe('unknown-type');
    const taken = censusOf(dump([valkeyHash?.record ?? bytes()], { version: 12 }));
    expect(taken.ending.kind).toBe('damaged');
  });

  test('of an unknown type is told with its offset, and what was before it is counted', () => {
    const file = dump([greeting, bytes(200, string('key'), string('value')), greeting]);
    expect(censusOf(file)).toMatchObject({
      ending: { kind: 'unknown-type', offset: 9 + greeting.length },
      keys: 1,
      size: file.length,
    });
  });

  test('a module’s value without a form of its own counts as an unknown type', () => {
    expect(censusOf(dump([key(6, 'old', length(1))])).ending).toMatchObject({
      kind: 'unknown-type',
      offset: 9,
    });
  });

  test.each([
    ['a length that is none', key(2, 'set', 0x82)],
    ['a string of an unknown encoding', key(0, 'k', 0xc4)],
    ['a list’s node of no known kind', key(18, 'list', length(1), length(3), string('x'))],
    ['a module’s part of no known kind', key(7, 'm', length(MODULE_ID), length(6))],
    ['an array’s element of no known kind', key(28, 'array', length(1), length(0), length(0), length(4))],
    ['a listpack of three bytes', key(16, 'h', string('abc'))],
    ['a name whose compression is broken', bytes(0, 0xc3, length(2), length(40), 0xe0, 0xff, string('v'))],
    ['a database of an impossible number', bytes(selectDatabase(2 ** 40), greeting)],
  ])('%s ends the walk as damaged, with the offset', (_, record) => {
    const census = censusOf(dump([greeting, record]));
    expect(census.ending).toMatchObject({ kind: 'damaged' });
    expect(census.ending).toHaveProperty('offset', expect.closeTo(9 + greeting.length, -2));
    expect(census.keys).toBe(1);
  });

  test('behind the end is counted, and nothing else', () => {
    for (const version of [4, 11])
      for (const length of [1, 40, 100_000]) {
        const file = dump([greeting], { version, after: Buffer.alloc(length, 1) });
        const whole = censusOf(file);
        expect(whole).toMatchObject({ ending: { kind: 'complete' }, trailingBytes: length, keys: 1 });
        fc.assert(
          fc.property(fc.array(fc.nat(file.length), { maxLength: 20 }), (cuts) => {
            expect(censusOf(file, { cuts })).toEqual(whole);
          }),
          { numRuns: 20 },
        );
      }
  });

  test('a dump that is cut off anywhere is never complete', () => {
    for (let size = 0; size < everything.length; size++) {
      expect(censusOf(everything.subarray(0, size)).ending.kind, `${size} bytes`).not.toBe('complete');
    }
  });

  test.each([
    ['a web page', '<!DOCTYPE html><html>', 'not-a-dump'],
    ['nothing', '', 'not-a-dump'],
    ['a dump of a server that nobody knows', 'OTHERS001\xff', 'not-a-dump'],
    ['a dump of a version to come that is cut off', 'REDIS0099\xff', 'unknown-type'],
    ['a dump of Valkey that is cut off', 'VALKEY080\xff', 'damaged'],
  ])('%s is told apart', (_, text, kind) => {
    expect(censusOf(Buffer.from(text, 'latin1')).ending.kind).toBe(kind);
  });

  test('a string that claims to be larger than any disk costs nothing', () => {
    const file = bytes('REDIS0011', key(0, 'huge', bytes(0x81, Buffer.alloc(8, 0xff)), 'a little'));
    expect(censusOf(file).ending).toMatchObject({ kind: 'damaged', offset: file.length });
  });

  test('a billion databases are not remembered one by one', () => {
    const records = Array.from({ length: 30_000 }, (_, number) => bytes(selectDatabase(number), greeting));
    const census = censusOf(dump(records));
    expect(census.keys).toBe(30_000);
    expect(census.databases.length).toBeLessThan(20_000);
  });
});
