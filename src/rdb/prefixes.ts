/**
 * Keys by what stands before the first `:` of their names, in bounded memory: a table of so many prefixes. When it is full, its
 * rarer half goes to "other". A prefix that comes (again) after that is exact no more, and any that is common stays in anyway.
 */
import type { PrefixCensus } from '../domain/census.ts';
import type { KeySeen } from './listener.ts';
import { printableName } from './printable-name.ts';

interface Amount {
  keys: number;
  bytes: number;
}

export interface Prefixes {
  add(key: KeySeen): void;
  /** The `limit` most common ones; all the rest is in `other`. */
  result(limit: number): {
    readonly prefixes: PrefixCensus[];
    readonly other: Amount;
    readonly without: Amount;
  };
}

const COLON = 0x3a;
/** Longer than what anybody uses for a prefix; a name without a `:` in this reach has none. */
const LONGEST = 64;
const CAPACITY = 4096;
/** Open addressing: at most half full. */
const SLOTS = 2 * CAPACITY;
const FREE = -1;

/** `capacity` is for tests. */
export function createPrefixes(capacity = CAPACITY): Prefixes {
  const slots = new Int32Array(SLOTS).fill(FREE);
  const text = new Uint8Array(capacity * LONGEST);
  const lengths = new Uint8Array(capacity);
  const hashes = new Int32Array(capacity);
  const keys = new Float64Array(capacity);
  const bytes = new Float64Array(capacity);
  const late = new Uint8Array(capacity);
  const other = { keys: 0, bytes: 0 };
  const without = { keys: 0, bytes: 0 };
  let used = 0;
  let pruned = false;

  function isAt(entry: number, name: Uint8Array, length: number): boolean {
    if (lengths[entry] !== length) return false;
    const start = entry * LONGEST;
    for (let index = 0; index < length; index++) if (text[start + index] !== name[index]) return false;
    return true;
  }

  /** The entry of a prefix, a new one where there was none. */
  function entryOf(name: Uint8Array, length: number, hash: number): number {
    let slot = hash & (SLOTS - 1);
    for (let entry = slots[slot]; entry !== undefined && entry !== FREE; entry = slots[slot]) {
      if (hashes[entry] === hash && isAt(entry, name, length)) return entry;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (used < capacity) {
      slots[slot] = used;
      return fill(used++, name, length, hash);
    }
    prune();
    return entryOf(name, length, hash);
  }

  function fill(entry: number, name: Uint8Array, length: number, hash: number): number {
    text.set(name.subarray(0, length), entry * LONGEST);
    lengths[entry] = length;
    hashes[entry] = hash;
    keys[entry] = 0;
    bytes[entry] = 0;
    late[entry] = pruned ? 1 : 0;
    return entry;
  }

  /** Leaves the entries that are more common than half of them, at the beginning of the table. */
  function prune(): void {
    pruned = true;
    const middle = keys.slice(0, used).sort()[used >> 1] ?? 0;
    slots.fill(FREE);
    let kept = 0;
    for (let entry = 0; entry < used; entry++) {
      if ((keys[entry] ?? 0) > middle) move(entry, kept++);
      else addTo(other, entry);
    }
    used = kept;
  }

  /** `to` is never after `from`. */
  function move(from: number, to: number): void {
    text.copyWithin(to * LONGEST, from * LONGEST, (from + 1) * LONGEST);
    for (const column of [lengths, hashes, keys, bytes, late]) column[to] = column[from] ?? 0;
    let slot = (hashes[to] ?? 0) & (SLOTS - 1);
    while (slots[slot] !== FREE) slot = (slot + 1) & (SLOTS - 1);
    slots[slot] = to;
  }

  function addTo(sum: Amount, entry: number): void {
    sum.keys += keys[entry] ?? 0;
    sum.bytes += bytes[entry] ?? 0;
  }

  function byCommonness(): number[] {
    return Array.from({ length: used }, (_, entry) => entry).sort(
      (left, right) => (keys[right] ?? 0) - (keys[left] ?? 0) || (bytes[right] ?? 0) - (bytes[left] ?? 0),
    );
  }

  function row(entry: number): PrefixCensus {
    const start = entry * LONGEST;
    return {
      prefix: printableName(text.subarray(start, start + (lengths[entry] ?? 0))),
      keys: keys[entry] ?? 0,
      bytes: bytes[entry] ?? 0,
      exact: late[entry] === 0,
    };
  }

  return {
    add(key) {
      const { name, nameLength } = key;
      const reach = nameLength < LONGEST ? nameLength : LONGEST;
      // FNV-1a: short, and good enough for a table that is half empty.
      let hash = 0x811c9dc5 | 0;
      for (let index = 0; index < reach; index++) {
        const byte = name[index] as number;
        if (byte === COLON) {
          const entry = entryOf(name, index, hash);
          (keys[entry] as number)++;
          (bytes[entry] as number) += key.bytes;
          return;
        }
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
      without.keys++;
      without.bytes += key.bytes;
    },
    result(limit) {
      const common = byCommonness();
      const rest = { ...other };
      for (const entry of common.slice(limit)) addTo(rest, entry);
      return { prefixes: common.slice(0, limit).map(row), other: rest, without };
    },
  };
}
