/** A whole application over real HTTP: a cloud and a bucket that a test can break, one configuration, and what came of each run. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { openDestination } from '../../src/app/wire-destination.ts';
import type { Config } from '../../src/config/schema.ts';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { fixed } from '../../src/domain/current.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { Dialect, Outcome, RunSummary } from '../../src/domain/outcome.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { ArchiverEvent, Observer } from '../../src/report/observer.ts';
import type { Dump } from '../../src/sandbox/dump.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { MEMORY } from '../../src/store/probe/memory.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { type Cloud, createCloud } from './cloud.ts';
import { PROBE_PREFIX } from './probe.ts';
import { type S3Server, startS3 } from './s3.ts';
import type { StoredObject } from './s3-bucket.ts';

export interface ScenarioOptions {
  readonly api?: Dialect;
  /** Fills the cloud; one standard edition with one backup of one small dump where absent. */
  readonly world?: (world: World, clock: TestClock) => void;
  readonly config?: Partial<Config>;
  readonly source?: Partial<Config['sources'][number]>;
  /** Changes the configuration as it was worked out from all the rest. */
  readonly adjust?: (config: Config) => Config;
  /** Milliseconds before a whole backup is tried again; none where absent. */
  readonly retryWaitMs?: number;
  /** Told of every event first. */
  readonly observer?: Observer;
  /** A bucket that another scenario shares; one of its own where absent. */
  readonly s3?: S3Server;
  /** How the bucket behaves, from the beginning. */
  readonly behaviour?: Partial<S3Server['behaviour']>;
  /** False for a bucket that no run has ever used; else it was found out, and is remembered, what the store does. */
  readonly measured?: boolean;
}

/** One run and all that was told of it. */
export interface Run {
  readonly summary: RunSummary;
  readonly events: readonly ArchiverEvent[];
  readonly outcomes: readonly Outcome[];
  of<Type extends ArchiverEvent['type']>(type: Type): Extract<ArchiverEvent, { type: Type }>[];
}

export interface Scenario {
  readonly clock: TestClock;
  readonly cloud: Cloud;
  readonly s3: S3Server;
  readonly app: App;
  run(signal?: AbortSignal): Promise<Run>;
  archive(instanceId: string, backupId?: string, signal?: AbortSignal): Promise<Run>;
  /** Another worker on the same cloud and bucket, as a second pod would be. */
  secondWorker(): Promise<Pick<Scenario, 'run' | 'archive' | 'app'>>;
  /** The manifests in the bucket, by backup id. */
  manifests(): Map<string, Manifest>;
  /** Before the test's end, where a test opens many. */
  close(): Promise<void>;
  /** Keys in the bucket below `redis/`, but what is remembered of the store. */
  keys(kind?: 'catalog' | 'data' | 'quarantine'): string[];
}

export const INSTANCE = 'crs-orders01';
export const MiB = 1024 * 1024;

export async function createScenario(options: ScenarioOptions = {}): Promise<Scenario> {
  const clock = createTestClock();
  const world = createWorld(clock);
  (options.world ?? oneSmallBackup)(world, clock);
  const cloud = await createCloud({ world, clock, regions: ['ap-guangzhou', 'ap-shanghai'] });
  const s3 = options.s3 ?? (await startS3());
  Object.assign(s3.behaviour, options.behaviour);
  const opened: (() => Promise<void>)[] = [];
  async function close(): Promise<void> {
    await Promise.all(opened.splice(0).map((end) => end()));
    await cloud.close();
    if (!options.s3) await s3.close();
  }
  onTestFinished(close);
  const { adjust = (config) => config } = options;
  const config = adjust(configOf(options, cloud, s3));
  if (options.measured !== false) await measureBucket(config, s3, clock);
  const newWorker = async () => {
    const { close: end, ...worker } = await createWorker(config, clock, options);
    opened.push(end);
    return worker;
  };
  const worker = await newWorker();
  return {
    clock,
    cloud,
    s3,
    ...worker,
    secondWorker: newWorker,
    close,
    manifests() {
      const found = [...s3.objects.keys()].filter((key) => key.startsWith('redis/catalog/'));
      return new Map(
        found.map((key) => {
          const manifest = JSON.parse(String(s3.bytesOf(key))) as Manifest;
          return [manifest.backup.id, manifest];
        }),
      );
    },
    keys: (kind) =>
      [...s3.objects.keys()]
        .filter((key) => key.startsWith(`redis/${kind ?? ''}`) && !key.startsWith(PROBE_PREFIX))
        .sort(),
  };
}

/** What was found out of a store that behaves and is configured alike, with the endpoint where it was. */
const measurements = new Map<string, { readonly endpoint: string; readonly record: StoredObject }>();

/** As an earlier run has done it; what comes is counted from here on. Once a kind of store: it costs a dozen requests. */
async function measureBucket(config: Config, s3: S3Server, clock: TestClock): Promise<void> {
  const layout = archiveLayout('redis');
  const { probeKey: keyOf } = layout;
  const { behaviour, objects, endpoint } = s3;
  const wanted = { ...config.destination, endpoint: undefined };
  const kind = JSON.stringify([behaviour, wanted, config.objectLock, config.storageClasses, clock.now()]);
  const known = behaviour.versioned || objects.size > 0 ? undefined : measurements.get(kind);
  if (known) {
    const text = String(Buffer.concat([...known.record.chunks])).replaceAll(known.endpoint, endpoint);
    objects.set(keyOf(MEMORY), { ...known.record, size: text.length, chunks: [Buffer.from(text)] });
    return;
  }
  const { store, prepare } = await openDestination(config, { clock, layout });
  await prepare({ signal: new AbortController().signal });
  store.close();
  s3.forgetRequests();
  const record = objects.get(keyOf(MEMORY));
  if (record) measurements.set(kind, { endpoint, record });
}

async function createWorker(
  config: Config,
  clock: TestClock,
  { retryWaitMs = 0, observer: listener = () => {} }: ScenarioOptions,
): Promise<Pick<Scenario, 'run' | 'archive' | 'app' | 'close'>> {
  let events: ArchiverEvent[] = [];
  const observer: Observer = (event) => {
    events.push(event);
    listener(event);
  };
  const app = await createApp(config, { clock, observer, retryWaitMs });

  async function watch(work: () => Promise<RunSummary>): Promise<Run> {
    events = [];
    const mine = events;
    const summary = await work();
    const of = <Type extends ArchiverEvent['type']>(type: Type) =>
      mine.filter((event): event is Extract<ArchiverEvent, { type: Type }> => event.type === type);
    return { summary, events: mine, of, outcomes: of('backup.outcome').map(({ outcome }) => outcome) };
  }

  return {
    app,
    close: () => app.close(),
    run: (signal = new AbortController().signal) => watch(() => app.run({ signal })),
    archive: (instanceId, backupId = 'latest', signal = new AbortController().signal) =>
      watch(() => app.archive({ instanceId, backupId, signal })),
  };
}

function configOf(options: ScenarioOptions, cloud: Cloud, s3: S3Server): Config {
  const { secretId, secretKey } = cloud.credentials;
  return {
    sources: [
      {
        name: 'ap-guangzhou',
        api: options.api ?? 'tencent-v3',
        region: 'ap-guangzhou',
        endpoint: cloud.url,
        credentials: fixed({ secretId, secretKey: new Secret(secretKey) }),
        instances: ['*'],
        exclude: [],
        names: [],
        tags: {},
        site: 'auto',
        network: 'extranet',
        utcOffsetMinutes: 480,
        exportClusters: false,
        ...options.source,
      },
    ],
    destination: {
      kind: 's3',
      bucket: s3.bucket,
      prefix: 'redis',
      endpoint: s3.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      profile: 'auto',
      credentials: fixed({
        accessKeyId: s3.credentials.accessKeyId,
        secretAccessKey: new Secret(s3.credentials.secretAccessKey),
      }),
    },
    objectLock: [],
    storageClasses: [],
    compression: 'none',
    compressionLevel: 3,
    ageRecipients: [],
    ageIdentities: fixed([]),
    encryptedBackups: 'warn',
    keyRecipients: [],
    readback: 'auto',
    inspect: false,
    concurrency: 4,
    connections: 1,
    partSize: 5 * MiB,
    bufferMemory: 40 * MiB,
    // Far beyond what a loaded machine needs; a test that waits for a stall sets a short one.
    stallTimeoutMs: 20_000,
    minimumRate: 0,
    allowedHosts: [],
    largestDump: 256 * 1024 * MiB,
    attempts: 3,
    runDeadlineMs: 6 * 3_600_000,
    staleUploadAgeMs: 24 * 3_600_000,
    shard: { index: 0, count: 1 },
    allowBackupRequests: false,
    allowEmpty: false,
    fileAccess: 'owner',
    schedule: '17 * * * *',
    timezone: 'Asia/Shanghai',
    runOnStart: true,
    jitterMs: 0,
    httpListen: { host: '127.0.0.1', port: 0 },
    metrics: {},
    notify: [],
    retention: [],
    keepMinimum: 3,
    drill: { servers: [], rules: [], searchPath: process.env['PATH'] ?? '' },
    log: { level: 'info', format: 'json', skipped: true },
    environment: {},
    ...options.config,
  };
}

function oneSmallBackup(world: World, clock: TestClock): void {
  world.addInstance({ id: INSTANCE, name: 'orders' });
  addBackup(world, clock, { id: 'backup-1' });
}

export interface BackupOptions {
  readonly id: string;
  readonly instanceId?: string;
  /** Bytes of each dump. */
  readonly size?: number;
  readonly files?: number;
  readonly hoursAgo?: number;
}

/** Adds an available backup with synthetic, valid dumps; the same id always has the same bytes. */
export function addBackup(world: World, clock: Pick<TestClock, 'now'>, options: BackupOptions): void {
  const { id, instanceId = INSTANCE, size = 4000, files = 1, hoursAgo = 3 } = options;
  const seed = [...id].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 7) % 100_000;
  world.addBackup(instanceId, {
    id,
    startedAt: clock.now() - hoursAgo * 3_600_000,
    files: Array.from({ length: files }, (_, index) => ({
      name: `redis-${index + 1}.rdb`,
      dump: dumpOf(size, seed + index),
    })),
  });
}

/** The last few that were made: a test's runs, and its neighbours, ask for the same ones, and their checksums take time. */
const dumps = new Map<string, Dump>();
const DUMPS_KEPT = 16;

function dumpOf(size: number, seed: number): Dump {
  const key = `${size}/${seed}`;
  const dump = dumps.get(key) ?? syntheticDump({ size, seed });
  dumps.delete(key);
  dumps.set(key, dump);
  for (const oldest of dumps.keys()) if (dumps.size > DUMPS_KEPT) dumps.delete(oldest);
  return dump;
}

/** The only outcome, where a test has one backup. */
export function only(run: Run): Outcome {
  const [outcome, other] = run.outcomes;
  if (!outcome || other) throw new Error(`one outcome was expected, not ${run.outcomes.length}`);
  return outcome;
}

/** SHA-256 of the dump that the cloud holds, whatever its download host makes of it. */
export async function digestOf(
  { cloud }: Scenario,
  backupId = 'backup-1',
  file = 'redis-1.rdb',
): Promise<string> {
  const dump = cloud.world.file(INSTANCE, backupId, file)?.dump;
  if (!dump) throw new Error(`the cloud has no ${file} of ${backupId}`);
  const hash = createHash('sha256');
  for await (const chunk of dump.read(0, dump.size)) hash.update(chunk);
  return hash.digest('hex');
}
