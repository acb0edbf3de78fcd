/** The CRC-32 of a whole from those of its parts, by arithmetic alone: no byte is read again. */

/** CRC-32's polynomial without its highest term, the bits reflected: bit 31 stands for 1, bit 0 for x³¹ (ITU-T V.42, 8.1.1.6.2). */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x8000_0000;
/** x⁸: what one byte more multiplies by. */
const ONE_BYTE = ONE >>> 8;

export interface CheckedPart {
  /** Bytes. */
  readonly size: number;
  /** An unsigned integer, as `zlib.crc32` gives it. */
  readonly crc: number;
}

/**
 * The CRC-32 of the parts one behind the other. A CRC is a remainder, and each byte that follows multiplies it by x⁸; the complements at
 * its beginning and end cancel out between two parts.
 */
export function joinCrc32(parts: Iterable<CheckedPart>): number {
  let whole = 0;
  let shift = { size: 0, factor: ONE };
  for (const { size, crc } of parts) {
    // All parts of an upload but the last are equally long.
    if (size !== shift.size) shift = { size, factor: power(ONE_BYTE, size) };
    whole = (times(whole, shift.factor) ^ crc) >>> 0;
  }
  return whole;
}

/** `base` to the `exponent`, by squares. */
function power(base: number, exponent: number): number {
  let result = ONE;
  let square = base;
  // Sizes go beyond 32 bits, where shifts would cut them.
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = times(result, square);
    square = times(square, square);
  }
  return result;
}

/** The product of two polynomials, modulo CRC-32's. */
function times(one: number, other: number): number {
  let product = 0;
  let shifted = other;
  for (let term = ONE; term !== 0; term >>>= 1) {
    if (one & term) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}
