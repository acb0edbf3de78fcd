/** Brings the index up to date in passing, for who reads every manifest in any case, from its own place and the oldest first. */
import type { CallOptions } from '../../store/object-store.ts';
import type { CatalogEntry } from '../catalog.ts';
import type { IndexedMonth, ManifestIndex } from './manifest-index.ts';

export interface Freshness {
  /** A manifest that was read. */
  read(entry: CatalogEntry, bytes: Uint8Array, options: CallOptions): Promise<void>;
  /** Everything up to this archive is done with: what was noted of earlier months is written down. */
  passed(entry: CatalogEntry, options: CallOptions): Promise<void>;
  /** All is done with. */
  end(options: CallOptions): Promise<void>;
}

export function createFreshness(index: ManifestIndex): Freshness {
  const open = new Map<string, Map<string, IndexedMonth>>();
  const monthOf = ({ ref }: CatalogEntry) => ref.startedAt.slice(0, 7);

  /** What cannot be kept costs who comes next some time: `index` tells why. */
  async function keep(isOver: (month: string) => boolean, options: CallOptions): Promise<void> {
    for (const [month, sources] of open) {
      if (!isOver(month)) continue;
      open.delete(month);
      for (const opened of sources.values()) await opened.keep(options);
    }
  }

  return {
    async read(entry, bytes, options) {
      const sources = open.get(monthOf(entry)) ?? new Map<string, IndexedMonth>();
      open.set(monthOf(entry), sources);
      const { source } = entry.ref;
      const opened = sources.get(source) ?? index.month(source);
      sources.set(source, opened);
      if ((await opened.find(entry, options)) === undefined) opened.note(entry, bytes);
    },
    passed: (entry, options) => keep((month) => month < monthOf(entry), options),
    end: (options) => keep(() => true, options),
  };
}
