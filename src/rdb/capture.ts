/** The beginning of a string that has to be understood: collected across chunks, expanded, and never more than a little of it. */
import { expand, MALFORMED } from './lzf.ts';
import { type ByteWindow, INT8, INT16, LZF, PLAIN } from './window.ts';

export class Capture {
  /** What the string says, up to `length`. The same bytes for each string: copy what is to be kept. */
  readonly bytes: Uint8Array;
  length = 0;
  /** How many bytes it has altogether. */
  whole = 0;
  readonly #raw: Uint8Array;
  #kind = PLAIN;
  #stored = 0;
  #wanted = 0;
  #have = 0;

  /** `limit`: so many bytes of what it says. A compressed string is looked at for as many bytes, and 32 more. */
  constructor(limit: number) {
    this.bytes = new Uint8Array(limit);
    this.#raw = new Uint8Array(limit + 32);
  }

  /** Starts with the string whose head the window has just read; gives how many of its bytes are not wanted. */
  begin(kind: number, { stored, plain }: ByteWindow): number {
    const room = kind === LZF ? this.#raw.length : this.bytes.length;
    this.#kind = kind;
    this.#stored = stored;
    this.#have = 0;
    this.#wanted = stored < room ? stored : room;
    this.whole = plain;
    return stored - this.#wanted;
  }

  /** Takes what is at hand; true when that is all it wants. */
  fill(window: ByteWindow): boolean {
    const target = this.#kind === LZF ? this.#raw : this.bytes;
    const { bytes, at } = window;
    const missing = this.#wanted - this.#have;
    const count = Math.min(missing, window.end - at);
    // Names are short: a loop is faster than a view of each.
    if (count < 64) {
      const to = this.#have - at;
      for (let from = at; from < at + count; from++) target[to + from] = bytes[from] as number;
    } else target.set(bytes.subarray(at, at + count), this.#have);
    this.#have += count;
    window.at = at + count;
    return count === missing;
  }

  /** Makes out what it says; false where its compression is broken. */
  finish(): boolean {
    if (this.#kind === PLAIN) {
      this.length = this.#wanted;
      return true;
    }
    if (this.#kind !== LZF) {
      this.#spell();
      return true;
    }
    const part = this.#wanted < this.#stored;
    const limit = Math.min(this.bytes.length, this.whole);
    const length = expand(this.#raw, this.#wanted, this.bytes, limit, part);
    this.length = length;
    return length !== MALFORMED && (part || length === limit);
  }

  /** A number in the digits that it was made from. */
  #spell(): void {
    const { bytes } = this;
    const [a = 0, b = 0, c = 0, d = 0] = bytes;
    const low = a | (b << 8);
    const number =
      this.#kind === INT8
        ? (a << 24) >> 24
        : this.#kind === INT16
          ? (low << 16) >> 16
          : low | (c << 16) | (d << 24);
    const digits = String(number);
    this.length = Math.min(digits.length, bytes.length);
    this.whole = digits.length;
    for (let index = 0; index < this.length; index++) bytes[index] = digits.charCodeAt(index);
  }
}
