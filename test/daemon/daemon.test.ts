/** The long-running mode as one thing: real sockets, a clock that a test holds, an application that does what it is told. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDaemon, type DaemonOptions, type DaemonPorts } from '../../src/daemon/daemon.ts';
import { fixed } from '../../src/domain/current.ts';
import { ArchiverError, interruption } from '../../src/domain/errors.ts';
import type { RunSummary } from '../../src/domain/outcome.ts';
import type { StatusReport } from '../../src/domain/status.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { HOUR_MS } from '../support/builders.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

type Source = DaemonOptions['config']['sources'][number];

const source = (name: string, schedule?: string): Source => ({
  name,
  api: 'tencent-v3',
  region: name,
  site: 'auto',
  credentials: fixed({}),
  instances: ['*'],
  exclude: [],
  names: [],
  tags: {},
  network: 'auto',
  utcOffsetMinutes: 480,
  exportClusters: false,
  ...(schedule !== undefined && { schedule }),
});
const summary: RunSummary = {
  runId: 'run-1',
  considered: 1,
  archived: 1,
  skipped: 0,
  failed: 0,
  skippedBy: {},
  bytes: 4096,
  durationMs: 1000,
  exitCode: 0,
};
const report: StatusReport = {
  generatedAt: '2026-11-24T00:00:00Z',
  maxAgeMs: 26 * HOUR_MS,
  sources: ['gz'],
  daysBack: 35,
  instances: [],
  warnings: [],
  problems: [],
  exitCode: 0,
};

interface Options {
  readonly config?: Partial<DaemonOptions['config']>;
  readonly app?: Partial<DaemonPorts['app']>;
}

async function start({ config, app }: Options = {}) {
  const clock = createVirtualClock('2026-11-24T00:00:00Z');
  const controller = new AbortController();
  const events: ArchiverEvent[] = [];
  const daemon = createDaemon({
    config: {
      sources: [source('gz')],
      schedule: '17 * * * *',
      timezone: 'UTC',
      runOnStart: false,
      jitterMs: 0,
      httpListen: { host: '127.0.0.1', port: 0 },
      ...config,
    },
    clock,
    version: '1.2.3',
  });
  const observer = (event: ArchiverEvent): void => {
    events.push(event);
    daemon.observer(event);
  };
  const ended = daemon.run({
    app: {
      run: async () => {
        observer({ type: 'run.summary', summary });
        return summary;
      },
      reach: async () => [{}, { source: 'gz' }],
      status: async () => report,
      ...app,
    },
    observer,
    signal: controller.signal,
  });
  const stop = (): void => controller.abort(interruption('SIGTERM'));
  onTestFinished(async () => {
    stop();
    await clock.pass(60_000);
    await ended.catch(() => undefined);
  });
  // The server's socket opens in real time.
  await expect.poll(() => events.some(({ type }) => type === 'daemon.listening')).toBe(true);
  await clock.pass(0);
  const of = <Type extends ArchiverEvent['type']>(type: Type) =>
    events.filter((event): event is Extract<ArchiverEvent, { type: Type }> => event.type === type);
  const ask = async (path: string) => {
    const response = await fetch(new URL(path, of('daemon.listening')[0]?.url));
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return { clock, stop, ended, of, ask };
}

test('answers health and readiness as soon as everything was reached, before any run', async () => {
  const { ask } = await start();
  expect(await ask('/healthz')).toMatchObject({ status: 200, body: '{"ok":true,"reasons":[]}\n' });
  expect(await ask('/readyz')).toMatchObject({ status: 200, body: '{"ok":true,"reasons":[]}\n' });
});

test('is healthy and not ready where the cloud refuses the key, with the reason', async () => {
  const error = new ArchiverError('credentials', 'the cloud refuses the key');
  const { ask } = await start({ app: { reach: async () => [{}, { source: 'gz', error }] } });
  expect((await ask('/healthz')).status).toBe(200);
  const { status, body } = await ask('/readyz');
  expect([status, JSON.parse(body)]).toEqual([
    503,
    { ok: false, reasons: ['source gz: the cloud refuses the key'] },
  ]);
});

test('is not healthy when its loop has stood still', async () => {
  const { ask, clock } = await start();
  clock.set(clock.now() + 10 * 60_000);
  const { status, body } = await ask('/healthz');
  expect(status).toBe(503);
  expect(body).toContain('nothing was heard of the schedule 17 * * * *');
});

test('serves metrics of what it did and of what the bucket holds', async () => {
  const { ask, clock } = await start();
  await clock.pass(HOUR_MS);
  const { status, headers, body } = await ask('/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('text/plain');
  expect(body).toContain('version="1.2.3"');
  expect(body).toMatch(/next_tick_timestamp_seconds\{cron="17 \* \* \* \*"\} \d+/);
});

describe('the page', () => {
  test('shows the bucket and the last runs, under a policy that lets only its own style and script in', async () => {
    const { ask, clock } = await start();
    await clock.pass(HOUR_MS);
    const { status, headers, body } = await ask('/');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*sha256-.*frame-ancestors 'none'/,
    );
    expect(body).toContain('run-1');
  });

  test('is read anew after a run, and not for everyone who asks', async () => {
    let looks = 0;
    const status = async (): Promise<StatusReport> => {
      looks += 1;
      return report;
    };
    const { ask, clock } = await start({ app: { status } });
    for (let visit = 0; visit < 5; visit++) await ask('/');
    expect(looks).toBe(1);
    await clock.pass(20 * 60_000);
    expect(looks).toBe(2);
  });

  test('says that it knows nothing yet where the bucket cannot be read, and the log says why', async () => {
    const status = async (): Promise<StatusReport> => {
      throw new ArchiverError('store-refused', 's3://bucket refuses the key');
    };
    const { ask, of } = await start({ app: { status } });
    expect((await ask('/')).status).toBe(503);
    expect((await ask('/metrics')).status).toBe(200);
    expect(of('warning')[0]?.message).toBe('the status could not be read: s3://bucket refuses the key');
  });
});

test('sources that go by one schedule are one run, those of another schedule another', async () => {
  const asked: unknown[] = [];
  const { clock } = await start({
    config: { sources: [source('gz'), source('sh', '30 * * * *'), source('bj')] },
    app: {
      run: async ({ sources }) => {
        asked.push(sources);
        return summary;
      },
    },
  });
  await clock.pass(HOUR_MS);
  expect(asked).toEqual([['gz', 'bj'], ['sh']]);
});

test('a signal in mid-run: not ready at once, healthy to the end, the run is waited for, then nothing listens', async () => {
  let aborted = false;
  const finish = Promise.withResolvers<void>();
  const { ask, clock, stop, ended, of } = await start({
    app: {
      async run({ signal }) {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        await finish.promise;
        return summary;
      },
    },
  });
  await clock.pass(HOUR_MS);
  stop();
  expect(aborted).toBe(true);
  expect(await ask('/readyz')).toMatchObject({ status: 503, body: '{"ok":false,"reasons":["stopping"]}\n' });
  expect((await ask('/healthz')).status).toBe(200);
  expect(of('daemon.stopping')).toEqual([{ type: 'daemon.stopping', cause: 'interrupted by SIGTERM' }]);
  finish.resolve();
  await ended;
  await expect(ask('/healthz')).rejects.toThrow();
});

test('two daemons do not share a port: the second ends before it has run anything', async () => {
  const first = await start();
  const { port } = new URL(first.of('daemon.listening')[0]?.url ?? '');
  const runs: unknown[] = [];
  const second = createDaemon({
    config: {
      sources: [source('gz')],
      schedule: '17 * * * *',
      timezone: 'UTC',
      runOnStart: true,
      jitterMs: 0,
      httpListen: { host: '127.0.0.1', port: Number(port) },
    },
    clock: createVirtualClock('2026-11-24T00:00:00Z'),
    version: '1.2.3',
  });
  const running = second.run({
    app: {
      async run(options) {
        runs.push(options);
        return summary;
      },
      reach: async () => [],
      status: async () => report,
    },
    observer: () => undefined,
    signal: new AbortController().signal,
  });
  await expect(running).rejects.toMatchObject({ exit: 2 });
  expect(runs).toEqual([]);
});
