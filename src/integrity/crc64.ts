/** Redis' CRC-64 (Jones' polynomial), the checksum at the end of every RDB file. */
import { createCRC64 } from 'hash-wasm';
import type { Tap } from './taps.ts';

/** 0xad93d23594c935a9 reflected, as hash-wasm wants it. */
const JONES_REFLECTED = '95ac9329ac4bc9b5';

/**
 * The checksum of all bytes, as 16 hex digits. Over a whole intact RDB file, footer included, it is all zeros.
 *
 * hash-wasm begins and ends with all bits set, Redis with none: eight bytes of ones turn its beginning into ours (they cancel the
 * register), and its end is inverted. Check value of `123456789`: `e9c6d914c4b8d9ca` (Redis, `crc64.c`).
 */
export async function crc64Tap(): Promise<Tap<string>> {
  const crc = await createCRC64(JONES_REFLECTED);
  crc.init();
  crc.update(new Uint8Array(8).fill(0xff));
  return {
    update: (chunk) => {
      crc.update(chunk);
    },
    result: () => {
      const inverted = ~BigInt(`0x${crc.digest('hex')}`) & 0xffff_ffff_ffff_ffffn;
      return inverted.toString(16).padStart(16, '0');
    },
  };
}
