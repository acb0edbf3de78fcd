/** Compares what a store was seen to do with what the profiles say: where the one in force is wrong, and which would be right. */
import { type Finding, passed, warned } from '../../domain/check.ts';
import { EXAMPLE_HOSTS, PROFILES, type ProviderName, type ProviderProfile } from '../s3/provider-profile.ts';
import type { Traits } from '../s3/reliance.ts';
import { misfits, type WantedStorage } from '../s3/storage-fit.ts';

export interface ProfileInForce {
  readonly profile: ProviderProfile;
  /** As the user set it, `auto` where the endpoint decided. */
  readonly configured: string;
  /** The rest of the configuration, which a profile must bear too. */
  readonly wanted: WantedStorage;
}

/** In words what the profile claims and the store was seen not to do; empty where nothing speaks against it. */
export function contradictions(profile: ProviderProfile, seen: Traits): string[] {
  const { bodyChecks, echoes, md5Etags, ifAbsent, abortSparesObject, pagesByToken } = seen;
  const found: string[] = [];
  if (bodyChecks && !bodyChecks.includes(profile.bodyCheck))
    found.push(`does not verify ${profile.bodyCheck}`);
  if (echoes && profile.echo !== 'none' && !echoes.includes(profile.echo))
    found.push(`does not answer ${profile.echo}`);
  if (md5Etags && rank(md5Etags) < rank(profile.md5Etags))
    found.push(`has ETags that are no MD5s (${md5Etags})`);
  if (ifAbsent && claimsIfAbsent(profile, seen) && !ifAbsent.includes(profile.ifAbsent?.[0] ?? ''))
    found.push(`does not honour ${profile.ifAbsent?.[0]}`);
  if (abortSparesObject === false && profile.abortSparesObject)
    found.push('deletes the finished object when another upload to its key is given up');
  if (pagesByToken === false && profile.listing === 'v2')
    found.push('does not page by version 2 of the list call');
  return found;
}

/** A bucket with versioning may be the one place where the condition is known not to hold. */
function claimsIfAbsent({ ifAbsentHonoured, ifAbsentAmongVersions }: ProviderProfile, seen: Traits): boolean {
  return ifAbsentHonoured && (ifAbsentAmongVersions || seen.versioned !== true);
}

/**
 * Of the profiles that nothing speaks against, neither the store nor the rest of the configuration, those that make the most of the store.
 * One that belongs to a provider's own servers is told by their address, and named here only where the store answers with that provider's
 * checksum. `auto` stands for what takes of an unknown store what it was seen to do.
 */
export function fitting(seen: Traits, wanted: WantedStorage): Advised[] {
  const fit = Object.values(PROFILES).filter((profile) => {
    const known = profile.name === 'other' ? 'open' : 'claimed';
    const isOwn = profile.echo !== 'none' && profile.echo !== 'x-amz-checksum-crc32';
    const mayBeNamed = EXAMPLE_HOSTS[profile.name] === undefined || isOwn;
    const isFree = contradictions(profile, seen).length === 0;
    return mayBeNamed && isFree && misfits(wanted, profile, known).length === 0;
  });
  const most = Math.max(0, ...fit.map(worth));
  return fit
    .filter((profile) => worth(profile) === most)
    .map(({ name }) => (name === 'other' ? 'auto' : name));
}

type Advised = ProviderName | 'auto';

export function judgeProfile({ profile, configured, wanted }: ProfileInForce, seen: Traits): Finding {
  const inForce = configured === 'auto' ? `${profile.name}, told by the endpoint` : profile.name;
  const better = fitting(seen, wanted).filter((name) => name !== configured);
  const facts = { profile: profile.name, configured, fits: better.join(', ') };
  const found = contradictions(profile, seen);
  const advice = better.length > 0 ? ` Set ARCHIVER_S3_PROFILE to ${better.join(' or ')}.` : '';
  if (found.length > 0) {
    const care = 'A run relies on none of that here, and takes more care instead.';
    return warned('profile', `${inForce}, but the store ${found.join(', and ')}`, `${care}${advice}`, facts);
  }
  if (better.length === 0 || worthOf(better) <= worth(profile))
    return passed('profile', `${inForce}: fits`, facts);
  const detail = `${inForce}: fits, but takes more care than this store needs`;
  return passed('profile', detail, facts, `It behaves as ${better.join(' and ')} do.${advice}`);
}

function worthOf(names: readonly Advised[]): number {
  return Math.max(0, ...names.map((name) => worth(PROFILES[name === 'auto' ? 'other' : name])));
}

/** How much a profile lets the program rely on the store. */
function worth(profile: ProviderProfile): number {
  return Number(profile.ifAbsentHonoured) + Number(profile.echo !== 'none') + rank(profile.md5Etags);
}

function rank(md5Etags: ProviderProfile['md5Etags']): number {
  return ['none', 'single-put', 'all'].indexOf(md5Etags);
}
