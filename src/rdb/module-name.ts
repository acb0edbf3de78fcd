/** Module types have names of nine letters, packed into 54 bits with a version in the lowest ten (Redis, `module.c`). */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** From the two halves of the 64 bits. */
export function moduleName(high: number, low: number): string {
  let bits = ((BigInt(high) << 32n) | BigInt(low)) >> 10n;
  let name = '';
  for (let letter = 0; letter < 9; letter++) {
    name = LETTERS.charAt(Number(bits & 63n)) + name;
    bits >>= 6n;
  }
  return name;
}
