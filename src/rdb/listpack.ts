/** Hashes whose fields expire, in a listpack: a field, its value, its expiry, and so on (Redis 7.4, `t_hash.c`; `listpack.c` for the entries). */

/** All bytes, then how many entries. */
const HEAD = 6;
const END = 0xff;
const NO_INTEGER = -1;
/** Bytes of an entry whose own length takes one, two, three, four more bytes behind it. */
const BACK = [127, 16_383, 2_097_151, 268_435_455];

export interface ExpiringFields {
  readonly expiring: number;
  /** Milliseconds since the epoch; 0 where none expires. */
  readonly last: number;
  /** False where the listpack goes on beyond its bytes. */
  readonly whole: boolean;
}

/** Counts the fields with an expiry, those of 0 being without one. */
export function expiringFields(bytes: Uint8Array, length: number): ExpiringFields {
  let [expiring, last] = [0, 0];
  let at = HEAD;
  for (let entry = 0; at < length && bytes[at] !== END; entry++) {
    const size = entrySize(bytes, at);
    if (at + size > length) break;
    const expiry = entry % 3 === 2 ? integerAt(bytes, at) : NO_INTEGER;
    if (expiry > 0) expiring++;
    if (expiry > last) last = expiry;
    at += size + backSize(size);
  }
  return { expiring, last, whole: at < length && bytes[at] === END };
}

/** Without the length that stands behind it, by which one can go backwards. */
function entrySize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3f);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + (((first & 0x0f) << 8) | byteAt(bytes, at + 1));
  if (first === 0xf0) return 5 + littleEndian(bytes, at + 1, 4);
  const widths = [2, 3, 4, 8];
  return 1 + (widths[first - 0xf1] ?? 0);
}

function backSize(size: number): number {
  const longer = BACK.findIndex((limit) => size <= limit);
  return longer < 0 ? BACK.length + 1 : longer + 1;
}

/** Expiries are never negative, so neither are these. */
function integerAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return first;
  if (first >= 0xc0 && first < 0xe0) return ((first & 0x1f) << 8) | byteAt(bytes, at + 1);
  if (first > 0xf0 && first < 0xf5) return littleEndian(bytes, at + 1, entrySize(bytes, at) - 1);
  return NO_INTEGER;
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let index = width - 1; index >= 0; index--) value = value * 256 + byteAt(bytes, at + index);
  return value;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
