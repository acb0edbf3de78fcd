/** One file of a backup on its way to its key: what that takes, in which turn, and who may interrupt it. */
import type { LimitFunction } from 'p-limit';
import type { Catalog } from '../catalog/catalog.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Backup, BackupFile } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { type Instance, writesRdb } from '../domain/instance.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { ChooseStorage } from '../plan/choose-storage.ts';
import type { Source } from '../source/source.ts';
import {
  type FileReceipt,
  type TransferJob,
  type TransferListener,
  type TransferPorts,
  transferFile,
} from '../transfer/transfer.ts';
import type { KeyPorts } from './backup-key.ts';

export interface BackupJob {
  readonly source: Source;
  readonly instance: Instance;
  readonly backup: Backup;
  readonly runId: string;
  /** How often the run has begun this backup, from 1. */
  readonly attempt: number;
  /** Tells what one file of the backup does. */
  readonly listenerFor: (file: BackupFile) => TransferListener & { end(ok: boolean): void };
  readonly signal: AbortSignal;
}

export interface BackupPorts {
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly keys: KeyPorts;
  readonly transfer: TransferPorts;
  readonly chooseStorage: ChooseStorage;
  /** Shared by all backups: so many files at once. */
  readonly fileSlots: LimitFunction;
  readonly clock: Clock;
  /** The product's version, for the manifest. */
  readonly version: string;
}

/** Where one file goes. */
export interface FileWork {
  readonly file: BackupFile;
  readonly askedAt: number;
  /** From 1, of `count`. */
  readonly index: number;
  readonly count: number;
}

/** Thrown in mid-transfer when a manifest has appeared. */
export class ArchivedMeanwhile extends Error {
  readonly winner: Manifest;
  constructor(winner: Manifest) {
    super('this backup was archived meanwhile');
    this.winner = winner;
  }
}

/** The backup's files with fresh links, each with its place among them. */
export async function listFiles(
  { source, backup, instance, signal }: BackupJob,
  clock: Clock,
): Promise<FileWork[]> {
  const files = await source.files(backup, instance, signal);
  const askedAt = clock.now();
  return files.map((file, position) => ({ file, askedAt, index: position + 1, count: files.length }));
}

/** Runs over all files, so many at once as there are slots; one that fails ends the others. */
export function forEachFile<Work extends FileWork, Result>(
  works: readonly Work[],
  job: BackupJob,
  ports: BackupPorts,
  action: (work: Work, job: BackupJob) => Promise<Result>,
): Promise<Result[]> {
  return allOrFirstError(job.signal, (signal) =>
    works.map((work) =>
      ports.fileSlots(() => {
        signal.throwIfAborted();
        return action(work, { ...job, signal });
      }),
    ),
  );
}

type FetchOptions = Pick<TransferJob, 'suspected'> & Partial<Pick<TransferJob, 'keepDamaged' | 'storage'>>;

/** Rejects as `transferFile` does, or with `ArchivedMeanwhile`. */
export async function fetchTo(
  key: string,
  work: FileWork,
  job: BackupJob,
  ports: BackupPorts,
  { suspected, keepDamaged = false, storage = {} }: FetchOptions,
): Promise<FileReceipt> {
  const { source, backup, instance, signal } = job;
  const listener = job.listenerFor(work.file);
  let ok = false;
  try {
    const receipt = await transferFile(
      {
        subject: `${work.file.name} of backup ${backup.id} of ${instance.id}`,
        file: work.file,
        askedAt: work.askedAt,
        ask: (innerSignal) => source.files(backup, instance, innerSignal),
        key,
        storage,
        checkRdb: !backup.encrypted && writesRdb(instance),
        suspected,
        keepDamaged,
        beforeVisible: () => yieldToWinner(job, ports.catalog),
        listener,
        signal,
      },
      ports.transfer,
    );
    ok = true;
    return receipt;
  } finally {
    listener.end(ok);
  }
}

/** Two runs at once: whoever finds the other's manifest before its own object becomes visible gives up. */
async function yieldToWinner(job: BackupJob, catalog: Catalog): Promise<void> {
  const winner = await catalog.find(refOf(job), job);
  if (winner) throw new ArchivedMeanwhile(winner);
}

export function refOf({ source, instance, backup }: BackupJob): ArchiveRef {
  return { source: source.name, instanceId: instance.id, backupId: backup.id, startedAt: backup.startedAt };
}
