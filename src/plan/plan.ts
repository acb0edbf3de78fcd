/** Decides what is to be archived now, and why the rest is not. Pure: the cloud's backups, the catalog and the time in, decisions out. */
import { type Backup, deadlineOf } from '../domain/backup.ts';
import { compareText } from '../domain/compare-text.ts';
import type { Instance } from '../domain/instance.ts';
import type { FailReason, SkipReason, UncountedReason } from '../domain/outcome.ts';
import { isMine, type Shard } from './shard.ts';

export type Decision =
  | { readonly action: 'archive' }
  | { readonly action: 'skip'; readonly reason: SkipReason }
  | { readonly action: 'fail'; readonly reason: FailReason };

export interface PlannedBackup {
  readonly instance: Instance;
  readonly backup: Backup;
  readonly decision: Decision;
}

export interface PlanInput {
  readonly instances: readonly Instance[];
  readonly backups: readonly Backup[];
  readonly selects: (instance: Instance) => boolean;
  readonly shard: Shard;
  readonly isArchived: (backup: Backup) => boolean;
  /** True when an older backup of the same instance was archived: then losing one is a failure, and not a late start. */
  readonly hasEarlierArchive: (backup: Backup) => boolean;
  /** False where no backup that the cloud encrypts is to be archived. */
  readonly takesEncrypted: boolean;
  /** When a backup whose dump stays damaged was last tried (milliseconds since the epoch); undefined for all others. */
  readonly quarantinedAt: (backup: Backup) => number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Plan {
  /** To be archived, most urgent first: what the cloud will delete soonest. */
  readonly todo: readonly PlannedBackup[];
  /** Considered and left alone, or already lost. */
  readonly rest: readonly PlannedBackup[];
  /** Not considered at all. */
  readonly uncounted: Readonly<Partial<Record<UncountedReason, number>>>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** A backup that is still not ready this long before the cloud deletes it will never be. */
const AT_RISK_MS = DAY_MS;

/** A damaged dump is tried again this often, for as long as the cloud has it. */
const QUARANTINE_RETRY_MS = DAY_MS;

export function makePlan(input: PlanInput): Plan {
  const instances = new Map(input.instances.map((instance) => [instance.id, instance]));
  const uncounted = { filtered: 0, 'other-shard': 0 };
  const todo: PlannedBackup[] = [];
  const rest: PlannedBackup[] = [];

  for (const backup of input.backups) {
    const instance = instances.get(backup.instanceId);
    if (!instance || !input.selects(instance)) {
      uncounted.filtered += 1;
    } else if (!isMine(instance, input.shard)) {
      uncounted['other-shard'] += 1;
    } else {
      const decision = decide(backup, input);
      (decision.action === 'archive' ? todo : rest).push({ instance, backup, decision });
    }
  }
  return { todo: todo.sort(byUrgency), rest, uncounted };
}

/** Most urgent first; ties by age and id, so that two runs agree. */
export function byUrgency(left: Pick<PlannedBackup, 'backup'>, right: Pick<PlannedBackup, 'backup'>): number {
  return (
    deadlineOf(left.backup) - deadlineOf(right.backup) ||
    compareText(left.backup.startedAt, right.backup.startedAt) ||
    compareText(left.backup.instanceId, right.backup.instanceId) ||
    compareText(left.backup.id, right.backup.id)
  );
}

function decide(backup: Backup, input: PlanInput): Decision {
  if (input.isArchived(backup)) return { action: 'skip', reason: 'already-archived' };
  switch (backup.state) {
    case 'expired':
      return input.hasEarlierArchive(backup)
        ? { action: 'fail', reason: 'lost' }
        : { action: 'skip', reason: 'expired' };
    case 'not-ready':
      return isAtRisk(backup, input.now)
        ? { action: 'fail', reason: 'never-ready' }
        : { action: 'skip', reason: 'not-ready' };
    case 'available': {
      if (backup.encrypted && !input.takesEncrypted) return { action: 'fail', reason: 'key-not-kept' };
      const age = input.now - (input.quarantinedAt(backup) ?? Number.NEGATIVE_INFINITY);
      // A date in the future is a wrong clock's: waiting for it could take longer than the cloud has the dump.
      const waits = age >= 0 && age < QUARANTINE_RETRY_MS;
      return waits ? { action: 'fail', reason: 'corrupt-source' } : { action: 'archive' };
    }
  }
}

/** True when the cloud will delete the backup before the next day's run can have it. */
export function isAtRisk(backup: Backup, now: number): boolean {
  return deadlineOf(backup) - now < AT_RISK_MS;
}
