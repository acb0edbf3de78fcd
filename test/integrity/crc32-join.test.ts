/** The CRC-32 of a whole, worked out of its parts', is the one that reading it all gives. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinCrc32 } from '../../src/integrity/crc32-join.ts';

const partOf = (bytes: Uint8Array) => ({ size: bytes.length, crc: crc32(bytes) });

test('however a body is cut, its parts give the CRC-32 of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 }), (parts) => {
      expect(joinCrc32(parts.map(partOf))).toBe(crc32(Buffer.concat(parts)));
    }),
  );
});

test('the check value of every catalogue comes out of its halves', () => {
  const text = Buffer.from('123456789');
  expect(joinCrc32([partOf(text.subarray(0, 4)), partOf(text.subarray(4))])).toBe(0xcbf43926);
});

test('parts beyond four gibibytes count in full', () => {
  // Five gibibytes of zeros, once in chunks through the register and once as one part of ten.
  const zeros = Buffer.alloc(1024 * 1024);
  const size = 512 * zeros.length;
  let crc = 0;
  for (let chunk = 0; chunk < 512; chunk += 1) crc = crc32(zeros, crc);
  const once = joinCrc32(Array.from({ length: 10 }, () => ({ size, crc })));
  const five = joinCrc32(Array.from({ length: 9 }, () => ({ size, crc })));
  expect(
    joinCrc32([
      { size: 9 * size, crc: five },
      { size, crc },
    ]),
  ).toBe(once);
  expect(
    joinCrc32([
      { size, crc },
      { size: 9 * size, crc: five },
    ]),
  ).toBe(once);
});

test('nothing has the CRC-32 of nothing, and an empty part changes none', () => {
  expect(joinCrc32([])).toBe(0);
  expect(
    joinCrc32([
      { size: 9, crc: 0xcbf43926 },
      { size: 0, crc: 0 },
    ]),
  ).toBe(0xcbf43926);
});
