/** Compares what a store was seen to do with what the profiles say: where the one in force is wrong, and which would be right. */
import { type Finding, passed, warned } from '../../domain/check.ts';
import { PROFILES, type ProviderName, type ProviderProfile } from '../s3/provider-profile.ts';
import type { Traits } from './context.ts';

/** In words what the profile claims and the store was seen not to do; empty where nothing speaks against it. */
export function contradictions(profile: ProviderProfile, traits: Traits): string[] {
  const { bodyChecks, echoes, md5Etags, ifAbsent, pagesByToken } = traits;
  const found: string[] = [];
  // A bucket with versioning may be the one place where the condition is known not to hold.
  const relied = profile.ifAbsentHonoured && profile.ifAbsentAmongVersions;
  if (bodyChecks && !bodyChecks.includes(profile.bodyCheck))
    found.push(`does not verify ${profile.bodyCheck}`);
  if (echoes && profile.echo !== 'none' && !echoes.includes(profile.echo))
    found.push(`does not answer ${profile.echo}`);
  if (md5Etags && rank(md5Etags) < rank(profile.md5Etags))
    found.push(`has ETags that are no MD5s (${md5Etags})`);
  if (ifAbsent && relied && !ifAbsent.includes(profile.ifAbsent?.[0] ?? ''))
    found.push(`does not honour ${profile.ifAbsent?.[0]}`);
  if (pagesByToken === false && profile.listing === 'v2')
    found.push('does not page by version 2 of the list call');
  return found;
}

/** Of the profiles that nothing speaks against, those that make the most of the store. */
export function fitting(traits: Traits): ProviderName[] {
  const fit = Object.values(PROFILES).filter((profile) => contradictions(profile, traits).length === 0);
  const most = Math.max(0, ...fit.map(worth));
  return fit.filter((profile) => worth(profile) === most).map(({ name }) => name);
}

/** `configured`: as the user set it, `auto` where the endpoint decided. */
export function judgeProfile(profile: ProviderProfile, configured: string, traits: Traits): Finding {
  const inForce = configured === 'auto' ? `${profile.name}, told by the endpoint` : profile.name;
  const better = fitting(traits);
  const facts = { profile: profile.name, configured, fits: better.join(', ') };
  const found = contradictions(profile, traits);
  const advice =
    better.length > 0
      ? `Set ARCHIVER_S3_PROFILE to ${better.join(' or ')}.`
      : 'No built-in profile fits; `other` relies on the least.';
  if (found.length > 0)
    return warned('profile', `${inForce}, but the store ${found.join(', and ')}`, advice, facts);
  if (better.includes(profile.name) || worthOf(better) <= worth(profile))
    return passed('profile', `${inForce}: fits`, facts);
  const detail = `${inForce}: fits, but takes more care than this store needs`;
  return passed('profile', detail, facts, `It behaves as ${better.join(' and ')} do. ${advice}`);
}

function worthOf(names: readonly ProviderName[]): number {
  return Math.max(0, ...names.map((name) => worth(PROFILES[name])));
}

/** How much a profile lets the program rely on the store. */
function worth(profile: ProviderProfile): number {
  return Number(profile.ifAbsentHonoured) + Number(profile.echo !== 'none') + rank(profile.md5Etags);
}

function rank(md5Etags: ProviderProfile['md5Etags']): number {
  return ['none', 'single-put', 'all'].indexOf(md5Etags);
}
