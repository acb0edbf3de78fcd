/** What an expire looks at before it decides: every archive of the catalog, what is in quarantine, and what is held. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import type { HoldRecord, Holds } from './holds.ts';
import type { Removals } from './removal.ts';

export interface ExpirePorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly holds: Holds;
  readonly removals: Removals;
  readonly reading: ReadPorts;
  readonly clock: Clock;
  /** Tells the archives that the last verification found damaged. */
  damaged(options: CallOptions): Promise<(ref: ArchiveRef) => boolean>;
}

/** One instance of one source. */
export interface Group {
  readonly source: string;
  readonly instanceId: string;
  readonly archives: ArchiveRef[];
  /** Backups that have a dump in quarantine, whether a good copy came later or not. */
  readonly quarantined: ArchiveRef[];
  readonly holds: Map<string, HoldRecord>;
}

/**
 * Every instance that has archives or dumps in quarantine, or only that one. Rejects where a listing does not come to its end: who does not
 * know all archives cannot know which of them may go. Takes about 200 bytes of memory an archive.
 */
export async function gather(
  { store, layout, catalog, holds }: ExpirePorts,
  instanceId: string | undefined,
  signal: AbortSignal,
): Promise<Group[]> {
  const groups = new Map<string, Group>();
  const isWanted = (ref: ArchiveRef) => (instanceId ?? ref.instanceId) === ref.instanceId;
  const groupOf = ({ source, instanceId: id }: ArchiveRef): Group => {
    const known = groups.get(`${source}\n${id}`);
    const group = known ?? { source, instanceId: id, archives: [], quarantined: [], holds: new Map() };
    groups.set(`${source}\n${id}`, group);
    return group;
  };
  for await (const { ref } of catalog.entries(undefined, undefined, { signal })) {
    if (!isWanted(ref)) continue;
    const { source, instanceId: id, archives } = groupOf(ref);
    // The names are held once an instance and not once an archive.
    archives.push({ source, instanceId: id, backupId: ref.backupId, startedAt: ref.startedAt });
  }
  for await (const { key } of store.list(layout.quarantinePrefix(), { signal })) {
    const ref = layout.parseQuarantineRecordKey(key);
    if (ref && isWanted(ref)) groupOf(ref).quarantined.push(ref);
  }
  for (const hold of await holds.all({ signal })) {
    const group = groups.get(`${hold.ref.source}\n${hold.ref.instanceId}`);
    if (hold.held) group?.holds.set(identityOf(hold.ref), hold);
  }
  return [...groups.values()];
}

export function identityOf({ source, instanceId, backupId }: ArchiveRef): string {
  return `${source}\n${instanceId}\n${backupId}`;
}

/** Bytes in the folders of one backup. */
export async function sizeOf(
  ref: ArchiveRef,
  { store, layout }: Pick<ExpirePorts, 'store' | 'layout'>,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  for (const folder of [layout.dataFolder(ref), layout.quarantineFolder(ref)])
    for await (const { size } of store.list(folder, { signal })) bytes += size;
  return bytes;
}
