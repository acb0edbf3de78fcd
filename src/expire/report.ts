/** What `expire`, `hold` and `release` answer: a row for each archive, and why it stays. */
import type { Instant } from '../domain/instant.ts';
import type { Period } from './periods.ts';

/**
 * Why an archive stays. `last`, `within` and the periods: a rule keeps it. `newest-verified`: it belongs to the floor.
 * `too-few`: the instance has no more than the floor. `no-rule`: none is for this instance. `future`: it claims to be from a time to come.
 * `held`: by somebody's word. `locked`: by the store. `cloud-still-has-it`: the next run would only archive it again.
 * `unreadable`: its manifest, or the one of the instance's newest archive, could not be read. `elsewhere`: its files lie outside its folder.
 * `floor-broken`: the archives that would have to stand in for it are not all there. `archived-anew`: a run put it back meanwhile.
 * `in-hand`: another expire is removing it, or was killed at it within the last hour.
 */
export type KeepCause =
  | 'last'
  | 'within'
  | Period
  | 'newest-verified'
  | 'too-few'
  | 'no-rule'
  | 'future'
  | 'held'
  | 'locked'
  | 'cloud-still-has-it'
  | 'unreadable'
  | 'elsewhere'
  | 'floor-broken'
  | 'archived-anew'
  | 'in-hand';

export interface KeepReason {
  readonly cause: KeepCause;
  /** `2026-W47` of a period, the reason of a hold, the end of a lock; empty where the cause says it all. */
  readonly detail: string;
}

/** `archive`: with a manifest. `quarantine`: dumps that stay damaged, which are no archive. */
export type ExpireKind = 'archive' | 'quarantine';

/**
 * One row of `expire`. `keep`: stays. `expire`: would go, or is about to. `expired`: has gone. `failed`: was to go, and could not, or not wholly:
 * the next `expire --confirm` finishes it.
 */
export interface ExpireItem {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly kind: ExpireKind;
  /** What lies in its folder, in bytes. */
  readonly bytes: number;
  readonly action: 'keep' | 'expire' | 'expired' | 'failed';
  /** Known to be damaged: it takes no place of a rule. */
  readonly damaged: boolean;
  /** Why it stays; empty for what goes. */
  readonly reasons: readonly KeepReason[];
  /** What went wrong; empty where nothing did. */
  readonly detail: string;
  /** Every key that was deleted, in that order; empty without `--confirm`. */
  readonly deleted: readonly string[];
}

export interface ExpireReport {
  readonly confirmed: boolean;
  readonly items: readonly ExpireItem[];
  /** The bucket keeps deleted versions, so the bytes stay until its lifecycle rule removes them. Unknown, and false, where nothing was deleted. */
  readonly bytesStay: boolean;
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  readonly exitCode: number;
}

/** An archive that `expire` never takes, as long as nobody releases it. */
export interface HoldItem {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly held: boolean;
  readonly reason: string;
  readonly at: Instant;
  /** Who said so, where that was told. */
  readonly by?: string;
}
