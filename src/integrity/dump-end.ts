/**
 * Where a dump ends, from its last bytes and the checksum of all of them. Over a dump with its footer the CRC-64 is 0, so taking the bytes
 * back one by one leads to 0 again exactly where a whole dump ended, whatever some tool has put behind it: the mark of 40 bytes, say, by
 * which a server ends a dump that it sends without a length.
 */
import { MAGIC_LENGTH } from '../domain/rdb-magic.ts';
import { unwinding } from './crc64.ts';
import type { Tap } from './taps.ts';

/** The end-of-file opcode, and behind it eight bytes of CRC-64, little-endian (Redis, `rdb.c`). */
export const OPCODE_EOF = 0xff;
export const TRAILER_LENGTH = 9;
/** So many bytes behind an end are looked through. */
const FARTHEST = 4096;
/** No dump is shorter. */
const SHORTEST = MAGIC_LENGTH + TRAILER_LENGTH;

/** How many bytes lie behind the end that the checksum proves, 0 for none; undefined where it proves no end. `last`: the file's end. */
export function bytesBehindEnd(last: Uint8Array, crc: bigint): number | undefined {
  const checksum = unwinding(crc);
  let found: number | undefined;
  for (let behind = 0; behind + SHORTEST <= last.length; behind += 1) {
    if (checksum.isZero && last.at(-behind - TRAILER_LENGTH) === OPCODE_EOF) {
      if (behind === 0) return 0;
      found = behind;
    } else if (found !== undefined && !checksum.isZero) break;
    // Zeros leave a checksum of 0 as it is: among several ends the first one is the dump's.
    checksum.takeBack(last.at(-behind - 1) ?? 0);
  }
  return found;
}

/** Remembers the last bytes, as many as `bytesBehindEnd` can use. They are valid until the next update. */
export function lastBytesTap(): Tap<Uint8Array> {
  const last = new Uint8Array(FARTHEST + SHORTEST);
  let held = 0;
  return {
    update(chunk) {
      const added = chunk.subarray(-last.length);
      const kept = Math.min(held, last.length - added.length);
      last.copyWithin(0, held - kept, held);
      last.set(added, kept);
      held = kept + added.length;
    },
    result: () => last.subarray(0, held),
  };
}
