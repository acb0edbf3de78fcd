/** The story of one backup: its files, all of them or no archive; what stays damaged into quarantine; the manifest last of all. */
import type { QuarantinedFile, QuarantineRecord } from '../catalog/quarantine.ts';
import { ArchiverError } from '../domain/errors.ts';
import { toInstant } from '../domain/instant.ts';
import { MANIFEST_SCHEMA, type Manifest, type ManifestFile } from '../domain/manifest.ts';
import { DamagedDump } from '../transfer/inspection.ts';
import type { FileReceipt } from '../transfer/transfer.ts';
import {
  ArchivedMeanwhile,
  type BackupJob,
  type BackupPorts,
  type FileWork,
  fetchTo,
  forEachFile,
  listFiles,
  refOf,
} from './fetch-file.ts';

export type BackupResult =
  | { readonly kind: 'archived'; readonly files: readonly ManifestFile[] }
  /** Another run was faster; `by` is its id. */
  | { readonly kind: 'already-archived'; readonly by: string }
  | { readonly kind: 'corrupt-source'; readonly problem: string };

/** A damaged dump is fetched anew once: the damage may have happened on the way. */
const DAMAGE_TRIES = 2;

/** What became of it: a receipt, or the damage that it stays with. */
type FileResult = FileWork & ({ readonly receipt: FileReceipt } | { readonly damage: string });

/** Rejects with an `ArchiverError` or the signal's reason; then nothing of the backup is an archive. */
export async function archiveBackup(job: BackupJob, ports: BackupPorts): Promise<BackupResult> {
  try {
    const earlier = await ports.quarantine.find(refOf(job), job);
    const works = await listFiles(job, ports.clock);
    const results = await forEachFile(works, job, ports, (work, inner) =>
      moveFile(work, damagedBefore(work, earlier) ? 1 : DAMAGE_TRIES, inner, ports),
    );

    const damages = results.flatMap((result) => ('damage' in result ? [result.damage] : []));
    if (damages.length > 0) {
      await keepInQuarantine(results, earlier, job, ports);
      return { kind: 'corrupt-source', problem: damages.join('; ') };
    }
    const receipts = results.flatMap((result) => ('receipt' in result ? [result.receipt] : []));
    return await commit(receipts, job, ports);
  } catch (error) {
    if (error instanceof ArchivedMeanwhile) return resultOf(error.winner, job);
    throw error;
  }
}

/** Where a manifest is there already: another run's archive, or our own, whose commit was not answered. */
function resultOf({ files, archiver }: Manifest, { runId }: BackupJob): BackupResult {
  return archiver.runId === runId
    ? { kind: 'archived', files }
    : { kind: 'already-archived', by: archiver.runId };
}

async function moveFile(
  work: FileWork,
  tries: number,
  job: BackupJob,
  ports: BackupPorts,
): Promise<FileResult> {
  const key = ports.layout.dumpKey(refOf(job), work.index, work.count);
  let damage = '';
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    // After damage the link is asked for anew: it may lead to another copy, past whatever cached the bad one.
    const askedAt = attempt === 1 ? work.askedAt : Number.NEGATIVE_INFINITY;
    try {
      return { ...work, receipt: await fetchTo(key, { ...work, askedAt }, job, ports) };
    } catch (error) {
      if (!(error instanceof DamagedDump)) throw error;
      damage = `${work.file.name}: ${error.message}`;
    }
  }
  return { ...work, damage };
}

/** Fetches what is damaged a last time, to keep it, since the cloud will delete the only other copy. What is kept already only gets a new date. */
async function keepInQuarantine(
  results: readonly FileResult[],
  earlier: QuarantineRecord | undefined,
  job: BackupJob,
  ports: BackupPorts,
): Promise<void> {
  const { layout, quarantine, clock } = ports;
  const ref = refOf(job);
  const files = await forEachFile(results, job, ports, async (result, inner) => {
    if ('receipt' in result) return recorded(result.receipt);
    const kept = damagedBefore(result, earlier);
    if (kept) return kept;
    const key = layout.quarantineKey(ref, result.index, result.count);
    const anew = { ...result, askedAt: Number.NEGATIVE_INFINITY };
    return recorded(await fetchTo(key, anew, inner, ports, { keepDamaged: true }));
  });
  await quarantine.keep(ref, files, { runId: job.runId, now: toInstant(clock.now()) }, job);
}

/** The file as an earlier run has kept it, damaged. */
function damagedBefore(
  { file }: FileWork,
  earlier: QuarantineRecord | undefined,
): QuarantinedFile | undefined {
  return earlier?.files.find(({ name, damage }) => name === file.name && damage !== undefined);
}

function recorded({ name, key, size, sha256, damage }: FileReceipt): QuarantinedFile {
  return { name, key, size, sha256, ...(damage && { damage }) };
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
  return resultOf(winner, job);
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
