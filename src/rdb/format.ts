/**
 * The RDB format as a table: what follows each opcode, and what each type of value is made of.
 *
 * From Redis' `rdb.h` (the numbers) and `rdb.c`, `rdbLoadObject` and `rdbLoadRioWithLoadingCtx` (what follows each), versions 2.8 to
 * 7.4, and from Valkey 8's, whose dumps are Redis 7.2's.
 */
import type { KeyType } from '../domain/census.ts';
import {
  blob,
  each,
  elements,
  INTSET,
  LISTPACK,
  length,
  milliseconds,
  module,
  name,
  node,
  parts,
  repeat,
  row,
  type Steps,
  score,
  seconds,
  skip,
  string,
  text,
  ZIPLIST,
  ZIPMAP,
} from './steps.ts';

export const OPCODE = {
  slotInfo: 244,
  function: 245,
  functionPreRelease: 246,
  moduleAux: 247,
  idle: 248,
  frequency: 249,
  auxiliary: 250,
  resizeDatabase: 251,
  expireMilliseconds: 252,
  expireSeconds: 253,
  selectDatabase: 254,
  end: 255,
} as const;

/** Types of values are below this, opcodes above. */
export const TYPES = 26;

export interface ValueForm {
  readonly type: KeyType;
  /** As `OBJECT ENCODING` or the format calls it. */
  readonly encoding: string;
  /** Whether `elements` means anything. */
  readonly counted: boolean;
  /** Whether a server of 6.2 or newer drops such a key on loading when it has no element. */
  readonly droppedEmpty: boolean;
}

/** An id is 16 bytes: two numbers of 64 bits, big-endian. */
const STREAM_ID = 16;
const TIME = 8;

/** The entries by node, their number, the last id; then the groups: position, pending entries, consumers with theirs. */
function stream(version: 1 | 2 | 3): Steps[] {
  // Since version 2: the first id, the highest deleted one, how many entries there ever were; and how many a group has read.
  const history = version >= 2 ? [length, length, length, length, length] : [];
  const read = version >= 2 ? [length] : [];
  // Since version 3: when a consumer was last given something, besides when it last asked.
  const times = version >= 3 ? 2 * TIME : TIME;
  const pending = repeat(skip(STREAM_ID + TIME), length);
  const consumers = repeat(string, skip(times), repeat(skip(STREAM_ID)));
  const groups = repeat(string, length, length, ...read, pending, consumers);
  return [repeat(string, string), elements, length, length, ...history, groups];
}

interface Value extends ValueForm {
  readonly steps: Uint8Array;
}

function value(type: KeyType, encoding: string, ...steps: readonly Steps[]): Value {
  const counted = type !== 'string' && type !== 'module';
  const keptEmpty = type === 'stream' || encoding === 'intset' || encoding === 'zipmap';
  return {
    type,
    encoding,
    counted,
    droppedEmpty: counted && !keptEmpty,
    steps: row(name, ...steps),
  };
}

const VALUES: ReadonlyMap<number, Value> = new Map([
  [0, value('string', 'string', string)],
  [1, value('list', 'linkedlist', each(string))],
  [2, value('set', 'hashtable', each(string))],
  [3, value('zset', 'skiplist', each(string, score))],
  [4, value('hash', 'hashtable', each(string, string))],
  [5, value('zset', 'skiplist', each(string, skip(8)))],
  // 6, a module's value of a release candidate of 4.0, cannot be passed over without that module.
  [7, value('module', 'module', module, parts)],
  [9, value('hash', 'zipmap', blob(ZIPMAP))],
  [10, value('list', 'ziplist', blob(ZIPLIST))],
  [11, value('set', 'intset', blob(INTSET))],
  [12, value('zset', 'ziplist', blob(ZIPLIST, 2))],
  [13, value('hash', 'ziplist', blob(ZIPLIST, 2))],
  [14, value('list', 'quicklist', repeat(blob(ZIPLIST)))],
  [15, value('stream', 'stream', ...stream(1))],
  [16, value('hash', 'listpack', blob(LISTPACK, 2))],
  [17, value('zset', 'listpack', blob(LISTPACK, 2))],
  [18, value('list', 'quicklist', repeat(node))],
  [19, value('stream', 'stream', ...stream(2))],
  [20, value('set', 'listpack', blob(LISTPACK))],
  [21, value('stream', 'stream', ...stream(3))],
  // Fields with an expiry of their own (7.4): each one's before it, and since the release the soonest one first of all.
  [22, value('hash', 'hashtable', each(length, string, string))],
  [23, value('hash', 'listpackex', blob(LISTPACK, 3))],
  [24, value('hash', 'hashtable', skip(TIME), each(length, string, string))],
  [25, value('hash', 'listpackex', skip(TIME), blob(LISTPACK, 3))],
]);

const OPCODES: ReadonlyMap<number, Uint8Array> = new Map([
  // Slot, its keys, and how many of them expire.
  [OPCODE.slotInfo, row(length, length, length)],
  [OPCODE.function, row(text)],
  // Name, engine, perhaps a description, and the code.
  [OPCODE.functionPreRelease, row(text, string, repeat(string), string)],
  // When it was written, as a part of its own kind, then what the module wrote.
  [OPCODE.moduleAux, row(module, length, length, parts)],
  [OPCODE.idle, row(length)],
  [OPCODE.frequency, row(skip(1))],
  [OPCODE.auxiliary, row(text, text)],
  [OPCODE.resizeDatabase, row(length, length)],
  [OPCODE.expireMilliseconds, row(milliseconds)],
  [OPCODE.expireSeconds, row(seconds)],
  [OPCODE.selectDatabase, row(length)],
  // The CRC-64.
  [OPCODE.end, row(skip(8))],
]);

/** What follows each byte that can begin a record; undefined for those that nobody knows. */
export const STEPS: readonly (Uint8Array | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => VALUES.get(code)?.steps ?? OPCODES.get(code),
);

/** The form of each type of value; undefined for the numbers without one. */
export const FORMS: readonly (ValueForm | undefined)[] = Array.from({ length: TYPES }, (_, code) =>
  VALUES.get(code),
);
