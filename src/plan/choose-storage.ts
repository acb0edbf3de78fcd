/** How the objects of a backup are to be kept: under which lock and in which storage class, by the first rule that fits its instance. */
import type { Instance } from '../domain/instance.ts';
import type { InstanceRule } from '../domain/instance-rule.ts';
import { toInstant } from '../domain/instant.ts';
import type { ClassRule, LockRule, Storage } from '../domain/object-lock.ts';
import { instanceRule } from './instance-rule.ts';

export interface StorageRules {
  readonly objectLock: readonly LockRule[];
  readonly storageClasses: readonly ClassRule[];
  /** Where no rule fits; the bucket's own default where absent. */
  readonly storageClass?: string;
}

export interface BackupStorage {
  readonly data: Storage;
  /** Locked as the data are, since an archive without its manifest is none, and in no storage class: it must stay readable. */
  readonly manifest: Storage;
}

/** `now`: when the archiving began, in milliseconds since the epoch. One end of the lock holds for all objects of the backup. */
export type ChooseStorage = (source: string, instance: Instance, now: number) => BackupStorage;

const DAY = 24 * 3_600_000;

/** Rounds up to the next second, so that a lock is never shorter than it was asked for. */
export function createStorageChooser(rules: StorageRules): ChooseStorage {
  const lockFor = firstFitting(rules.objectLock);
  const classFor = firstFitting(rules.storageClasses);

  return (source, instance, now) => {
    const { mode = 'none', days = 0, legalHold = false } = lockFor(source, instance) ?? {};
    const storageClass = classFor(source, instance)?.storageClass ?? rules.storageClass;
    const manifest: Storage = {
      ...(mode !== 'none' && { lock: { mode, until: toInstant(now + days * DAY + 999) } }),
      ...(legalHold && { legalHold }),
    };
    return { manifest, data: { ...manifest, ...(storageClass !== undefined && { storageClass }) } };
  };
}

function firstFitting<Rule extends InstanceRule>(
  rules: readonly Rule[],
): (source: string, instance: Instance) => Rule | undefined {
  const compiled = rules.map((rule) => ({ rule, fits: instanceRule(rule) }));
  return (source, instance) => compiled.find(({ fits }) => fits(source, instance))?.rule;
}
