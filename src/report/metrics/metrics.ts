/** Prometheus metrics: counted from what the engine tells, and set from a status report where only the bucket knows. */
import { Registry } from 'prom-client';
import type { Clock } from '../../domain/clock.ts';
import { isAhead } from '../../domain/future.ts';
import { toEpoch } from '../../domain/instant.ts';
import type { FailReason, Outcome, RunSummary, SkipReason } from '../../domain/outcome.ts';
import type { StatusReport } from '../../domain/status.ts';
import { STOP_EXITS } from '../../domain/stop-signals.ts';
import type { InHand } from '../in-hand.ts';
import type { ArchiverEvent, Observer } from '../observer.ts';
import { setBucket } from './bucket-metrics.ts';
import { setDrills } from './drill-metrics.ts';
import {
  archiveFamilies,
  drillFamilies,
  lastSuccessFamily,
  type RunFamilies,
  runFamilies,
} from './families.ts';
import { verificationGauges } from './verify-metrics.ts';

/** One request to a Pushgateway: what lies in the group under the same names is replaced, the rest stays. */
export interface MetricsGroup {
  /** The group's labels besides the job. */
  readonly labels: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Metrics {
  readonly observer: Observer;
  /** Takes over what the bucket says: an instance that is not in the report has no series any more. */
  setStatus(report: StatusReport): void;
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  /**
   * What a one-shot run has to push: one group for the run, and one for each instance whose last success it knows. So nothing is
   * ever said of an instance that this run did not get to see.
   */
  groups(): Promise<readonly MetricsGroup[]>;
}

const CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** Every label that an outcome can have, so that all are there from the start: what is 0 is told as 0. */
const SKIPPED: Readonly<Record<SkipReason, true>> = {
  'already-archived': true,
  'not-ready': true,
  expired: true,
  deadline: true,
};
const FAILED: Readonly<Record<FailReason, true>> = {
  'link-refused': true,
  'backup-gone': true,
  'download-failed': true,
  'corrupt-source': true,
  'store-failed': true,
  interrupted: true,
  'export-required': true,
  'key-not-kept': true,
  'never-ready': true,
  lost: true,
  internal: true,
};

export interface MetricsOptions {
  readonly version: string;
  readonly clock: Pick<Clock, 'now'>;
  /** What runs are at, where somebody may ask meanwhile. */
  readonly inHand?: Pick<InHand, 'silentMs' | 'late'>;
}

export function createMetrics({ version, clock, inHand }: MetricsOptions): Metrics {
  const [runs, successes, archive] = [new Registry(), new Registry(), new Registry()];
  const run = runFamilies(runs);
  const lastSuccess = lastSuccessFamily(successes);
  const bucket = archiveFamilies(archive);
  const drills = drillFamilies(archive);
  const setVerification = verificationGauges(archive);
  run.buildInfo.set({ version }, 1);
  run.startedAt.set(clock.now() / 1000);
  run.inProgress.set(0);
  run.late.set(0);
  const newest = new Map<string, LastSuccess>();
  const succeeded = ({ source, instanceId, backupStartedAt }: Outcome): void => {
    const key = `${source}\n${instanceId}`;
    // Until its time has come it would keep every alarm about age quiet.
    if (isAhead(toEpoch(backupStartedAt), clock.now())) return;
    const seconds = toEpoch(backupStartedAt) / 1000;
    if (seconds <= (newest.get(key)?.seconds ?? 0)) return;
    newest.set(key, { source, instanceId, seconds });
    lastSuccess.set({ source, instance_id: instanceId }, seconds);
  };

  return {
    observer: countInto(run, succeeded),

    setStatus(report) {
      newest.clear();
      lastSuccess.reset();
      for (const { source, instanceId, newest: archived } of report.instances) {
        if (archived === undefined) continue;
        const seconds = toEpoch(archived.startedAt) / 1000;
        newest.set(`${source}\n${instanceId}`, { source, instanceId, seconds });
        lastSuccess.set({ source, instance_id: instanceId }, seconds);
      }
      setBucket(bucket, report);
      setDrills(drills, report.drills ?? []);
      setVerification(report.verified);
    },

    async text() {
      const silentMs = inHand?.silentMs();
      if (silentMs === undefined) run.silent.remove();
      else run.silent.set(silentMs / 1000);
      run.late.set(inHand?.late().length ?? 0);
      const parts = await Promise.all([runs, successes, archive].map((registry) => registry.metrics()));
      return { contentType: CONTENT_TYPE, body: parts.join('\n') };
    },

    async groups() {
      const each = [...newest.values()].map(async (success) => ({
        labels: { source: success.source, instance_id: success.instanceId },
        body: await lastSuccessText(success),
      }));
      return [{ labels: {}, body: await runs.metrics() }, ...(await Promise.all(each))];
    },
  };
}

interface LastSuccess {
  readonly source: string;
  readonly instanceId: string;
  readonly seconds: number;
}

function lastSuccessText({ source, instanceId, seconds }: LastSuccess): Promise<string> {
  const registry = new Registry();
  lastSuccessFamily(registry).set({ source, instance_id: instanceId }, seconds);
  return registry.metrics();
}

type Beginning = Extract<ArchiverEvent, { type: 'run.begin' }>;

function countInto(run: RunFamilies, succeeded: (outcome: Outcome) => void): Observer {
  const begun = new Map<string, Beginning>();
  const seen = new Set<string>();
  const meet = (source: string): void => {
    if (seen.has(source)) return;
    seen.add(source);
    beginAtZero(run, source);
  };

  return (event: ArchiverEvent) => {
    switch (event.type) {
      case 'run.begin':
        begun.set(event.runId, event);
        run.attempts.inc();
        run.inProgress.inc();
        break;
      case 'source.listed':
        meet(event.source);
        break;
      case 'source.failed':
      case 'instance.failed':
        meet(event.source);
        run.listingFailures.inc({ source: event.source });
        break;
      case 'run.failed':
        countStoreError(run, event.error.code);
        break;
      case 'backup.retry':
        run.retries.inc({ source: event.source });
        countStoreError(run, event.error.code);
        break;
      case 'transfer.resumed':
        run.resumes.inc({ source: event.source });
        break;
      case 'transfer.restarted':
        run.restarts.inc({ source: event.source });
        break;
      case 'link.renewed':
        run.renewals.inc({ source: event.source });
        break;
      case 'api.call':
        run.apiCalls.inc({ source: event.source, action: event.action, result: event.result });
        break;
      case 'backup.outcome':
        countOutcome(run, event.outcome);
        if (isArchived(event.outcome)) succeeded(event.outcome);
        break;
      case 'notify.sent':
      case 'notify.failed': {
        const failed = event.type === 'notify.failed';
        run.notifications.inc({ receiver: event.receiver, result: 'sent' }, failed ? 0 : 1);
        run.notifications.inc({ receiver: event.receiver, result: 'failed' }, failed ? 1 : 0);
        break;
      }
      case 'run.summary':
        countRun(run, event.summary, begun.get(event.summary.runId));
        begun.delete(event.summary.runId);
        break;
      case 'schedule.next': {
        const { cron, at, previous } = event;
        if (previous !== undefined) run.interval.set({ cron }, (toEpoch(at) - toEpoch(previous)) / 1000);
        run.nextTick.set({ cron }, toEpoch(at) / 1000);
        run.skippedTicks.inc({ cron }, 0);
        break;
      }
      case 'schedule.tick-skipped':
        run.skippedTicks.inc({ cron: event.cron });
        break;
      case 'schedule.run-failed':
        run.failures.inc();
        run.lastExitCode.set({ cron: event.cron }, BROKEN_OFF);
        for (const { runId, schedule } of begun.values()) {
          if (schedule === event.cron && begun.delete(runId)) run.inProgress.dec();
        }
        break;
      default:
    }
  };
}

/** A counter that first appears with its first failure hides that failure from `increase()`. */
function beginAtZero(run: RunFamilies, source: string): void {
  run.backups.inc({ source, outcome: 'archived', reason: '' }, 0);
  for (const reason of Object.keys(SKIPPED)) run.backups.inc({ source, outcome: 'skipped', reason }, 0);
  for (const reason of Object.keys(FAILED)) run.backups.inc({ source, outcome: 'failed', reason }, 0);
  for (const family of [run.bytes, run.retries, run.resumes, run.restarts, run.renewals, run.listingFailures])
    family.inc({ source }, 0);
  for (const code of ['store-refused', 'store-unreachable', 'store-failed']) run.storeErrors.inc({ code }, 0);
  run.backupSeconds.zero({ source });
}

function countOutcome(run: RunFamilies, outcome: Outcome): void {
  const { source } = outcome;
  run.backups.inc({ source, outcome: outcome.outcome, reason: outcome.reason ?? '' });
  if (outcome.outcome === 'archived') {
    run.bytes.inc({ source }, outcome.bytes);
    run.backupSeconds.observe({ source }, outcome.durationMs / 1000);
  }
  if (outcome.outcome === 'failed') countStoreError(run, outcome.error.code);
}

/** Archived now, or found archived: either way the instance has it. */
function isArchived({ outcome, reason }: Outcome): boolean {
  return outcome === 'archived' || reason === 'already-archived';
}

function countStoreError(run: RunFamilies, code: string): void {
  if (code.startsWith('store-')) run.storeErrors.inc({ code });
}

/** The exit status of what is a bug. */
const BROKEN_OFF = 1;

/** Schedules are told apart, else the good end of one would hide that another always fails, or has stopped. */
function countRun(run: RunFamilies, summary: RunSummary, beginning: Beginning | undefined): void {
  const { exitCode, durationMs } = summary;
  run.runSeconds.observe(durationMs / 1000);
  if (beginning) {
    const labels = beginning.schedule === undefined ? {} : { cron: beginning.schedule };
    const endedAt = (toEpoch(beginning.startedAt) + durationMs) / 1000;
    run.inProgress.dec();
    run.lastEnd.set(labels, endedAt);
    run.lastExitCode.set(labels, exitCode);
    if (exitCode === 0) run.lastRunSuccess.set(labels, endedAt);
  }
  if (exitCode === 0) run.successes.inc();
  else ([3, 4, ...STOP_EXITS].includes(exitCode) ? run.partials : run.failures).inc();
}
