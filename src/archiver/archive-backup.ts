/** The story of one backup: its files, all of them or no archive; what stays damaged into quarantine; the manifest last of all. */
import type { LimitFunction } from 'p-limit';
import type { Catalog } from '../catalog/catalog.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Backup, BackupFile } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type Instance, writesRdb } from '../domain/instance.ts';
import { toInstant } from '../domain/instant.ts';
import { MANIFEST_SCHEMA, type Manifest, type ManifestFile } from '../domain/manifest.ts';
import type { Source } from '../source/source.ts';
import { DamagedDump } from '../transfer/inspection.ts';
import {
  type FileReceipt,
  type TransferListener,
  type TransferPorts,
  transferFile,
} from '../transfer/transfer.ts';
import { allOrFirstError } from './all-or-first-error.ts';

export interface BackupJob {
  readonly source: Source;
  readonly instance: Instance;
  readonly backup: Backup;
  readonly runId: string;
  /** Tells what one file of the backup does. */
  readonly listenerFor: (file: BackupFile) => TransferListener & { end(ok: boolean): void };
  readonly signal: AbortSignal;
}

export interface BackupPorts {
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly transfer: TransferPorts;
  /** Shared by all backups: so many files at once. */
  readonly fileSlots: LimitFunction;
  readonly clock: Clock;
  /** The product's version, for the manifest. */
  readonly version: string;
}

export type BackupResult =
  | { readonly kind: 'archived'; readonly files: readonly FileReceipt[] }
  /** Another run was faster; `by` is its id. */
  | { readonly kind: 'already-archived'; readonly by: string }
  | { readonly kind: 'corrupt-source'; readonly problem: string };

/** A damaged dump is fetched anew once: the damage may have happened on the way. */
const DAMAGE_TRIES = 2;

/** Thrown in mid-transfer when another run's manifest has appeared. */
class ArchivedMeanwhile extends Error {
  readonly by: string;
  constructor(by: string) {
    super('another run archived this backup meanwhile');
    this.by = by;
  }
}

/** Where one file goes and what became of it. */
interface FileWork {
  readonly file: BackupFile;
  readonly askedAt: number;
  /** From 1, of `count`. */
  readonly index: number;
  readonly count: number;
}
type FileResult = { readonly receipt: FileReceipt } | { readonly damage: string };

/** Rejects with an `ArchiverError` or the signal's reason; then nothing of the backup is an archive. */
export async function archiveBackup(job: BackupJob, ports: BackupPorts): Promise<BackupResult> {
  const ref = refOf(job);
  try {
    const earlier = await ports.quarantine.find(ref, job);
    const tries = earlier ? 1 : DAMAGE_TRIES;
    const works = await listFiles(job, ports.clock);
    const results = await forEachFile(works, job, ports, (work, inner) =>
      moveFile(work, ref, tries, inner, ports),
    );

    const damages = results.filter((result) => 'damage' in result);
    if (damages.length > 0) {
      await keepInQuarantine(works, results, ref, earlier !== undefined, job, ports);
      return { kind: 'corrupt-source', problem: damages.map((result) => result.damage).join('; ') };
    }
    const receipts = results.flatMap((result) => ('receipt' in result ? [result.receipt] : []));
    return await commit(receipts, job, ports);
  } catch (error) {
    if (error instanceof ArchivedMeanwhile) return { kind: 'already-archived', by: error.by };
    throw error;
  }
}

async function listFiles({ source, backup, instance, signal }: BackupJob, clock: Clock): Promise<FileWork[]> {
  const files = await source.files(backup, instance, signal);
  const askedAt = clock.now();
  return files.map((file, position) => ({ file, askedAt, index: position + 1, count: files.length }));
}

/** Runs over all files, so many at once as there are slots; one that fails ends the others. */
function forEachFile<Work extends FileWork, Result>(
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

async function moveFile(
  work: FileWork,
  ref: ArchiveRef,
  tries: number,
  job: BackupJob,
  ports: BackupPorts,
): Promise<FileResult> {
  const key = ports.layout.dumpKey(ref, work.index, work.count);
  let damage = '';
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    // After damage the link is asked for anew: it may lead to another copy, past whatever cached the bad one.
    const askedAt = attempt === 1 ? work.askedAt : Number.NEGATIVE_INFINITY;
    try {
      return { receipt: await transfer({ ...work, askedAt }, key, false, ref, job, ports) };
    } catch (error) {
      if (!(error instanceof DamagedDump)) throw error;
      damage = `${work.file.name}: ${error.message}`;
    }
  }
  return { damage };
}

async function transfer(
  work: FileWork,
  key: string,
  keepDamaged: boolean,
  ref: ArchiveRef,
  job: BackupJob,
  ports: BackupPorts,
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
        checkRdb: !backup.encrypted && writesRdb(instance),
        keepDamaged,
        beforeVisible: () => yieldToWinner(ref, job, ports.catalog),
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
async function yieldToWinner(ref: ArchiveRef, job: BackupJob, catalog: Catalog): Promise<void> {
  const winner = await catalog.find(ref, { signal: job.signal });
  if (winner) throw new ArchivedMeanwhile(winner.archiver.runId);
}

/** Fetches what is damaged a last time, to keep it, since the cloud will delete the only other copy. A known case only gets a new date. */
async function keepInQuarantine(
  works: readonly FileWork[],
  results: readonly FileResult[],
  ref: ArchiveRef,
  known: boolean,
  job: BackupJob,
  ports: BackupPorts,
): Promise<void> {
  const { layout, quarantine, clock } = ports;
  const when = { runId: job.runId, now: toInstant(clock.now()) };
  if (known) {
    const earlier = await quarantine.find(ref, job);
    await quarantine.keep(ref, earlier?.files ?? [], when, job);
    return;
  }
  const damaged = works.filter((_, position) => 'damage' in (results[position] ?? {}));
  const kept = await forEachFile(damaged, job, ports, (work, inner) =>
    transfer(
      { ...work, askedAt: Number.NEGATIVE_INFINITY },
      layout.quarantineKey(ref, work.index, work.count),
      true,
      ref,
      inner,
      ports,
    ),
  );
  const intact = results.flatMap((result) => ('receipt' in result ? [result.receipt] : []));
  const files = [...intact, ...kept].map(({ name, key, size, sha256, damage }) => ({
    name,
    key,
    size,
    sha256,
    ...(damage && { damage }),
  }));
  await quarantine.keep(ref, files, when, job);
}

async function commit(
  receipts: readonly FileReceipt[],
  job: BackupJob,
  ports: BackupPorts,
): Promise<BackupResult> {
  const manifest = manifestOf(receipts, job, ports);
  const result = await ports.catalog.commit(manifest, job);
  if (result.kind === 'committed') return { kind: 'archived', files: receipts };
  const { winner } = result;
  const theirs = winner.files.map((file) => file.sha256).join();
  if (
    theirs !== receipts.map((file) => file.sha256).join() &&
    winner.files.some((file) => receipts.some(({ key }) => key === file.key))
  ) {
    throw new ArchiverError(
      'archive-damaged',
      `backup ${job.backup.id} of ${job.instance.id} gave other bytes to run ${winner.archiver.runId} than to this one, at the same keys`,
      { hint: 'Run `rdb-archiver verify` on it now, while the cloud still has the backup.' },
    );
  }
  return { kind: 'already-archived', by: winner.archiver.runId };
}

function manifestOf(receipts: readonly FileReceipt[], job: BackupJob, ports: BackupPorts): Manifest {
  const { source, instance, backup } = job;
  const { id, name, engine, version, shards, tags } = instance;
  return {
    schema: MANIFEST_SCHEMA,
    source: { name: source.name, api: source.api, region: source.region },
    instance: { id, name, engine, version, shards, tags },
    backup: {
      id: backup.id,
      type: backup.type,
      startedAt: backup.startedAt,
      ...(backup.endedAt && { endedAt: backup.endedAt }),
      ...(backup.expiresAt && { expiresAt: backup.expiresAt }),
      ...(backup.remark && { remark: backup.remark }),
      encrypted: backup.encrypted,
    },
    files: receipts.map(({ damage: _, ...file }): ManifestFile => file),
    archivedAt: toInstant(ports.clock.now()),
    archiver: { version: ports.version, runId: job.runId },
  };
}

function refOf({ source, instance, backup }: BackupJob): ArchiveRef {
  return { source: source.name, instanceId: instance.id, backupId: backup.id, startedAt: backup.startedAt };
}
