/** The composition root: configuration in, wired application out. The only file that knows every adapter. */
import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { archiveOne } from './archiver/archive-one.ts';
import { listArchives, verify } from './archiver/list-archives.ts';
import { listBackups, listInstances, listPlan } from './archiver/list-cloud.ts';
import { BACKUP_RETRY } from './archiver/retry.ts';
import { type RunPorts, runOnce } from './archiver/run.ts';
import { createCatalog } from './catalog/catalog.ts';
import { createQuarantine } from './catalog/quarantine.ts';
import type { Config, DestinationConfig } from './config/schema.ts';
import { archiveLayout } from './domain/archive-key.ts';
import type { Clock } from './domain/clock.ts';
import { stampOf, toInstant } from './domain/instant.ts';
import type {
  ArchiveItem,
  BackupItem,
  InstanceItem,
  Listing,
  PlanItem,
  VerifyItem,
} from './domain/listing.ts';
import type { RunSummary } from './domain/outcome.ts';
import { createAgents, directAgents } from './network/agents.ts';
import type { Observer } from './report/observer.ts';
import { createSources } from './sources.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createPace } from './transfer/bandwidth.ts';
import { createHttpGet } from './transfer/http-get.ts';
import { readVersion } from './version.ts';

interface Signalled {
  readonly signal: AbortSignal;
}

/** Everything that a command can ask for. Rejects with an `ArchiverError` when the destination refuses or cannot be reached. */
export interface App {
  run(options: Signalled): Promise<RunSummary>;
  /** `backupId` may be `latest`. */
  archive(
    request: Signalled & { readonly instanceId: string; readonly backupId: string; readonly source?: string },
  ): Promise<RunSummary>;
  plan(options: Signalled): Promise<Listing<PlanItem>>;
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
  { observer, clock, retryWaitMs = BACKUP_RETRY.waitMs },
) => {
  const agents = createAgents(config.environment);
  const direct = directAgents();
  const store = await openStore(config, clock);
  const layout = archiveLayout(config.destination.kind === 's3' ? config.destination.prefix : '');
  const catalog = createCatalog(store, layout);
  const quarantine = createQuarantine(store, layout);

  const { stallTimeoutMs, attempts, readback, concurrency } = config;
  const transfer = {
    store,
    get: createHttpGet(agents),
    pace: createPace(config.bandwidth, clock),
    clock,
    policy: { stallTimeoutMs, attempts, readback },
  };
  const fileSlots = pLimit(concurrency);
  const ports: RunPorts = {
    targets: createSources(config, { agents, direct, clock }),
    catalog,
    quarantine,
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

  return {
    run: ({ signal }) => runOnce(ports, signal),
    archive: ({ signal, ...request }) => archiveOne(request, ports, signal),
    plan: ({ signal }) => listPlan(ports, signal),
    listInstances: ({ signal, instanceId }) => listInstances(ports, instanceId, signal),
    listBackups: ({ signal, instanceId }) => listBackups(ports, instanceId, signal),
    listArchives: ({ signal, instanceId }) => listArchives(ports, instanceId, signal),
    verify: ({ signal, instanceId, backupId, quick }) =>
      verify(ports, store, { instanceId, backupId, quick }, signal),
    async close() {
      store.close();
      agents.destroy();
      direct.destroy();
    },
  };
};

/** Loads only the adapter that is needed: the S3 client takes most of the program's start. */
async function openStore(config: Config, clock: Clock): Promise<ObjectStore> {
  const { destination, partSize, bufferMemory, environment } = config;
  if (destination.kind === 'file') {
    const { createFileStore } = await import('./store/file-store.ts');
    return createFileStore({ directory: destination.directory });
  }
  const [{ createS3Store }, { createBufferPool }] = await Promise.all([
    import('./store/s3-store.ts'),
    import('./store/buffer-pool.ts'),
  ]);
  const agents = createAgents(environment);
  return createS3Store({
    ...s3Options(destination),
    partSize,
    pool: createBufferPool(bufferMemory),
    agents,
    clock,
  });
}

function s3Options(destination: Extract<DestinationConfig, { kind: 's3' }>) {
  const { kind: _, prefix: __, ...options } = destination;
  return options;
}
