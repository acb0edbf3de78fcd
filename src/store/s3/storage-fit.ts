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

/** Throws a `config` error that says what this provider cannot do, as its profile has it. */
export function assertStorageFits(wanted: WantedStorage, profile: ProviderProfile): void {
  const problems = [...unknownModes(wanted, profile), ...unprovable(wanted, profile)];
  const [first, ...more] = problems;
  if (first === undefined) return;
  throw new ArchiverError('config', [first.what, ...more.map(({ what }) => what)].join('; '), {
    hint: problems.map(({ hint }) => hint).join(' '),
  });
}

interface Misfit {
  readonly what: string;
  readonly hint: string;
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
): Misfit[] {
  const cold = wantedClasses(wanted).filter((one) => coldClasses.includes(one.toUpperCase()));
  if (cold.length === 0) return [];
  const proves = echo !== 'none' || md5Etags === 'all';
  if (proves && wanted.readback === 'auto') return [];
  const why = proves
    ? 'ARCHIVER_READBACK=always reads each object back'
    : `${title} (profile ${name}) proves nothing of objects in parts, so each is read back`;
  const otherwise = proves ? 'Set ARCHIVER_READBACK=auto, or choose' : 'Choose';
  return [
    {
      what: `${why}, and what lies in ${cold.join(', ')} cannot be read`,
      hint: `${otherwise} a class that can be read at once and let a lifecycle rule move \`data/\` to the cold one later.`,
    },
  ];
}
