/** How a store is to keep an object beyond its bytes, in S3's words: under which lock, in which storage class. */
import type { InstanceRule } from './instance-rule.ts';
import type { Instant } from './instant.ts';

/**
 * `governance`: whoever has `s3:BypassGovernanceRetention` may still delete. `compliance`: nobody may, the account's owner neither,
 * and nobody may shorten it.
 */
export const LOCK_MODES = ['governance', 'compliance'] as const;

/** Until then this version of the object can be neither deleted nor overwritten in place. */
export interface ObjectLock {
  readonly mode: (typeof LOCK_MODES)[number];
  readonly until: Instant;
}

export interface Storage {
  /** As the store names it; its default where absent. */
  readonly storageClass?: string;
  readonly lock?: ObjectLock;
  /** Cannot be deleted either, until somebody lifts it by hand. */
  readonly legalHold?: true;
}

/** Locks the archives of the instances that it fits. */
export interface LockRule extends InstanceRule {
  /** `none`: no retention, so that a rule can make an exception from those below it. */
  readonly mode: ObjectLock['mode'] | 'none';
  /** From when the backup began to be archived; there unless the mode is `none`. */
  readonly days?: number;
  readonly legalHold: boolean;
}

/** The storage class of the dumps of the instances that it fits. */
export interface ClassRule extends InstanceRule {
  readonly storageClass: string;
}
