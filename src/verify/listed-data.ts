/** What one listing says of the dumps of many archives, where asking for each would take a request apiece. */
import type { CatalogEntry } from '../catalog/catalog.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { ListedObject, ObjectStore } from '../store/object-store.ts';

export interface DataPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
}

/** The objects below `data/` of the sources (and the one instance, where all are of one) of these archives. A page holds a thousand. */
export async function* listData(
  entries: readonly CatalogEntry[],
  { store, layout }: DataPorts,
  signal: AbortSignal,
): AsyncGenerator<ListedObject> {
  const sources = Map.groupBy(entries, ({ ref }) => ref.source);
  for (const [source, own] of sources) {
    const [first, ...others] = new Set(own.map(({ ref }) => ref.instanceId));
    yield* store.list(layout.dataPrefix(source, others.length === 0 ? first : undefined), { signal });
  }
}

/** Bytes in the bucket, by the archive's manifest key; those that have none are left out. */
export async function sizesOf(
  entries: readonly CatalogEntry[],
  ports: DataPorts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { key, size } of listData(entries, ports, signal)) {
    const ref = ports.layout.parseDataKey(key);
    if (ref === undefined) continue;
    const manifest = ports.layout.manifestKey(ref);
    sizes.set(manifest, (sizes.get(manifest) ?? 0) + size);
  }
  return sizes;
}
