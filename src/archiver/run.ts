/** One run: sweep, look, plan, archive what is open, most urgent first, and tell one outcome per backup considered. */
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { futureWarning } from '../domain/future.ts';
import { toInstant } from '../domain/instant.ts';
import type { RunSummary } from '../domain/outcome.ts';
import { zoneNow } from '../domain/wall-clock.ts';
import { byUrgency } from '../plan/plan.ts';
import type { Shard } from '../plan/shard.ts';
import type { Observer } from '../report/observer.ts';
import type { CallOptions, Preparation } from '../store/object-store.ts';
import { archiveAll, type Work } from './archive-all.ts';
import type { Claims, Look } from './claims.ts';
import type { BackupPorts } from './fetch-file.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createOvertime } from './overtime.ts';
import type { RetryPolicy } from './retry.ts';
import { reviewKeys } from './review-keys.ts';
import { isBlind, type Subject, type Survey, type SurveyPorts, survey, type Target } from './survey.ts';
import type { Sweep } from './sweep.ts';

export interface RunPolicy {
  /** Backups at once; the files among them share the places of `BackupPorts.places`. */
  readonly concurrency: number;
  /** Milliseconds after which nothing new is started, and what is not halfway is given up. */
  readonly deadlineMs: number;
  readonly shard: Shard;
  /** True where no instance at all is no failure. */
  readonly allowEmpty: boolean;
  /** Whether the cloud may be told to make backups. */
  readonly allowBackupRequests: boolean;
  readonly retry: RetryPolicy;
}

export interface RunPorts extends SurveyPorts {
  /** Finds out how far the destination is to be relied on. */
  readonly prepare: (options: CallOptions) => Promise<Preparation>;
  readonly sweep: Sweep;
  readonly targets: readonly Target[];
  readonly backup: BackupPorts;
  readonly observer: Observer;
  readonly clock: Clock;
  /** The cron expression that began the run, where one did. */
  readonly schedule?: string;
  /** Told when a run begins. */
  readonly timezone: string;
  readonly newRunId: () => string;
  readonly policy: RunPolicy;
  /** Shared by all runs of the process. */
  readonly claims: Claims;
  /** Told when the run knows what it is to archive: from then on another one may begin, and has what this one has not begun. */
  readonly planned?: () => void;
}

/** One pass over everything configured. Never rejects for what the cloud, the store or a signal does: all of it is in the summary. */
export async function runOnce(ports: RunPorts, signal: AbortSignal): Promise<RunSummary> {
  const startedAt = ports.clock.now();
  const overtime = createOvertime({ startedAt, deadlineMs: ports.policy.deadlineMs }, ports.clock);
  const looking = AbortSignal.any([signal, overtime.deadline]);
  try {
    return await withLedger(ports, { signal, looking }, async (ledger) => {
      // First of all: what is swept behind an archive's back was begun at a key that may be the archive's.
      await ports.sweep(ledger.runId, ports.observer, looking);
      const { open, encrypted } = await look(ledger, ports, { startedAt, signal: looking });
      ports.planned?.();
      // Side by side, for neither may wait: a key that the cloud is about to forget is as urgent as a dump.
      await allOrFirstError(signal, (inner) => [
        archiveAll(open, ledger, ports, { startedAt, signal: inner, overtime }),
        reviewArchived(encrypted, ledger, ports, { signal: inner, deadline: overtime.deadline }),
      ]);
    });
  } finally {
    overtime.close();
  }
}

/** What is to be done and what is done already. All else that was found is let go: a run may transfer for hours, and others begin meanwhile. */
async function look(
  ledger: Ledger,
  ports: RunPorts,
  { startedAt, signal }: { readonly startedAt: number; readonly signal: AbortSignal },
): Promise<{ readonly open: Work[]; readonly encrypted: readonly Subject[] }> {
  const looking = ports.claims.look();
  try {
    const found = await survey(ports.targets, ports, {
      shard: ports.policy.shard,
      now: startedAt,
      onListing: ({ source: { name, region }, ...progress }) =>
        ports.observer({ type: 'listing.progress', runId: ledger.runId, source: name, region, ...progress }),
      signal,
    });
    report(found, ledger, ports);
    return { open: claimed(openWork(found), looking, ledger), encrypted: sealable(found) };
  } finally {
    looking.end();
  }
}

/** Begins and ends a run around some work, and makes sure that the destination can be reached and relied on before anything is attempted. */
export async function withLedger(
  ports: RunPorts,
  { signal, looking = signal }: { readonly signal: AbortSignal; readonly looking?: AbortSignal },
  work: (ledger: Ledger) => Promise<void>,
): Promise<RunSummary> {
  const { observer, clock, schedule, timezone } = ports;
  const ledger = createLedger({ runId: ports.newRunId(), clock, observer });
  observer({
    type: 'run.begin',
    runId: ledger.runId,
    startedAt: toInstant(clock.now()),
    sources: ports.targets.length,
    ...zoneNow(timezone, clock.now()),
    ...(schedule !== undefined && { schedule }),
  });
  try {
    await ports.catalog.probe({ signal: looking });
    const { measured, warning } = await ports.prepare({ signal: looking });
    if (measured) observer({ type: 'destination.measured', runId: ledger.runId, ...measured });
    if (warning) observer({ type: 'warning', ...warning });
    await work(ledger);
    signal.throwIfAborted();
  } catch (error) {
    ledger.runFailed(asArchiverError(signal.aborted ? signal.reason : error));
  }
  return ledger.summary();
}

/** Tells what could not be listed, and writes down what is not to be archived. */
function report(found: Survey, ledger: Ledger, { observer, policy, clock }: RunPorts): void {
  const runId = ledger.runId;
  for (const failure of found.failures) ledger.listingFailed(failure);
  if (found.blind) ledger.mark(10);
  if (found.empty && !policy.allowEmpty) {
    ledger.runFailed(
      new ArchiverError('unknown-instance', 'no instance in any source', {
        hint: 'Check the regions and the filters; set allowEmpty where an empty account is as it should be.',
      }),
    );
  }
  for (const { source, inventory, selects, plan } of found.sources) {
    const { instances, backups, failures } = inventory;
    const idle = failures.length === 0 && !instances.some(selects);
    if (idle && !found.empty && !policy.allowEmpty && policy.shard.index === 0)
      observer({ type: 'warning', ...nothingSelected(source.name, instances.length) });
    const { name, region } = source;
    const future = futureWarning(name, backups, clock.now());
    if (future) observer({ type: 'warning', ...future });
    const size = { instances: instances.length, backups: backups.length };
    if (!isBlind(inventory)) observer({ type: 'source.listed', runId, source: name, region, ...size });
    ledger.uncounted(plan.uncounted);
    for (const planned of plan.rest) ledger.decided({ source, ...planned });
  }
  const size = (kind: 'todo' | 'rest') => found.sources.reduce((sum, { plan }) => sum + plan[kind].length, 0);
  observer({ type: 'plan.ready', runId, todo: size('todo'), skipped: size('rest') });
}

/** Beside sources that do well it would go unnoticed; it is no failure, for a region may well be empty. */
function nothingSelected(source: string, instances: number): { message: string; hint: string } {
  return {
    message: `nothing of source ${source} is archived: of its instances (${instances}) none is selected`,
    hint: 'Check its region and its filters; `rdb-archiver list instances` shows what there is.',
  };
}

/** All that is open, over all sources, most urgent first. */
function openWork(found: Survey): Subject[] {
  return found.sources
    .flatMap(({ source, plan }) => plan.todo.map((planned) => ({ source, ...planned })))
    .sort(byUrgency);
}

/** What is archived already and has a key, of what the cloud shows. */
function sealable(found: Survey): Subject[] {
  return found.sources.flatMap(({ source, plan }) =>
    plan.rest
      .filter(
        ({ backup, decision }) =>
          backup.encrypted && decision.action === 'skip' && decision.reason === 'already-archived',
      )
      .map((planned) => ({ source, ...planned })),
  );
}

/** Whatever keeps it from its end fails no transfer: the archives are there, and the next run goes on. Rejects with the signal's reason only. */
async function reviewArchived(
  archived: readonly Subject[],
  ledger: Ledger,
  ports: RunPorts,
  { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: AbortSignal },
): Promise<void> {
  try {
    await reviewKeys(archived, ledger, ports, AbortSignal.any([signal, deadline]));
  } catch (thrown) {
    signal.throwIfAborted();
    const error = deadline.aborted ? keysLeft() : asArchiverError(thrown);
    ledger.reviewFailed(error);
  }
}

function keysLeft(): ArchiverError {
  return new ArchiverError('api-unavailable', "the run's deadline came before they were all asked for", {
    hint: 'The next run goes on. Raise ARCHIVER_RUN_DEADLINE where this comes again.',
  });
}

/** What an earlier run is at is told by that run. */
function claimed(work: readonly Subject[], looking: Look, ledger: Ledger): Work[] {
  const mine = work.flatMap((subject) => {
    const claim = looking.claim(subject);
    return claim ? [{ subject, claim, tried: false }] : [];
  });
  ledger.uncounted({ 'in-progress': work.length - mine.length });
  return mine;
}
