/** How many bytes each archive holds, from its manifest. A manifest never changes, so each is read once in the life of the process. */
import type { Catalog } from '../catalog/catalog.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { ArchiveFacts, BackupRef } from './assess.ts';

export interface SizedArchives {
  /** Without bytes where no more manifests were to be read. */
  readonly archives: readonly ArchiveFacts[];
  /** Manifests that are none. They count as archives of no bytes, since a manifest's presence is the commit. */
  readonly broken: readonly ArchiverError[];
}

export interface SizesRequest {
  /** How many manifests to read at the most; those that were read before cost nothing. */
  readonly reads: number;
  readonly signal: AbortSignal;
}

export interface ArchiveSizes {
  /** Of one source; what is not among its archives any more is forgotten. Those that come with their bytes are not asked for. Rejects when the destination fails. */
  of(source: string, archives: readonly ArchiveFacts[], request: SizesRequest): Promise<SizedArchives>;
}

/** Manifests are small: reading them is all latency. */
const MANIFESTS_AT_ONCE = 16;

export function createArchiveSizes(catalog: Pick<Catalog, 'find'>): ArchiveSizes {
  /** By source, instance and backup. */
  const known = new Map<string, ReadonlyMap<string, ReadonlyMap<string, number>>>();

  return {
    async of(source, archives, { reads, signal }) {
      const before = known.get(source);
      const after = new Map<string, Map<string, number>>();
      const remember = ({ instanceId, backupId }: BackupRef, bytes: number): void => {
        const sizes = after.get(instanceId) ?? new Map<string, number>();
        after.set(instanceId, sizes.set(backupId, bytes));
      };
      const unread: BackupRef[] = [];
      for (const ref of archives) {
        const bytes = ref.bytes ?? before?.get(ref.instanceId)?.get(ref.backupId);
        if (bytes !== undefined) remember(ref, bytes);
        else if (unread.length < reads) unread.push(ref);
      }
      known.set(source, after);

      const broken: ArchiverError[] = [];
      const sizeless = new Set<BackupRef>();
      const queue = unread.values();
      await allOrFirstError(signal, (inner) =>
        Array.from({ length: MANIFESTS_AT_ONCE }, async () => {
          for (const ref of queue) {
            const bytes = await sizeOf(source, ref, inner);
            if (typeof bytes === 'number') remember(ref, bytes);
            else sizeless.add(ref);
            if (bytes instanceof Error) broken.push(bytes);
          }
        }),
      );
      const bytesOf = (ref: BackupRef): number | undefined =>
        sizeless.has(ref) ? 0 : after.get(ref.instanceId)?.get(ref.backupId);
      return { archives: archives.map((ref) => withBytes(ref, bytesOf(ref))), broken };
    },
  };

  /** Undefined for a manifest that was removed since it was listed. */
  async function sizeOf(
    source: string,
    { instanceId, backupId, startedAt }: BackupRef,
    signal: AbortSignal,
  ): Promise<number | ArchiverError | undefined> {
    signal.throwIfAborted();
    try {
      const manifest = await catalog.find({ source, instanceId, backupId, startedAt }, { signal });
      return manifest?.files.reduce((sum, { size }) => sum + size, 0);
    } catch (thrown) {
      const error = asArchiverError(thrown);
      if (error.code !== 'archive-damaged' && error.code !== 'newer-version') throw thrown;
      return error;
    }
  }
}

function withBytes({ instanceId, backupId, startedAt }: BackupRef, bytes: number | undefined): ArchiveFacts {
  return { instanceId, backupId, startedAt, ...(bytes !== undefined && { bytes }) };
}
