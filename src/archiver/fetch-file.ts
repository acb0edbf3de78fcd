/** One file of a backup on its way to its key: what that takes, in which turn, and who may interrupt it. */
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
import type { HttpGet } from '../transfer/http-get.ts';
import {
  type FileReceipt,
  type TransferJob,
  type TransferListener,
  type TransferPorts,
  transferFile,
} from '../transfer/transfer.ts';
import type { KeyPorts } from './backup-key.ts';
import type { Place, Places } from './places.ts';

export interface BackupJob {
  readonly source: Source;
  readonly instance: Instance;
  readonly backup: Backup;
  readonly runId: string;
  /** How often the run has begun this backup, from 1. */
  readonly attempt: number;
  /** Tells what one file of the backup does, in the place that it has. */
  readonly listenerFor: (file: BackupFile, place: Place) => TransferListener & { end(ok: boolean): void };
  /**
   * Keys under which an attempt of this run may have put bytes that nothing has proved, of those that all runs share. Where another run has committed
   * meanwhile they are its archive's.
   */
  readonly unproved: Set<string>;
  /** An earlier attempt has left such: they are put right, whoever has committed. */
  readonly repairs: boolean;
  /** Nothing of a run's backup is begun before there is one. */
  readonly place?: Place;
  /** It gave way before. */
  readonly tried?: boolean;
  readonly signal: AbortSignal;
}

/** The job of one file that is on its way. */
export interface FileJob extends BackupJob {
  readonly place: Place;
}

export interface BackupPorts {
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly keys: KeyPorts;
  readonly transfer: Omit<TransferPorts, 'get'>;
  /** For links of the source of this name. */
  readonly downloads: (source: string) => HttpGet;
  readonly chooseStorage: ChooseStorage;
  readonly places: Places;
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

/**
 * Runs over all files: one after the other in the place that the backup has, and beside it in whatever places are free. One that fails ends the others;
 * one that gives way beside them is begun again in the first place of the backup that is free.
 */
export async function forEachFile<Work extends FileWork, Result>(
  works: readonly Work[],
  job: BackupJob,
  { places }: BackupPorts,
  action: (work: Work, job: FileJob) => Promise<Result>,
): Promise<Result[]> {
  const queue = [...works.entries()];
  const results = new Map<number, Result>();
  const { backup, place: own } = job;
  const done = new AbortController();
  let requeued = Promise.withResolvers<void>();

  async function oneAfterAnother(place: Place, signal: AbortSignal): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      signal.throwIfAborted();
      const [index, work] = next;
      const inPlace = { ...job, signal: AbortSignal.any([signal, place.signal]), place };
      try {
        results.set(index, await action(work, inPlace));
      } catch (error) {
        if (place.signal.aborted) queue.push(next);
        throw error;
      }
    }
    if (results.size === works.length) done.abort();
  }

  /** It stays with the backup to the end: what gives way beside it may find no other. */
  async function inOwn(place: Place, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, done.signal]);
    for (;;) {
      await oneAfterAnother(place, signal);
      signal.throwIfAborted();
      if (done.signal.aborted) return;
      if (queue.length > 0) continue;
      requeued = Promise.withResolvers();
      over.addEventListener('abort', () => requeued.resolve(), { once: true });
      await requeued.promise;
    }
  }

  async function beside(signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, done.signal]);
    for (let tried = job.tried ?? false; ; tried = true) {
      const place = await places.take(backup, { tried }, over).catch(() => signal.throwIfAborted());
      if (!place) return;
      try {
        return await oneAfterAnother(place, signal);
      } catch (error) {
        if (!place.signal.aborted) throw error;
        requeued.resolve();
      } finally {
        place.release();
      }
    }
  }

  await allOrFirstError(job.signal, (signal) =>
    works.map((_, lane) => (lane === 0 && own ? inOwn(own, signal) : beside(signal))),
  );
  return works.map((_, index) => results.get(index) as Result);
}

export type FetchOptions = Pick<TransferJob, 'suspected' | 'onHead'> &
  Partial<Pick<TransferJob, 'keepDamaged' | 'storage'>>;

/** Rejects as `transferFile` does, or with `ArchivedMeanwhile`. */
export async function fetchTo(
  key: string,
  work: FileWork,
  job: FileJob,
  ports: BackupPorts,
  { suspected, keepDamaged = false, storage = {}, onHead }: FetchOptions,
): Promise<FileReceipt> {
  const { source, backup, instance, signal } = job;
  const listener = job.listenerFor(work.file, job.place);
  // Quarantine is no archive, and what is stored in another form lies in a folder of the attempt's own.
  const isShared = !keepDamaged && ports.transfer.form === undefined;
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
        encrypted: backup.encrypted,
        ...(onHead && { onHead }),
        suspected,
        keepDamaged,
        async beforeVisible() {
          if (!job.repairs) await yieldToWinner(job, ports.catalog);
          if (isShared) job.unproved.add(key);
        },
        listener,
        signal,
      },
      { ...ports.transfer, get: ports.downloads(source.name) },
    );
    ok = true;
    job.unproved.delete(key);
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

export function refOf({
  source,
  instance,
  backup,
}: Pick<BackupJob, 'source' | 'instance' | 'backup'>): ArchiveRef {
  return { source: source.name, instanceId: instance.id, backupId: backup.id, startedAt: backup.startedAt };
}
