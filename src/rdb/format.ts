/**
 * The RDB format as a table: what follows each opcode, and what each type of value is made of, in either family.
 *
 * From Redis' `rdb.h` (the numbers) and `rdb.c`, `rdbLoadObject` and `rdbLoadRioWithLoadingCtx` (what follows each), versions 2.8 to
 * 8.6, and from Valkey's of 9.1. Seen on dumps of those servers, but for what says otherwise.
 */
import type { KeyType } from '../domain/census.ts';
import type { RdbFamily } from '../domain/rdb-magic.ts';
import {
  blob,
  each,
  elements,
  fieldDelay,
  fields,
  fieldTime,
  forElements,
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
  soonest,
  string,
  tagged,
  text,
  ZIPLIST,
  ZIPMAP,
} from './steps.ts';

export const OPCODE = {
  /** Redis: what modules keep beside a key. Valkey: a slot that is on its way to this server. */
  keyMetadataOrSlotImport: 243,
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

export interface ValueForm {
  /** Its place in `FORMS`. */
  readonly row: number;
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

/** Types that servers keep without elements; of the newest two nobody has said. */
const KEPT_EMPTY: ReadonlySet<KeyType> = new Set(['stream', 'vectorset', 'array']);

/** The entries by node, their number, the last id; then the groups: position, pending entries, consumers with theirs. */
function stream(version: 1 | 2 | 3 | 4 | 5): Steps[] {
  // Since version 2: the first id, the highest deleted one, how many entries there ever were; and how many a group has read.
  const history = version >= 2 ? [length, length, length, length, length] : [];
  const read = version >= 2 ? [length] : [];
  // Since version 3: when a consumer was last given something, besides when it last asked.
  const times = version >= 3 ? 2 * TIME : TIME;
  // Since version 4: how long and how many, then of each producer what it has sent; how many were added, how many were not needed.
  const sent = repeat(string, repeat(string, length, length));
  const producers = version >= 4 ? [length, length, sent, length, length] : [];
  // Since version 5: entries that a consumer gave back.
  const givenBack = version >= 5 ? [repeat(skip(STREAM_ID))] : [];
  const pending = repeat(skip(STREAM_ID + TIME), length);
  const consumers = repeat(string, skip(times), repeat(skip(STREAM_ID)));
  const groups = repeat(string, length, length, ...read, pending, consumers, ...givenBack);
  return [repeat(string, string), elements, length, length, ...history, groups, ...producers];
}

interface Value extends ValueForm {
  readonly steps: Uint8Array;
}

const values: Value[] = [];

function value(type: KeyType, encoding: string, ...steps: readonly Steps[]): Value {
  const counted = type !== 'string' && type !== 'module';
  const keptEmpty = KEPT_EMPTY.has(type) || encoding === 'intset' || encoding === 'zipmap';
  const made = {
    row: values.length,
    type,
    encoding,
    counted,
    droppedEmpty: counted && !keptEmpty,
    steps: row(name, ...steps),
  };
  values.push(made);
  return made;
}

/** As both families write them. */
const COMMON: readonly (readonly [number, Value])[] = [
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
];

const REDIS: readonly (readonly [number, Value])[] = [
  // Fields with an expiry of their own (7.4): each one's before it, and since the release the soonest one first of all.
  [22, value('hash', 'hashtable', each(fieldDelay, string, string))],
  [23, value('hash', 'listpackex', fields)],
  [24, value('hash', 'hashtable', soonest, each(fieldDelay, string, string))],
  [25, value('hash', 'listpackex', soonest, fields)],
  [26, value('stream', 'stream', ...stream(4))],
  // Redis 8.8, version 14: not confirmed on a dump of that server, which no package has yet; Redis' own reader, librdb 2.3, takes these layouts alike.
  [27, value('stream', 'stream', ...stream(5))],
  // How many, perhaps where the next one goes, then of each its place and what it is.
  [28, value('array', 'array', elements, repeat(length), forElements(length, tagged))],
];

/** Redis' numbers from 22 on are not Valkey's. */
const VALKEY: readonly (readonly [number, Value])[] = [
  [22, value('hash', 'hashtable', each(string, string, fieldTime))],
];

/** What type 7 is where the module is `vectorset`; its elements are the second thing that it writes (Redis 8.0, `vset.c`). */
export const VECTOR_SET: ValueForm = value('vectorset', 'module');

const OPCODES: readonly (readonly [number, Uint8Array])[] = [
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
  // The CRC-64: eight bytes, read as a time, since all that is asked is whether there is one.
  [OPCODE.end, row(milliseconds)],
];

/**
 * Of each module its class in four bytes, then what it wrote (Redis 8.6, `keymeta.c`). Not confirmed on a dump, since no module at hand
 * writes it; librdb 2.3 takes it alike.
 */
const KEY_METADATA = row(repeat(skip(4), parts));
/** The job's name, then the slots from and to (Valkey 9.0, `cluster_migrateslots.c`): in dumps that are written during a migration. */
const SLOT_IMPORT = row(string, repeat(length, length));

/** Before version 5 the end was the last byte. */
export const NOTHING_FOLLOWS = row();

export interface Format {
  /** The newest version whose types are all in the table and were seen in dumps: what is odd in a later one, nobody is to blame for. */
  readonly newest: number;
  /** What follows each byte that can begin a record; undefined for those that nobody knows. */
  readonly steps: readonly (Uint8Array | undefined)[];
  /** The form of each type of value; undefined for opcodes, and for what nobody knows. */
  readonly forms: readonly (ValueForm | undefined)[];
}

function format(newest: number, own: readonly (readonly [number, Value])[], opcode243: Uint8Array): Format {
  const forms = new Map([...COMMON, ...own]);
  const opcodes = new Map([...OPCODES, [OPCODE.keyMetadataOrSlotImport, opcode243] as const]);
  const codes = Array.from({ length: 256 }, (_, code) => code);
  return {
    newest,
    steps: codes.map((code) => forms.get(code)?.steps ?? opcodes.get(code)),
    forms: codes.map((code) => forms.get(code)),
  };
}

export const FORMATS: Readonly<Record<RdbFamily, Format>> = {
  redis: format(13, REDIS, KEY_METADATA),
  valkey: format(80, VALKEY, SLOT_IMPORT),
};

/** All forms of either family. */
export const FORMS: readonly ValueForm[] = values;
