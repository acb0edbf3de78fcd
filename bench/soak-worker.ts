/**
 * For `bench/soak.ts`: the whole app in one process for hours, with the listeners that the long-running mode has. Its waits are twenty
 * times shorter; everything else is as it ships.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type App, createApp } from '../src/app/app.ts';
import { loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { createBoard } from '../src/daemon/board.ts';
import { createReadiness } from '../src/daemon/readiness.ts';
import type { Clock } from '../src/domain/clock.ts';
import { type ArchiverError, interruption } from '../src/domain/errors.ts';
import type { Outcome, RunSummary } from '../src/domain/outcome.ts';
import { fanOut } from '../src/report/fan-out.ts';
import { createLog } from '../src/report/log.ts';
import type { Observer } from '../src/report/observer.ts';
import { systemClock } from '../src/system-clock.ts';
import { readVersion } from '../src/version.ts';
import {
  type FromWorker,
  type Place,
  type RunStory,
  type Sample,
  SOURCES,
  type ToWorker,
} from './soak-words.ts';

const FASTER = 20;
/** Milliseconds before a whole backup is tried again, in place of a quarter of a minute. */
const RETRY_WAIT_MS = 500;
/** What has to be closed is closed by then. */
const SETTLE_MS = 200;

const clock: Clock = {
  ...systemClock,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / FASTER, signal),
};
const config = configFor(JSON.parse(process.argv[2] ?? '{}') as Place);
const readiness = createReadiness({ sources: config.sources.map(({ name }) => name), clock });
const board = createBoard({ clock, version: readVersion() });
const log = createLog({ write: () => undefined, clock, level: 'debug', skipped: true });
const { app, listen } = await openApp(fanOut([readiness.observer, board.observer, log]));

// Whoever began it is gone.
process.once('disconnect', () => process.exit());
process.on('message', async ({ second, interruptAfterMs }: ToWorker) => {
  const other = second ? await openApp(() => undefined) : undefined;
  const runs = await Promise.all([
    storyOf(app, listen, interruptAfterMs),
    ...(other ? [storyOf(other.app, other.listen)] : []),
  ]);
  await other?.app.close();
  process.send?.({ runs, sample: await look() } satisfies FromWorker);
});

function configFor(place: Place): Config {
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-soak-'));
  const settings = {
    sources: SOURCES.map((source) => ({ ...source, endpoint: place.cloudUrl, network: 'extranet' })),
    destination: {
      url: `s3://${place.bucket}/redis`,
      endpoint: place.s3Endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
    },
    partSize: '5MiB',
    bufferMemory: '40MiB',
    stallTimeout: '1s',
    minimumRate: '16KiB',
    // Twice the largest dump: what has no end, and no length, ends here.
    largestDump: '128MiB',
    runDeadline: '1m',
    staleUploadAge: '150s',
  };
  try {
    // Every JSON is YAML.
    writeFileSync(join(cwd, 'archiver.yaml'), JSON.stringify(settings));
    const env = {
      TENCENTCLOUD_SECRET_ID: place.secretId,
      TENCENTCLOUD_SECRET_KEY: place.secretKey,
      AWS_ACCESS_KEY_ID: place.accessKeyId,
      AWS_SECRET_ACCESS_KEY: place.secretAccessKey,
    };
    return loadConfig({ flags: { config: 'archiver.yaml' }, env, cwd });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** An app, and a place where whoever runs it can listen. */
async function openApp(always: Observer): Promise<{ app: App; listen: Listen }> {
  let listener: Observer = () => undefined;
  const observer = fanOut([always, (event) => listener(event)]);
  return {
    app: await createApp(config, { clock, observer, retryWaitMs: RETRY_WAIT_MS }),
    listen: (next) => {
      listener = next;
    },
  };
}

type Listen = (listener: Observer) => void;

async function storyOf(app: App, listen: Listen, interruptAfterMs?: number): Promise<RunStory> {
  const outcomes: Outcome[] = [];
  const complaints: string[] = [];
  const told: RunSummary[] = [];
  const complain = (where: string, { code, message }: ArchiverError): void =>
    void complaints.push(`${where}: ${code}: ${message}`);
  listen((event) => {
    if (event.type === 'backup.outcome') outcomes.push(event.outcome);
    if (event.type === 'run.summary') told.push(event.summary);
    if (event.type === 'run.failed') complain('run', event.error);
    if (event.type === 'source.failed') complain(event.source, event.error);
    if (event.type === 'instance.failed') complain(event.instanceId, event.error);
  });
  const stop = new AbortController();
  const timer =
    interruptAfterMs === undefined
      ? undefined
      : setTimeout(() => stop.abort(interruption('SIGTERM')), interruptAfterMs);
  try {
    const summary = await app.run({ signal: stop.signal });
    return { summary, outcomes, complaints, summaries: told.length, interrupted: stop.signal.aborted };
  } finally {
    clearTimeout(timer);
    listen(() => undefined);
  }
}

async function look(): Promise<Sample> {
  await delay(SETTLE_MS);
  for (let times = 0; times < 3; times += 1) await globalThis.gc?.({ type: 'major', execution: 'async' });
  const { rss, heapUsed, external } = process.memoryUsage();
  const open = readdirSync('/proc/self/fd').map(targetOf);
  const handles = process.getActiveResourcesInfo();
  return {
    rss,
    heap: heapUsed,
    buffers: external,
    files: open.filter((target) => target !== undefined && !target.startsWith('socket:')).length,
    sockets: open.filter((target) => target?.startsWith('socket:')).length,
    timers: handles.filter((kind) => kind === 'Timeout').length,
    handles: handles.length,
  };
}

/** What a descriptor leads to; undefined for the one that the directory itself was read by. */
function targetOf(descriptor: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}
