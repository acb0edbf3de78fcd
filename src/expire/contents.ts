/** What lies of one instance's archives: which they are, and their objects. The survey of all archives knows only how many, and when they were started. */
import type { ArchiveRef } from '../domain/archive-key.ts';
import { dayOf, toInstant } from '../domain/instant.ts';
import type { ListedObject } from '../store/object-store.ts';
import type { ExpireKind } from './report.ts';
import { type ExpirePorts, type Group, identityOf } from './survey.ts';

/** What lies in the folders of one backup. */
export interface Contents {
  readonly ref: ArchiveRef;
  readonly kind: ExpireKind;
  readonly keys: string[];
  bytes: number;
}

/**
 * The archives of an instance that the survey has seen, and its dumps in quarantine that are none. One listing of its dumps tells them, a small one
 * each backup in quarantine, and one each day on which the dumps of an archive are all gone. An archive whose manifest has gone since is left out.
 */
export async function contentsOf(
  group: Group,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<readonly Contents[]> {
  const { source, instanceId, archives, quarantined } = group;
  const { store, layout } = ports;
  const found = new Map<string, Contents>();
  const places = new Set<number>();
  const enter = (ref: ArchiveRef): Contents => {
    const place = archives?.placeOf(ref);
    if (place !== undefined) places.add(place);
    const kind = place === undefined ? 'quarantine' : 'archive';
    const contents = found.get(identityOf(ref)) ?? { ref, kind, keys: [], bytes: 0 };
    found.set(identityOf(ref), contents);
    return contents;
  };
  const put = (contents: Contents, { key, size }: ListedObject): void => {
    contents.keys.push(key);
    contents.bytes += size;
  };

  const damaged = new Set(quarantined.map(identityOf));
  for await (const object of store.list(layout.dataPrefix(source, instanceId), { signal })) {
    const ref = layout.parseDataKey(object.key);
    if (ref === undefined) continue;
    // Dumps without a manifest are no archive: they may be a run at work.
    if (archives?.placeOf(ref) !== undefined || damaged.has(identityOf(ref))) put(enter(ref), object);
  }
  for (const ref of quarantined)
    for await (const object of store.list(layout.quarantineFolder(ref), { signal })) put(enter(ref), object);
  if (archives !== undefined && places.size < archives.size)
    for await (const ref of withoutDumps(archives, (place) => places.has(place), ports, signal))
      if (archives.placeOf(ref) !== undefined) enter(ref);
  return [...found.values()];
}

/** By the catalog: what has no dump is told by nothing else. */
async function* withoutDumps(
  archives: NonNullable<Group['archives']>,
  isFound: (place: number) => boolean,
  { store, layout }: ExpirePorts,
  signal: AbortSignal,
): AsyncGenerator<ArchiveRef> {
  const { source, instanceId } = archives;
  const days = new Set<string>();
  for (let place = 0; place < archives.size; place += 1)
    if (!isFound(place)) days.add(dayOf(toInstant(archives.startedAt(place) * 1000)));
  for (const day of days)
    for await (const { key } of store.list(layout.catalogPrefix(source, day, instanceId), { signal })) {
      const ref = layout.parseManifestKey(key);
      if (ref) yield ref;
    }
}
