/** What an expire looks at before it decides: every archive of the catalog, what is in quarantine, and what is held. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { isWanted } from '../catalog/each-archive.ts';
import type { ManifestIndex } from '../catalog/index/manifest-index.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import { createRoll, type Roll, type RollOfInstance } from '../catalog/roll.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { compareText } from '../domain/compare-text.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { createDeadlines, type Deadlines, NO_DEADLINES } from './deadlines.ts';
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
  readonly index: ManifestIndex;
  /** Tells the archives that the last verification found damaged. */
  damaged(options: CallOptions): Promise<(ref: ArchiveRef) => boolean>;
}

/** One instance of one source. */
export interface Group {
  readonly source: string;
  readonly instanceId: string;
  /** Its archives; undefined where it has none. */
  readonly archives: RollOfInstance | undefined;
  /** Backups that have a dump in quarantine, whether a good copy came later or not. */
  readonly quarantined: ArchiveRef[];
  readonly holds: Map<string, HoldRecord>;
}

export interface Survey {
  /** By source and id. */
  readonly groups: readonly Group[];
  /** All archives there are. */
  readonly roll: Roll;
  readonly deadlines: Deadlines;
}

/**
 * Every instance that has archives or dumps in quarantine, or only that one. Rejects where a listing does not come to its end: who does not
 * know all archives cannot know which of them may go. Takes about ten bytes of memory an archive, four more with `indexed`.
 */
export async function gather(
  ports: ExpirePorts,
  { instanceId, indexed }: { readonly instanceId: string | undefined; readonly indexed: boolean },
  signal: AbortSignal,
): Promise<Survey> {
  const { store, layout, catalog, holds } = ports;
  const roll = createRoll();
  const deadlines = indexed ? createDeadlines(roll, ports) : NO_DEADLINES;
  for await (const entry of catalog.entries(undefined, undefined, { signal })) {
    if (!isWanted({ instanceId }, entry.ref)) continue;
    roll.add(entry.ref);
    await deadlines.add(entry, { signal });
  }

  const groups = new Map<string, Group>();
  const groupOf = ({ source, instanceId: id }: Place): Group => {
    const place = `${source}\n${id}`;
    const archives = roll.instance(source, id);
    const group = groups.get(place) ?? {
      source,
      instanceId: id,
      archives,
      quarantined: [],
      holds: new Map(),
    };
    groups.set(place, group);
    return group;
  };
  for (const archives of roll.instances()) groupOf(archives);
  for await (const { key } of store.list(layout.quarantinePrefix(), { signal })) {
    const ref = layout.parseQuarantineRecordKey(key);
    if (ref && isWanted({ instanceId }, ref)) groupOf(ref).quarantined.push(ref);
  }
  for (const hold of await holds.all({ signal })) {
    const group = groups.get(`${hold.ref.source}\n${hold.ref.instanceId}`);
    if (hold.held) group?.holds.set(identityOf(hold.ref), hold);
  }
  return { groups: [...groups.values()].sort(byInstance), roll, deadlines };
}

type Place = Pick<ArchiveRef, 'source' | 'instanceId'>;

export function byInstance(left: Place, right: Place): number {
  return compareText(left.source, right.source) || compareText(left.instanceId, right.instanceId);
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
