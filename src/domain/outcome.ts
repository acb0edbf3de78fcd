/** What came of each backup and of the whole run: the product's answer to "did it work?". */
import type { KeyState } from './encryption.ts';
import type { Instant } from './instant.ts';

export type Dialect = 'tencent-v3' | 'tencent-v2';

/** Why a backup was rightly left alone. */
export type SkipReason = 'already-archived' | 'not-ready' | 'expired' | 'deadline';

/** Why a backup that should have been archived was not. */
export type FailReason =
  | 'link-refused'
  | 'backup-gone'
  | 'download-failed'
  | 'corrupt-source'
  | 'store-failed'
  | 'interrupted'
  | 'export-required'
  | 'key-not-kept'
  | 'never-ready'
  | 'lost'
  | 'internal';

/** Backups that were not considered at all are only counted, by these words. */
export type UncountedReason = 'filtered' | 'other-shard' | 'in-progress';

export interface OutcomeError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface OutcomeFile {
  readonly key: string;
  /** Bytes of the dump as the cloud gave it. */
  readonly size: number;
  /** Lower-case hex, of the same bytes. */
  readonly sha256: string;
}

interface OutcomeBase {
  readonly runId: string;
  readonly source: string;
  readonly region: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly backupStartedAt: Instant;
  /** When the cloud will delete it. */
  readonly deadline?: Instant;
  readonly files: readonly OutcomeFile[];
  /** Bytes of all files together. */
  readonly bytes: number;
  readonly durationMs: number;
  /** How often the whole backup was begun. */
  readonly attempts: number;
  /** How often a broken download went on at the same byte. */
  readonly resumes: number;
  /** How often a dead link was replaced. */
  readonly linkRenewals: number;
}

/** One per backup considered, on every path. */
export type Outcome = OutcomeBase &
  (
    | {
        readonly outcome: 'archived';
        readonly reason: null;
        /** Of a backup that the cloud encrypted: what became of its key. */
        readonly key?: KeyState;
      }
    | {
        readonly outcome: 'skipped';
        readonly reason: SkipReason;
        readonly by?: string;
      }
    | { readonly outcome: 'failed'; readonly reason: FailReason; readonly error: OutcomeError }
  );

/** The last line of a run. */
export interface RunSummary {
  readonly runId: string;
  readonly considered: number;
  readonly archived: number;
  readonly skipped: number;
  readonly failed: number;
  /** How many were skipped for each reason, and how many were not considered (`UncountedReason`). */
  readonly skippedBy: Readonly<Partial<Record<SkipReason | UncountedReason, number>>>;
  readonly bytes: number;
  readonly durationMs: number;
  readonly exitCode: number;
}
