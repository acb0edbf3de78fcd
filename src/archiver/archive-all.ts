/** What a run has to archive, most urgent first and several at once, each as soon as there is a place for it. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { isAtRisk } from '../plan/plan.ts';
import type { Observer } from '../report/observer.ts';
import type { Claim } from './claims.ts';
import type { BackupPorts } from './fetch-file.ts';
import type { Ledger } from './ledger.ts';
import type { Overtime } from './overtime.ts';
import { GaveWay, type Place } from './places.ts';
import { processBackup } from './process-backup.ts';
import type { RetryPolicy } from './retry.ts';
import type { Subject } from './survey.ts';

export interface Work {
  readonly subject: Subject;
  readonly claim: Claim;
  /** It gave way to another one before. */
  readonly tried: boolean;
  /** What it had put by then, and nothing had proved. */
  readonly unproved?: Set<string>;
}

/** So many backups in a row that failed because the store could not be reached end the attempts: the rest would only fail slowly. */
const UNREACHABLE_LIMIT = 10;

export interface AllPorts {
  readonly backup: BackupPorts;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly policy: {
    /** Backups at once. */
    readonly concurrency: number;
    /** Milliseconds after which nothing new is started. */
    readonly deadlineMs: number;
    readonly retry: RetryPolicy;
  };
}

/** Of the run. */
interface Bounds {
  readonly startedAt: number;
  readonly signal: AbortSignal;
  readonly overtime: Overtime;
}

/** Archives the work in order, several at once, until it is done, the deadline has passed, the store is lost or a signal came. */
export async function archiveAll(
  work: Work[],
  ledger: Ledger,
  ports: AllPorts,
  { startedAt, signal, overtime }: Bounds,
): Promise<void> {
  const { clock, policy, backup } = ports;
  const process = { ...ports, retry: policy.retry };
  let unreachableInARow = 0;
  /** In reverse, so that the next one is taken off the end. */
  work.reverse();
  const later: Work[] = [];

  async function worker(): Promise<void> {
    for (let next = work.pop() ?? later.shift(); next; next = work.pop() ?? later.shift()) await one(next);
  }

  async function one({ subject, claim, tried, unproved = new Set() }: Work): Promise<void> {
    const place = await placeFor(subject, claim, tried);
    try {
      if (claim.lost().aborted) {
        ledger.uncounted({ 'in-progress': 1 });
      } else if (signal.aborted) {
        ledger.failed(subject, 'interrupted', asArchiverError(signal.reason));
      } else if (unreachableInARow >= UNREACHABLE_LIMIT) {
        ledger.failed(subject, 'store-failed', storeIsLost());
      } else if (!place || clock.now() - startedAt > policy.deadlineMs) {
        ledger.skipped(subject, 'deadline', { atRisk: isAtRisk(subject.backup, clock.now()) });
      } else {
        claim.begin();
        const turn = { place, tried, unproved, watch: overtime.watch() };
        const error = await processBackup(subject, ledger, process, signal, turn);
        if (error instanceof GaveWay) later.push({ subject, claim, tried: true, unproved });
        else unreachableInARow = error?.code === 'store-unreachable' ? unreachableInARow + 1 : 0;
      }
    } finally {
      place?.release();
      if (!later.some((waiting) => waiting.claim === claim)) claim.end();
    }
  }

  /** Undefined where it is not to be begun any more. */
  async function placeFor(subject: Subject, claim: Claim, tried: boolean): Promise<Place | undefined> {
    const enough = AbortSignal.any([signal, overtime.deadline, claim.lost()]);
    return backup.places.take(subject.backup, { tried }, enough).catch((error: unknown) => {
      if (!enough.aborted) throw error;
      return undefined;
    });
  }

  // Two more than there are places: where all are slow, one has a try, and another waits for it to give way.
  await Promise.all(Array.from({ length: policy.concurrency + 2 }, worker));
}

function storeIsLost(): ArchiverError {
  return new ArchiverError(
    'store-failed',
    `not tried: the object storage could not be reached for ${UNREACHABLE_LIMIT} backups in a row`,
  );
}
