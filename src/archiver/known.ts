/** What the destination knows of the backups that the cloud shows: which are archived, which lie in quarantine, and which have slipped away. */
import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.ts';
import type { Quarantine, QuarantineRecord } from '../catalog/quarantine.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import type { Backup } from '../domain/backup.ts';
import { asArchiverError } from '../domain/errors.ts';
import { dayOf, toEpoch } from '../domain/instant.ts';
import type { OnPage, Source } from '../source/source.ts';
import { told } from './listing-progress.ts';

/** A lookup in the catalog is all latency, and a fleet has thousands of instances. */
const LOOKUPS_AT_ONCE = 16;

interface Looking {
  readonly signal: AbortSignal;
  readonly onPage: OnPage;
}

/** Lists only the days that the cloud still shows, so a run's cost does not grow with the age of the archive. */
export async function archivedAmong(
  source: Source,
  backups: readonly Backup[],
  catalog: Catalog,
  { signal, onPage }: Looking,
): Promise<Set<string>> {
  const days = [...new Set(backups.map((backup) => dayOf(backup.startedAt)))].sort();
  const archived = new Set<string>();
  // Only these are remembered: a catalog, or a store that makes one up, may hold any number of others.
  const wanted = new Set(backups.map((backup) => identity(backup.instanceId, backup.id)));
  for await (const { ref } of told(catalog.entries(source.name, days, { signal }), 'the catalog', onPage)) {
    const id = identity(ref.instanceId, ref.backupId);
    if (wanted.has(id)) archived.add(id);
  }
  return archived;
}

/** When each damaged backup was last tried: one listing, and one read for each that is still open. */
export async function quarantinedAmong(
  source: Source,
  open: readonly Backup[],
  quarantine: Quarantine,
  { signal, onPage }: Looking,
): Promise<Map<string, number>> {
  const tried = new Map<string, number>();
  if (open.length === 0) return tried;
  const wanted = new Set(open.map((backup) => identity(backup.instanceId, backup.id)));
  for await (const ref of told(quarantine.refs(source.name, { signal }), 'the quarantine', onPage)) {
    const id = identity(ref.instanceId, ref.backupId);
    const record = wanted.has(id) ? await recordOf(ref, quarantine, signal) : undefined;
    if (record) tried.set(id, toEpoch(record.lastTriedAt));
  }
  return tried;
}

/** One record that the store withholds (cold storage, say) stops no other backup: its own asks again, and then fails alone. */
async function recordOf(
  ref: ArchiveRef,
  quarantine: Quarantine,
  signal: AbortSignal,
): Promise<QuarantineRecord | undefined> {
  try {
    return await quarantine.find(ref, { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (asArchiverError(error).code === 'store-unreachable') throw error;
    return undefined;
  }
}

/** Of the expired backups, those whose instance was archived before: they slipped away. One lookup an instance, and none where nothing expired. */
export async function lostAmong(
  source: Source,
  open: readonly Backup[],
  catalog: Catalog,
  signal: AbortSignal,
): Promise<Set<string>> {
  const expired = open.filter(({ state }) => state === 'expired');
  const instanceIds = [...new Set(expired.map(({ instanceId }) => instanceId))];
  const limit = pLimit(LOOKUPS_AT_ONCE);
  const found = await allOrFirstError(signal, (inner) =>
    instanceIds.map((id) =>
      limit(async () => [id, await keptSince(source, id, catalog, { signal: inner })] as const),
    ),
  );
  const since = new Map(found);
  const isLost = ({ instanceId, startedAt }: Backup) => (since.get(instanceId) ?? startedAt) < startedAt;
  return new Set(expired.filter(isLost).map(({ instanceId, id }) => identity(instanceId, id)));
}

/** What is older than that needs no archive: archiving had not begun, or retention has let it go. */
async function keptSince(
  { name }: Source,
  instanceId: string,
  catalog: Catalog,
  options: { readonly signal: AbortSignal },
): Promise<string | undefined> {
  const oldest = await catalog.oldest(name, instanceId, options);
  if (oldest === undefined) return undefined;
  const expired = (await catalog.expiredThrough(name, instanceId, options)) ?? oldest;
  return expired > oldest ? expired : oldest;
}

export function identity(instanceId: string, backupId: string): string {
  return `${instanceId}\n${backupId}`;
}
