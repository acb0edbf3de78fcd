/** The outcome log: one JSON line an event, one per backup considered, the summary last. Its field names are an interface. */
import pino, { type Level } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Outcome, RunSummary } from '../domain/outcome.ts';
import { harmlessJson } from '../domain/outside-text.ts';
import { errorText } from './error-text.ts';
import { createNowAndThen, LISTING_TOLD_MS } from './now-and-then.ts';
import type { ArchiverEvent, Observer } from './observer.ts';
import { redactWords } from './redact.ts';

export interface LogOptions {
  /** Takes one whole line at a time and must not buffer it: a line written is a line kept, even if the process ends next. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** False leaves out the lines of skipped backups; the summary counts them still. */
  readonly skipped: boolean;
}

/** Milliseconds between two progress lines of one transfer, at level debug. */
const PROGRESS_INTERVAL_MS = 10_000;

export function createLog({ write, clock, level, skipped }: LogOptions): Observer {
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    },
    { write: (line) => write(harmlessJson(line)) },
  );
  const toldAt = new Map<number, number>();
  const listings = createNowAndThen(clock, LISTING_TOLD_MS);

  return (event) => {
    if (event.type === 'backup.outcome' && event.outcome.outcome === 'skipped' && !skipped) return;
    if (event.type === 'transfer.progress') {
      if (clock.now() - (toldAt.get(event.transferId) ?? 0) < PROGRESS_INTERVAL_MS) return;
      toldAt.set(event.transferId, clock.now());
    }
    if (event.type === 'transfer.end') toldAt.delete(event.transferId);
    if (event.type === 'listing.progress' && !listings.isDue(`${event.runId} ${event.source}`)) return;
    if (event.type === 'run.summary') listings.over(event.summary.runId);
    logger[levelOf(event)]({ event: event.type, ...redactWords(fieldsOf(event)) });
  };
}

function levelOf(event: ArchiverEvent): Level {
  switch (event.type) {
    case 'run.failed':
    case 'source.failed':
    case 'instance.failed':
    case 'schedule.run-failed':
    case 'key.failed':
      return 'error';
    case 'backup.retry':
    case 'notify.failed':
    case 'schedule.tick-skipped':
    case 'transfer.late':
    case 'warning':
      return 'warn';
    case 'backup.outcome':
      return event.outcome.outcome === 'failed' ? 'error' : 'info';
    case 'run.summary':
      return event.summary.exitCode === 0 ? 'info' : 'error';
    case 'api.call':
    case 'transfer.begin':
    case 'transfer.progress':
    case 'transfer.end':
      return 'debug';
    default:
      return 'info';
  }
}

/** Every field is named where it could carry more than it says; plain events are written as they are. */
function fieldsOf(event: ArchiverEvent): object {
  switch (event.type) {
    case 'backup.outcome':
      return outcomeFields(event.outcome);
    case 'run.summary':
      return summaryFields(event.summary);
    case 'run.failed':
    case 'source.failed':
    case 'instance.failed':
    case 'schedule.run-failed':
    case 'notify.failed':
    case 'key.failed':
    case 'backup.retry': {
      const { type: _type, error, ...rest } = event;
      return { ...rest, error: errorText(error) };
    }
    default: {
      const { type: _type, ...rest } = event;
      return rest;
    }
  }
}

function outcomeFields(outcome: Outcome): object {
  return {
    runId: outcome.runId,
    source: outcome.source,
    region: outcome.region,
    instanceId: outcome.instanceId,
    backupId: outcome.backupId,
    backupStartedAt: outcome.backupStartedAt,
    outcome: outcome.outcome,
    reason: outcome.reason,
    ...(outcome.outcome === 'skipped' && outcome.by !== undefined ? { by: outcome.by } : {}),
    ...(outcome.outcome === 'archived' && outcome.key !== undefined ? { key: outcome.key } : {}),
    files: outcome.files.map(({ key, size, sha256 }) => ({ key, size, sha256 })),
    bytes: outcome.bytes,
    durationMs: outcome.durationMs,
    attempts: outcome.attempts,
    resumes: outcome.resumes,
    linkRenewals: outcome.linkRenewals,
    ...(outcome.outcome === 'failed' ? { error: namedError(outcome.error) } : {}),
  };
}

function namedError({ code, message, hint }: { code: string; message: string; hint: string }): object {
  return { code, message, hint };
}

function summaryFields(summary: RunSummary): object {
  return {
    runId: summary.runId,
    considered: summary.considered,
    archived: summary.archived,
    skipped: summary.skipped,
    failed: summary.failed,
    skippedBy: summary.skippedBy,
    bytes: summary.bytes,
    durationMs: summary.durationMs,
    exitCode: summary.exitCode,
  };
}
