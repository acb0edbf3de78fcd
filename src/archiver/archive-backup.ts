/** The story of one backup: its files, all of them or no archive; what stays damaged into quarantine; the manifest last of all. */
import type { Catalog } from '../catalog/catalog.ts';
import type { QuarantinedFile, QuarantineRecord } from '../catalog/quarantine.ts';
import { type Encryption, isSealed, type KeyState, type SealedKey } from '../domain/encryption.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { writesRdb } from '../domain/instance.ts';
import { toInstant } from '../domain/instant.ts';
import { MANIFEST_SCHEMA, type Manifest, type ManifestFile } from '../domain/manifest.ts';
import type { Storage } from '../domain/object-lock.ts';
import { DamagedDump } from '../transfer/inspection.ts';
import type { FileReceipt } from '../transfer/transfer.ts';
import { type Attempt, beginAttempt } from './attempt.ts';
import { encryptionOf, type KeyInHand, keyInHand, noteKey } from './backup-key.ts';
import {
  ArchivedMeanwhile,
  type BackupJob,
  type BackupPorts,
  type FetchOptions,
  type FileJob,
  type FileWork,
  fetchTo,
  forEachFile,
  listFiles,
  refOf,
} from './fetch-file.ts';

export type BackupResult =
  | { readonly kind: 'archived'; readonly files: readonly ManifestFile[]; readonly key?: KeyState }
  /** Another run was faster; `by` is its id. `keyError`: it has archived without the key that this one had, and that could not be kept beside it. */
  | { readonly kind: 'already-archived'; readonly by: string; readonly keyError?: ArchiverError }
  /** `unproved`: it may be whole, and nothing says so. */
  | { readonly kind: 'corrupt-source'; readonly problem: string; readonly unproved: boolean };

/** A damaged dump is fetched anew once: the damage may have happened on the way. */
const DAMAGE_TRIES = 2;

interface Damage {
  readonly damage: string;
  readonly unproved: boolean;
}

/** What became of it: a receipt, or the damage that it stays with. */
type FileResult = FileWork & ({ readonly receipt: FileReceipt } | Damage);

/** Rejects with an `ArchiverError` or the signal's reason; then nothing of the backup is an archive. */
export async function archiveBackup(job: BackupJob, ports: BackupPorts): Promise<BackupResult> {
  const storage = ports.chooseStorage(job.source.name, job.instance, ports.clock.now());
  const attempt = beginAttempt(job, ports);
  let key: KeyInHand = {};
  try {
    // Before the first byte: a key that is refused costs no transfer, and a backup that goes meanwhile leaves its key here.
    key = await keyInHand({ ...job, now: ports.clock.now() }, ports.keys);
    const { sealed, trial } = key;
    const onHead = trial && writesRdb(job.instance) ? trial.see : undefined;
    const earlier = await earlierRecord(job, ports);
    const works = await listFiles(job, ports.clock);
    const results = await forEachFile(works, job, ports, (work, inner) =>
      moveFile(work, damagedBefore(work, earlier) ? 1 : DAMAGE_TRIES, inner, ports, {
        key: attempt.dumpKey(work.index, work.count),
        storage: storage.data,
        ...(onHead && { onHead }),
      }),
    );

    const damaged = results.flatMap((result) => ('damage' in result ? [result] : []));
    if (damaged.length > 0) {
      // First: what is kept of it opens by that alone.
      if (sealed)
        await ports.keys.records.keep(refOf(job), sealed, { signal: job.signal, storage: storage.manifest });
      await keepInQuarantine(results, earlier, job, ports, attempt);
      const problem = damaged.map(({ damage }) => damage).join('; ');
      return { kind: 'corrupt-source', problem, unproved: damaged.every(({ unproved }) => unproved) };
    }
    const receipts = results.flatMap((result) => ('receipt' in result ? [result.receipt] : []));
    const manifest = manifestOf(receipts, await encryptionOf(job.backup, key), job, ports);
    return await commit(manifest, job, ports, attempt, { storage: storage.manifest, sealed });
  } catch (error) {
    if (!(error instanceof ArchivedMeanwhile)) throw error;
    const { winner } = error;
    // Our own, committed by an earlier try that failed after it: what is left to do is done by committing it again.
    const held = { storage: storage.manifest, sealed: key.sealed };
    if (winner.archiver.runId === job.runId) return await commit(winner, job, ports, attempt, held);
    return await yieldTo(winner, job, ports, held);
  } finally {
    await attempt.cleanUp();
  }
}

/** How the manifest is to be kept, and the key that its archive opens by, where this run has it. */
interface Held {
  readonly storage: Storage;
  readonly sealed: SealedKey | undefined;
}

/** Another run's archive stands. Where it was made without the key, the one of this run is kept beside it: the cloud may not hand it out again. */
async function yieldTo(
  { backup, archiver }: Manifest,
  job: BackupJob,
  { keys }: BackupPorts,
  { sealed, storage }: Held,
): Promise<BackupResult> {
  const yielded = { kind: 'already-archived', by: archiver.runId } as const;
  if (!sealed || isSealed(backup.encryption)) return yielded;
  try {
    await keys.records.keep(refOf(job), sealed, { signal: job.signal, storage });
    return yielded;
  } catch (thrown) {
    return { ...yielded, keyError: asArchiverError(thrown) };
  }
}

function archivedAs(files: readonly ManifestFile[], encryption: Encryption | undefined): BackupResult {
  return {
    kind: 'archived',
    files,
    ...(encryption && { key: stateOf(encryption) }),
  };
}

function stateOf(encryption: Encryption): KeyState {
  if (!isSealed(encryption)) return 'not-kept';
  return encryption.opened === null ? 'not-opened' : 'sealed';
}

async function moveFile(
  work: FileWork,
  tries: number,
  job: FileJob,
  ports: BackupPorts,
  { key, ...options }: { readonly key: string; readonly storage: Storage } & Pick<FetchOptions, 'onHead'>,
): Promise<FileResult> {
  let found: Damage = { damage: '', unproved: false };
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    // After damage the link is asked for anew: it may lead to another copy, past whatever cached the bad one.
    const askedAt = attempt === 1 ? work.askedAt : Number.NEGATIVE_INFINITY;
    try {
      // Who was called damaged, now or by an earlier run, is looked at more closely.
      const how = { ...options, suspected: attempt === tries };
      return { ...work, receipt: await fetchTo(key, { ...work, askedAt }, job, ports, how) };
    } catch (error) {
      if (!(error instanceof DamagedDump)) throw error;
      found = { damage: `${work.file.name}: ${error.message}`, unproved: error.unproved };
    }
  }
  return { ...work, ...found };
}

/** Fetches what is damaged a last time, to keep it, since the cloud will delete the only other copy. What is kept already only gets a new date. */
async function keepInQuarantine(
  results: readonly FileResult[],
  earlier: QuarantineRecord | undefined,
  job: BackupJob,
  ports: BackupPorts,
  attempt: Attempt,
): Promise<void> {
  const { quarantine, clock } = ports;
  const ref = refOf(job);
  const files = await forEachFile(results, job, ports, async (result, inner) => {
    if ('receipt' in result) return recorded(result.receipt);
    const kept = damagedBefore(result, earlier);
    if (kept) return kept;
    const key = attempt.quarantineKey(result.index, result.count);
    const anew = { ...result, askedAt: Number.NEGATIVE_INFINITY };
    return recorded(await fetchTo(key, anew, inner, ports, { suspected: true, keepDamaged: true }));
  });
  attempt.committing();
  await quarantine.keep(ref, files, { runId: job.runId, now: toInstant(clock.now()) }, job);
  const keys = files.map(({ key }) => key);
  attempt.committed(keys);
  // Intact files beside a damaged one lie in the folder of whoever tried last; plain ones have one key for all, and a winner may need it.
  const own = earlier?.files.filter(({ stored }) => stored !== undefined) ?? [];
  attempt.supersedes(own.map(({ key }) => key).filter((key) => !keys.includes(key)));
}

/** What a newer version of the program has kept says nothing here: the dump may be sound by now, and is tried; what lies there stays. */
async function earlierRecord(job: BackupJob, ports: BackupPorts): Promise<QuarantineRecord | undefined> {
  try {
    return await ports.quarantine.find(refOf(job), job);
  } catch (error) {
    if (error instanceof ArchiverError && error.code === 'newer-version') return undefined;
    throw error;
  }
}

/** The file as an earlier run has kept it, damaged. */
function damagedBefore(
  { file }: FileWork,
  earlier: QuarantineRecord | undefined,
): QuarantinedFile | undefined {
  return earlier?.files.find(({ name, damage }) => name === file.name && damage !== undefined);
}

function recorded({ name, key, size, sha256, stored, damage }: FileReceipt): QuarantinedFile {
  return { name, key, size, sha256, ...(stored && { stored }), ...(damage && { damage }) };
}

async function commit(
  manifest: Manifest,
  job: BackupJob,
  ports: BackupPorts,
  attempt: Attempt,
  held: Held,
): Promise<BackupResult> {
  const { catalog, keys } = ports;
  const { storage } = held;
  const { files, backup } = manifest;
  attempt.committing();
  const result = await catalog.commit(manifest, { signal: job.signal, storage }).catch(async (error) => {
    if (await wasRefused(error, job, catalog)) attempt.committed([]);
    throw error;
  });
  const { files: lying, backup: archived } = result.kind === 'committed' ? result.manifest : result.winner;
  attempt.committed(lying.map(({ key }) => key));
  if (result.kind === 'committed') {
    if (archived.encryption) await noteKey(refOf(job), archived.encryption, keys, job);
    return archivedAs(lying, archived.encryption);
  }
  const { winner } = result;
  const yielded = await yieldTo(winner, job, ports, held);
  const theirs = winner.files.map((file) => file.sha256).join();
  if (
    theirs !== files.map((file) => file.sha256).join() &&
    winner.files.some((file) => files.some(({ key }) => key === file.key))
  ) {
    throw new ArchiverError(
      'archive-damaged',
      `backup ${backup.id} of ${job.instance.id} gave other bytes to run ${winner.archiver.runId} than to this one, at the same keys`,
      { hint: 'Run `rdb-archiver verify` on it now, while the cloud still has the backup.' },
    );
  }
  return yielded;
}

/** Only a refusal is sure to have stored nothing: after any other failure the manifest may lie there, or still be on its way. */
async function wasRefused(error: unknown, job: BackupJob, catalog: Catalog): Promise<boolean> {
  if (!(error instanceof ArchiverError) || error.code !== 'store-refused') return false;
  return catalog.find(refOf(job), job).then(
    (manifest) => manifest === undefined,
    () => false,
  );
}

function manifestOf(
  receipts: readonly FileReceipt[],
  encryption: Encryption | undefined,
  job: BackupJob,
  ports: BackupPorts,
): Manifest {
  const { source, instance, backup } = job;
  const { id, name, engine, version, shards, tags, vanished } = instance;
  return {
    schema: MANIFEST_SCHEMA,
    source: { name: source.name, api: source.api, region: source.region },
    instance: { id, name, engine, version, shards, tags, ...(vanished && { vanished }) },
    backup: {
      id: backup.id,
      type: backup.type,
      startedAt: backup.startedAt,
      ...(backup.endedAt && { endedAt: backup.endedAt }),
      ...(backup.expiresAt && { expiresAt: backup.expiresAt }),
      ...(backup.remark && { remark: backup.remark }),
      encrypted: backup.encrypted,
      ...(encryption && { encryption }),
    },
    files: receipts.map(({ damage: _, ...file }): ManifestFile => file),
    archivedAt: toInstant(ports.clock.now()),
    archiver: { version: ports.version, runId: job.runId },
  };
}
