/** Digests of bodies, against published check values. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createBodyDigest, digestWhole, sentWhole } from '../../../src/store/s3/body-digest.ts';
import { createPartMd5 } from '../../../src/store/s3/part-md5.ts';
import { PROFILES, type ProviderName } from '../../../src/store/s3/provider-profile.ts';
import { systemClock } from '../../../src/system-clock.ts';

const MD5S = createPartMd5(systemClock);

/** The text whose checksums every catalogue of CRCs lists. */
const CHECK = Buffer.from('123456789');
const MD5 = '25f9e794323b453885f5181f1b624d0b';

async function digestOf(provider: ProviderName, ...parts: readonly Uint8Array[]) {
  const digest = createBodyDigest(PROFILES[provider], MD5S);
  const digests = await Promise.all(
    parts.map((part, index) => {
      // Cut at an odd place: the digest must not depend on the chunks.
      digest.update(part.subarray(0, 3));
      digest.update(part.subarray(3));
      return digest.endPart(part, index === parts.length - 1);
    }),
  );
  return { digests, whole: digest.end(digests, parts.length > 1) };
}

describe('the digest of a body', () => {
  test('of one part is its MD5, its CRC-32, or its CRC-64 as COS writes it', async () => {
    expect((await digestOf('ceph', CHECK)).whole).toEqual({ size: 9, etag: MD5 });
    expect((await digestOf('aws', CHECK)).whole).toEqual({ size: 9, checksums: ['y/Q5Jg=='] });
    expect((await digestOf('cos', CHECK)).whole).toEqual({
      size: 9,
      etag: MD5,
      checksums: ['11051210869376104954'],
    });
  });

  test("of several parts is built of the parts' digests, but for the CRC-64, which is of the whole", async () => {
    const parts = [CHECK.subarray(0, 5), CHECK.subarray(5)];
    const md5s = Buffer.concat(parts.map((part) => createHash('md5').update(part).digest()));
    expect((await digestOf('cos', ...parts)).whole).toEqual({
      size: 9,
      etag: `${createHash('md5').update(md5s).digest('hex')}-2`,
      checksums: ['11051210869376104954'],
    });
  });

  test('of several parts has the CRC-32 in both forms that stores answer: of the parts’, and of the whole', async () => {
    const { whole } = await digestOf('aws', CHECK.subarray(0, 5), CHECK.subarray(5));
    expect(whole.checksums).toEqual([expect.stringMatching(/^[A-Za-z0-9+/]{6}==-2$/), 'y/Q5Jg==']);
    expect(sentWhole(CHECK, PROFILES.aws, true).checksums).toEqual([
      expect.stringMatching(/==-1$/),
      'y/Q5Jg==',
      'y/Q5Jg==-1',
    ]);
  });

  test('of nothing is that of the empty body', async () => {
    expect((await digestOf('cos', Buffer.alloc(0))).whole).toEqual({
      size: 0,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      checksums: ['0'],
    });
  });

  test('leaves out the MD5, the dearest of all, where the store checks and answers a CRC-32', async () => {
    expect((await digestOf('aws', CHECK)).digests[0]?.md5).toBeUndefined();
    expect((await digestOf('aws', CHECK)).digests[0]?.crc32).toBeDefined();
    expect((await digestOf('ceph', CHECK)).digests[0]?.crc32).toBeUndefined();
  });

  test('is the same of a body that lies in memory as a whole', async () => {
    for (const provider of ['ceph', 'aws', 'cos'] as const) {
      const { digests, whole } = await digestOf(provider, CHECK);
      expect(digestWhole(CHECK, PROFILES[provider])).toEqual(digests[0]);
      expect(sentWhole(CHECK, PROFILES[provider], false)).toEqual(whole);
    }
  });
});
