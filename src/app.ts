/** The composition root: configuration in, wired application out. The only file that knows every adapter. */
import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { archiveOne } from './archiver/archive-one.ts';
import { checkAll } from './archiver/check.ts';
import { listArchives, verify } from './archiver/list-archives.ts';
import { listBackups, listInstances, listPlan } from './archiver/list-cloud.ts';
import { reachAll } from './archiver/reach.ts';
import { BACKUP_RETRY } from './archiver/retry.ts';
import { type RunPorts, runOnce } from './archiver/run.ts';
import { createStatus, type StatusRequest } from './archiver/status.ts';
import { createSweep } from './archiver/sweep.ts';
import type { Decode } from './catalog/archived-file.ts';
import { createCatalog } from './catalog/catalog.ts';
import { createQuarantine } from './catalog/quarantine.ts';
import type { Config } from './config/schema.ts';
import { type ArchiveLayout, archiveLayout } from './domain/archive-key.ts';
import type { CheckItem } from './domain/check.ts';
import type { Clock } from './domain/clock.ts';
import { ArchiverError } from './domain/errors.ts';
import { stampOf, toInstant } from './domain/instant.ts';
import type {
  ArchiveItem,
  BackupItem,
  InstanceItem,
  Listing,
  PlanItem,
  VerifyItem,
} from './domain/listing.ts';
import type { NotifyItem } from './domain/notification.ts';
import type { RunSummary } from './domain/outcome.ts';
import type { Reach } from './domain/reach.ts';
import type { StatusReport } from './domain/status.ts';
import { type Agents, createAgents, directAgents } from './network/agents.ts';
import { fanOut } from './report/fan-out.ts';
import type { MetricsDelivery } from './report/metrics-delivery.ts';
import type { Notifier } from './report/notify/notifier.ts';
import type { Observer } from './report/observer.ts';
import { createSources } from './sources.ts';
import type { ObjectStore } from './store/object-store.ts';
import { openDestination } from './stores.ts';
import { createPace } from './transfer/bandwidth.ts';
import { createHttpGet } from './transfer/lanes.ts';
import { readVersion } from './version.ts';

interface Signalled {
  readonly signal: AbortSignal;
}

/** Everything that a command can ask for. Rejects with an `ArchiverError` when the destination refuses or cannot be reached. */
export interface App {
  /** Only over the sources of these names, where given; `schedule` is the cron expression that it comes by, for who is told. */
  run(
    options: Signalled & { readonly sources?: readonly string[]; readonly schedule?: string },
  ): Promise<RunSummary>;
  /** Whether the destination and every source answer now: one small request each. */
  reach(options: Signalled): Promise<readonly Reach[]>;
  /** `backupId` may be `latest`. */
  archive(
    request: Signalled & { readonly instanceId: string; readonly backupId: string; readonly source?: string },
  ): Promise<RunSummary>;
  plan(options: Signalled): Promise<Listing<PlanItem>>;
  /** How safe every instance is, from the cloud's listing and the catalog of the days looked at. */
  status(request: StatusRequest): Promise<StatusReport>;
  listInstances(options: Signalled & { readonly instanceId?: string }): Promise<Listing<InstanceItem>>;
  listBackups(options: Signalled & { readonly instanceId?: string }): Promise<Listing<BackupItem>>;
  listArchives(options: Signalled & { readonly instanceId?: string }): Promise<Listing<ArchiveItem>>;
  verify(
    options: Signalled & {
      readonly instanceId?: string;
      readonly backupId?: string;
      readonly quick: boolean;
    },
  ): Promise<Listing<VerifyItem>>;
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

export const createApp: CreateApp = async (
  config,
  { observer: listener, clock, retryWaitMs = BACKUP_RETRY.waitMs },
) => {
  const observer = fanOut([listener]);
  const agents = createAgents(config.environment);
  const direct = directAgents();
  const { store, openProbe } = await openDestination(config, clock);
  const layout = archiveLayout(config.destination.kind === 's3' ? config.destination.prefix : '');
  const catalog = createCatalog(store, layout);
  const quarantine = createQuarantine(store, layout);

  const { stallTimeoutMs, minimumRate, attempts, readback, concurrency } = config;
  const get = createHttpGet(agents, clock);
  const transfer = {
    store,
    get,
    pace: createPace(config.bandwidth, clock),
    clock,
    policy: { stallTimeoutMs, minimumRate, attempts, readback },
  };
  const fileSlots = pLimit(concurrency);
  const delivery = await openDelivery(config, { agents, clock, observer });
  const notifier = await openNotifier(config, { agents, clock, store, layout, observer: delivery.observer });
  const ports: RunPorts = {
    targets: createSources(config, { agents, direct, clock, observer: delivery.observer }),
    catalog,
    quarantine,
    sweep: createSweep({ store, layout, clock, ageMs: config.staleUploadAgeMs }),
    backup: { layout, catalog, quarantine, transfer, fileSlots, clock, version: readVersion() },
    observer,
    clock,
    newRunId: () => `${stampOf(toInstant(clock.now()))}-${randomBytes(4).toString('hex')}`,
    policy: {
      concurrency,
      deadlineMs: config.runDeadlineMs,
      shard: config.shard,
      allowEmpty: config.allowEmpty,
      retry: { ...BACKUP_RETRY, waitMs: retryWaitMs },
    },
  };

  const reading = { store, decode };

  const targetsNamed = (names: readonly string[] | undefined) =>
    ports.targets.filter(({ source }) => names?.includes(source.name) ?? true);

  return {
    run({ signal, sources, schedule }) {
      const mine = {
        ...ports,
        targets: targetsNamed(sources),
        observer: notifier.observer,
        ...(schedule !== undefined && { schedule }),
      };
      return delivery.after(() => notifier.after(() => runOnce(mine, signal), signal), signal);
    },
    reach: ({ signal }) => reachAll(ports, signal),
    archive: ({ signal, ...request }) => archiveOne(request, ports, signal),
    plan: ({ signal }) => listPlan(ports, signal),
    status: createStatus(ports),
    listInstances: ({ signal, instanceId }) => listInstances(ports, instanceId, signal),
    listBackups: ({ signal, instanceId }) => listBackups(ports, instanceId, signal),
    listArchives: ({ signal, instanceId }) => listArchives(ports, instanceId, signal),
    verify: ({ signal, instanceId, backupId, quick }) =>
      verify(ports, reading, { instanceId, backupId, quick }, signal),
    async check({ signal }) {
      const trial = { get, clock, stallTimeoutMs };
      return checkAll({ targets: ports.targets, probe: await openProbe(), layout, trial }, signal);
    },
    testReceivers: ({ signal }) => notifier.test(signal),
    async close() {
      store.close();
      agents.destroy();
      direct.destroy();
    },
  };
};

/** No archive is stored in another form yet. */
const decode: Decode = (encoding) => {
  throw new ArchiverError(
    'store-failed',
    `the file is stored as ${encoding}, which this version cannot read`,
  );
};

/** Loaded only where somebody is to have the metrics; else a run is told as it goes. */
async function openDelivery(
  { metrics, shard }: Config,
  { agents, clock, observer }: Pick<AppPorts, 'clock' | 'observer'> & { readonly agents: Agents },
): Promise<MetricsDelivery> {
  if (metrics.pushgateway === undefined && metrics.textfile === undefined)
    return { observer, after: (run) => run() };
  const [{ createMetricsDelivery }, { createExchange }] = await Promise.all([
    import('./report/metrics-delivery.ts'),
    import('./report/notify/exchange.ts'),
  ]);
  const exchange = createExchange(agents, clock);
  return createMetricsDelivery({
    settings: metrics,
    version: readVersion(),
    exchange,
    clock,
    observer,
    shard,
  });
}

/** Loaded only where somebody is to be told. */
async function openNotifier(
  { notify, heartbeat, sources, shard }: Config,
  {
    store,
    layout,
    observer,
    ...ports
  }: Pick<AppPorts, 'clock' | 'observer'> & {
    readonly agents: Agents;
    readonly store: ObjectStore;
    readonly layout: ArchiveLayout;
  },
): Promise<Notifier> {
  if (notify.length === 0 && heartbeat === undefined)
    return { observer, after: (run) => run(), test: async () => [] };
  const { createNotifier } = await import('./report/notify/notifier.ts');
  const settings = {
    receivers: notify,
    ...(heartbeat && { heartbeat }),
    sources: sources.map(({ name }) => name),
    destination: store.description,
    stateKey: layout.notifyStateKey(shard),
  };
  return createNotifier(settings, { ...ports, objects: store, tell: observer });
}
