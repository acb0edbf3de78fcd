/** How safe every instance is: the cloud's listing compared with the catalog of the last days. One listing for each day looked at, however old the archive is. */
import pLimit from 'p-limit';
import {
  coverageOf,
  type ListedSource,
  listSource,
  SOURCES_AT_ONCE,
  type SourceFailure,
  type Target,
} from '../archiver/survey.ts';
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { orExplain } from '../catalog/each-archive.ts';
import type { IndexedMonth, ManifestIndex } from '../catalog/index/manifest-index.ts';
import type { KeyRecords } from '../catalog/key-records.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { Clock } from '../domain/clock.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { futureWarning } from '../domain/future.ts';
import type { Instance } from '../domain/instance.ts';
import { dayOf, toInstant } from '../domain/instant.ts';
import type { StatusReport, StatusWarning } from '../domain/status.ts';
import { isMine, type Shard } from '../plan/shard.ts';
import type { Source } from '../source/source.ts';
import { type ArchiveSizes, createArchiveSizes, type SizesRequest } from './archive-sizes.ts';
import { type ArchiveFacts, assessStatus, type BackupRef, calendarDays, type SourceFacts } from './assess.ts';
import { keylessWarnings, keyTroublesIn, notOpenedWarnings } from './keyless.ts';
import { type SettingsPorts, settingsWarnings } from './settings.ts';

export interface StatusRequest {
  readonly maxAgeMs: number;
  /** Calls an instance stale that the cloud no longer has, too. */
  readonly includeVanished: boolean;
  /** Days to look back in the catalog; more where `maxAgeMs` asks for it. */
  readonly daysBack: number;
  /** How many manifests of a source may be read to learn the sizes of its archives. Nothing else in the report needs them. */
  readonly manifestReads: number;
  readonly signal: AbortSignal;
}

export interface StatusPorts {
  readonly targets: readonly Target[];
  readonly catalog: Catalog;
  readonly index: ManifestIndex;
  readonly quarantine: Quarantine;
  readonly keyRecords: KeyRecords;
  readonly settings: Omit<SettingsPorts, 'clock'>;
  readonly clock: Clock;
  readonly policy: { readonly shard: Shard; readonly allowEmpty: boolean };
}

/** One source in the cloud and in the catalog. */
interface Look extends ListedSource {
  readonly facts: SourceFacts;
  readonly broken: readonly ArchiverError[];
  readonly warnings: readonly StatusWarning[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MANIFESTS_AT_ONCE = 16;

/** Rejects when the destination fails, or with the signal's reason; the sources' failures are in the report. */
export function createStatus(ports: StatusPorts): (request: StatusRequest) => Promise<StatusReport> {
  const sizes = createArchiveSizes(ports.catalog);
  return async ({ maxAgeMs, includeVanished, daysBack: wanted, manifestReads: reads, signal }) => {
    const now = ports.clock.now();
    // An allowed age that reaches beyond the days looked at would call everything of that age stale.
    const daysBack = Math.max(wanted, Math.ceil(maxAgeMs / DAY_MS) + 1);
    const days = calendarDays(now, daysBack);
    const limit = pLimit(SOURCES_AT_ONCE);
    const looks = await allOrFirstError(signal, (inner) =>
      ports.targets.map((target) =>
        limit(() => lookAt(target, { days, reads, signal: inner }, sizes, ports)),
      ),
    );
    const instances = assessStatus(
      looks.map(({ facts }) => facts),
      { now, maxAgeMs, includeVanished, daysBack },
    );
    const { problems, codes } = troubles(looks, ports);
    const alarming = instances.some(({ stale, open }) => stale || open.some(({ atRisk }) => atRisk));
    if (alarming) codes.add(5);
    const exitCode = worstOf(codes);
    const names = ports.targets.map(({ source }) => source.name);
    const warnings = [
      ...keylessWarnings(instances),
      ...notOpenedWarnings(instances),
      ...looks.flatMap((look) => look.warnings),
      ...looks.flatMap(({ facts }) => futureOf(facts, now) ?? []),
    ];
    return {
      generatedAt: toInstant(now),
      sources: names,
      maxAgeMs,
      daysBack,
      instances,
      warnings,
      problems,
      exitCode,
    };
  };
}

/** What the cloud shows, and what lies in the bucket from when the clock or the zone was wrong. */
function futureOf({ source, backups, archives }: SourceFacts, now: number) {
  return futureWarning(source, [...backups, ...archives], now);
}

async function lookAt(
  target: Target,
  { days, reads, signal }: SizesRequest & { readonly days: readonly string[] },
  sizes: ArchiveSizes,
  ports: StatusPorts,
): Promise<Look> {
  const { shard } = ports.policy;
  const survey = await listSource(target, signal, shard);
  const { source, inventory, selects } = survey;
  const mine = (instance: Instance) => isMine(instance, shard) && selects(instance);

  const shown = inventory.backups.map(({ startedAt }) => dayOf(startedAt));
  const looked = [...new Set([...days, ...shown])].sort();
  // Who asks again and again keeps the sizes in memory, and reads a few at a time.
  const fromIndex = reads === Number.POSITIVE_INFINITY;
  const archives = await archivesOf(source, { days: looked, sized: fromIndex }, ports, signal);
  const listed = new Set(inventory.instances.map(({ id }) => id));
  // Where the listing broke off, an instance's absence from it says nothing.
  const vanished = inventory.failures.every(({ instanceId }) => instanceId !== undefined);
  const unlisted = await instancesBehind(
    archives.filter(({ instanceId: id }) => !listed.has(id) && isMine({ id, vanished }, shard)),
    { source, vanished },
    ports.catalog,
    signal,
  );

  const instances = [...inventory.instances, ...unlisted].filter(mine);
  const ids = new Set(instances.map(({ id }) => id));
  const own = archives.filter(({ instanceId }) => ids.has(instanceId));
  const sized = await sizes.of(source.name, own, { reads, signal });
  const facts = {
    source: source.name,
    region: source.region,
    instances,
    archives: sized.archives,
    backups: inventory.backups,
    quarantined: await quarantinedIn(source, ports, signal),
    ...(await keyTroublesIn(source.name, looked, ports.keyRecords, { signal })),
  };
  const present = instances.filter((instance) => !instance.vanished).map(({ id }) => id);
  const settings = { ...ports.settings, clock: ports.clock };
  const warnings = await settingsWarnings(source, present, settings, signal);
  return { ...survey, facts, broken: sized.broken, warnings };
}

/** There may be hundreds of thousands: their keys are not held, and each instance's id only once. With `sized` the index tells their bytes, where it can. */
async function archivesOf(
  source: Source,
  { days, sized }: { readonly days: readonly string[]; readonly sized: boolean },
  { catalog, index }: StatusPorts,
  signal: AbortSignal,
): Promise<ArchiveFacts[]> {
  const ids = new Map<string, string>();
  const archives: ArchiveFacts[] = [];
  let current: { readonly name: string; readonly month: IndexedMonth } | undefined;
  const bytesOf = async (entry: CatalogEntry): Promise<number | undefined> => {
    const name = entry.ref.startedAt.slice(0, 7);
    if (current?.name !== name) current = { name, month: index.month(source.name) };
    const text = await current.month.find(entry, { signal });
    const read = text && (await orExplain(async () => catalog.understand(entry.key, text), signal));
    if (read === undefined || read instanceof Error) return undefined;
    return read.manifest.files.reduce((sum, { size }) => sum + size, 0);
  };
  for await (const entry of catalog.entries(source.name, days, { signal })) {
    const { backupId, startedAt } = entry.ref;
    const instanceId = ids.get(entry.ref.instanceId) ?? entry.ref.instanceId;
    ids.set(instanceId, instanceId);
    const bytes = sized ? await bytesOf(entry) : undefined;
    archives.push({ instanceId, backupId, startedAt, ...(bytes !== undefined && { bytes }) });
  }
  return archives;
}

/** The instances that only their archives tell of, each as its newest manifest knew it. */
async function instancesBehind(
  archives: readonly BackupRef[],
  { source, vanished }: { readonly source: Source; readonly vanished: boolean },
  catalog: Catalog,
  signal: AbortSignal,
): Promise<Instance[]> {
  const newest = new Map<string, BackupRef>();
  for (const archive of archives) {
    const { instanceId, startedAt } = archive;
    if (startedAt >= (newest.get(instanceId)?.startedAt ?? '')) newest.set(instanceId, archive);
  }
  const limit = pLimit(MANIFESTS_AT_ONCE);
  return allOrFirstError(signal, (inner) =>
    [...newest].map(([id, archive]) =>
      limit(async (): Promise<Instance> => {
        const unknown = { id, name: '', engine: '', version: null, shards: 1, tags: {} };
        const ref = { source: source.name, ...archive };
        const known = await catalog.find(ref, { signal: inner }).catch(unlessDamaged);
        return { ...(known?.instance ?? unknown), cluster: false, vanished };
      }),
    ),
  );
}

/** A damaged manifest is told where its size is asked for, and by `verify`; so is one of a newer version. */
function unlessDamaged(thrown: unknown): undefined {
  if (!['archive-damaged', 'newer-version'].includes(asArchiverError(thrown).code)) throw thrown;
}

async function quarantinedIn(
  source: Source,
  { quarantine }: StatusPorts,
  signal: AbortSignal,
): Promise<BackupRef[]> {
  const refs: BackupRef[] = [];
  for await (const ref of quarantine.refs(source.name, { signal })) refs.push(ref);
  return refs;
}

/** What could not be listed or read, and the exit status that means. */
function troubles(
  looks: readonly Look[],
  { targets, policy }: StatusPorts,
): { problems: StatusReport['problems']; codes: Set<number> } {
  const { failures, blind, empty } = coverageOf(targets, looks, policy.shard);
  const broken = looks.flatMap((look) => look.broken);
  const whose = ({ source }: SourceFailure): string => (targets.length > 1 ? `${source.name}: ` : '');
  const problems = [
    ...failures.map((failure) => ({
      message: `${whose(failure)}${failure.error.message}`,
      hint: failure.error.hint,
    })),
    ...broken.map(({ message, hint }) => ({ message, hint })),
  ];
  const codes = new Set(broken.map(({ exit }) => exit));
  if (failures.length > 0) codes.add(3);
  if (blind) codes.add(10);
  if (empty && !policy.allowEmpty) {
    codes.add(3);
    if (problems.length === 0)
      problems.push({ message: 'no instance in any source', hint: 'Check the regions and the filters.' });
  }
  return { problems, codes };
}
