/** Two MD5s side by side, against OpenSSL's one after the other. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { md5Pair } from '../../src/integrity/md5-pair.ts';
import { patterned } from '../support/bodies.ts';

const hex = (digests: readonly Buffer[]): string[] => digests.map((digest) => digest.toString('hex'));
const expected = (...messages: readonly Uint8Array[]): string[] =>
  messages.map((message) => createHash('md5').update(message).digest('hex'));

describe('the MD5s of two messages', () => {
  it('have the published values', () => {
    // RFC 1321, appendix A.5.
    expect(hex(md5Pair(Buffer.from('a'), Buffer.from('a')))[0]).toBe('0cc175b9c0f1b6a831c399e269772661');
    const digits = '1234567890'.repeat(8);
    expect(hex(md5Pair(Buffer.from(digits), Buffer.from(digits)))[1]).toBe(
      '57edf4a22be3c955ac49da2e2107b67a',
    );
  });

  it('are right around the ends of blocks and stretches, where the padding changes its length', () => {
    for (const edge of [0, 55, 56, 63, 64, 65, 119, 120, 128, 65_535, 65_536, 65_537, 131_072]) {
      const [one, other] = [patterned(edge), Buffer.alloc(edge, 0xff)];
      expect(hex(md5Pair(one, other))).toEqual(expected(one, other));
    }
  });

  it('are those of each alone, whatever their length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 255 }), (length, fill) => {
        const [one, other] = [patterned(length), Buffer.alloc(length, fill)];
        expect(hex(md5Pair(one, other))).toEqual(expected(one, other));
      }),
      { numRuns: 60 },
    );
  });

  it('are kept when the next two are digested', () => {
    const first = md5Pair(patterned(100), patterned(100));
    md5Pair(Buffer.alloc(100), Buffer.alloc(100));
    expect(hex(first)).toEqual(expected(patterned(100), patterned(100)));
  });

  it('are refused for messages of two lengths, of which one would be cut off', () => {
    expect(() => md5Pair(Buffer.alloc(1), Buffer.alloc(2))).toThrow(RangeError);
  });
});
