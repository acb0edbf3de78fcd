/** Gets an archive back: the cloud's own bytes, proved on the way, to a folder or to a stream. */
import { openArchivedFile, type ReadPorts } from '../catalog/archived-file.ts';
import { lockedError, type Unlock } from '../catalog/backup-access.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { type ArchiveChoice, findArchive } from '../catalog/find-archive.ts';
import { isDamage } from '../catalog/verify-archive.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import { dumpName } from '../domain/archive-key.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { FileAccess } from '../domain/file-access.ts';
import type { Manifest } from '../domain/manifest.ts';
import { openRestoreFolder } from './folder.ts';
import { writeKeyFile } from './key-file.ts';
import type { ChosenArchive, RestoreItem, RestoreProgress, RestoreReport, RestoreTarget } from './report.ts';
import {
  type FileToRestore,
  itemOf,
  judged,
  missing,
  type RestoreWork,
  restoreToFolder,
} from './restore-file.ts';

export interface RestoreRequest extends ArchiveChoice {
  /** Where the dumps go; absent where only the key is wanted. */
  readonly to?: RestoreTarget;
  /** Takes the cloud's encryption off. A backup without is restored as it is. */
  readonly decrypt?: boolean;
  /** Hands the key of an encrypted backup out to this file. */
  readonly keyFile?: string;
  /** Only this one of several dumps, from 1. */
  readonly shard?: number;
  readonly onProgress?: (progress: RestoreProgress) => void;
  /** Called before anything is fetched, where a time chose the archive. */
  readonly onChosen?: (chosen: ChosenArchive) => void;
}

export interface RestorePorts {
  readonly catalog: Catalog;
  readonly reading: ReadPorts;
  /** Dumps at once. */
  readonly concurrency: number;
  /** Who may read what is written to a folder; `owner` where absent. */
  readonly access?: FileAccess;
}

/** Rejects with what `findArchive` says, with `usage`, `restore-failed` or the store's error; damage is in the report, exit status 4. */
export async function restore(
  request: RestoreRequest,
  { catalog, reading, concurrency, access }: RestorePorts,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const manifest = await findArchive(catalog, request, signal);
  if (request.at !== undefined && request.onChosen)
    request.onChosen(await chosenOf(manifest, catalog, signal));
  const { to, keyFile, onProgress } = request;
  const unlock = request.decrypt && (await unlockOf(manifest, reading, signal));
  const files = to ? filesOf(manifest, { ...request, to }, unlock || undefined) : [];
  const key = keyFile === undefined ? undefined : await handOut(manifest, keyFile, reading, signal);
  if (!to) return reportOf(manifest, [], key);
  const work = { reading, signal, ...(onProgress && { onProgress }) };
  try {
    const items =
      to.kind === 'folder'
        ? await restoreAll(files, { directory: to.directory, concurrency, ...(access && { access }) }, work)
        : await Promise.all(files.map((file) => restoreToStream(file, to.write, work)));
    return reportOf(manifest, items, key);
  } catch (error) {
    throw signal.aborted ? interrupted(signal, to) : error;
  }
}

/** Who mistook the time sees it by the next newer one. */
async function chosenOf(
  { source, instance, backup }: Manifest,
  catalog: Catalog,
  signal: AbortSignal,
): Promise<ChosenArchive> {
  const { id: backupId, startedAt } = backup;
  const next = await catalog.oldest(source.name, instance.id, { signal, after: startedAt });
  return { backupId, startedAt, ...(next !== undefined && { next }) };
}

/** Undefined where there is nothing to take off. */
async function unlockOf(
  manifest: Manifest,
  { access }: ReadPorts,
  signal: AbortSignal,
): Promise<Unlock | undefined> {
  const found = await access.to(manifest, { signal });
  if (found.kind === 'locked') throw lockedError(manifest, found);
  return found.kind === 'unlocked' ? found.unlock : undefined;
}

async function handOut(
  manifest: Manifest,
  path: string,
  { access }: ReadPorts,
  signal: AbortSignal,
): Promise<RestoreReport['key']> {
  const { key, sealed } = await access.key(manifest, { signal });
  await writeKeyFile(path, key);
  const { keyFingerprint: fingerprint, algorithm = null, kmsKeyId = null } = sealed;
  return { path, fingerprint, algorithm, kmsKeyId };
}

/** The signal's reason, with what to do about this work. */
function interrupted({ reason }: AbortSignal, { kind }: RestoreTarget): unknown {
  if (!(reason instanceof ArchiverError)) return reason;
  const hint =
    kind === 'folder'
      ? 'Run the same command again: it goes on where it stopped (a dump that is stored compressed or encrypted begins anew).'
      : 'What was written is incomplete: do not use it.';
  return new ArchiverError(reason.code, reason.message, { hint, exit: reason.exit });
}

function filesOf(
  { instance, backup, files }: Manifest,
  { shard, to }: RestoreRequest & { readonly to: RestoreTarget },
  unlock: Unlock | undefined,
): FileToRestore[] {
  const count = files.length;
  if (shard !== undefined && shard > count)
    throw new ArchiverError(
      'usage',
      `backup ${backup.id} of ${instance.id} has ${count} of them, and no ${shard}`,
      {
        hint: '--shard takes a number from 1 to that.',
      },
    );
  if (to.kind === 'stream' && shard === undefined && count > 1)
    throw new ArchiverError(
      'usage',
      `backup ${backup.id} of ${instance.id} has ${count} dumps, one a shard`,
      {
        hint: 'Standard output takes one: name it with --shard, or give a folder to --to.',
      },
    );
  const all = files.map((file, position): FileToRestore => {
    const name = dumpName(position + 1, count);
    const { size, sha256 } = file;
    const dump = {
      name,
      size,
      sha256,
      resumable: file.stored === undefined && !unlock,
      decrypted: unlock !== undefined,
    };
    return { file, index: position + 1, dump, ...(unlock && { unlock }) };
  });
  return shard === undefined ? all : all.filter(({ index }) => index === shard);
}

/** Nothing is written before every dump has its place: a name that is free, and room on the disk. */
async function restoreAll(
  files: readonly FileToRestore[],
  {
    directory,
    concurrency,
    access,
  }: { readonly directory: string } & Pick<RestorePorts, 'concurrency' | 'access'>,
  work: RestoreWork,
): Promise<RestoreItem[]> {
  const folder = await openRestoreFolder(directory, access);
  const placed = [];
  for (const file of files) placed.push({ ...file, standing: await folder.standing(file.dump, work.signal) });
  const toCome = placed.map(({ dump, standing }) => (standing.complete ? 0 : dump.size - standing.kept));
  await folder.requireRoom(toCome.reduce((sum, bytes) => sum + bytes, 0));

  const items = new Map<number, RestoreItem>();
  const queue = placed.values();
  await allOrFirstError(work.signal, (inner) =>
    Array.from({ length: concurrency }, async () => {
      for (const file of queue)
        items.set(file.index, await restoreToFolder(file, folder, { ...work, signal: inner }));
    }),
  );
  return placed.flatMap(({ index }) => items.get(index) ?? []);
}

async function restoreToStream(
  work: FileToRestore,
  write: (chunk: Uint8Array) => Promise<void>,
  { reading, signal, onProgress }: RestoreWork,
): Promise<RestoreItem> {
  const { file, dump, index } = work;
  const { unlock } = work;
  const archived = await openArchivedFile(file, reading, { signal, ...(unlock && { unlock }) });
  if (archived === undefined) return itemOf(work, { ...missing(file), path: null, resumedAt: 0 });
  let position = 0;
  const tell = (ended: boolean): void =>
    onProgress?.({ index, file: dump.name, size: dump.size, position, ended });
  try {
    const { result, bytesRead, ...more } = await judged(archived, async (body) => {
      for await (const chunk of body) {
        await write(chunk);
        position += chunk.length;
        tell(false);
      }
    });
    const came = { path: null, bytesRead, resumedAt: 0, detail: '', ...more };
    return itemOf(work, { ...came, result: result === 'ok' ? 'restored' : result });
  } finally {
    tell(true);
  }
}

function reportOf(
  { source, instance, backup, files, archivedAt }: Manifest,
  items: RestoreItem[],
  key: RestoreReport['key'],
): RestoreReport {
  const damaged = items.filter(({ result }) => isDamage(result));
  const locked = items.filter(({ result }) => result === 'not-opened');
  return {
    source: source.name,
    instanceId: instance.id,
    backupId: backup.id,
    startedAt: backup.startedAt,
    archivedAt,
    engine: instance.engine,
    encrypted: backup.encrypted,
    files: files.length,
    ...(key && { key }),
    items,
    problems: [
      ...damaged.map((item) => ({ message: `damaged: ${item.detail}`, hint: adviceFor(item, instance.id) })),
      ...locked.map(({ detail }) => ({ message: `not opened: ${detail}`, hint: NOT_OPENED })),
    ],
    exitCode: damaged.length > 0 ? 4 : locked.length > 0 ? 3 : 0,
  };
}

const NOT_OPENED =
  'Nothing was written of it. `restore --key FILE` hands its key out and `restore --to DIR` the encrypted bytes, to try what this version does not know (docs/encrypted-backups.md).';

function adviceFor({ path, result }: RestoreItem, instanceId: string): string {
  const older = `An older archive may be whole: \`rdb-archiver list archives ${instanceId}\`.`;
  if (result === 'missing')
    return `${older} Find out who deleted it; on a versioned bucket it can be brought back.`;
  if (path === null) return `What was written is not the backup: do not use it. ${older}`;
  return `What came is kept as ${path}, since it may be all there is. ${older}`;
}
