/** The composition root: configuration in, wired application out. The only file that knows every adapter. */
import { randomBytes } from 'node:crypto';
import { archiveOne } from '../archiver/archive-one.ts';
import { createClaims } from '../archiver/claims.ts';
import { createPlaces } from '../archiver/places.ts';
import { type BackupRequest, requestBackup } from '../archiver/request-backup.ts';
import { BACKUP_RETRY } from '../archiver/retry.ts';
import { type RunPorts, runOnce } from '../archiver/run.ts';
import { createSweep } from '../archiver/sweep.ts';
import { createCatalog } from '../catalog/catalog.ts';
import { checkSigning } from '../catalog/check-signing.ts';
import { createManifestIndex } from '../catalog/index/manifest-index.ts';
import { createQuarantine } from '../catalog/quarantine.ts';
import { resumableReads } from '../catalog/resumable-read.ts';
import { createSignatures } from '../catalog/signature.ts';
import { checkAll } from '../check/check.ts';
import { checkRegions } from '../check/check-region.ts';
import { checkTimezone } from '../check/check-timezone.ts';
import { reachAll } from '../check/reach.ts';
import type { CheckItem } from '../check/report.ts';
import { checkForm } from '../codec/check-form.ts';
import { createCodec } from '../codec/codec.ts';
import { suggestion } from '../config/problems.ts';
import type { Config } from '../config/schema.ts';
import { archiveLayout } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { stampOf, toInstant } from '../domain/instant.ts';
import type { Listing } from '../domain/listing.ts';
import type { NotifyItem } from '../domain/notification.ts';
import type { RunSummary } from '../domain/outcome.ts';
import type { Reach } from '../domain/reach.ts';
import { regionNames } from '../domain/regions.ts';
import type { StatusReport } from '../domain/status.ts';
import type { DrillItem, DrillRequest } from '../drill/report.ts';
import { createRetention, type Retention } from '../expire/retention.ts';
import { buildIndex, type IndexRequest } from '../index/build-index.ts';
import type { IndexItem } from '../index/report.ts';
import { type InspectRequest, inspectArchive } from '../inspect/inspect.ts';
import type { InspectReport } from '../inspect/report.ts';
import { type ArchivesRequest, listArchives } from '../list/archives.ts';
import { listBackups, listInstances, listPlan } from '../list/cloud.ts';
import type { ArchiveItem, BackupItem, InstanceItem, PlanItem } from '../list/report.ts';
import { createAgents, directAgents } from '../network/agents.ts';
import { createStorageChooser } from '../plan/choose-storage.ts';
import { fanOut } from '../report/fan-out.ts';
import type { Observer } from '../report/observer.ts';
import type { RestoreReport } from '../restore/report.ts';
import { type RestoreRequest, restore } from '../restore/restore.ts';
import { createStatus, type StatusRequest } from '../status/status.ts';
import { createBufferPool } from '../store/buffer-pool.ts';
import { createThrottle } from '../transfer/bandwidth.ts';
import type { VerifyReport } from '../verify/report.ts';
import type { VerifyRequest } from '../verify/verify.ts';
import { readVersion } from '../version.ts';
import { openDestination, segmentMemory } from './wire-destination.ts';
import { createDownloads } from './wire-downloads.ts';
import { createDrills } from './wire-drills.ts';
import { createKeys } from './wire-keys.ts';
import { openDelivery, openNotifier } from './wire-reports.ts';
import { createSources } from './wire-sources.ts';
import { createVerifying } from './wire-verification.ts';

interface Signalled {
  readonly signal: AbortSignal;
}

/** Everything that a command can ask for. Rejects with an `ArchiverError` when the destination refuses or cannot be reached. */
export interface App extends Retention {
  /** Only over the sources of these names, where given; `schedule` is the cron expression that it comes by, for who is told. */
  run(
    options: Signalled & {
      readonly sources?: readonly string[];
      readonly schedule?: string;
      /** Told when the run has planned: from then on another one may begin, and has what this one has not begun. */
      readonly planned?: () => void;
    },
  ): Promise<RunSummary>;
  /** Whether the destination and every source answer now: one small request each. */
  reach(options: Signalled): Promise<readonly Reach[]>;
  /** `backupId` may be `latest`. */
  archive(
    request: Signalled & { readonly instanceId: string; readonly backupId: string; readonly source?: string },
  ): Promise<RunSummary>;
  /** Has the cloud make a backup, waits for it and archives it. Rejects with `config` where that is not allowed. */
  backup(request: Signalled & BackupRequest): Promise<RunSummary>;
  plan(options: Signalled): Promise<Listing<PlanItem>>;
  /** How safe every instance is, from the cloud's listing and the catalog of the days looked at. */
  status(request: StatusRequest): Promise<StatusReport>;
  listInstances(options: Signalled & { readonly instanceId?: string }): Promise<Listing<InstanceItem>>;
  listBackups(options: Signalled & { readonly instanceId?: string }): Promise<Listing<BackupItem>>;
  listArchives(request: Signalled & ArchivesRequest): Promise<Listing<ArchiveItem>>;
  /** Builds the index of all manifests, or brings it up to date. */
  index(request: Signalled & IndexRequest): Promise<Listing<IndexItem>>;
  /** Archives against their manifests; full and sampled ones are remembered in the destination. */
  verify(request: Signalled & VerifyRequest): Promise<VerifyReport>;
  /** Restore tests: loads archives into a throw-away server, and keeps the results in the destination. */
  drill(request: DrillRequest): Promise<Listing<DrillItem>>;
  /** What is in an archive; reads every byte of it. */
  inspect(request: Signalled & InspectRequest): Promise<InspectReport>;
  /** One archive's dumps to a folder or a stream, proved on the way; damage is in the report. */
  restore(request: Signalled & RestoreRequest): Promise<RestoreReport>;
  /** Tries out what a run needs: sources and destination. Only small objects of its own are put, and nothing in the cloud changes. */
  check(options: Signalled): Promise<Listing<CheckItem>>;
  /** One message to every configured receiver of notifications. */
  testReceivers(options: Signalled): Promise<readonly NotifyItem[]>;
  /** Closes connections; call it once, when nothing runs any more. */
  close(): Promise<void>;
}

export interface AppPorts {
  readonly observer: Observer;
  readonly clock: Clock;
  /** Milliseconds before a whole backup is tried again; the product's own where absent. */
  readonly retryWaitMs?: number;
}

export type CreateApp = (config: Config, ports: AppPorts) => Promise<App>;

const SECRET_HINT =
  'It is read again at each use: put a whole file in its place, best under another name and renamed.';

export const createApp: CreateApp = async (
  config,
  { observer: listener, clock, retryWaitMs = BACKUP_RETRY.waitMs },
) => {
  const observer = fanOut([listener]);
  const warnOfSecret = (message: string) => observer({ type: 'warning', message, hint: SECRET_HINT });
  config.warnOfSecrets?.(warnOfSecret);
  const agents = createAgents(config.environment, clock);
  const direct = directAgents(clock);
  const layout = archiveLayout(config.destination.kind === 's3' ? config.destination.prefix : '');
  const { store, prepare, openProbe } = await openDestination(config, {
    clock,
    layout,
    warn: warnOfSecret,
  });
  const catalog = createCatalog(store, layout, clock, config.signing && createSignatures(config.signing));
  const quarantine = createQuarantine(store, layout);
  const index = createManifestIndex({ store, layout, catalog });

  const codec = await createCodec(config);
  const keys = createKeys(config, { store, layout, clock });
  const { stallTimeoutMs, minimumRate, largestDump, attempts, readback, concurrency, connections } = config;
  const downloads = createDownloads(config, clock);
  const transfer = {
    store,
    throttle: createThrottle(config.bandwidth, clock),
    clock,
    segments: createBufferPool(segmentMemory(config)),
    policy: {
      stallTimeoutMs,
      minimumRate,
      largestDump,
      attempts,
      readback,
      connections,
      countKeys: config.inspect,
    },
    ...(codec.form && { form: codec.form }),
  };
  const chooseStorage = createStorageChooser({ ...config.destination, ...config });
  const delivery = await openDelivery(config, { agents, clock, observer });
  const notifier = await openNotifier(config, { agents, clock, store, layout, observer: delivery.observer });
  const ports: RunPorts = {
    targets: createSources(config, { agents, direct, clock, warnOfSecret, observer: delivery.observer }),
    catalog,
    quarantine,
    encryptedBackups: config.encryptedBackups,
    prepare,
    sweep: createSweep({ store, layout, clock, ageMs: config.staleUploadAgeMs }),
    backup: {
      layout,
      catalog,
      quarantine,
      keys,
      transfer,
      downloads: downloads.of,
      chooseStorage,
      places: createPlaces(concurrency, clock),
      clock,
      version: readVersion(),
    },
    observer,
    clock,
    claims: createClaims(),
    timezone: config.timezone,
    newRunId: () => `${stampOf(toInstant(clock.now()))}-${randomBytes(4).toString('hex')}`,
    policy: {
      concurrency,
      deadlineMs: config.runDeadlineMs,
      shard: config.shard,
      allowEmpty: config.allowEmpty,
      allowBackupRequests: config.allowBackupRequests,
      retry: { ...BACKUP_RETRY, waitMs: retryWaitMs },
    },
  };

  const lookAtStatus = createStatus({ ...ports, index, keyRecords: keys.records, settings: keys.settings });
  const reading = { store: resumableReads(store, { clock, attempts }), decoder: codec, access: keys.access };
  const drills = createDrills(config, { store, layout, catalog, reading, agents, clock, observer });
  const verifying = createVerifying(config, { catalog, index, reading, layout, agents, clock, observer });
  const regions = config.sources.map(({ region }) => region);
  const unknownRegions = checkRegions(regions, (name) => suggestion(name, regionNames));
  const targetsNamed = (names: readonly string[] | undefined) =>
    ports.targets.filter(({ source }) => names?.includes(source.name) ?? true);

  return {
    run({ signal, sources, schedule, planned }) {
      const mine = {
        ...ports,
        ...(planned !== undefined && { planned }),
        targets: targetsNamed(sources),
        observer: notifier.observer,
        ...(schedule !== undefined && { schedule }),
      };
      return delivery.after(() => notifier.after(() => runOnce(mine, signal), signal), signal);
    },
    reach: ({ signal }) => reachAll(ports, signal),
    archive: ({ signal, ...request }) => archiveOne(request, ports, signal),
    backup: ({ signal, ...request }) => requestBackup(request, ports, signal),
    plan({ signal }) {
      for (const { detail, hint } of unknownRegions) observer({ type: 'warning', message: detail, hint });
      return listPlan(ports, signal);
    },
    async status(request) {
      const report = await lookAtStatus(request);
      const drilled = await drills.summaries(report.sources, request.signal);
      return { ...report, drills: drilled, ...(await verifying.last(request.signal)) };
    },
    listInstances: ({ signal, instanceId }) => listInstances(ports, instanceId, signal),
    listBackups: ({ signal, instanceId }) => listBackups(ports, instanceId, signal),
    listArchives: ({ signal, ...request }) => listArchives({ catalog, index }, request, signal),
    index: ({ signal, ...request }) =>
      buildIndex(
        { catalog, index, layout, verifications: verifying.verifications, drills: drills.records },
        request,
        signal,
      ),
    verify: verifying.verify,
    drill: (request) => drills.drill(request),
    inspect: ({ signal, ...request }) => inspectArchive(request, { catalog, reading, clock }, signal),
    restore: ({ signal, ...request }) =>
      restore(request, { catalog, reading, concurrency, access: config.fileAccess }, signal),
    ...createRetention(
      { layout, catalog, index, quarantine, reading, damaged: verifying.verifications.damaged, clock },
      { rules: config.retention, minimum: config.keepMinimum, timezone: config.timezone, concurrency },
    ),
    async check({ signal }) {
      const trial = (source: string) => ({ get: downloads.of(source), clock, stallTimeoutMs });
      const form = () => checkForm(config);
      const about = config.signing && { signing: checkSigning(config.signing()) };
      const check = {
        targets: ports.targets,
        probe: await openProbe(),
        layout,
        trial,
        form,
        keys: keys.check,
        settings: [checkTimezone(config.timezone, clock.now()), ...unknownRegions],
        ...about,
      };
      return checkAll(check, signal);
    },
    testReceivers: ({ signal }) => notifier.test(signal),
    async close() {
      store.close();
      agents.destroy();
      downloads.destroy();
      direct.destroy();
    },
  };
};
