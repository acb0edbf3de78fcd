/** A valid dump of any size that is never held: one random block, repeated under numbered keys, and the right checksum. */
import { type Crc64, ECMA, JONES } from './crc64.ts';
import type { Dump } from './dump.ts';

export interface SyntheticDumpOptions {
  /** Bytes of the whole file; at least `SMALLEST_SYNTHETIC_DUMP`. */
  readonly size: number;
  /** Another seed, other values. */
  readonly seed?: number;
}

const HEADER = Buffer.concat([
  Buffer.from('REDIS0010'),
  auxiliary('redis-ver', '7.0.15'),
  auxiliary('redis-bits', '64'),
  auxiliary('ctime', '1767225600'),
  Buffer.from([0xfe, 0x00]), // SELECTDB 0
]);
const TRAILER_LENGTH = 9;
const RECORD_HEAD_LENGTH = 2 + 'synthetic:00000000'.length + 5;
const BLOCK_LENGTH = 1024 * 1024;

/** Header, one key with an empty value, end and checksum. */
export const SMALLEST_SYNTHETIC_DUMP = HEADER.length + RECORD_HEAD_LENGTH + TRAILER_LENGTH;

/** A piece of the file: where it starts, and its bytes. */
interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Any range costs only the pieces that it touches, and no processor time but for the copying; the checksum is worked out on the
 * first look at the file's end. Throws a RangeError for a size that cannot be.
 */
export function syntheticDump({ size, seed = 1 }: SyntheticDumpOptions): Dump {
  if (size < SMALLEST_SYNTHETIC_DUMP)
    throw new RangeError(`a synthetic dump has at least ${SMALLEST_SYNTHETIC_DUMP} bytes`);
  const room = size - HEADER.length - TRAILER_LENGTH;
  const records = Math.ceil(room / BLOCK_LENGTH);
  const recordLength = Math.floor(room / records);
  // Every value has the same length, but the last one takes what the division left over.
  const valueLength = recordLength - RECORD_HEAD_LENGTH;
  const lastValueLength = room - (records - 1) * recordLength - RECORD_HEAD_LENGTH;
  const block = once(() => randomBlock(lastValueLength, seed));
  const trailer = once(() => trailerOf(checksum(JONES)));

  const value = (record: number): Uint8Array =>
    record === records - 1 ? block() : block().subarray(0, valueLength);

  /** The checksum of everything before the trailer. */
  const checksum = (crc64: Crc64): bigint => {
    let crc = crc64.update(0n, HEADER);
    const repeated = crc64.update(0n, block().subarray(0, valueLength));
    const power = crc64.power(valueLength);
    for (let record = 0; record < records - 1; record += 1) {
      crc = crc64.combine(crc64.update(crc, recordHead(record, valueLength)), repeated, power);
    }
    return crc64.update(crc64.update(crc, recordHead(records - 1, lastValueLength)), block());
  };

  /** Pieces in the file's order, from the one that holds `start` or one a little before it. */
  function* pieces(start: number): Generator<Piece> {
    yield { at: 0, bytes: HEADER };
    const first = Math.max(0, Math.min(records - 1, Math.floor((start - HEADER.length) / recordLength)));
    for (let record = first; record < records; record += 1) {
      const at = HEADER.length + record * recordLength;
      yield { at, bytes: recordHead(record, record === records - 1 ? lastValueLength : valueLength) };
      yield { at: at + RECORD_HEAD_LENGTH, bytes: value(record) };
    }
    yield { at: size - TRAILER_LENGTH, bytes: trailer() };
  }

  return {
    size,
    etag: `"synthetic-${size}-${seed}"`,
    crc64ecma: once(() => String(ECMA.update(checksum(ECMA), trailer()))),
    *read(start, end) {
      for (const { at, bytes } of pieces(start)) {
        if (at >= end) return;
        const piece = bytes.subarray(Math.max(0, start - at), end - at);
        if (piece.length > 0) yield piece;
      }
    },
  };
}

/** A string key by its number, up to where its value starts; the length in 32 bits, so that all heads are equally long. */
function recordHead(record: number, valueLength: number): Buffer {
  const key = `synthetic:${String(record).padStart(8, '0')}`;
  const head = Buffer.alloc(RECORD_HEAD_LENGTH);
  head[0] = 0x00;
  head[1] = key.length;
  head.write(key, 2, 'latin1');
  head[2 + key.length] = 0x80;
  head.writeUInt32BE(valueLength, 3 + key.length);
  return head;
}

/** End of file, and the checksum, which covers that opcode too. */
function trailerOf(crcBefore: bigint): Buffer {
  const trailer = Buffer.alloc(TRAILER_LENGTH, 0xff);
  trailer.writeBigUInt64LE(JONES.update(crcBefore, trailer.subarray(0, 1)), 1);
  return trailer;
}

function auxiliary(name: string, value: string): Buffer {
  const text = (s: string): Buffer => Buffer.concat([Buffer.from([s.length]), Buffer.from(s)]);
  return Buffer.concat([Buffer.from([0xfa]), text(name), text(value)]);
}

/** xorshift32: the same bytes for the same seed, everywhere. */
function randomBlock(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
