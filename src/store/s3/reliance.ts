/**
 * How far a store is relied on: as its profile says, and never further than this very bucket was seen to go. A profile is what its maker
 * writes, or what somebody has configured; a gateway that gives back every header it was sent looks like any of them.
 */
import type { ProviderProfile } from './provider-profile.ts';

export type BodyCheck = ProviderProfile['bodyCheck'];
export type Echo = Exclude<ProviderProfile['echo'], 'none'>;

/** What of a profile was seen from outside. A member that is absent could not be found out, and is not relied on. */
export interface Traits {
  /** Checks of a body, of a put and of a part, that refuse one with a flipped bit; absent where a trial failed half-way. */
  readonly bodyChecks?: readonly BodyCheck[];
  /** Checksums that are those of the bytes which lie there, and not merely what was sent along: of a put and of an upload in parts. */
  readonly echoes?: readonly Echo[];
  readonly md5Etags?: ProviderProfile['md5Etags'];
  /** Names of the headers by which a put fails where something lies. */
  readonly ifAbsent?: readonly string[];
  /** Whether a finished object outlives the abort of another upload to its key. */
  readonly abortSparesObject?: boolean;
  /** What became of the attempt to delete a locked version. `untold`: the key may delete no version at all. */
  readonly lock?: 'enforced' | 'not-enforced' | 'untold';
  readonly versioned?: boolean;
  /** Whether the second version of the list call says how to go on. */
  readonly pagesByToken?: boolean;
}

/** What is relied on. `choose`: nobody has named the profile, so of the proofs that were seen the cheapest is taken. */
export function reliable(profile: ProviderProfile, seen: Traits, choose: boolean): ProviderProfile {
  const { bodyCheck, echo } = choose ? cheapestProof(profile, seen) : profile;
  return {
    ...profile,
    bodyCheck,
    bodyCheckHonoured: seen.bodyChecks?.includes(bodyCheck) === true,
    echo: echo !== 'none' && seen.echoes?.includes(echo) === true ? echo : 'none',
    // That of an ETag is nobody's claim: it is an MD5 or it is none.
    md5Etags: seen.md5Etags ?? 'none',
    ifAbsentHonoured:
      profile.ifAbsentHonoured && seen.ifAbsent?.includes(profile.ifAbsent?.[0] ?? '') === true,
    abortSparesObject: seen.abortSparesObject === true,
  };
}

/** Before anybody has looked: every object is read back, every manifest looked for before and after. */
export function unseen(profile: ProviderProfile): ProviderProfile {
  return reliable(profile, {}, false);
}

/** A CRC-32 costs a seventh of an MD5, and a CRC-64 comes on top of one. */
function cheapestProof(
  profile: ProviderProfile,
  { bodyChecks, echoes = [] }: Traits,
): Pick<ProviderProfile, 'bodyCheck' | 'echo'> {
  if (bodyChecks === undefined) return { bodyCheck: profile.bodyCheck, echo: 'none' };
  const crc32 = 'x-amz-checksum-crc32';
  if (bodyChecks.includes('crc32') && echoes.includes(crc32)) return { bodyCheck: 'crc32', echo: crc32 };
  return { bodyCheck: 'content-md5', echo: echoes.find((name) => name !== crc32) ?? 'none' };
}

/** In words for people: what an archive's objects are proved by. */
export function proofInWords({ echo, md5Etags }: ProviderProfile): string {
  if (echo === 'x-amz-checksum-crc32') return `the store's CRC-32 (${echo})`;
  if (echo !== 'none') return `the store's CRC-64 (${echo})`;
  if (md5Etags === 'all') return 'ETags that are MD5s';
  if (md5Etags === 'single-put') return 'ETags that are MD5s, and reading back what was uploaded in parts';
  return 'reading each object back';
}
