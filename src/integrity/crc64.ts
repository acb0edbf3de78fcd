/** CRC-64 over a stream: Redis' (Jones' polynomial), the checksum at the end of every RDB file, and the one that some stores answer with. */
import { type Crc64Update, createCrc64 } from './crc64-engine.ts';
import type { Tap } from './taps.ts';

/** Reflected 0xad93d23594c935a9; begins and ends with no bit set. Check value of `123456789`: `e9c6d914c4b8d9ca` (Redis, `crc64.c`). */
const JONES = { polynomial: 0x95ac9329ac4bc9b5n, mask: 0n };

/** Reflected 0x42f0e1eba9ea3693; begins and ends with all bits set. Check value: `995dc9bbdf1939fa` ("CRC-64/XZ"; COS documentation, "CRC64 check"). */
const ECMA = { polynomial: 0xc96c5795d7870f42n, mask: 0xffff_ffff_ffff_ffffn };

const engines = new Map<bigint, Crc64Update>();

/** The checksum of all bytes. Over a whole intact RDB file, footer included, it is 0. */
export function crc64Tap(): Tap<bigint> {
  return tapOf(JONES);
}

/** What COS and OSS answer of an object, in decimal there. */
export function ecmaTap(): Tap<bigint> {
  return tapOf(ECMA);
}

/** Redis' checksum as it was before its last byte, `byte`: every step of a CRC can be taken back. */
export function takenBack(crc: bigint, byte: number): bigint {
  let register = crc;
  for (let bit = 0; bit < 8; bit += 1) {
    const isReduced = register >> 63n === 1n;
    register = isReduced ? ((register ^ JONES.polynomial) << 1n) | 1n : register << 1n;
    register = BigInt.asUintN(64, register);
  }
  return register ^ BigInt(byte);
}

function tapOf({ polynomial, mask }: typeof JONES): Tap<bigint> {
  const update = engineFor(polynomial);
  let crc = mask;
  return {
    update: (chunk) => {
      crc = update(crc, chunk);
    },
    result: () => crc ^ mask,
  };
}

function engineFor(polynomial: bigint): Crc64Update {
  const made = engines.get(polynomial) ?? createCrc64(polynomial);
  engines.set(polynomial, made);
  return made;
}
