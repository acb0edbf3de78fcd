/** Walks over archives by their manifests, several at once: one that is damaged or withheld hides no other. */
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';

export interface WantedArchives {
  readonly instanceId?: string | undefined;
  readonly backupId?: string | undefined;
}

/** The archives there are, or those of one instance, or of one backup, in the catalog's order. */
export async function archivesOf(
  catalog: Pick<Catalog, 'entries'>,
  wanted: WantedArchives,
  signal: AbortSignal,
): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  for await (const entry of catalog.entries(undefined, undefined, { signal })) {
    const { instanceId, backupId } = entry.ref;
    const fits =
      (wanted.instanceId ?? instanceId) === instanceId && (wanted.backupId ?? backupId) === backupId;
    if (fits) entries.push(entry);
  }
  return entries;
}

/** Works on each entry, so many at once. Rejects with the first failure, when all have ended. */
export async function eachEntry(
  entries: readonly CatalogEntry[],
  atOnce: number,
  signal: AbortSignal,
  work: (entry: CatalogEntry, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = entries.values();
  async function worker(inner: AbortSignal): Promise<void> {
    for (const entry of queue) {
      inner.throwIfAborted();
      await work(entry, inner);
    }
  }
  await allOrFirstError(signal, (inner) => Array.from({ length: atOnce }, () => worker(inner)));
}

/** What `read` answers, or the error that says why not. A store that is not there, and a bug, are thrown: they are about all archives. */
export async function orExplain<Result>(
  read: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result | ArchiverError> {
  try {
    return await read();
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'store-unreachable' || error.code === 'internal') throw error;
    return error;
  }
}
