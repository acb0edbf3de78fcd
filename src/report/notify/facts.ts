/** What a notification may speak of: gathers a run's events into facts, the most important trouble first. */
import { deadlineOf } from '../../domain/backup.ts';
import { compareText } from '../../domain/compare-text.ts';
import { KEYLESS_HINT, NOT_OPENED_HINT } from '../../domain/encryption.ts';
import type { ArchiverError } from '../../domain/errors.ts';
import { type Instant, toEpoch, toInstant } from '../../domain/instant.ts';
import type { NotificationItem } from '../../domain/notification.ts';
import type { Outcome, RunSummary } from '../../domain/outcome.ts';
import { humanSize } from '../amounts.ts';
import { errorText } from '../error-text.ts';
import type { ArchiverEvent } from '../observer.ts';
import { redact } from '../redact.ts';

/** All that is known of a run when it has ended. */
export interface RunFacts {
  readonly summary: RunSummary;
  /** Most important first. */
  readonly items: readonly NotificationItem[];
  /** What is wrong with nothing that was asked for, and should be known all the same: one an instance. */
  readonly warnings: readonly NotificationItem[];
  /** Names of the sources that could be listed. */
  readonly listed: readonly string[];
}

export interface FactsCollector {
  /** The facts of the run that this event ends; undefined for all other events. `now` in milliseconds since the epoch. */
  add(event: ArchiverEvent, now: number): RunFacts | undefined;
}

const DAY_MS = 86_400_000;

/** Runs may overlap (a schedule a source), so each has its own heap. */
export function createFactsCollector(): FactsCollector {
  const runs = new Map<
    string,
    {
      readonly items: NotificationItem[];
      readonly warnings: Map<string, NotificationItem>;
      readonly listed: string[];
    }
  >();

  function of(runId: string) {
    const known = runs.get(runId);
    if (known) return known;
    const fresh = { items: [], warnings: new Map<string, NotificationItem>(), listed: [] };
    runs.set(runId, fresh);
    return fresh;
  }

  return {
    add(event, now) {
      switch (event.type) {
        case 'run.failed':
          of(event.runId).items.push(failure('run', event));
          return undefined;
        case 'source.failed':
          of(event.runId).items.push(failure('source', event));
          return undefined;
        case 'instance.failed':
          of(event.runId).items.push(failure('instance', event));
          return undefined;
        case 'key.failed':
          of(event.runId).items.push({ ...failure('backup', event), backupId: event.backupId });
          return undefined;
        case 'source.listed':
          of(event.runId).listed.push(event.source);
          return undefined;
        case 'backup.outcome': {
          const item = backupItem(event.outcome, now);
          if (item) of(event.outcome.runId).items.push(item);
          const warning = keyItem(event.outcome);
          if (warning)
            of(event.outcome.runId).warnings.set(
              `${warning.source}\n${warning.instanceId}\n${warning.reason}`,
              warning,
            );
          return undefined;
        }
        case 'run.summary': {
          const { items, warnings, listed } = of(event.summary.runId);
          runs.delete(event.summary.runId);
          return {
            summary: event.summary,
            items: items.sort(byImportance),
            warnings: [...warnings.values()],
            listed,
          };
        }
        default:
          return undefined;
      }
    },
  };
}

/** Of a transfer that will not be there in time: the one fact that does not wait for the end of its run. */
export function lateItem(event: Extract<ArchiverEvent, { type: 'transfer.late' }>): NotificationItem {
  const { source, region, instanceId, backupId, deadline, file, bytesPerSecond, neededBytesPerSecond } =
    event;
  const pace = `${humanSize(bytesPerSecond)}/s, and ${humanSize(neededBytesPerSecond)}/s are needed`;
  return {
    subject: 'backup',
    reason: 'late',
    urgent: true,
    source,
    region,
    instanceId,
    backupId,
    deadline,
    message: redact(`${file} comes at ${pace}: it will not be there before the cloud deletes the backup`),
    hint: LATE_HINT,
  };
}

const LATE_HINT =
  "Save the backup in the cloud's console, or take a new one. Look at what makes it slow: ARCHIVER_BANDWIDTH, ARCHIVER_CONNECTIONS, the way to the download host.";

function failure(
  subject: NotificationItem['subject'],
  event: { readonly error: ArchiverError; source?: string; region?: string; instanceId?: string },
): NotificationItem {
  const { code, message, hint } = errorText(event.error);
  const { source, region, instanceId } = event;
  return {
    subject,
    reason: code,
    urgent: false,
    ...(source !== undefined && { source }),
    ...(region !== undefined && { region }),
    ...(instanceId !== undefined && { instanceId }),
    message,
    hint,
  };
}

/** Undefined where nothing is wrong with it, or where only a signal came in between: the next run goes on. */
function backupItem(outcome: Outcome, now: number): NotificationItem | undefined {
  const deadline = outcome.deadline ?? defaultDeadline(outcome);
  const lost = outcome.outcome === 'failed' && ['lost', 'backup-gone'].includes(outcome.reason);
  const urgent = lost || toEpoch(deadline) - now < DAY_MS;
  const told =
    outcome.outcome === 'failed' ? outcome.reason !== 'interrupted' || urgent : waits(outcome) && urgent;
  if (!told || outcome.reason === null) return undefined;
  const { source, region, instanceId, backupId, reason } = outcome;
  const { message, hint } = outcome.outcome === 'failed' ? outcome.error : waiting(reason);
  return {
    subject: 'backup',
    reason,
    urgent,
    source,
    region,
    instanceId,
    backupId,
    deadline,
    message: redact(message),
    hint: redact(hint),
  };
}

const KEY_TROUBLES = {
  'not-kept': {
    reason: 'key-not-kept',
    message:
      'archived without the key that the cloud encrypted it with: it opens only while the cloud has the backup',
    hint: KEYLESS_HINT,
  },
  'not-opened': {
    reason: 'not-opened',
    message:
      'archived with the key that the cloud handed out, and that opens it in no way that this version knows',
    hint: NOT_OPENED_HINT,
  },
} as const;

/** Archived, and as far as anybody knows only the cloud can open it. */
function keyItem(outcome: Outcome): NotificationItem | undefined {
  if (outcome.outcome !== 'archived' || outcome.key === undefined || outcome.key === 'sealed')
    return undefined;
  const { source, region, instanceId, backupId } = outcome;
  return {
    subject: 'backup',
    urgent: false,
    source,
    region,
    instanceId,
    backupId,
    deadline: outcome.deadline ?? defaultDeadline(outcome),
    ...KEY_TROUBLES[outcome.key],
  };
}

/** Skipped for now, not for good. */
function waits({ outcome, reason }: Outcome): boolean {
  return outcome === 'skipped' && (reason === 'deadline' || reason === 'not-ready');
}

function waiting(reason: string): { readonly message: string; readonly hint: string } {
  return reason === 'deadline'
    ? {
        message: 'the run ended at its deadline before this backup was begun',
        hint: 'Raise runDeadline, bandwidth or concurrency, or spread the instances over shards.',
      }
    : {
        message: 'the cloud is still making it',
        hint: "Look at the backup in the cloud's console; take a new one by hand.",
      };
}

function defaultDeadline({ backupStartedAt }: Outcome): Instant {
  return toInstant(deadlineOf({ startedAt: backupStartedAt }));
}

/** What is lost, then what keeps everything from being archived, then what is about to be lost, then the rest; sooner before later. */
function byImportance(left: NotificationItem, right: NotificationItem): number {
  return rank(left) - rank(right) || compareText(left.deadline ?? '', right.deadline ?? '');
}

function rank({ subject, urgent, reason }: NotificationItem): number {
  if (reason === 'lost' || reason === 'backup-gone') return 0;
  if (subject === 'run') return 1;
  if (urgent) return 2;
  if (subject === 'source') return 3;
  if (reason === 'corrupt-source') return 4;
  return subject === 'instance' ? 5 : 6;
}
