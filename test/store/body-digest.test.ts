/** Digests of bodies, against published check values. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createBodyDigest } from '../../src/store/body-digest.ts';
import { PROFILES, type ProviderName } from '../../src/store/provider-profile.ts';

/** The text whose checksums every catalogue of CRCs lists. */
const CHECK = Buffer.from('123456789');
const MD5 = '25f9e794323b453885f5181f1b624d0b';

function digestOf(provider: ProviderName, ...parts: readonly Uint8Array[]) {
  const digest = createBodyDigest(PROFILES[provider]);
  const digests = parts.map((part) => {
    // Cut at an odd place: the digest must not depend on the chunks.
    digest.update(part.subarray(0, 3));
    digest.update(part.subarray(3));
    return digest.endPart();
  });
  return { digests, whole: digest.end(digests, parts.length > 1) };
}

describe('the digest of a body', () => {
  test('of one part is its MD5, its CRC-32, or its CRC-64 as COS writes it', () => {
    expect(digestOf('ceph', CHECK).whole).toEqual({ size: 9, etag: MD5 });
    expect(digestOf('aws', CHECK).whole).toEqual({ size: 9, checksum: 'y/Q5Jg==' });
    expect(digestOf('cos', CHECK).whole).toEqual({ size: 9, etag: MD5, checksum: '11051210869376104954' });
  });

  test("of several parts is built of the parts' digests, but for the CRC-64, which is of the whole", () => {
    const parts = [CHECK.subarray(0, 5), CHECK.subarray(5)];
    const md5s = Buffer.concat(parts.map((part) => createHash('md5').update(part).digest()));
    expect(digestOf('cos', ...parts).whole).toEqual({
      size: 9,
      etag: `${createHash('md5').update(md5s).digest('hex')}-2`,
      checksum: '11051210869376104954',
    });
    expect(digestOf('aws', ...parts).whole.checksum).toMatch(/^[A-Za-z0-9+/]{6}==-2$/);
  });

  test('of nothing is that of the empty body', () => {
    expect(digestOf('cos', Buffer.alloc(0)).whole).toEqual({
      size: 0,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      checksum: '0',
    });
  });

  test('leaves out the MD5, the dearest of all, where the store checks and answers a CRC-32', () => {
    expect(digestOf('aws', CHECK).digests[0]?.md5).toBeUndefined();
    expect(digestOf('aws', CHECK).digests[0]?.crc32).toBeDefined();
    expect(digestOf('ceph', CHECK).digests[0]?.crc32).toBeUndefined();
  });
});
