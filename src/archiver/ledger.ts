/** The ledger of one run: takes every result once, tells the observer, and knows the totals and the exit status at the end. */
import { deadlineOf } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { KEYLESS_HINT, type KeyState, NOT_OPENED_HINT } from '../domain/encryption.ts';
import { ArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { toInstant } from '../domain/instant.ts';
import type {
  FailReason,
  Outcome,
  OutcomeError,
  OutcomeFile,
  RunSummary,
  SkipReason,
  UncountedReason,
} from '../domain/outcome.ts';
import type { Observer } from '../report/observer.ts';
import { notWanted } from './backup-key.ts';
import type { SourceFailure, Subject } from './survey.ts';

/** What archiving a backup took, whatever came of it. */
export interface Effort {
  readonly startedAt: number;
  attempts: number;
  resumes: number;
  linkRenewals: number;
}

interface BackupRef {
  readonly runId: string;
  readonly source: string;
  readonly region: string;
  readonly instanceId: string;
  readonly backupId: string;
}

export interface Ledger {
  readonly runId: string;
  /** `key`: of a backup that the cloud encrypted, what became of its key. */
  archived(subject: Subject, files: readonly OutcomeFile[], effort: Effort, key?: KeyState): void;
  /** The key of an archive that should be sealed now could not be. */
  keyFailed(about: BackupRef, error: ArchiverError): void;
  /** The keys of some archives were not looked at. */
  reviewFailed(error: ArchiverError): void;
  skipped(
    subject: Subject,
    reason: SkipReason,
    details?: { by?: string; atRisk?: boolean; effort?: Effort },
  ): void;
  failed(subject: Subject, reason: FailReason, error: ArchiverError, effort?: Effort): void;
  /** What the plan decided without any transfer. */
  decided(subject: Subject): void;
  uncounted(counts: Readonly<Partial<Record<UncountedReason, number>>>): void;
  listingFailed(failure: SourceFailure): void;
  /** Something beyond single backups went wrong: only the exit status (and, but for a signal, an event) tells it. */
  runFailed(error: ArchiverError): void;
  /** The run's exit status is at least this one. */
  mark(exitCode: number): void;
  summary(): RunSummary;
}

export function createLedger(options: { runId: string; clock: Clock; observer: Observer }): Ledger {
  const { runId, clock, observer } = options;
  const startedAt = clock.now();
  const codes = new Set<number>();
  const totals = { archived: 0, skipped: 0, failed: 0, bytes: 0 };
  /** Archives that the cloud encrypted, by what became of their keys. */
  const keys: Record<KeyState, number> = { sealed: 0, 'not-kept': 0, 'not-opened': 0 };
  const skippedBy: Partial<Record<SkipReason | UncountedReason, number>> = {};

  function count(reason: SkipReason | UncountedReason, by: number): void {
    if (by > 0) skippedBy[reason] = (skippedBy[reason] ?? 0) + by;
  }

  function base({ source, backup }: Subject, effort: Effort | undefined) {
    return {
      runId,
      source: source.name,
      region: source.region,
      instanceId: backup.instanceId,
      backupId: backup.id,
      backupStartedAt: backup.startedAt,
      deadline: toInstant(deadlineOf(backup)),
      files: [] as readonly OutcomeFile[],
      bytes: 0,
      durationMs: effort ? Math.round(clock.now() - effort.startedAt) : 0,
      attempts: effort?.attempts ?? 0,
      resumes: effort?.resumes ?? 0,
      linkRenewals: effort?.linkRenewals ?? 0,
    };
  }

  function tell(outcome: Outcome): void {
    totals[outcome.outcome] += 1;
    totals.bytes += outcome.bytes;
    observer({ type: 'backup.outcome', outcome });
  }

  const ledger: Ledger = {
    runId,

    archived(subject, files, effort, key) {
      const bytes = files.reduce((sum, file) => sum + file.size, 0);
      if (key) keys[key] += 1;
      tell({
        ...base(subject, effort),
        files,
        bytes,
        outcome: 'archived',
        reason: null,
        ...(key && { key }),
      });
    },

    keyFailed(about, error) {
      codes.add([1, 4].includes(error.exit) ? error.exit : 3);
      observer({ type: 'key.failed', ...about, error });
    },

    reviewFailed(error) {
      if (error.code === 'internal') return ledger.runFailed(error);
      codes.add(3);
      const message = `not all keys of archives that the cloud encrypted could be kept: ${error.message}`;
      observer({ type: 'warning', message, hint: error.hint });
    },

    skipped(subject, reason, { by, atRisk, effort } = {}) {
      count(reason, 1);
      if (atRisk) codes.add(3);
      tell({
        ...base(subject, effort),
        outcome: 'skipped',
        reason,
        ...(by !== undefined && { by }),
      });
    },

    failed(subject, reason, error, effort) {
      codes.add(reason === 'internal' && error.code === 'internal' ? 1 : 3);
      if (error.exit === 4) codes.add(4);
      tell({ ...base(subject, effort), outcome: 'failed', reason, error: outcomeError(error) });
    },

    decided(subject) {
      const { decision } = subject;
      if (decision.action === 'skip') ledger.skipped(subject, decision.reason);
      if (decision.action === 'fail')
        ledger.failed(subject, decision.reason, decidedError(subject, decision.reason));
    },

    uncounted(counts) {
      for (const [reason, by] of Object.entries(counts)) count(reason as UncountedReason, by);
    },

    listingFailed({ source, instanceId, error }) {
      codes.add(error.code === 'internal' ? 1 : 3);
      const ref = { runId, source: source.name, region: source.region, error };
      observer(
        instanceId === undefined
          ? { type: 'source.failed', ...ref }
          : { type: 'instance.failed', instanceId, ...ref },
      );
    },

    runFailed(error) {
      codes.add(error.exit);
      if (error.code !== 'interrupted') observer({ type: 'run.failed', runId, error });
    },

    mark(exitCode) {
      codes.add(exitCode);
    },

    summary() {
      const { archived, skipped, failed, bytes } = totals;
      for (const warning of keyWarnings(keys)) observer({ type: 'warning', ...warning });
      const summary: RunSummary = {
        runId,
        considered: archived + skipped + failed,
        archived,
        skipped,
        failed,
        skippedBy,
        bytes,
        durationMs: Math.round(clock.now() - startedAt),
        exitCode: worstOf(codes),
      };
      observer({ type: 'run.summary', summary });
      return summary;
    },
  };
  return ledger;
}

function keyWarnings(keys: Readonly<Record<KeyState, number>>) {
  const some = (count: number) =>
    count === 1 ? 'one archive of this run is' : `${count} archives of this run are`;
  const [without, closed] = [keys['not-kept'], keys['not-opened']];
  return [
    ...(without === 0
      ? []
      : [
          {
            message: `${some(without)} encrypted by the cloud, and the key was not kept: it opens only while the cloud has the backup`,
            hint: KEYLESS_HINT,
          },
        ]),
    ...(closed === 0
      ? []
      : [
          {
            message: `${some(closed)} encrypted by the cloud, and does not open by the key that it handed out, in any way that this version knows: the key is kept`,
            hint: NOT_OPENED_HINT,
          },
        ]),
  ];
}

function outcomeError({ code, message, hint }: ArchiverError): OutcomeError {
  return { code, message, hint };
}

/** The error of a backup that fails without being tried. */
function decidedError({ backup, instance }: Subject, reason: FailReason): ArchiverError {
  const what = `backup ${backup.id} of ${instance.id}`;
  switch (reason) {
    case 'lost':
      return new ArchiverError(
        'backup-gone',
        `the cloud deleted ${what} before it was archived, although older ones were`,
      );
    case 'never-ready':
      return new ArchiverError(
        'not-ready',
        `${what} is still not ready, and the cloud deletes it at ${toInstant(deadlineOf(backup))}`,
        {
          hint: "Look at the backup in the cloud's console; take a new one by hand.",
        },
      );
    case 'key-not-kept':
      return notWanted(backup);
    case 'corrupt-source':
      return new ArchiverError(
        'corrupt-source',
        `the dump of ${what} stays damaged; it lies in quarantine and is tried again once a day`,
      );
    default:
      return new ArchiverError('internal', `${what}: ${reason}`);
  }
}
