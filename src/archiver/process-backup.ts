/** One backup from the plan to its outcome: archives it, with retry, and turns whatever happens into exactly one line of the ledger. */

import { deadlineOf } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { toInstant } from '../domain/instant.ts';
import type { ManifestFile } from '../domain/manifest.ts';
import { isAtRisk } from '../plan/plan.ts';
import type { Observer } from '../report/observer.ts';
import { heldAt } from '../transfer/transfer.ts';
import { archiveBackup, type BackupResult } from './archive-backup.ts';
import { type BackupJob, type BackupPorts, refOf } from './fetch-file.ts';
import type { Effort, Ledger } from './ledger.ts';
import { odditiesOf } from './oddities.ts';
import type { Watch } from './overtime.ts';
import { createPace, type Judgement, type Limits } from './pace.ts';
import { GaveWay, type Place } from './places.ts';
import { type RetryPolicy, withRetry } from './retry.ts';
import type { Subject } from './survey.ts';

export interface ProcessPorts {
  readonly backup: BackupPorts;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
}

/** Of a backup that is archived by a run. */
export interface Turn {
  readonly place: Place;
  readonly tried: boolean;
  readonly watch: Watch;
  /** As `BackupJob.unproved`, from one turn to the next. */
  readonly unproved: Set<string>;
}

/**
 * Never rejects. The answer is the error that it ended with, if any: the run watches those of the store. `GaveWay` is not told to the ledger: its turn
 * will come again.
 */
export async function processBackup(
  subject: Subject,
  ledger: Ledger,
  ports: ProcessPorts,
  stop: AbortSignal,
  { watch, unproved = new Set(), ...turn }: Partial<Turn> = {},
): Promise<ArchiverError | undefined> {
  const { source, instance, backup } = subject;
  const signal = watch ? AbortSignal.any([stop, watch.signal]) : stop;
  const effort: Effort = { startedAt: ports.clock.now(), attempts: 0, resumes: 0, linkRenewals: 0 };
  const ref = {
    runId: ledger.runId,
    source: source.name,
    region: source.region,
    instanceId: instance.id,
    backupId: backup.id,
  };
  const job: Omit<BackupJob, 'attempt' | 'repairs'> = {
    unproved,
    source,
    instance,
    backup,
    runId: ledger.runId,
    signal,
    ...turn,
    listenerFor(file, place) {
      const limits = {
        lostAt: deadlineOf(backup),
        runEndsAt: watch?.runEndsAt ?? Number.POSITIVE_INFINITY,
      };
      return listen(file.name, ref, { effort, limits, place, watch }, ports);
    },
  };

  const attempt = async (): Promise<BackupResult> => {
    effort.attempts += 1;
    const repairs = unproved.size > 0;
    const result = await archiveBackup({ ...job, attempt: effort.attempts, repairs }, ports.backup);
    if (result.kind !== 'already-archived' || repairs || unproved.size === 0) return result;
    // One file met the other run's archive while another was not proved yet, and may lie under it.
    const spoilt = await spoiltKey(job, ports.backup).catch(() => 'what cannot be looked at');
    return spoilt === undefined ? result : attempt();
  };
  try {
    const result = await withRetry(attempt, ports.retry, signal, (attemptNumber, error) =>
      ports.observer({ type: 'backup.retry', ...ref, attempt: attemptNumber, error }),
    );
    enter(result, subject, ledger, effort);
    if (result.kind === 'already-archived' && result.keyError) ledger.keyFailed(ref, result.keyError);
    if (result.kind === 'archived') warnOfOddities(result.files, subject, ports.observer);
    return undefined;
  } catch (thrown) {
    const error = asArchiverError(signal.aborted ? signal.reason : thrown);
    if (error instanceof GaveWay) return error;
    // It turned not ready between the listing and the link: time to wait, unless there is none left.
    if (error.code === 'not-ready' && !isAtRisk(backup, ports.clock.now()))
      ledger.skipped(subject, 'not-ready', { effort });
    else
      ledger.failed(
        subject,
        error.reason,
        await overAnArchive(error, { ...job, signal: stop }, ports.backup),
        effort,
      );
    return error;
  }
}

type Looking = Pick<BackupJob, 'source' | 'instance' | 'backup' | 'unproved' | 'signal'>;

/** Bytes that nothing has proved are a failure of this run, and damage where they have come to lie under another run's archive: it is read. */
async function overAnArchive(error: ArchiverError, job: Looking, ports: BackupPorts): Promise<ArchiverError> {
  if (job.unproved.size === 0 || job.signal.aborted) return error;
  // What cannot be looked at is not called damaged; `verify` will tell.
  const key = await spoiltKey(job, ports).catch(() => undefined);
  if (key === undefined) return error;
  return new ArchiverError(
    'archive-damaged',
    `another run has archived this backup meanwhile, and its bytes lie at ${key} no longer: ${error.message}`,
    {
      cause: error,
      hint: 'Move its manifest out of the catalog and archive the backup again while the cloud still has it.',
    },
  );
}

/** Where bytes of this run lie in place of the archive's, of the keys that were not proved. */
async function spoiltKey(
  { unproved, signal, ...job }: Looking,
  { catalog, transfer: { store } }: BackupPorts,
): Promise<string | undefined> {
  const winner = await catalog.find(refOf(job), { signal });
  for (const { key, stored, ...plain } of winner?.files ?? [])
    if (unproved.has(key) && (await heldAt(key, stored ?? plain, store, signal)) !== 'same') return key;
  return undefined;
}

function enter(result: BackupResult, subject: Subject, ledger: Ledger, effort: Effort): void {
  switch (result.kind) {
    case 'archived':
      ledger.archived(
        subject,
        result.files.map(({ key, size, sha256 }) => ({ key, size, sha256 })),
        effort,
        result.key,
      );
      break;
    case 'already-archived':
      ledger.skipped(subject, 'already-archived', { by: result.by, effort });
      break;
    case 'corrupt-source': {
      ledger.failed(subject, 'corrupt-source', corruptSource(subject, result), effort);
      break;
    }
  }
}

function corruptSource(
  { backup, instance }: Subject,
  { problem, unproved }: BackupResult & { kind: 'corrupt-source' },
): ArchiverError {
  const what = `the dump of backup ${backup.id} of ${instance.id}`;
  if (!unproved)
    return new ArchiverError('corrupt-source', `${what} is damaged, however often it is fetched: ${problem}`);
  return new ArchiverError('corrupt-source', `nothing proves that ${what} is whole: ${problem}`, {
    hint: 'It is kept in quarantine, and a server may well load it. Turn on `rdbchecksum` for the instance where that can be had, and take a new backup.',
  });
}

/** What an archived dump has about it that somebody should know. */
function warnOfOddities(files: readonly ManifestFile[], { backup }: Subject, observer: Observer): void {
  for (const file of files) {
    for (const { what, hint } of odditiesOf(file)) {
      const message = `${file.name} of backup ${backup.id} ${what}`;
      observer({ type: 'warning', message, ...(hint !== undefined && { hint }) });
    }
  }
}

type TransferRef = { runId: string; source: string; region: string; instanceId: string; backupId: string };

let transfers = 0;

interface Transfer {
  readonly effort: Effort;
  readonly limits: Limits;
  readonly place: Place;
  readonly watch: Watch | undefined;
}

/** Passes on what a transfer tells, counts what the outcome wants to know, and judges its pace. */
function listen(
  file: string,
  ref: TransferRef,
  { effort, limits, place, watch }: Transfer,
  { observer, clock }: Pick<ProcessPorts, 'observer' | 'clock'>,
): ReturnType<BackupJob['listenerFor']> {
  transfers += 1;
  const transfer = { ...ref, transferId: transfers, file };
  const judge = createPace(clock, limits);
  let position = 0;
  let late = false;

  function heed(judgement: Judgement): void {
    place.judge(judgement.slow);
    if (judgement.late === late) return;
    late = judgement.late;
    const { bytesPerSecond, neededBytesPerSecond } = judgement;
    const pace = { position, bytesPerSecond, neededBytesPerSecond, deadline: toInstant(limits.lostAt) };
    if (late) observer({ type: 'transfer.late', ...transfer, ...pace });
    else observer({ type: 'transfer.in-time', ...transfer, ...pace });
  }

  return {
    begin(size) {
      watch?.begun(transfer.transferId, size);
      judge.begun(size);
      observer({ type: 'transfer.begin', ...transfer, ...(size !== undefined && { size }) });
    },
    progress(now) {
      position = now;
      observer({ type: 'transfer.progress', ...transfer, position });
      watch?.moved(transfer.transferId, position);
      const judgement = judge.moved(position);
      if (judgement) heed(judgement);
    },
    resumed(at, cause) {
      effort.resumes += 1;
      observer({ type: 'transfer.resumed', ...transfer, position: at, cause });
    },
    restarted: (cause) => observer({ type: 'transfer.restarted', ...transfer, cause }),
    linkRenewed() {
      effort.linkRenewals += 1;
      observer({ type: 'link.renewed', ...transfer, position });
    },
    end: (ok) => observer({ type: 'transfer.end', ...transfer, ok }),
  };
}
