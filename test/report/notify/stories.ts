/** Runs as notifications are made of them, for the tests of the notifier. */
import { ArchiverError } from '../../../src/domain/errors.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import type { NotificationItem } from '../../../src/domain/notification.ts';
import type { FailReason, Outcome, RunSummary } from '../../../src/domain/outcome.ts';
import type { ArchiverEvent } from '../../../src/report/observer.ts';
import { summary } from '../examples.ts';

export const NOW = Date.parse('2026-11-24T03:00:00Z');
export const HOUR_MS = 3_600_000;

export function anItem(changes: Partial<NotificationItem> = {}): NotificationItem {
  return {
    subject: 'backup',
    reason: 'download-failed',
    urgent: false,
    source: 'ap-guangzhou',
    region: 'ap-guangzhou',
    instanceId: 'crs-orders01',
    backupId: 'backup-1',
    deadline: toInstant(NOW + 100 * HOUR_MS),
    message: 'the connection was cut',
    hint: 'The next run tries again.',
    ...changes,
  };
}

/** Two things that are wrong, the more important one first. */
export const twoItems: readonly NotificationItem[] = [
  anItem({
    reason: 'never-ready',
    urgent: true,
    instanceId: 'crs-cart02',
    backupId: 'backup-7',
    deadline: toInstant(NOW + 5.5 * HOUR_MS),
    message: 'backup backup-7 of crs-cart02 is still not ready',
    hint: "Look at the backup in the cloud's console; take a new one by hand.",
  }),
  anItem({ message: 'the download host said <500> & closed "early"' }),
];

export function failedOutcome(
  backupId: string,
  reason: FailReason = 'download-failed',
  changes: Partial<Outcome> = {},
): ArchiverEvent {
  const error = { code: reason, message: `${backupId} failed`, hint: 'Look.' };
  const outcome = {
    runId: summary.runId,
    source: 'ap-guangzhou',
    region: 'ap-guangzhou',
    instanceId: 'crs-orders01',
    backupId,
    backupStartedAt: toInstant(NOW - 24 * HOUR_MS),
    deadline: toInstant(NOW + 144 * HOUR_MS),
    files: [],
    bytes: 0,
    durationMs: 0,
    attempts: 1,
    resumes: 0,
    linkRenewals: 0,
    outcome: 'failed',
    reason,
    error,
    ...changes,
  };
  return { type: 'backup.outcome', outcome: outcome as Outcome };
}

/** All events of a run over one source, from its beginning to its summary. */
export function runOf(
  troubles: readonly ArchiverEvent[],
  changes: Partial<RunSummary> = {},
  sources: readonly string[] = ['ap-guangzhou'],
): ArchiverEvent[] {
  const runId = changes.runId ?? summary.runId;
  const exitCode = troubles.length > 0 ? 3 : 0;
  return [
    {
      type: 'run.begin',
      runId,
      timezone: 'Asia/Shanghai',
      utcOffset: '+08:00',
      startedAt: toInstant(NOW),
      sources: sources.length,
    },
    ...sources.map(
      (source): ArchiverEvent => ({
        type: 'source.listed',
        runId,
        source,
        region: source,
        instances: 1,
        backups: 1,
      }),
    ),
    ...troubles,
    { type: 'run.summary', summary: { ...summary, failed: troubles.length, exitCode, ...changes } },
  ];
}

export function lostStore(): ArchiverEvent {
  const error = new ArchiverError('store-unreachable', 's3://bucket did not answer', {
    cause: new Error('connect ECONNREFUSED'),
  });
  return { type: 'run.failed', runId: summary.runId, error };
}
