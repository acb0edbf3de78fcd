/**
 * Where a dump ends, whatever some tool has put behind it: the mark of 40 bytes, say, by which a server ends a dump that it sends without a
 * length. Over a dump with its footer the CRC-64 is 0, so taking the file's last bytes back one by one leads to 0 again exactly where a
 * whole dump ended. Who walks the dump sees the end from the other side, however much follows.
 */
import { MAGIC_LENGTH } from '../domain/rdb-magic.ts';
import { unwinding } from './crc64.ts';
import type { Tap } from './taps.ts';

/** The end-of-file opcode, and behind it eight bytes of CRC-64, little-endian (Redis, `rdb.c`). */
export const OPCODE_EOF = 0xff;
export const CHECKSUM_LENGTH = 8;
/** So many bytes behind an end are looked through; zeros do not count. */
export const FARTHEST = 4096;
/** No dump is shorter. */
const SHORTEST = MAGIC_LENGTH + 1 + CHECKSUM_LENGTH;

/** A dump's end, seen by whoever walks it. */
export interface SeenEnd {
  /** Bytes before it, the checksum included. */
  readonly offset: number;
  /** Whether a CRC-64 stands there, and not zeros in its place, or nothing in versions that had none. */
  readonly hasChecksum: boolean;
}

/** A file's last bytes. */
export interface LastBytes {
  /** How many zeros it ends with. */
  readonly zeros: number;
  /** As many as are remembered of those before them. */
  readonly before: Uint8Array;
}

/** `behind`: how many bytes come after it; undefined for one that is not remembered. */
export function byteFromEnd({ zeros, before }: LastBytes, behind: number): number | undefined {
  return behind < zeros ? 0 : before[before.length - 1 - (behind - zeros)];
}

/**
 * How many bytes lie behind the end that the checksum proves, 0 for none; undefined where it proves no end. Of several ends the first one is
 * the dump's. Only where a checksum ends with zeros, and could as well be a byte shorter with a zero behind it, none is held to follow.
 */
export function bytesBehindEnd(last: LastBytes, crc: bigint): number | undefined {
  const checksum = unwinding(crc);
  // Zeros leave a checksum of 0 as it is, so there may be as many of them as there are.
  const nearest = checksum.isZero ? Math.max(0, last.zeros - CHECKSUM_LENGTH) : 0;
  const farthest = Math.min(nearest + FARTHEST, last.zeros + last.before.length - SHORTEST);
  let found: number | undefined;
  let onlyZeros = true;
  for (let behind = nearest; behind <= farthest; behind += 1) {
    const { isZero } = checksum;
    onlyZeros &&= isZero;
    const isEnd = isZero && byteFromEnd(last, behind + CHECKSUM_LENGTH) === OPCODE_EOF;
    if (isEnd && !(found === 0 && onlyZeros)) found = behind;
    checksum.takeBack(byteFromEnd(last, behind) ?? 0);
  }
  return found;
}

/** How many bytes lie behind the last end with zeros in place of a checksum; undefined where none is near. */
export function bytesBehindZeros(last: LastBytes): number | undefined {
  let zeros = 0;
  for (let behind = 0; behind <= FARTHEST + CHECKSUM_LENGTH; behind += 1) {
    const byte = byteFromEnd(last, behind);
    if (byte === OPCODE_EOF && zeros >= CHECKSUM_LENGTH) return behind - CHECKSUM_LENGTH;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return undefined;
}

/** Remembers what the two above can use. It is valid until the next update. */
export function lastBytesTap(): Tap<LastBytes> {
  const kept = new Uint8Array(FARTHEST + SHORTEST);
  let held = 0;
  let zeros = 0;

  /** Makes room behind what is kept for so many bytes, and gives where they go. */
  function shift(bytes: number): number {
    const staying = Math.min(held, kept.length - bytes);
    kept.copyWithin(0, held - staying, held);
    held = staying + bytes;
    return staying;
  }

  return {
    update(chunk) {
      let end = chunk.length;
      while (end > 0 && chunk[end - 1] === 0) end -= 1;
      if (end > 0) {
        const added = chunk.subarray(Math.max(0, end - kept.length), end);
        // Those that were last before are so no more.
        const between = Math.min(zeros, kept.length - added.length);
        const from = shift(between + added.length);
        kept.fill(0, from, from + between);
        kept.set(added, from + between);
        zeros = 0;
      }
      zeros += chunk.length - end;
    },
    result: () => ({ zeros, before: kept.subarray(0, held) }),
  };
}
