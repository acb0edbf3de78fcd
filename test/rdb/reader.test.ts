/** The reader on dumps made by hand: every type and opcode of every version, however the network cuts them up. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MODULE_ID, MODULE_PARTS, VALUES } from '../support/rdb-fixtures.ts';
import {
  auxiliary,
  bytes,
  compressed,
  dump,
  expireAt,
  expireAtSeconds,
  integer,
  key,
  length,
  listpack,
  selectDatabase,
  string,
  ziplist,
  zipmap,
} from '../support/rdb-writer.ts';
import { censusOf, every, NOW } from './census-of.ts';

const greeting = key(0, 'greeting', string('hello'));

/** Everything that is not a value, each once, and a key after it to show that the walk goes on. */
const OPCODES: readonly (readonly [string, Buffer])[] = [
  ['a field of the server', auxiliary('redis-ver', '7.4.1')],
  ['a field whose value is a number', bytes(0xfa, string('ctime'), integer(1_795_000_000))],
  ['a database', selectDatabase(3)],
  ['a hint of sizes', bytes(0xfb, length(70_000), length(3))],
  ['an expiry in milliseconds', expireAt(NOW + 1)],
  ['an expiry in seconds', expireAtSeconds(NOW / 1000 + 1)],
  ['how rarely a key is used', bytes(0xf8, length(70_000))],
  ['how often a key is used', bytes(0xf9, 200)],
  ['data of a module besides the keys', bytes(0xf7, length(MODULE_ID), length(2), length(1), MODULE_PARTS)],
  ['a function library', bytes(0xf5, string('#!lua name=sales\nredis.register_function(…)'))],
  [
    'a function of a release candidate of 7.0',
    bytes(0xf6, string('sales'), string('LUA'), 1, string('sums'), string('…')),
  ],
  ['one without a description', bytes(0xf6, string('sales'), string('LUA'), 0, string('…'))],
  ['a slot (Redis 7.4, Valkey 8)', bytes(0xf4, length(16_383), length(5), length(1))],
];

const everything = dump(
  [...OPCODES.map(([, record]) => record), ...VALUES.map(({ record }) => record), greeting],
  { version: 12 },
);

describe('a dump', () => {
  test.each(VALUES)('with $title is counted', ({ record, type, encoding, elements }) => {
    const census = censusOf(dump([selectDatabase(0), record, greeting]));
    expect(census).toMatchObject({ ending: { kind: 'complete' }, keys: 2 });
    const found = census.types.find((row) => encoding in row.encodings);
    expect(found).toMatchObject({ type, elements, elementsExact: true });
    expect(census.bytes).toBe(record.length + greeting.length);
  });

  test.each(OPCODES)('with %s is walked on behind it', (_, record) => {
    expect(censusOf(dump([record, greeting]))).toMatchObject({ ending: { kind: 'complete' }, keys: 1 });
  });

  test.each([1, 2, 3, 4])('of version %i, before there were checksums, ends with its end mark', (version) => {
    expect(censusOf(dump([selectDatabase(0), greeting], { version }))).toMatchObject({
      ending: { kind: 'complete' },
      version,
      keys: 1,
    });
  });

  test.each([6, 7, 8, 9, 10, 11, 12])('of version %i is read', (version) => {
    expect(censusOf(dump([greeting], { version }))).toMatchObject({ ending: { kind: 'complete' }, version });
  });

  test('gives the same census however it is cut up', () => {
    const whole = censusOf(everything);
    expect(whole).toMatchObject({ ending: { kind: 'complete' }, keys: VALUES.length + 1 });
    for (const size of [1, 2, 3, 7, 16, 64]) {
      expect(censusOf(everything, { cuts: every(size, everything.length) }), `pieces of ${size}`).toEqual(
        whole,
      );
    }
    fc.assert(
      fc.property(fc.array(fc.nat(everything.length), { maxLength: 200 }), (cuts) => {
        expect(censusOf(everything, { cuts })).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('tells what its server wrote of itself', () => {
    const records = [
      auxiliary('redis-ver', '7.2.4'),
      bytes(0xfa, string('ctime'), integer(1_795_000_000)),
      auxiliary('lua', 'return 1'),
      auxiliary('lua', 'return 2'),
      bytes(0xf5, compressed(`#!lua name=sales\n--${'x'.repeat(5000)}`)),
      bytes(0xf7, length(MODULE_ID), length(2), length(1), length(0)),
    ];
    expect(censusOf(dump(records))).toMatchObject({
      serverVersion: '7.2.4',
      createdAt: '2026-11-18T11:06:40Z',
      auxiliary: { 'redis-ver': '7.2.4' },
      functions: ['sales'],
      scripts: 2,
      modules: ['ReJSON-RL'],
    });
  });

  test('has its keys counted by database, and by whether they have expired', () => {
    const records = [
      selectDatabase(0),
      bytes(expireAt(NOW - 1), key(0, 'gone', string(''))),
      bytes(expireAt(NOW), key(0, 'going', string(''))),
      bytes(expireAt(-5), key(0, 'long gone', string(''))),
      selectDatabase(15),
      bytes(expireAtSeconds(NOW / 1000 + 60), bytes(0xf9, 5), key(0, 'stays a minute', string(''))),
      greeting,
    ];
    const census = censusOf(dump(records));
    expect(census).toMatchObject({ keys: 5, expiring: 4, expired: 2 });
    expect(census.databases).toMatchObject([
      { database: 0, keys: 3, expiring: 3, expired: 2 },
      { database: 15, keys: 2, expiring: 1, expired: 0 },
    ]);
  });

  test('has collections without elements counted apart, for a server drops them', () => {
    const records = [
      key(2, 'set', length(0)),
      key(14, 'list', length(1), string(ziplist([]))),
      bytes(expireAt(NOW - 1), key(16, 'hash', string(listpack([])))),
      key(15, 'stream', length(0), length(0), length(0), length(0), length(0)),
    ];
    expect(censusOf(dump(records))).toMatchObject({ keys: 4, empty: 3, expiring: 1, expired: 0 });
  });

  test('with more elements than a blob’s head can tell says "at least"', () => {
    const [hash, set] = [string(zipmap([], 300)), string(listpack([], 0xffff))];
    const { types } = censusOf(dump([key(9, 'hash', hash), key(20, 'set', set)]));
    expect(types).toMatchObject(
      [
        { type: 'hash', elements: 254, elementsExact: false },
        { type: 'set', elements: 65_535, elementsExact: false },
      ].toSorted(
        (left, right) =>
          types.findIndex(({ type }) => type === left.type) -
          types.findIndex(({ type }) => type === right.type),
      ),
    );
  });
});

describe('what cannot be read', () => {
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
    ['a listpack of three bytes', key(16, 'h', string('abc'))],
    ['a name whose compression is broken', bytes(0, 0xc3, length(2), length(40), 0xe0, 0xff, string('v'))],
    ['a database of an impossible number', bytes(selectDatabase(2 ** 40), greeting)],
  ])('%s ends the walk as damaged, with the offset', (_, record) => {
    const census = censusOf(dump([greeting, record]));
    expect(census.ending).toMatchObject({ kind: 'damaged' });
    expect(census.ending).toHaveProperty('offset', expect.closeTo(9 + greeting.length, -2));
    expect(census.keys).toBe(1);
  });

  test('bytes after the end are told', () => {
    const file = dump([greeting], { after: Buffer.of(0) });
    expect(censusOf(file).ending).toMatchObject({ kind: 'damaged', offset: file.length - 1 });
  });

  test('a dump that is cut off anywhere is never complete', () => {
    for (let size = 0; size < everything.length; size++) {
      expect(censusOf(everything.subarray(0, size)).ending.kind, `${size} bytes`).not.toBe('complete');
    }
  });

  test.each([
    ['a web page', '<!DOCTYPE html><html>', 'not-a-dump'],
    ['nothing', '', 'not-a-dump'],
    ['a dump of a version to come', 'REDIS0013\xff', 'unknown-type'],
    ['a dump of Valkey 9', 'VALKEY080\xff', 'unknown-type'],
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
