/**
 * Writes dumps by hand, for the forms that the installed server does not write any more, or not yet. From the format's definition:
 * Redis' `rdb.c` (`rdbSaveLen`, `rdbSaveRawString`, `rdbSaveObject`), `ziplist.c`, `listpack.c`, `intset.c`, `zipmap.c`, `lzf_c.c`.
 */
import { JONES } from '../../src/sandbox/crc64.ts';

export type Piece = Uint8Array | string | number;

/** Texts as their bytes, numbers as one byte. */
export function bytes(...pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) =>
      typeof piece === 'number' ? Buffer.of(piece) : typeof piece === 'string' ? Buffer.from(piece) : piece,
    ),
  );
}

/** A length in the shortest of its four forms. */
export function length(value: number | bigint): Buffer {
  if (value < 0x40) return Buffer.of(Number(value));
  if (value < 0x4000) return Buffer.of(0x40 | (Number(value) >> 8), Number(value) & 0xff);
  if (value <= 0xffff_ffff) return bytes(0x80, uint32(Number(value)).reverse());
  const wide = Buffer.alloc(9, 0x81);
  wide.writeBigUInt64BE(BigInt(value), 1);
  return wide;
}

export function string(text: string | Uint8Array): Buffer {
  const content = Buffer.from(text);
  return bytes(length(content.length), content);
}

/** A string that is a number, as a server writes it where it fits so many bytes. */
export function integer(value: number, width: 1 | 2 | 4 = 4): Buffer {
  const content = Buffer.alloc(width);
  content.writeIntLE(value, 0, width);
  return bytes(0xc0 + (width >> 1), content);
}

/** A compressed string. One byte repeated becomes a reference, everything else goes as it is: not small, but LZF. */
export function compressed(text: string | Uint8Array): Buffer {
  const content = Buffer.from(text);
  const packed = lzf(content);
  return bytes(0xc3, length(packed.length), length(content.length), packed);
}

function lzf(content: Buffer): Buffer {
  const tokens: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    let run = 1;
    while (run < 260 && content[at + run] === content[at]) run++;
    if (run >= 10) {
      // The byte itself, then the rest of the run as a reference to the byte before.
      tokens.push(bytes(0, content.subarray(at, at + 1), 0xe0, run - 1 - 9, 0));
      at += run;
    } else {
      const piece = content.subarray(at, at + Math.min(32, run));
      tokens.push(bytes(piece.length - 1, piece));
      at += piece.length;
    }
  }
  return Buffer.concat(tokens);
}

/** Texts of at most 4095 bytes, numbers as integers of 64 bits. `count`: what its head says, where that is to be something else. */
export function listpack(entries: readonly (string | number)[], count = entries.length): Buffer {
  const body = entries.map((entry) => {
    const content = typeof entry === 'number' ? bytes(0xf4, time(entry)) : listpackText(entry);
    const { length: size } = content;
    return bytes(content, size < 0x80 ? size : bytes(size >> 7, 0x80 | (size & 0x7f)));
  });
  const size = 7 + body.reduce((sum, { length: each }) => sum + each, 0);
  return bytes(uint32(size), uint16(count), ...body, 0xff);
}

function listpackText(text: string): Buffer {
  const { length: size } = text;
  return size < 0x40 ? bytes(0x80 | size, text) : bytes(0xe0 | (size >> 8), size & 0xff, text);
}

/** All entries as strings of at most 63 bytes. */
export function ziplist(entries: readonly string[], count = entries.length): Buffer {
  const body: Buffer[] = [];
  let [offset, tail, previous] = [10, 10, 0];
  for (const entry of entries) {
    const content = bytes(previous, entry.length, entry);
    body.push(content);
    tail = offset;
    offset += content.length;
    previous = content.length;
  }
  return bytes(uint32(offset + 1), uint32(tail), uint16(count), ...body, 0xff);
}

export function intset(values: readonly number[]): Buffer {
  return bytes(uint32(2), uint32(values.length), ...values.map(uint16));
}

/** Values of at most 253 bytes; `count` as in `listpack`. */
export function zipmap(pairs: readonly (readonly [string, string])[], count = pairs.length): Buffer {
  return bytes(
    Math.min(count, 254),
    ...pairs.flatMap(([field, value]) => [field.length, field, value.length, 0, value]),
    0xff,
  );
}

/** Milliseconds since the epoch before the next key. */
export function expireAt(milliseconds: number): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigInt64LE(BigInt(milliseconds));
  return bytes(0xfc, time);
}

/** Seconds since the epoch before the next key, as servers before 2.6 wrote it. */
export function expireAtSeconds(seconds: number): Buffer {
  return bytes(0xfd, uint32(seconds));
}

/** Milliseconds in eight bytes, as inside of values. */
export function time(milliseconds: number): Buffer {
  return expireAt(milliseconds).subarray(1);
}

export function selectDatabase(number: number): Buffer {
  return bytes(0xfe, length(number));
}

export function auxiliary(name: string, value: string): Buffer {
  return bytes(0xfa, string(name), string(value));
}

export function key(type: number, name: string, ...value: readonly Piece[]): Buffer {
  return bytes(type, string(name), ...value);
}

export interface DumpOptions {
  readonly version?: number;
  /** In place of `REDIS` and the version; then always with a checksum. */
  readonly magic?: string;
  /** False for a footer of zeros. */
  readonly checksum?: boolean;
  /** Behind the dump's own end. */
  readonly after?: Uint8Array;
}

/** A whole file around the records, with its checksum (since version 5). */
export function dump(
  records: readonly Uint8Array[],
  { version = 11, magic, checksum = true, after = new Uint8Array(0) }: DumpOptions = {},
): Buffer {
  const content = bytes(magic ?? `REDIS${String(version).padStart(4, '0')}`, ...records, 0xff);
  const footer = Buffer.alloc(magic === undefined && version < 5 ? 0 : 8);
  if (checksum && footer.length > 0) footer.writeBigUInt64LE(JONES.update(0n, content));
  return bytes(content, footer, after);
}

function uint16(value: number): Buffer {
  const content = Buffer.alloc(2);
  content.writeUInt16LE(value);
  return content;
}

function uint32(value: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeUInt32LE(value);
  return content;
}
