/** One dump of an archive to the disk: goes on where an earlier try stopped, and gets its name only when every byte is proved. */
import {
  type ArchivedFile,
  type FileVerdict,
  type OpenedDump,
  openArchivedFile,
  type ReadPorts,
} from '../catalog/archived-file.ts';
import type { Unlock } from '../catalog/backup-access.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { ManifestFile } from '../domain/manifest.ts';
import type { DumpFile } from './dump-file.ts';
import type { Dump, RestoreFolder, Standing } from './folder.ts';
import type { RestoreItem, RestoreProgress } from './report.ts';

export interface FileToRestore {
  readonly file: ManifestFile;
  /** From 1, among all dumps of the archive. */
  readonly index: number;
  readonly dump: Dump;
  readonly unlock?: Unlock;
}

export interface RestoreWork {
  readonly reading: ReadPorts;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

type Came = Pick<RestoreItem, 'path' | 'result' | 'detail' | 'bytesRead' | 'resumedAt'> & {
  readonly opened?: OpenedDump;
};

/** Damage is a result; rejects with what keeps the object from being read or the file from being written. */
export async function restoreToFolder(
  work: FileToRestore & { readonly standing: Standing },
  folder: RestoreFolder,
  { reading, signal, onProgress }: RestoreWork,
): Promise<RestoreItem> {
  const { file, index, dump, standing, unlock } = work;
  if (standing.complete)
    return itemOf(work, {
      path: folder.pathOf(dump),
      result: 'already-there',
      detail: '',
      bytesRead: 0,
      resumedAt: 0,
    });
  const tell = (position: number, ended = false): void =>
    onProgress?.({ index, file: dump.name, size: dump.size, position, ended });
  tell(0);
  const target = await folder.open(dump);
  try {
    return itemOf(work, await fetchDump(target));
  } finally {
    await target.close();
    tell(dump.size, true);
  }

  async function fetchDump({ kept }: DumpFile): Promise<Came> {
    const resumed = kept.size === 0 ? undefined : await fetchOnce(kept);
    if (resumed === undefined || resumed.result === 'missing' || resumed.result === 'ok')
      return settle(resumed ?? (await fetchOnce()), resumed === undefined ? 0 : kept.size);
    // What was kept may be what is wrong (a power cut can leave holes): only the whole object is the archive's witness.
    await target.restart();
    const whole = await fetchOnce();
    return settle({ ...whole, bytesRead: resumed.bytesRead + whole.bytesRead }, 0);
  }

  async function fetchOnce(kept?: DumpFile['kept']): Promise<Fetched> {
    const archived = await openArchivedFile(file, reading, {
      signal,
      ...(unlock && { unlock }),
      ...(kept && { kept: { size: kept.size, read: () => counted(kept.read(), tell) } }),
    });
    if (archived === undefined) return missing(file);
    return judged(archived, (body) => target.write(body, tell));
  }

  async function settle(fetched: Fetched, resumedAt: number): Promise<Came> {
    const { result, bytesRead } = fetched;
    if (result === 'ok') return named(fetched, resumedAt);
    // Half a dump that nobody can vouch for helps nobody: the encrypted bytes are all there, in the archive.
    if (unlock) await target.restart();
    const path = result === 'missing' || unlock ? null : await target.setAside();
    return { path, result, detail: fetched.detail, bytesRead, resumedAt };
  }

  async function named({ bytesRead, opened }: Fetched, resumedAt: number): Promise<Came> {
    const came = { detail: '', bytesRead, resumedAt, ...(opened && { opened }) };
    const taken = !standing.complete && standing.taken;
    if (!taken || !opened) return { ...came, path: await target.publish(), result: 'restored' };
    await target.restart();
    await folder.requireSame(dump, opened, signal);
    return { ...came, path: folder.pathOf(dump), result: 'already-there' };
  }
}

export type Fetched = (FileVerdict | { readonly result: 'missing'; readonly detail: string }) & {
  readonly bytesRead: number;
  readonly opened?: OpenedDump;
};

/** Lets the file flow to where it goes, and says whether it was what the manifest promises. */
export async function judged(
  { body, verdict, opened, bytesRead }: ArchivedFile,
  consume: (body: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<Fetched> {
  try {
    await consume(body);
  } catch (error) {
    // What is stored in another form shows its damage on the way; what the cloud encrypted, that nobody here knows how to open it.
    if (!(error instanceof ArchiverError)) throw error;
    if (error.code !== 'archive-damaged' && error.code !== 'not-opened') throw error;
    const result = error.code === 'not-opened' ? error.code : 'digest-differs';
    return { result, detail: error.message, bytesRead: bytesRead() };
  }
  const found = verdict();
  const dump = found.result === 'ok' ? opened() : undefined;
  return { ...found, bytesRead: bytesRead(), ...(dump && { opened: dump }) };
}

export function missing(file: ManifestFile): Extract<Fetched, { result: 'missing' }> {
  return { result: 'missing', detail: `${file.key} is not there`, bytesRead: 0 };
}

export function itemOf({ file, dump }: FileToRestore, { opened, ...came }: Came): RestoreItem {
  const { size, sha256 } = opened ?? file;
  const rdb = opened?.facts ?? file.rdb ?? null;
  return { file: dump.name, size, sha256, opened: opened?.layout ?? null, rdb, ...came };
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  tell: (position: number) => void,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of body) {
    position += chunk.length;
    tell(position);
    yield chunk;
  }
}
