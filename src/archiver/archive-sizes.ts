/** How many bytes each archive holds, from its manifest. A manifest never changes, so each is read once in the life of the process. */
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { ArchiveFacts } from '../plan/assess-status.ts';

export interface SizedArchives {
  readonly archives: readonly ArchiveFacts[];
  /** Manifests that are none. They count as archives of no bytes, since a manifest's presence is the commit. */
  readonly broken: readonly ArchiverError[];
}

export interface ArchiveSizes {
  /** Of one source's entries; what is not among them any more is forgotten. Rejects when the destination fails. */
  of(source: string, entries: readonly CatalogEntry[], signal: AbortSignal): Promise<SizedArchives>;
}

/** Manifests are small: reading them is all latency. */
const MANIFESTS_AT_ONCE = 16;

export function createArchiveSizes(catalog: Pick<Catalog, 'read'>): ArchiveSizes {
  const known = new Map<string, ReadonlyMap<string, number>>();

  return {
    async of(source, entries, signal) {
      const before = known.get(source);
      const sizes = new Map<string, number>();
      const archives: ArchiveFacts[] = [];
      const broken: ArchiverError[] = [];
      const queue = entries.values();

      async function worker(): Promise<void> {
        for (const { key, ref } of queue) {
          signal.throwIfAborted();
          const bytes = before?.get(key) ?? (await sizeAt(key, signal));
          if (bytes === undefined) continue;
          if (typeof bytes === 'number') sizes.set(key, bytes);
          else broken.push(bytes);
          const { instanceId, backupId, startedAt } = ref;
          archives.push({ instanceId, backupId, startedAt, bytes: typeof bytes === 'number' ? bytes : 0 });
        }
      }

      await Promise.all(Array.from({ length: MANIFESTS_AT_ONCE }, worker));
      known.set(source, sizes);
      return { archives, broken };
    },
  };

  /** Undefined for a manifest that was removed since it was listed. */
  async function sizeAt(key: string, signal: AbortSignal): Promise<number | ArchiverError | undefined> {
    try {
      const manifest = await catalog.read(key, { signal });
      return manifest?.files.reduce((sum, { size }) => sum + size, 0);
    } catch (thrown) {
      const error = asArchiverError(thrown);
      if (error.code !== 'archive-damaged') throw thrown;
      return error;
    }
  }
}
