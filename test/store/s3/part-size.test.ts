/** The arithmetic of part sizes, within every limit of S3. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  choosePartSize,
  largestBody,
  MAX_PARTS,
  MIB,
  MIN_PART_SIZE,
} from '../../../src/store/s3/part-size.ts';

const TIB = 1024 * 1024 * MIB;
const sizes = fc.oneof(fc.integer({ min: 1, max: 5 * TIB }), fc.integer({ min: 1, max: 64 * MIB }));
const configured = fc.integer({ min: 1, max: 64 * MIB });
const pools = fc.integer({ min: 1, max: 2048 }).map((mib) => mib * MIB);

describe('the part size', () => {
  test('is the configured one as long as the dump fits into 10,000 of them', () => {
    const choose = (size: number) => choosePartSize({ size, configured: 8 * MIB, poolCapacity: 128 * MIB });
    expect(choose(1)).toBe(8 * MIB);
    expect(choose(80_000 * MIB)).toBe(8 * MIB);
    expect(choose(80_000 * MIB + 1)).toBe(9 * MIB);
  });

  test('keeps within every limit of S3, or says before the first byte that the memory is too small', () => {
    fc.assert(
      fc.property(sizes, configured, pools, (size, configured, poolCapacity) => {
        const fits = size <= largestBody(poolCapacity) && Math.max(configured, MIN_PART_SIZE) <= poolCapacity;
        if (!fits) {
          expect(() => choosePartSize({ size, configured, poolCapacity })).toThrow(
            expect.objectContaining({ code: 'config' }),
          );
          return;
        }
        const partSize = choosePartSize({ size, configured, poolCapacity });
        expect(partSize).toBeGreaterThanOrEqual(Math.max(configured, MIN_PART_SIZE));
        expect(Math.ceil(size / partSize)).toBeLessThanOrEqual(MAX_PARTS);
        expect(partSize).toBeLessThanOrEqual(Math.min(poolCapacity, 5 * 1024 * MIB));
        // Not larger than needed: a MiB less would be too small.
        if (partSize > Math.max(configured, MIN_PART_SIZE))
          expect(Math.ceil(size / (partSize - MIB))).toBeGreaterThan(MAX_PARTS);
      }),
      { numRuns: 500 },
    );
  });

  test('of a body of unknown size leaves room for others, and reaches 150 GiB with the default memory', () => {
    const partSize = choosePartSize({ configured: 8 * MIB, poolCapacity: 128 * MIB });
    expect(partSize).toBe(16 * MIB);
    expect(partSize * MAX_PARTS).toBeGreaterThan(150 * 1024 * MIB);
    expect(choosePartSize({ configured: 8 * MIB, poolCapacity: 32 * MIB })).toBe(8 * MIB);
  });

  test('of a body whose size was only announced makes room for that, and refuses what could never be held', () => {
    const choose = (expectedSize: number) =>
      choosePartSize({ expectedSize, configured: 8 * MIB, poolCapacity: 128 * MIB });
    expect(choose(1000)).toBe(16 * MIB);
    expect(choose(200_000 * MIB)).toBe(20 * MIB);
    expect(choose(largestBody(128 * MIB))).toBe(128 * MIB);
    expect(() => choose(largestBody(128 * MIB) + 1)).toThrow(expect.objectContaining({ code: 'config' }));
  });

  test('says how large a dump could be and how much memory this one needs', () => {
    expect(() => choosePartSize({ size: 5 * TIB, configured: 8 * MIB, poolCapacity: 128 * MIB })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`the largest that fits is ${128 * MIB * 10_000} bytes`),
        hint: expect.stringContaining('ARCHIVER_BUFFER_MEMORY to at least 525MiB'),
      }),
    );
  });
});
