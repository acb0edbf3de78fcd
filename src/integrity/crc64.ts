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

/** Redis' checksum on its way back: every step of a CRC can be undone. */
export interface Unwinding {
  /** Whether it is 0 where it is now, as over a whole intact RDB file. */
  readonly isZero: boolean;
  /** Before the last byte of those that it is over. */
  takeBack(byte: number): void;
}

/** In halves of 32 bits, since bigints would take thirty times as long. */
export function unwinding(crc: bigint): Unwinding {
  const [polynomialHigh, polynomialLow] = halves(JONES.polynomial);
  let [high, low] = halves(crc);
  return {
    get isZero() {
      return high === 0 && low === 0;
    },
    takeBack(byte) {
      for (let bit = 0; bit < 8; bit += 1) {
        const reduced = high < 0;
        if (reduced) {
          high ^= polynomialHigh;
          low ^= polynomialLow;
        }
        high = (high << 1) | (low >>> 31);
        low = (low << 1) | (reduced ? 1 : 0);
      }
      low ^= byte;
    },
  };
}

/** As signed integers. */
function halves(value: bigint): [number, number] {
  return [Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value))];
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
