/** The two checksums of 64 bits, against published check values and a slow implementation that shares no line with ours. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc64Tap, ecmaTap } from '../../src/integrity/crc64.ts';
import { ECMA, JONES } from '../../src/sandbox/crc64.ts';

/** The text whose checksums every catalogue of CRCs lists. */
const CHECK = Buffer.from('123456789');

describe.each([
  { name: 'Redis’ CRC-64', makeTap: crc64Tap, slow: JONES, check: 0xe9c6d914c4b8d9can },
  { name: 'the CRC-64 of COS and OSS', makeTap: ecmaTap, slow: ECMA, check: 0x995dc9bbdf1939fan },
])('$name', ({ makeTap, slow, check }) => {
  it('has the published check value', () => {
    const tap = makeTap();
    tap.update(CHECK);
    expect(tap.result()).toBe(check);
  });

  it('is 0 for nothing', () => {
    expect(makeTap().result()).toBe(0n);
  });

  it('does not depend on how the bytes are cut up, nor on their number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300_000 }),
        fc.integer({ min: 1, max: 70_000 }),
        fc.integer(),
        (length, cut, seed) => {
          const bytes = noise(length, seed);
          const tap = makeTap();
          for (let position = 0; position < length; position += cut)
            tap.update(bytes.subarray(position, position + cut));
          expect(tap.result()).toBe(slow.update(0n, bytes));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of two streams at once is that of each', () => {
    const [one, other] = [makeTap(), makeTap()];
    one.update(CHECK.subarray(0, 4));
    other.update(noise(20_000, 1));
    one.update(CHECK.subarray(4));
    expect(one.result()).toBe(check);
    expect(other.result()).toBe(slow.update(0n, noise(20_000, 1)));
  });
});

/** Cheap pseudo-random bytes (xorshift). */
function noise(length: number, seed: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
