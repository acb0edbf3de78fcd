/** Looks at what the cloud has and what is archived already, and makes the plan of every source. A source or instance that fails stops no other. */
import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.ts';
import type { Quarantine, QuarantineRecord } from '../catalog/quarantine.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import type { Backup } from '../domain/backup.ts';
import type { EncryptedBackups } from '../domain/encryption.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { dayOf, toEpoch } from '../domain/instant.ts';
import { makePlan, type Plan, type PlannedBackup } from '../plan/plan.ts';
import { idsToList, literalIds, type Selection, selector } from '../plan/selection.ts';
import { belongsTo, isMine, type Shard } from '../plan/shard.ts';
import type { Inventory, ListingFailure, Source } from '../source/source.ts';

/** A source and what of it is to be archived. */
export interface Target {
  readonly source: Source;
  readonly selection: Selection;
}

/** A source whose listing is at hand. */
export interface ListedSource {
  readonly source: Source;
  readonly inventory: Inventory;
  readonly selects: (instance: Inventory['instances'][number]) => boolean;
}

export interface SourceSurvey extends ListedSource {
  readonly isArchived: (backup: Backup) => boolean;
  readonly plan: Plan;
}

/** A backup with the source it comes from. */
export interface Subject extends PlannedBackup {
  readonly source: Source;
}

/** A failure of the source's own listing (no `instanceId`), or of one instance. */
export interface SourceFailure extends ListingFailure {
  readonly source: Source;
}

/** How much of the sources could be seen. */
export interface Coverage {
  readonly failures: readonly SourceFailure[];
  /** True when there are sources and not one of them could be listed at all. */
  readonly blind: boolean;
  /** True when all sources could be listed and no instance is selected in any of them. */
  readonly empty: boolean;
}

export interface Survey extends Coverage {
  readonly sources: readonly SourceSurvey[];
}

export interface SurveyPorts {
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly encryptedBackups: EncryptedBackups;
}

export interface SurveyOptions {
  readonly shard: Shard;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

const ALONE: Shard = { index: 0, count: 1 };

/** Accounts and regions have quotas of their own, so they are listed side by side; this many keep memory and sockets in bounds. */
export const SOURCES_AT_ONCE = 4;
/** A lookup in the catalog is all latency, and a fleet has thousands of instances. */
const LOOKUPS_AT_ONCE = 16;

/** Rejects when the destination fails, or with the signal's reason; the sources' failures are in the answer. */
export async function survey(
  targets: readonly Target[],
  ports: SurveyPorts,
  options: SurveyOptions,
): Promise<Survey> {
  const limit = pLimit(SOURCES_AT_ONCE);
  const sources = await allOrFirstError(options.signal, (signal) =>
    targets.map((target) => limit(() => surveySource(target, ports, { ...options, signal }))),
  );
  return { sources, ...coverageOf(targets, sources, options.shard) };
}

/** Sums up what could not be listed, and what was asked for and is not there. */
export function coverageOf(
  targets: readonly Target[],
  sources: readonly ListedSource[],
  shard: Shard,
): Coverage {
  const failures = sources.flatMap(({ source, inventory }) =>
    inventory.failures.map((failure) => ({ source, ...failure })),
  );
  return {
    failures: [...failures, ...missingInstances(targets, sources, shard)],
    blind: sources.length > 0 && sources.every(({ inventory }) => isBlind(inventory)),
    empty:
      failures.length === 0 && !sources.some(({ inventory, selects }) => inventory.instances.some(selects)),
  };
}

/** True when not a thing of the source could be listed. */
export function isBlind({ instances, backups, failures }: Inventory): boolean {
  return (
    instances.length === 0 &&
    backups.length === 0 &&
    failures.some((failure) => failure.instanceId === undefined)
  );
}

/** Lists a source as far as its selection needs it. Rejects with the signal's reason only. */
export async function listSource(
  { source, selection }: Target,
  signal: AbortSignal,
  shard: Shard = ALONE,
): Promise<ListedSource> {
  const instanceIds = idsToList(selection);
  const share = { takes: (id: string) => belongsTo(id, shard), strays: shard.index === 0 };
  const inventory = await source.inventory({
    ...(instanceIds && { instanceIds }),
    ...(shard.count > 1 && { share }),
    signal,
  });
  return { source, inventory, selects: selector(selection) };
}

async function surveySource(
  target: Target,
  ports: SurveyPorts,
  options: SurveyOptions,
): Promise<SourceSurvey> {
  const listed = await listSource(target, options.signal, options.shard);
  const { source, inventory, selects } = listed;
  const selected = new Set(
    inventory.instances
      .filter((instance) => selects(instance) && isMine(instance, options.shard))
      .map(({ id }) => id),
  );
  const backups = inventory.backups.filter((backup) => selected.has(backup.instanceId));
  const archived = await archivedAmong(source, backups, ports.catalog, options.signal);
  const isArchived = (backup: Backup) => archived.has(identity(backup.instanceId, backup.id));
  const open = backups.filter((backup) => !isArchived(backup));
  const quarantined = await quarantinedAmong(source, open, ports.quarantine, options.signal);
  const lost = await lostAmong(source, open, ports.catalog, options.signal);

  const plan = makePlan({
    instances: inventory.instances,
    backups: inventory.backups,
    selects,
    shard: options.shard,
    isArchived,
    takesEncrypted: ports.encryptedBackups !== 'fail',
    hasEarlierArchive: (backup) => lost.has(identity(backup.instanceId, backup.id)),
    quarantinedAt: (backup) => quarantined.get(identity(backup.instanceId, backup.id)),
    now: options.now,
  });
  return { ...listed, isArchived, plan };
}

/** Lists only the days that the cloud still shows, so a run's cost does not grow with the age of the archive. */
async function archivedAmong(
  source: Source,
  backups: readonly Backup[],
  catalog: Catalog,
  signal: AbortSignal,
): Promise<Set<string>> {
  const days = [...new Set(backups.map((backup) => dayOf(backup.startedAt)))].sort();
  const archived = new Set<string>();
  // Only these are remembered: a catalog, or a store that makes one up, may hold any number of others.
  const wanted = new Set(backups.map((backup) => identity(backup.instanceId, backup.id)));
  for await (const { ref } of catalog.entries(source.name, days, { signal })) {
    const id = identity(ref.instanceId, ref.backupId);
    if (wanted.has(id)) archived.add(id);
  }
  return archived;
}

/** When each damaged backup was last tried: one listing, and one read for each that is still open. */
async function quarantinedAmong(
  source: Source,
  open: readonly Backup[],
  quarantine: Quarantine,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const tried = new Map<string, number>();
  if (open.length === 0) return tried;
  const wanted = new Set(open.map((backup) => identity(backup.instanceId, backup.id)));
  for await (const ref of quarantine.refs(source.name, { signal })) {
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
async function lostAmong(
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

/** An instance that the configuration names outright and no source has: a typing error, or one deleted without its backups. */
function missingInstances(
  targets: readonly Target[],
  surveys: readonly ListedSource[],
  shard: Shard,
): SourceFailure[] {
  if (surveys.some(({ inventory }) => inventory.failures.some((failure) => failure.instanceId === undefined)))
    return [];
  const found = new Set(surveys.flatMap(({ inventory }) => inventory.instances.map(({ id }) => id)));
  const missing = new Map<string, Source>();
  for (const { source, selection } of targets) {
    for (const id of literalIds(selection)) {
      if (!found.has(id) && belongsTo(id, shard) && !missing.has(id)) missing.set(id, source);
    }
  }
  return [...missing].map(([instanceId, source]) => ({
    source,
    instanceId,
    error: new ArchiverError(
      'unknown-instance',
      `the cloud has no instance ${instanceId}, and no backups of it`,
    ),
  }));
}

function identity(instanceId: string, backupId: string): string {
  return `${instanceId}\n${backupId}`;
}
