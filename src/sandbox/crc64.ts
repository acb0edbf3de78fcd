/** CRC-64 of bytes and of bytes put together, so that the checksum of a huge synthetic dump costs no pass over it. */

export interface Crc64 {
  /** The checksum of `before` followed by `bytes`, where `crc` is that of `before`. */
  update(crc: bigint, bytes: Uint8Array): bigint;
  /** The checksum of A followed by B, from both checksums and `power(length of B)`. */
  combine(crcA: bigint, crcB: bigint, powerB: bigint): bigint;
  /** What `combine` needs to know of a length in bytes. */
  power(length: number): bigint;
}

/** The polynomial 1, reflected. */
const ONE = 1n << 63n;

/** Redis' polynomial (Jones), reflected: the last eight bytes of an RDB file. */
export const JONES = createCrc64(0x95ac9329ac4bc9b5n, 0n);

/** ECMA-182, reflected: what COS answers in `x-cos-hash-crc64ecma`. */
export const ECMA = createCrc64(0xc96c5795d7870f42n, 0xffff_ffff_ffff_ffffn);

/** Checksums of empty input are 0: `mask` is the initial and the final value. */
function createCrc64(polynomial: bigint, mask: bigint): Crc64 {
  const { high, low } = tables(polynomial);

  /** The product of two polynomials modulo ours; both reflected, so bit 63 is the constant term. */
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let shifted = b;
    for (let bit = ONE; bit !== 0n; bit >>= 1n) {
      if (a & bit) product ^= shifted;
      shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
    }
    return product;
  };

  return {
    update(crc, bytes) {
      const start = crc ^ mask;
      let upper = Number(start >> 32n);
      let lower = Number(start & 0xffff_ffffn);
      for (const byte of bytes) {
        const index = (lower ^ byte) & 0xff;
        lower = ((lower >>> 8) | (upper << 24)) ^ (low[index] ?? 0);
        upper = (upper >>> 8) ^ (high[index] ?? 0);
      }
      return ((BigInt(upper >>> 0) << 32n) | BigInt(lower >>> 0)) ^ mask;
    },
    combine: (crcA, crcB, powerB) => multiply(crcA, powerB) ^ crcB,
    power(length) {
      let result = ONE;
      let square = ONE >> 8n;
      for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
        if (rest % 2 === 1) result = multiply(result, square);
        square = multiply(square, square);
      }
      return result;
    },
  };
}

/** The usual table of 256 remainders, in halves, because numbers are much faster than bigints. */
function tables(polynomial: bigint): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let index = 0; index < 256; index += 1) {
    let crc = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    high[index] = Number(crc >> 32n);
    low[index] = Number(crc & 0xffff_ffffn);
  }
  return { high, low };
}
