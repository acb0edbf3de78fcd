/** The bytes at hand and the place in them, with the two things that every record is read by: lengths and the heads of strings. */

/** There are too few bytes at hand; nothing was taken. */
export const SHORT = -1;
/** No server writes this here. */
export const ILLEGAL = -2;

/** How a string's bytes are to be read: as the format numbers it (`RDB_ENC_…`; 2 is an integer of 32 bits), or as they are. */
export const INT8 = 0;
export const INT16 = 1;
export const LZF = 3;
export const PLAIN = 4;

/** The longest thing that is read as a whole: a part's kind, and the head of a compressed string. */
export const LONGEST_UNIT = 9 + 1 + 9 + 9;

const TWO_32 = 0x1_0000_0000;
const NOTHING = new Uint8Array(0);

/** A class and not closures, so that the engine keeps its numbers unboxed: it is asked several times a key. */
export class ByteWindow {
  bytes: Uint8Array = NOTHING;
  at = 0;
  end = 0;
  /** Where in the file `bytes` begins. */
  base = 0;
  /** Of the last string's head: how many bytes follow it, and how many they expand to. */
  stored = 0;
  plain = 0;
  /** The last time that was read, since the epoch. */
  milliseconds = 0;
  /** The last integer that a module wrote. */
  integer = 0;
  /** The halves of the last length, where it had 64 bits. */
  high = 0;
  low = 0;

  open(bytes: Uint8Array, from: number, base: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = bytes.length;
    this.base = base;
  }

  /** Where in the file the next byte lies. */
  get position(): number {
    return this.base + this.at;
  }

  /** A length (`rdbLoadLenByRef`): 6, 14, 32 or 64 bits. Above 2^53 it is not exact, and larger than any file. */
  length(): number {
    const { bytes, at, end } = this;
    if (at >= end) return SHORT;
    const first = bytes[at] as number;
    if (first < 0x40) {
      this.at = at + 1;
      return first;
    }
    if (first < 0x80) {
      if (at + 2 > end) return SHORT;
      this.at = at + 2;
      return ((first & 0x3f) << 8) | (bytes[at + 1] as number);
    }
    return this.#longLength(first);
  }

  #longLength(first: number): number {
    const { at, end } = this;
    if (first === 0x80) {
      if (at + 5 > end) return SHORT;
      this.at = at + 5;
      return this.#bigEndian(at + 1);
    }
    if (first !== 0x81) return ILLEGAL;
    if (at + 9 > end) return SHORT;
    this.at = at + 9;
    this.high = this.#bigEndian(at + 1);
    this.low = this.#bigEndian(at + 5);
    return this.high * TWO_32 + this.low;
  }

  /** The head of a string: its kind, with `stored` and `plain` set. */
  string(): number {
    const { bytes, at, end } = this;
    if (at >= end) return SHORT;
    const first = bytes[at] as number;
    if (first < 0xc0) {
      const length = this.length();
      if (length < 0) return length;
      this.stored = length;
      this.plain = length;
      return PLAIN;
    }
    if (first === 0xc0 + LZF) return this.#compressed();
    if (first > 0xc0 + LZF) return ILLEGAL;
    this.at = at + 1;
    this.stored = 1 << (first - 0xc0);
    this.plain = this.stored;
    return first - 0xc0;
  }

  #compressed(): number {
    const { at } = this;
    this.at = at + 1;
    const stored = this.length();
    const plain = stored < 0 ? stored : this.length();
    if (plain < 0) {
      this.at = at;
      return plain;
    }
    this.stored = stored;
    this.plain = plain;
    return LZF;
  }

  /** Seconds in four bytes or milliseconds in eight, little-endian and signed, into `milliseconds`; false where they are not at hand. */
  time(seconds: boolean): boolean {
    const { at } = this;
    if (at + (seconds ? 4 : 8) > this.end) return false;
    this.at = at + (seconds ? 4 : 8);
    const low = this.#littleEndian(at);
    this.milliseconds = seconds ? (low | 0) * 1000 : (this.#littleEndian(at + 4) | 0) * TWO_32 + low;
    return true;
  }

  #littleEndian(at: number): number {
    const { bytes } = this;
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
  }

  #bigEndian(at: number): number {
    const { bytes } = this;
    const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
    return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
  }
}
