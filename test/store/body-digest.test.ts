/** Digests of bodies, against published check values. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createBodyDigest } from '../../src/store/body-digest.ts';

/** The text whose checksums every catalogue of CRCs lists. */
const CHECK = Buffer.from('123456789');

async function digestOf(
  echo: Parameters<typeof createBodyDigest>[0]['echo'],
  ...parts: readonly Uint8Array[]
) {
  const digest = await createBodyDigest({ echo });
  const digests = parts.map((part) => {
    // Cut at an odd place: the digest must not depend on the chunks.
    digest.update(part.subarray(0, 3));
    digest.update(part.subarray(3));
    return digest.endPart();
  });
  return digest.end(digests, parts.length > 1);
}

describe('the digest of a body', () => {
  test('of one part is its MD5, its CRC-32, or its CRC-64 as COS writes it', async () => {
    const etag = '25f9e794323b453885f5181f1b624d0b';
    expect(await digestOf('none', CHECK)).toEqual({ size: 9, etag });
    expect(await digestOf('x-amz-checksum-crc32', CHECK)).toEqual({ size: 9, etag, checksum: 'y/Q5Jg==' });
    expect(await digestOf('x-cos-hash-crc64ecma', CHECK)).toEqual({
      size: 9,
      etag,
      checksum: '11051210869376104954',
    });
  });

  test("of several parts is built of the parts' digests, but for the CRC-64, which is of the whole", async () => {
    const parts = [CHECK.subarray(0, 5), CHECK.subarray(5)];
    const md5s = Buffer.concat(parts.map((part) => createHash('md5').update(part).digest()));
    expect(await digestOf('x-cos-hash-crc64ecma', ...parts)).toEqual({
      size: 9,
      etag: `${createHash('md5').update(md5s).digest('hex')}-2`,
      checksum: '11051210869376104954',
    });
    expect((await digestOf('x-amz-checksum-crc32', ...parts)).checksum).toMatch(/^[A-Za-z0-9+/]{6}==-2$/);
  });

  test('of nothing is that of the empty body', async () => {
    expect(await digestOf('x-cos-hash-crc64ecma', Buffer.alloc(0))).toEqual({
      size: 0,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      checksum: '0',
    });
  });
});
