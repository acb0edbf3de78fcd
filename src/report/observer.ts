/** What the engine tells while it works. Log lines, progress bars, metrics and notices are listeners; the engine knows none of them. */
import type { ArchiverError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { NotificationKind } from '../domain/notification.ts';
import type { Outcome, RunSummary } from '../domain/outcome.ts';
import type { ZoneNow } from '../domain/wall-clock.ts';

interface SourceRef {
  readonly runId: string;
  readonly source: string;
  readonly region: string;
}

/** One file of one backup on its way. `file` is the cloud's name, `transferId` is unique in the process. */
interface TransferRef extends SourceRef {
  readonly transferId: number;
  readonly instanceId: string;
  readonly backupId: string;
  readonly file: string;
}

/** Of a transfer, over the last minute. */
interface Pace {
  readonly position: number;
  readonly bytesPerSecond: number;
  /** So that it is there before the cloud deletes the backup, at `deadline`. */
  readonly neededBytesPerSecond: number;
  readonly deadline: Instant;
}

interface ScheduleRef {
  readonly cron: string;
  readonly sources: readonly string[];
}

export type ArchiverEvent =
  | ({
      readonly type: 'run.begin';
      readonly runId: string;
      readonly startedAt: Instant;
      readonly sources: number;
      /** The cron expression that it came by; absent where nobody's schedule of ours began it. */
      readonly schedule?: string;
    } & ZoneNow)
  /** The run could not do its work at all: the destination refuses or cannot be reached. */
  | { readonly type: 'run.failed'; readonly runId: string; readonly error: ArchiverError }
  /** After each page, of the API or of the store: `pages` and `rows` of the source's lists so far, and the list that goes on. */
  | ({
      readonly type: 'listing.progress';
      readonly list: string;
      readonly pages: number;
      readonly rows: number;
    } & SourceRef)
  | ({ readonly type: 'source.listed'; readonly instances: number; readonly backups: number } & SourceRef)
  | ({ readonly type: 'source.failed'; readonly error: ArchiverError } & SourceRef)
  | ({
      readonly type: 'instance.failed';
      readonly instanceId: string;
      readonly error: ArchiverError;
    } & SourceRef)
  | { readonly type: 'plan.ready'; readonly runId: string; readonly todo: number; readonly skipped: number }
  | ({ readonly type: 'transfer.begin'; readonly size?: number } & TransferRef)
  /** `position` counts the bytes since the file's beginning; it falls back to 0 when a file has to start over. */
  | ({ readonly type: 'transfer.progress'; readonly position: number } & TransferRef)
  /** At its pace it will not be there before the cloud deletes the backup. Told at once; `in-time` when that is over. */
  | ({ readonly type: 'transfer.late' } & Pace & TransferRef)
  | ({ readonly type: 'transfer.in-time' } & Pace & TransferRef)
  | ({ readonly type: 'transfer.resumed'; readonly position: number; readonly cause: string } & TransferRef)
  | ({ readonly type: 'transfer.restarted'; readonly cause: string } & TransferRef)
  | ({ readonly type: 'link.renewed'; readonly position: number } & TransferRef)
  | ({ readonly type: 'transfer.end'; readonly ok: boolean } & TransferRef)
  | ({
      readonly type: 'backup.retry';
      readonly instanceId: string;
      readonly backupId: string;
      readonly attempt: number;
      readonly error: ArchiverError;
    } & SourceRef)
  /** The cloud was told to make a backup; `inDoubt`: it did not say whether it will. */
  | ({
      readonly type: 'backup.ordered';
      readonly instanceId: string;
      readonly remark: string;
      readonly inDoubt: boolean;
    } & SourceRef)
  /** It has made it. */
  | ({
      readonly type: 'backup.made';
      readonly instanceId: string;
      readonly backupId: string;
      readonly waitedMs: number;
    } & SourceRef)
  /** The key of an encrypted backup that was archived earlier is kept now. */
  | ({
      readonly type: 'key.sealed';
      readonly instanceId: string;
      readonly backupId: string;
      readonly fingerprint: string;
    } & SourceRef)
  /** It should be, and could not. */
  | ({
      readonly type: 'key.failed';
      readonly instanceId: string;
      readonly backupId: string;
      readonly error: ArchiverError;
    } & SourceRef)
  /** One request to the cloud's API on the wire; each try is one. */
  | {
      readonly type: 'api.call';
      readonly source: string;
      readonly region: string;
      readonly action: string;
      readonly result: 'ok' | 'throttled' | 'error';
    }
  /** When the schedule's next tick is, and when the one before it was or would have been; told at the start and after each tick. */
  | ({
      readonly type: 'schedule.next';
      readonly timezone: string;
      readonly at: Instant;
      readonly previous?: Instant;
    } & ScheduleRef)
  /** A tick at `at` began no run, since the one before is still going. */
  | ({
      readonly type: 'schedule.tick-skipped';
      readonly at: Instant;
      readonly runningSince: Instant;
    } & ScheduleRef)
  /** A run of the schedule ended without a summary; the schedule goes on. */
  | ({ readonly type: 'schedule.run-failed'; readonly error: ArchiverError } & ScheduleRef)
  | ({ readonly type: 'daemon.listening'; readonly url: string } & ZoneNow)
  /** A signal came: nothing new begins, and what runs is ending. */
  | { readonly type: 'daemon.stopping'; readonly cause: string }
  /** A receiver was told of a run. */
  | {
      readonly type: 'notify.sent';
      readonly runId: string;
      readonly receiver: string;
      readonly kind: NotificationKind;
    }
  /** A receiver, or the dead-man switch (`heartbeat`), could not be told. */
  | {
      readonly type: 'notify.failed';
      readonly runId: string;
      readonly receiver: string;
      readonly error: ArchiverError;
    }
  /** It was found out what the destination really does: what it calls itself, and what archives are proved by from now on. */
  | {
      readonly type: 'destination.measured';
      readonly runId: string;
      readonly server?: string;
      readonly proof: string;
      readonly requests: number;
    }
  /** So many uploads that killed runs had left unfinished were removed. */
  | { readonly type: 'uploads.swept'; readonly runId: string; readonly removed: number }
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  | { readonly type: 'backup.outcome'; readonly outcome: Outcome }
  | { readonly type: 'run.summary'; readonly summary: RunSummary };

/** Must not throw and must not wait: a listener that is down fails no backup. */
export type Observer = (event: ArchiverEvent) => void;
