/** What the index knows of archives that may go: until when the cloud has their backups, at four bytes each. Where it knows, no manifest has to be read. */
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import type { IndexedMonth, ManifestIndex } from '../catalog/index/manifest-index.ts';
import type { Roll } from '../catalog/roll.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { deadlineOf } from '../domain/backup.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { CallOptions } from '../store/object-store.ts';

export interface Deadlines {
  /** To be told each archive of the roll, right when it is entered there. */
  add(entry: CatalogEntry, options: CallOptions): Promise<void>;
  /** Milliseconds since the epoch; undefined where there is more to it, and the manifest has to be read. */
  of(ref: ArchiveRef): number | undefined;
}

/** For who reads every manifest. */
export const NO_DEADLINES: Deadlines = { add: async () => undefined, of: () => undefined };

export interface DeadlinePorts {
  readonly catalog: Pick<Catalog, 'understand'>;
  readonly index: ManifestIndex;
  readonly layout: Pick<ArchiveLayout, 'dataFolder'>;
}

/** Of plain archives alone: one with a key, or with files elsewhere, is for who reads its manifest. */
export function createDeadlines(roll: Roll, { catalog, index, layout }: DeadlinePorts): Deadlines {
  const columns = new Map<string, Uint32Array<ArrayBuffer>>();
  const sizes = new Map<string, number>();
  let current: { readonly name: string; readonly month: IndexedMonth } | undefined;

  /** Seconds since the epoch; 0 where it is not known. */
  async function secondsOf(entry: CatalogEntry, options: CallOptions): Promise<number> {
    const { source, startedAt } = entry.ref;
    const name = `${source}\n${startedAt.slice(0, 7)}`;
    if (current?.name !== name) current = { name, month: index.month(source) };
    const bytes = await current.month.find(entry, options);
    const manifest = bytes && understood(() => catalog.understand(entry.key, bytes).manifest);
    if (manifest === undefined || manifest.backup.encrypted) return 0;
    if (manifest.files.some(({ key }) => !key.startsWith(layout.dataFolder(entry.ref)))) return 0;
    return Math.min(2 ** 32 - 1, Math.max(0, Math.ceil(deadlineOf(manifest.backup) / 1000)));
  }

  return {
    async add(entry, options) {
      const instance = `${entry.ref.source}\n${entry.ref.instanceId}`;
      const size = sizes.get(instance) ?? 0;
      let column = columns.get(instance) ?? new Uint32Array(8);
      if (size === column.length) {
        const larger = new Uint32Array(Math.ceil(size * 1.5));
        larger.set(column);
        column = larger;
      }
      columns.set(instance, column);
      sizes.set(instance, size + 1);
      column[size] = await secondsOf(entry, options);
    },
    of(ref) {
      const place = roll.instance(ref.source, ref.instanceId)?.placeOf(ref);
      const seconds =
        place === undefined ? 0 : (columns.get(`${ref.source}\n${ref.instanceId}`)?.[place] ?? 0);
      return seconds === 0 ? undefined : seconds * 1000;
    },
  };
}

function understood(read: () => Manifest): Manifest | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
