/** Which profile fits what was seen of a store. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Traits } from '../../../src/store/probe/context.ts';
import { contradictions, fitting, judgeProfile } from '../../../src/store/probe/profile-fit.ts';
import { PROFILES, type ProviderProfile } from '../../../src/store/s3/provider-profile.ts';

/** What a store would show that is exactly as its profile says. */
function traitsOf(profile: ProviderProfile): Traits {
  return {
    bodyChecks: [profile.bodyCheck],
    echoes: [profile.echo],
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
      expect(judgeProfile(profile, profile.name, traitsOf(profile)).verdict).toBe('ok');
    },
  );
});

test('a profile that is advised is never contradicted by what was seen', () => {
  const traits = fc.record(
    {
      bodyChecks: fc.subarray(['content-md5', 'crc32'] as const),
      echoes: fc.subarray(['x-amz-checksum-crc32', 'x-cos-hash-crc64ecma', 'x-oss-hash-crc64ecma'] as const),
      md5Etags: fc.constantFrom('all', 'single-put', 'none'),
      ifAbsent: fc.subarray(['If-None-Match', 'x-cos-forbid-overwrite', 'x-oss-forbid-overwrite']),
      pagesByToken: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(traits, fc.constantFrom(...profiles), (seen, profile) => {
      for (const name of fitting(seen)) expect(contradictions(PROFILES[name], seen)).toEqual([]);
      const finding = judgeProfile(profile, 'auto', seen);
      expect(finding.verdict === 'ok').toBe(contradictions(profile, seen).length === 0);
      expect(finding.hint).not.toMatch(/PROFILE to \.$/);
    }),
  );
});

test('a store that keeps no profile’s word is told that none fits', () => {
  const seen: Traits = { bodyChecks: [], pagesByToken: false };
  expect(fitting(seen)).toEqual([]);
  expect(judgeProfile(PROFILES.aws, 'aws', seen)).toMatchObject({
    verdict: 'warning',
    hint: expect.stringContaining('No built-in profile fits'),
  });
});
