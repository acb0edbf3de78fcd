/** Restore tests: which archives, one after another; the results are kept in the destination, where the next sample and the alarms find them. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { findArchive } from '../catalog/find-archive.ts';
import type { Clock } from '../domain/clock.ts';
import type { DrillRule, DrillSummary } from '../domain/drill.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { toInstant } from '../domain/instant.ts';
import type { Each, Listing } from '../domain/listing.ts';
import type { Manifest } from '../domain/manifest.ts';
import { type DrillPorts as ArchivePorts, drillArchive, inherentObstacle } from './drill-archive.ts';
import { removeOrphans } from './orphans.ts';
import { type Drilled, type DrillRecords, summaryAfter } from './record.ts';
import type { DrillItem, DrillRequest, SampleSize } from './report.ts';
import { sampleCount } from './sample.ts';
import { createModulesOf } from './server-modules.ts';
import { findServers, type ServerProgram } from './server-program.ts';
import { readDrillSummaries } from './summaries.ts';
import { idOf, surveyDrills } from './survey.ts';

export interface DrillPorts {
  readonly catalog: Catalog;
  readonly records: DrillRecords;
  readonly reading: ReadPorts;
  readonly clock: Clock;
  /** Names of all that are configured. */
  readonly sources: readonly string[];
  readonly settings: {
    /** The only one. */
    readonly server?: string;
    /** Before those of the search path. */
    readonly servers: readonly string[];
    readonly directory?: string;
    readonly rules: readonly DrillRule[];
    readonly searchPath: string;
  };
}

export interface DrillResult {
  readonly listing: Listing<DrillItem>;
  /** What is known of each source, drilled now or before. */
  readonly summaries: readonly DrillSummary[];
}

const NOTHING = {
  message: 'no archive was found to drill',
  hint: '`rdb-archiver list archives` shows what there is.',
};

/**
 * Rejects with `config` where no server is found, with what `findArchive` rejects with, when the destination cannot be reached,
 * or with the signal's reason. Whatever is found out about an archive is in the answer.
 */
export async function drill(request: DrillRequest, ports: DrillPorts): Promise<DrillResult> {
  const { signal } = request;
  const { settings, clock } = ports;
  const only = request.servers ?? (settings.server === undefined ? undefined : [settings.server]);
  const wanted = { ...(only && { only }), first: settings.servers };
  const servers = await findServers(wanted, settings, signal);
  await removeOrphans(settings.directory, clock);
  const { directory, rules } = settings;
  const inFolder = directory === undefined ? {} : { directory };
  const modulesOf = createModulesOf({ environment: settings, clock, ...inFolder });
  const drillPorts = { ...ports, rules, environment: settings, modulesOf, ...inFolder };
  const drillOne = (manifest: Manifest) => drillAndKeep(manifest, servers, request, drillPorts);
  const { each = async () => undefined } = request;

  if (!('sample' in request)) {
    const item = await drillOne(await findArchive(ports.catalog, request, signal));
    await each(item);
    return answer([item], [], await keepSummaries([item], false, ports, signal));
  }
  const sample = await drillSample(request.sample, { drillOne, each }, ports, signal);
  const summaries = await keepSummaries(sample.known, true, ports, signal);
  return answer(sample.items, sample.problems, summaries, sample.foreign);
}

type Sample = Pick<Listing<DrillItem>, 'items' | 'problems'> & {
  /** What a newer version has written of archives: those are left to it. */
  readonly foreign: readonly ArchiverError[];
  /** The latest drill of every archive that there is. */
  readonly known: readonly Drilled[];
};

interface SampleWork {
  readonly drillOne: (manifest: Manifest) => Promise<DrillItem>;
  readonly each: Each<DrillItem>;
}

/** Archives that no server could ever load are passed over, and told of; else one encrypted instance would be an alarm for ever. */
async function drillSample(
  size: SampleSize,
  { drillOne, each }: SampleWork,
  ports: DrillPorts,
  signal: AbortSignal,
): Promise<Sample> {
  const { archives, known, foreign, due } = await surveyDrills(ports, signal);
  const wanted = sampleCount(size, archives);
  const items: DrillItem[] = [];
  const passedOver: DrillItem[] = [];
  for await (const candidate of due(signal)) {
    if (items.length >= wanted) break;
    const read = await readOrExplain(candidate, ports, signal);
    if (read === undefined) continue;
    const never = !('outcome' in read) && (await canNever(read, ports, signal));
    const item = 'outcome' in read ? read : await drillOne(read);
    (never ? passedOver : items).push(item);
    if (!never) await each(item);
  }
  const problems =
    passedOver.length === 0
      ? []
      : [
          {
            message: `${passedOver.length} of the archives whose turn it was can be loaded by no server here: encrypted by the cloud and locked, or no RDB`,
            hint: '`rdb-archiver verify` proves that their bytes are right; `drill INSTANCE BACKUP` says why of each.',
          },
        ];
  for (const item of [...items, ...passedOver]) known.set(idOf(item), item);
  return { items, problems, known: [...known.values()], foreign };
}

/** What cannot even be told, the drill of it tells. */
async function canNever(manifest: Manifest, { reading }: DrillPorts, signal: AbortSignal): Promise<boolean> {
  try {
    return inherentObstacle(manifest, await reading.access.to(manifest, { signal })) !== undefined;
  } catch (thrown) {
    signal.throwIfAborted();
    if (asArchiverError(thrown).code !== 'archive-damaged') throw thrown;
    return false;
  }
}

/** Undefined for a manifest that was removed since it was listed; a row for one that is damaged or withheld. */
async function readOrExplain(
  { ref, key }: CatalogEntry,
  { catalog, clock }: DrillPorts,
  signal: AbortSignal,
): Promise<Manifest | DrillItem | undefined> {
  try {
    return await catalog.readGenuine(key, { signal });
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'store-unreachable' || error.code === 'internal') throw error;
    const damaged = error.code === 'archive-damaged';
    return {
      source: ref.source,
      instanceId: ref.instanceId,
      backupId: ref.backupId,
      startedAt: ref.startedAt,
      outcome: damaged ? 'failed' : 'not-drillable',
      reason: damaged ? 'damaged' : 'unreadable',
      detail: error.message,
      hint: error.hint,
      at: toInstant(clock.now()),
      durationMs: 0,
      keys: 0,
      expired: 0,
      files: [],
      assertions: [],
      trials: [],
    };
  }
}

async function drillAndKeep(
  manifest: Manifest,
  servers: readonly ServerProgram[],
  { signal, tell = () => () => undefined }: DrillRequest,
  { records, ...ports }: Omit<ArchivePorts, 'tell'> & Pick<DrillPorts, 'records'>,
): Promise<DrillItem> {
  const told = tell({ instanceId: manifest.instance.id, backupId: manifest.backup.id });
  const item = await drillArchive(manifest, servers, { ...ports, tell: told }, signal);
  await records.keep(item, { signal });
  return item;
}

async function keepSummaries(
  known: readonly Drilled[],
  complete: boolean,
  { records, sources }: DrillPorts,
  signal: AbortSignal,
): Promise<DrillSummary[]> {
  const drilled = new Set(known.map(({ source }) => source));
  for (const source of drilled) {
    const before = await records.summary(source, { signal });
    const summary = summaryAfter(source, before, known, complete);
    if (summary) await records.keepSummary(summary, { signal });
  }
  return readDrillSummaries(records, [...new Set([...drilled, ...sources])], signal);
}

function answer(
  items: readonly DrillItem[],
  problems: Listing<DrillItem>['problems'],
  summaries: readonly DrillSummary[],
  foreign: readonly ArchiverError[] = [],
): DrillResult {
  const codes = new Set(items.map(({ outcome }) => ({ passed: 0, failed: 4, 'not-drillable': 3 })[outcome]));
  if (items.length === 0 || foreign.length > 0) codes.add(3);
  const all = [...problems, ...foreign.map(({ message, hint }) => ({ message, hint }))];
  const told = items.length === 0 && all.length === 0 ? [NOTHING] : all;
  return { listing: { items, problems: told, exitCode: worstOf(codes) }, summaries };
}
