/** Looks at what the cloud has and what is archived already, and makes the plan of every source. A source or instance that fails stops no other. */
import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { Backup } from '../domain/backup.ts';
import type { EncryptedBackups } from '../domain/encryption.ts';
import { ArchiverError } from '../domain/errors.ts';
import { makePlan, type Plan, type PlannedBackup } from '../plan/plan.ts';
import { idsToList, literalIds, type Selection, selector } from '../plan/selection.ts';
import { belongsTo, isMine, type Shard } from '../plan/shard.ts';
import type { Inventory, ListingFailure, OnPage, Source } from '../source/source.ts';
import { archivedAmong, identity, lostAmong, quarantinedAmong } from './known.ts';
import { counting, type ListingProgress } from './listing-progress.ts';

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
  /** Told while a source is listed, after each page of the API and of the store. */
  readonly onListing?: (progress: ListingProgress) => void;
  readonly signal: AbortSignal;
}

const ALONE: Shard = { index: 0, count: 1 };

/** Accounts and regions have quotas of their own, so they are listed side by side; this many keep memory and sockets in bounds. */
export const SOURCES_AT_ONCE = 4;
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
  onPage?: OnPage,
): Promise<ListedSource> {
  const instanceIds = idsToList(selection);
  const share = { takes: (id: string) => belongsTo(id, shard), strays: shard.index === 0 };
  const inventory = await source.inventory({
    ...(instanceIds && { instanceIds }),
    ...(shard.count > 1 && { share }),
    ...(onPage && { onPage }),
    signal,
  });
  return { source, inventory, selects: selector(selection) };
}

async function surveySource(
  target: Target,
  ports: SurveyPorts,
  options: SurveyOptions,
): Promise<SourceSurvey> {
  const onPage = counting(target.source, options.onListing);
  const listed = await listSource(target, options.signal, options.shard, onPage);
  const { source, inventory, selects } = listed;
  const selected = new Set(
    inventory.instances
      .filter((instance) => selects(instance) && isMine(instance, options.shard))
      .map(({ id }) => id),
  );
  const backups = inventory.backups.filter((backup) => selected.has(backup.instanceId));
  const archived = await archivedAmong(source, backups, ports.catalog, { ...options, onPage });
  const isArchived = (backup: Backup) => archived.has(identity(backup.instanceId, backup.id));
  const open = backups.filter((backup) => !isArchived(backup));
  const quarantined = await quarantinedAmong(source, open, ports.quarantine, { ...options, onPage });
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
