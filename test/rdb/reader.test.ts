/** The reader on dumps made by hand: every type and opcode of every version, however the network cuts them up. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MODULE_ID, MODULE_PARTS, VALKEY_VALUES, VALUES } from '../support/rdb-fixtures.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
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

/** Opcode 243, which each family means in its own way. */
const KEY_METADATA = bytes(0xf3, length(2), Buffer.alloc(4, 0xff), MODULE_PARTS, Buffer.alloc(4), length(0));
const SLOT_IMPORT = bytes(
  0xf3,
  string('a'.repeat(40)),
  length(2),
  length(0),
  length(99),
  length(200),
  length(16_383),
);
const REDIS_ONLY = ['what modules keep beside a key (Redis 8.6)', KEY_METADATA] as const;

const everything = dump(
  [...[...OPCODES, REDIS_ONLY].map(([, record]) => record), ...VALUES.map(({ record }) => record), greeting],
  { version: 14 },
);
const everythingOfValkey = dump(
  [
    SLOT_IMPORT,
    ...OPCODES.map(([, record]) => record),
    ...VALUES.filter(({ code }) => code < 22).map(({ record }) => record),
    ...VALKEY_VALUES.map(({ record }) => record),
    greeting,
  ],
  { magic: 'VALKEY080' },
);

describe('a dump', () => {
  test.each(VALUES)('with $title is counted', ({ record, type, encoding, elements }) => {
    const census = censusOf(dump([selectDatabase(0), record, greeting]));
    expect(census).toMatchObject({ ending: { kind: 'complete' }, keys: 2 });
    const found = census.types.find((row) => encoding in row.encodings);
    expect(found).toMatchObject({ type, elements, elementsExact: true });
    expect(census.bytes).toBe(record.length + greeting.length);
  });

  test.each(VALKEY_VALUES)('of Valkey with $title is counted', ({ record, type, encoding, elements }) => {
    const census = censusOf(dump([record, greeting], { magic: 'VALKEY080' }));
    expect(census).toMatchObject({ ending: { kind: 'complete' }, keys: 2 });
    expect(census.types.find((row) => row.type === type)).toMatchObject({
      elements,
      encodings: { [encoding]: 1 },
    });
  });

  test.each([...OPCODES, REDIS_ONLY])('with %s is walked on behind it', (_, record) => {
    expect(censusOf(dump([record, greeting]))).toMatchObject({ ending: { kind: 'complete' }, keys: 1 });
  });

  test('of Valkey with a slot that is on its way to it is walked on behind it', () => {
    const records = [SLOT_IMPORT, bytes(0xf3, string('b'), length(0)), greeting];
    expect(censusOf(dump(records, { magic: 'VALKEY080' }))).toMatchObject({
      ending: { kind: 'complete' },
      keys: 1,
    });
  });

  test.each([1, 2, 3, 4])('of version %i, before there were checksums, ends with its end mark', (version) => {
    expect(censusOf(dump([selectDatabase(0), greeting], { version }))).toMatchObject({
      ending: { kind: 'complete' },
      version,
      keys: 1,
    });
  });

  test.each([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 99, 9999])('of version %i is read', (version) => {
    expect(censusOf(dump([greeting], { version }))).toMatchObject({ ending: { kind: 'complete' }, version });
  });

  test('gives the same census however it is cut up', () => {
    expect(censusOf(everything).keys).toBe(VALUES.length + 1);
    for (const file of [everything, everythingOfValkey, ...RDB_SAMPLES.map((sample) => sample.bytes)]) {
      const whole = censusOf(file);
      expect(whole).toMatchObject({ ending: { kind: 'complete' } });
      for (const size of [1, 2, 3, 7, 16, 64])
        expect(censusOf(file, { cuts: every(size, file.length) }), `pieces of ${size}`).toEqual(whole);
      fc.assert(
        fc.property(fc.array(fc.nat(file.length), { maxLength: 200 }), (cuts) => {
          expect(censusOf(file, { cuts })).toEqual(whole);
        }),
        { numRuns: 100 },
      );
    }
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

  test.each(RDB_SAMPLES.map((sample) => [sample.name, sample] as const))(
    'of a real server has what that server said: %s',
    (name, { bytes: file, expected }) => {
      const census = censusOf(file);
      const [family, serverVersion] = expected.server.split('-');
      expect(census).toMatchObject({
        ending: { kind: 'complete' },
        family,
        serverVersion,
        hasChecksum: !name.endsWith('nochecksum'),
        trailingBytes: 0,
      });
      const databases = census.databases.map(({ database, keys, expiring }) => [
        database,
        { keys, expires: expiring },
      ]);
      expect(Object.fromEntries(databases)).toEqual(expected.dbs);
      expect(Object.fromEntries(census.types.map(({ type, keys }) => [type, keys]))).toEqual(expected.types);
      const counted = census.types.filter(({ elements }) => elements > 0);
      expect(Object.fromEntries(counted.map(({ type, elements }) => [type, elements]))).toEqual(
        expected.elements,
      );
    },
  );

  test('counts fields that come again, and keeps the first one', () => {
    const census = censusOf(RDB_SAMPLES.find(({ name }) => name === 'valkey9-cluster')?.bytes ?? bytes());
    expect(census.repeated).toEqual({ 'slot-info': 3 });
    expect(census.auxiliary).toMatchObject({ 'slot-info': '3300,1,0,0', 'valkey-ver': '9.1.2' });
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
