/** What a provider cannot keep is told before a run begins. */
import { describe, expect, test } from 'vitest';
import type { LockRule } from '../../../src/domain/object-lock.ts';
import { PROFILES, type ProviderName } from '../../../src/store/s3/provider-profile.ts';
import { assertStorageFits, type ProofKnown, type WantedStorage } from '../../../src/store/s3/storage-fit.ts';

const everything = { sources: [], instances: ['*'], exclude: [], names: [], tags: {} };
const rule = (mode: LockRule['mode'], legalHold = false): LockRule => ({
  ...everything,
  mode,
  ...(mode !== 'none' && { days: 30 }),
  legalHold,
});

function refusalOf(
  name: ProviderName,
  wanted: Partial<WantedStorage>,
  known: ProofKnown = 'claimed',
): string {
  try {
    const nothing = { objectLock: [], storageClasses: [], readback: 'auto' } as const;
    assertStorageFits({ ...nothing, ...wanted }, PROFILES[name], known);
    return '';
  } catch (error) {
    return `${String(error)} ${(error as { hint: string }).hint}`;
  }
}

describe('a configuration', () => {
  test.each(Object.keys(PROFILES) as ProviderName[])('that asks for nothing fits %s', (name) => {
    expect(refusalOf(name, {})).toBe('');
  });

  test.each(['aws', 'b2', 'minio', 'ceph', 'other'] as const)('may ask %s for either mode', (name) => {
    expect(refusalOf(name, { objectLock: [rule('governance'), rule('compliance', true)] })).toBe('');
  });

  test.each(['cos', 'obs'] as const)('may ask %s for compliance, and is told so', (name) => {
    expect(refusalOf(name, { objectLock: [rule('compliance')] })).toBe('');
    expect(refusalOf(name, { objectLock: [rule('governance')] })).toMatch(
      /asks for governance.*Use the mode compliance\./,
    );
  });

  test.each(['oss', 'r2', 'gcs'] as const)('cannot ask %s for any lock by S3', (name) => {
    expect(refusalOf(name, { objectLock: [rule('none')] })).toBe('');
    expect(refusalOf(name, { objectLock: [rule('governance')] })).toMatch(/retention policy on the bucket/);
    expect(refusalOf(name, { objectLock: [rule('none', true)] })).toMatch(/a legal hold/);
  });

  test('may send dumps into a cold class where the store itself proves what it holds', () => {
    expect(refusalOf('aws', { storageClass: 'DEEP_ARCHIVE' })).toBe('');
    expect(refusalOf('cos', { storageClass: 'ARCHIVE' })).toBe('');
    expect(refusalOf('gcs', { storageClass: 'ARCHIVE' })).toBe('');
  });

  test('may not where each object is read back, by wish or since the store proves nothing', () => {
    expect(refusalOf('aws', { storageClass: 'DEEP_ARCHIVE', readback: 'always' })).toMatch(
      /READBACK=always.*DEEP_ARCHIVE cannot be read.*lifecycle rule/,
    );
    const storageClasses = [{ ...everything, storageClass: 'cold' }];
    expect(refusalOf('obs', { storageClasses })).toMatch(/proves nothing.*cold cannot be read/);
    expect(refusalOf('other', { storageClass: 'GLACIER' })).toMatch(/proves nothing/);
    expect(refusalOf('aws', { storageClass: 'GLACIER_IR', readback: 'always' })).toBe('');
  });

  test('may, where nobody has named the profile: the bucket will show what it proves', () => {
    expect(refusalOf('other', { storageClass: 'GLACIER' }, 'open')).toBe('');
    expect(refusalOf('other', { storageClass: 'GLACIER', readback: 'always' }, 'open')).toMatch(/READBACK/);
  });

  test('may not where the bucket was seen to prove less than its profile says', () => {
    const nothing = { ...PROFILES.aws, echo: 'none', md5Etags: 'none' } as const;
    const wanted = { objectLock: [], storageClasses: [], readback: 'auto', storageClass: 'GLACIER' } as const;
    expect(() => assertStorageFits(wanted, nothing, 'seen')).toThrow(
      expect.objectContaining({
        code: 'store-refused',
        message: expect.stringContaining('the bucket was seen to prove nothing'),
      }),
    );
  });
});
