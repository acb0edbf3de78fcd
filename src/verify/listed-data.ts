/** What one listing says of the dumps of many archives, where asking for each would take a request apiece. */
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { ListedObject, ObjectStore } from '../store/object-store.ts';
import { createFingerprints, type Fingerprints } from './fingerprints.ts';

export interface DataPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
}

/** The objects below `data/` of these sources, of one instance where only that is asked for. A page holds a thousand. */
export async function* listData(
  sources: Iterable<string>,
  instanceId: string | undefined,
  { store, layout }: DataPorts,
  signal: AbortSignal,
): AsyncGenerator<ListedObject> {
  for (const source of sources) yield* store.list(layout.dataPrefix(source, instanceId), { signal });
}

/** The same, to be asked later what was said of a key. */
export async function rememberData(
  sources: Iterable<string>,
  instanceId: string | undefined,
  ports: DataPorts,
  signal: AbortSignal,
): Promise<Fingerprints> {
  const prints = createFingerprints();
  for await (const { key, size, etag, storageClass } of listData(sources, instanceId, ports, signal))
    prints.add(key, {
      size,
      ...(etag !== undefined && { etag }),
      ...(storageClass !== undefined && { storageClass }),
    });
  return prints;
}
