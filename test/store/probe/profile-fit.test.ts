/** Which profile fits what was seen of a store. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contradictions, fitting, judgeProfile } from '../../../src/store/probe/profile-fit.ts';
import { PROFILES, type ProviderProfile } from '../../../src/store/s3/provider-profile.ts';
import type { Traits } from '../../../src/store/s3/reliance.ts';
import { misfits, type WantedStorage } from '../../../src/store/s3/storage-fit.ts';

const NOTHING: WantedStorage = { objectLock: [], storageClasses: [], readback: 'auto' };
const everything = { sources: [], instances: ['*'], exclude: [], names: [], tags: {} };

const judged = (profile: ProviderProfile, configured: string, seen: Traits, wanted = NOTHING) =>
  judgeProfile({ profile, configured, wanted }, seen);

/** What a store would show that is exactly as its profile says. */
function traitsOf(profile: ProviderProfile): Traits {
  return {
    bodyChecks: [profile.bodyCheck],
    echoes: profile.echo === 'none' ? [] : [profile.echo],
    md5Etags: profile.md5Etags,
    ifAbsent: profile.ifAbsentHonoured && profile.ifAbsent ? [profile.ifAbsent[0]] : [],
    pagesByToken: profile.listing === 'v2',
  };
}

const profiles = Object.values(PROFILES);

describe('a store that is as its profile says', () => {
  test.each(profiles.map((profile) => [profile.name, profile] as const))(
    '%s is not contradicted',
    (_, profile) => {
      expect(contradictions(profile, traitsOf(profile))).toEqual([]);
      expect(judged(profile, profile.name, traitsOf(profile)).verdict).toBe('ok');
    },
  );
});

test('a profile that is advised is never contradicted by what was seen, and never refused by the same configuration', () => {
  const wishes = fc.record({
    objectLock: fc.constantFrom(
      [],
      [{ ...everything, mode: 'governance' as const, days: 30, legalHold: false }],
      [{ ...everything, mode: 'compliance' as const, days: 30, legalHold: false }],
    ),
    storageClasses: fc.constantFrom([], [{ ...everything, storageClass: 'GLACIER' }]),
    readback: fc.constantFrom('auto' as const, 'always' as const),
  });
  const traits = fc.record(
    {
      bodyChecks: fc.subarray(['content-md5', 'crc32'] as const),
      echoes: fc.subarray(['x-amz-checksum-crc32', 'x-cos-hash-crc64ecma', 'x-oss-hash-crc64ecma'] as const),
      md5Etags: fc.constantFrom('all', 'single-put', 'none'),
      ifAbsent: fc.subarray(['If-None-Match', 'x-cos-forbid-overwrite', 'x-oss-forbid-overwrite']),
      abortSparesObject: fc.boolean(),
      versioned: fc.boolean(),
      pagesByToken: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(traits, fc.constantFrom(...profiles), wishes, (seen, profile, wanted) => {
      for (const name of fitting(seen, wanted)) {
        const advised = PROFILES[name === 'auto' ? 'other' : name];
        expect(contradictions(advised, seen)).toEqual([]);
        expect(misfits(wanted, advised, name === 'auto' ? 'open' : 'claimed')).toEqual([]);
      }
      const finding = judged(profile, 'auto', seen, wanted);
      expect(finding.verdict === 'ok').toBe(contradictions(profile, seen).length === 0);
      expect(finding.hint).not.toMatch(/PROFILE to \.$/);
    }),
  );
});

test('a store that keeps no profile’s word is told that none fits', () => {
  const seen: Traits = { bodyChecks: [], pagesByToken: false };
  expect(fitting(seen, NOTHING)).toEqual([]);
  expect(judged(PROFILES.aws, 'aws', seen)).toMatchObject({
    verdict: 'warning',
    hint: 'A run relies on none of that here, and takes more care instead.',
  });
});

test('advice goes to no profile that the configuration would refuse, and to one of no certain provider first', () => {
  const seen: Traits = { ...traitsOf(PROFILES.minio), abortSparesObject: true };
  expect(judged(PROFILES.other, 'auto', seen).hint).toContain('Set ARCHIVER_S3_PROFILE to minio or ceph.');
  // R2 behaves so too, knows no lock, and would have been named first.
  const objectLock = [{ ...everything, mode: 'governance' as const, days: 30, legalHold: false }];
  expect(judged(PROFILES.other, 'auto', seen, { ...NOTHING, objectLock }).hint).not.toContain('r2');
  const cold = { ...NOTHING, storageClass: 'GLACIER', readback: 'always' as const };
  for (const name of fitting(seen, cold)) expect(['minio', 'ceph']).toContain(name);
});

test('a store that ignores put-if-absent is not said to behave like one that honours it, but where versions excuse that', () => {
  const seen: Traits = { ...traitsOf(PROFILES.ceph), ifAbsent: [], versioned: false };
  expect(fitting(seen, NOTHING)).not.toContain('ceph');
  expect(contradictions(PROFILES.ceph, seen)).toEqual(['does not honour If-None-Match']);
  expect(contradictions(PROFILES.ceph, { ...seen, versioned: true })).toEqual([]);
});

test('a store that loses objects with an abort contradicts every profile that counts on them', () => {
  const seen: Traits = { ...traitsOf(PROFILES.aws), abortSparesObject: false };
  expect(contradictions(PROFILES.aws, seen).join()).toContain('deletes the finished object');
});
