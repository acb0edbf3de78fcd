/** Whether a provider can keep archives in the way that the configuration asks for; told before the first byte, not after hours of upload. */
import { ArchiverError } from '../../domain/errors.ts';
import type { ClassRule, LockRule } from '../../domain/object-lock.ts';
import type { ProviderProfile } from './provider-profile.ts';

export interface WantedStorage {
  readonly objectLock: readonly LockRule[];
  readonly storageClasses: readonly ClassRule[];
  readonly storageClass?: string;
  readonly readback: 'auto' | 'always';
}

/** Every class that is asked for, once. */
export function wantedClasses({ storageClass, storageClasses }: WantedStorage): string[] {
  const all = [storageClass, ...storageClasses.map((rule) => rule.storageClass)];
  return [...new Set(all.filter((name) => name !== undefined))];
}

/** Whether anything is to be locked. */
export function wantsLock(rules: readonly Pick<LockRule, 'mode' | 'legalHold'>[]): boolean {
  return rules.some(({ mode, legalHold }) => mode !== 'none' || legalHold);
}

/**
 * How much is known of the proof of what is stored. `claimed`: the profile was named, and says. `open`: nobody has named it, so the bucket will
 * show. `seen`: it has.
 */
export type ProofKnown = 'claimed' | 'open' | 'seen';

export interface Misfit {
  readonly what: string;
  readonly hint: string;
}

/** What this provider cannot do of what is wanted. */
export function misfits(wanted: WantedStorage, profile: ProviderProfile, known: ProofKnown): Misfit[] {
  return [...unknownModes(wanted, profile), ...unprovable(wanted, profile, known)];
}

/** Throws where there are any: a `config` error, or `store-refused` where it was the bucket that fell short of its profile. */
export function assertStorageFits(wanted: WantedStorage, profile: ProviderProfile, known: ProofKnown): void {
  const problems = misfits(wanted, profile, known);
  if (problems.length === 0) return;
  const what = problems.map((one) => one.what).join('; ');
  const hint = problems.map((one) => one.hint).join(' ');
  throw new ArchiverError(known === 'seen' ? 'store-refused' : 'config', what, { hint });
}

function unknownModes({ objectLock }: WantedStorage, { name, title, lockModes }: ProviderProfile): Misfit[] {
  const modes = new Set(objectLock.map(({ mode }) => mode).filter((mode) => mode !== 'none'));
  const unknown = [...modes].filter((mode) => !lockModes.includes(mode));
  const holds = lockModes.length === 0 && objectLock.some(({ legalHold }) => legalHold);
  if (unknown.length === 0 && !holds) return [];
  const what = `objectLock asks for ${[...unknown, ...(holds ? ['a legal hold'] : [])].join(' and ')}, which ${title} (profile ${name}) does not know`;
  const hint =
    lockModes.length > 0
      ? `Use the mode ${lockModes.join(' or ')}.`
      : 'Set a retention policy on the bucket by its own means, and take `objectLock` out of the configuration.';
  return [{ what, hint }];
}

/** What lies in a cold class cannot be read back, so the store itself has to prove that it holds the right bytes. */
function unprovable(
  wanted: WantedStorage,
  { name, title, coldClasses, echo, md5Etags }: ProviderProfile,
  known: ProofKnown,
): Misfit[] {
  const cold = wantedClasses(wanted).filter((one) => coldClasses.includes(one.toUpperCase()));
  if (cold.length === 0) return [];
  const proves = known === 'open' || echo !== 'none' || md5Etags === 'all';
  if (proves && wanted.readback === 'auto') return [];
  const who = known === 'seen' ? 'the bucket was seen to prove' : `${title} (profile ${name}) proves`;
  const why = proves
    ? 'ARCHIVER_READBACK=always reads each object back'
    : `${who} nothing of objects in parts, so each is read back`;
  const otherwise = proves ? 'Set ARCHIVER_READBACK=auto, or choose' : 'Choose';
  return [
    {
      what: `${why}, and what lies in ${cold.join(', ')} cannot be read`,
      hint: `${otherwise} a class that can be read at once and let a lifecycle rule move \`data/\` to the cold one later.`,
    },
  ];
}
