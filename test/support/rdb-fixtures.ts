/** One small key of every type of value that a server has ever written, made by hand, with what is in it. */
import type { KeyType } from '../../src/domain/census.ts';
import {
  bytes,
  compressed,
  integer,
  intset,
  key,
  length,
  listpack,
  string,
  time,
  ziplist,
  zipmap,
} from './rdb-writer.ts';

interface ValueFixture {
  readonly code: number;
  /** The number of the type, and who wrote it. */
  readonly title: string;
  readonly record: Buffer;
  readonly type: KeyType;
  readonly encoding: string;
  readonly elements: number;
}

/** Of stream entries: two numbers of 64 bits. */
const [FIRST, SECOND] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)] as const;
const LATER = 4_102_444_800_000;

function value(
  code: number,
  title: string,
  [type, encoding, elements]: readonly [KeyType, string, number],
  ...body: (Uint8Array | string | number)[]
): ValueFixture {
  return { code, title: `${code}: ${title}`, record: key(code, title, ...body), type, encoding, elements };
}

/** Entries in one node, then the counts; one group with two pending entries, of one consumer each. */
function stream(code: number): Buffer {
  const history = code >= 19 ? [length(5), length(0), length(0), length(0), length(9)] : [];
  const read = code >= 19 ? [length(3)] : [];
  const times = code >= 21 ? bytes(time(LATER), time(LATER)) : time(LATER);
  // One producer of two entries, and one of none.
  const sent = bytes(length(2), string('i1'), length(7), length(0), string('i2'), length(8), length(70));
  const producers = [length(100), length(70), length(2), string('p1'), sent, string('p2'), length(0)];
  const idempotence = code >= 26 ? [...producers, length(2), length(1)] : [];
  const givenBack = code >= 27 ? [length(1), SECOND] : [];
  return bytes(
    length(1),
    bytes(string(FIRST), compressed(listpack(['3', '0', '0', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa']))),
    length(3),
    bytes(length(1_795_489_200_000), length(0)),
    ...history,
    length(1),
    bytes(string('workers'), length(1_795_489_200_000), length(1), ...read),
    bytes(length(2), FIRST, time(LATER), length(1), SECOND, time(LATER), length(70)),
    bytes(length(2), string('w1'), times, length(1), FIRST, string('w2'), times, length(1), SECOND),
    ...givenBack,
    ...idempotence,
  );
}

/** Packed as `module.c` packs a name: nine letters of six bits, and the version in ten. */
export const MODULE_ID = moduleId('ReJSON-RL', 3);

export function moduleId(name: string, version: number): bigint {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  let id = 0n;
  for (const letter of name) id = (id << 6n) | BigInt(letters.indexOf(letter));
  return (id << 10n) | BigInt(version);
}

const VECTOR_SET_ID = moduleId('vectorset', 0);

/** A part of each kind, then the end mark. */
export const MODULE_PARTS = bytes(
  bytes(length(1), length(5)),
  bytes(length(2), length(70_000)),
  bytes(length(3), Buffer.alloc(4, 1)),
  bytes(length(4), Buffer.alloc(8, 1)),
  bytes(length(5), string('{"a":1}'), length(5), compressed('a'.repeat(100)), length(5), integer(12, 1)),
  length(0),
);

const pairs = ['a', '1', 'b', '2'];
const triples = ['a', '1', LATER, 'b', '2', 0];

/** What Redis' vector sets begin with: dimensions and elements; the rest is whatever it is (`vset.c`). */
const vectorSet = (elements: number): Buffer =>
  bytes(length(2), length(3), length(2), length(elements), MODULE_PARTS);

export const VALUES: readonly ValueFixture[] = [
  value(0, 'a string', ['string', 'string', 0], string('text')),
  value(0, 'a string that is a number', ['string', 'string', 0], integer(-5, 1)),
  value(0, 'a compressed string', ['string', 'string', 0], compressed('x'.repeat(500))),
  value(
    1,
    'a list of 2.8',
    ['list', 'linkedlist', 3],
    length(3),
    string('a'),
    integer(300, 2),
    compressed('b'),
  ),
  value(2, 'a set', ['set', 'hashtable', 2], length(2), string('a'), string('b')),
  value(
    3,
    'a sorted set of 2.8, with its scores in digits',
    ['zset', 'skiplist', 3],
    length(3),
    bytes(string('a'), 3, '1.5', string('b'), 254, string('c'), 255),
  ),
  value(4, 'a hash', ['hash', 'hashtable', 2], length(2), ...pairs.map((text) => string(text))),
  value(5, 'a sorted set', ['zset', 'skiplist', 1], length(1), string('a'), Buffer.alloc(8, 0x40)),
  value(7, 'a value of a module', ['module', 'module', 0], length(MODULE_ID), MODULE_PARTS),
  value(
    9,
    'a small hash of 2.4',
    ['hash', 'zipmap', 2],
    string(
      zipmap([
        ['a', '1'],
        ['b', '2'],
      ]),
    ),
  ),
  value(10, 'a small list of 2.8', ['list', 'ziplist', 4], string(ziplist(pairs))),
  value(11, 'a set of numbers', ['set', 'intset', 3], string(intset([1, 2, 3]))),
  value(12, 'a small sorted set of 6', ['zset', 'ziplist', 2], string(ziplist(pairs))),
  value(13, 'a small hash of 6', ['hash', 'ziplist', 2], compressed(ziplist(pairs))),
  value(
    14,
    'a list of 3.2 to 6',
    ['list', 'quicklist', 6],
    length(2),
    string(ziplist(pairs)),
    compressed(ziplist(['aaaaaaaaaaaaaaaaaaaaaaa', 'b'])),
  ),
  value(15, 'a stream of 5', ['stream', 'stream', 3], stream(15)),
  value(16, 'a small hash of 7', ['hash', 'listpack', 2], string(listpack(pairs))),
  value(17, 'a small sorted set of 7', ['zset', 'listpack', 2], string(listpack(pairs))),
  value(
    18,
    'a list of 7, with an element too large for a node',
    ['list', 'quicklist', 5],
    length(2),
    bytes(length(2), string(listpack(pairs)), length(1), string('large')),
  ),
  value(19, 'a stream of 7.0', ['stream', 'stream', 3], stream(19)),
  value(20, 'a small set of 7.2', ['set', 'listpack', 4], string(listpack(pairs))),
  value(21, 'a stream of 7.2', ['stream', 'stream', 3], stream(21)),
  value(
    22,
    'a hash with expiring fields, of a release candidate of 7.4',
    ['hash', 'hashtable', 2],
    length(2),
    bytes(length(0), string('a'), string('1'), length(LATER), string('b'), string('2')),
  ),
  value(23, 'a small one of those', ['hash', 'listpackex', 2], string(listpack(triples))),
  value(
    24,
    'a hash with expiring fields of 7.4',
    ['hash', 'hashtable', 2],
    time(LATER),
    length(2),
    bytes(length(1), string('a'), string('1'), length(0), string('b'), string('2')),
  ),
  value(25, 'a small one of those', ['hash', 'listpackex', 2], time(LATER), string(listpack(triples))),
  value(26, 'a stream of 8.6', ['stream', 'stream', 3], stream(26)),
  value(27, 'a stream of 8.8', ['stream', 'stream', 3], stream(27)),
  value(
    28,
    'an array of 8.8, with an element of each kind',
    ['array', 'array', 4],
    bytes(length(4), length(1), length(70_000)),
    bytes(length(0), length(0), string('long'), length(3), length(1), Buffer.alloc(8, 7)),
    bytes(length(70), length(2), Buffer.alloc(8, 0x40), length(80_000), length(3), string('short')),
  ),
  value(7, 'a vector set', ['vectorset', 'module', 70], length(VECTOR_SET_ID), vectorSet(70)),
];

/** Where Valkey means something else by a number than Redis. */
export const VALKEY_VALUES: readonly ValueFixture[] = [
  value(
    22,
    'a hash with expiring fields of Valkey 9',
    ['hash', 'hashtable', 3],
    length(3),
    bytes(string('a'), string('1'), time(LATER), string('b'), integer(2, 1), time(-1)),
    bytes(string('c'), compressed('x'.repeat(300)), time(0)),
  ),
];
