/** Months of runs leave nothing behind: whoever listens to them forgets each when it is over, however it ended. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { createBoard } from '../../src/daemon/board.ts';
import { createReadiness } from '../../src/daemon/readiness.ts';
import { fixed } from '../../src/domain/current.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLog } from '../../src/report/log.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { createProgress } from '../../src/report/terminal/progress.ts';
import { archived, summary } from '../report/examples.ts';
import { startProcess } from '../report/notify/setup.ts';
import { createTestClock } from '../support/clock.ts';
import { aStatusReport } from '../support/status.ts';

const RUNS = 500;
/** More than the last runs that the page shows. */
const WARM_UP = 50;
/** So fat that one kept by each run would be seen at once. */
const FAT_BYTES = 20_000;
/** One listener that keeps its runs would take 9 MB; the runtime itself settles within 2. */
const MOST_GROWTH_BYTES = 5_000_000;

/** A run of its own name, with one source that does well and one that cannot be listed. */
function eventsOf(count: number): ArchiverEvent[] {
  const runId = `run-${count}-${'x'.repeat(FAT_BYTES)}`;
  const error = new ArchiverError('credentials', `refused ${runId}`);
  const place = (source: string) => ({ runId, source, region: source });
  return [
    {
      type: 'run.begin',
      runId,
      timezone: 'Asia/Shanghai',
      utcOffset: '+08:00',
      startedAt: '2026-11-24T03:00:00Z',
      sources: 2,
    },
    { type: 'source.failed', ...place('sh'), error },
    { type: 'source.listed', ...place('gz'), instances: 1, backups: 1 },
    { type: 'backup.outcome', outcome: { ...archived, runId, instanceId: `crs-${count}` } },
    { type: 'run.summary', summary: { ...summary, runId, exitCode: 3 } },
  ];
}

test(`${RUNS} runs leave no more behind than the first few`, async () => {
  const clock = createTestClock();
  const readiness = createReadiness({ sources: ['gz', 'sh'], clock });
  const board = createBoard({ clock, version: '1.2.3' });
  const log = createLog({ write: () => undefined, clock, level: 'info', skipped: true });
  const paint = { say: (_: unknown, text: string) => text, conclude: (_: unknown, text: string) => text };
  const progress = createProgress({ say: () => undefined, conclude: () => undefined, clock, paint });
  const { notifier, told } = startProcess({
    heartbeat: fixed(new Secret(await silentWatcher())),
    sources: ['gz', 'sh'],
  });
  const listeners = [readiness.observer, board.observer, log, progress.observer, notifier.observer];

  async function runs(from: number, to: number): Promise<void> {
    for (let count = from; count < to; count += 1) {
      const { signal } = new AbortController();
      const events = eventsOf(count);
      for (const listener of listeners) for (const event of events) listener(event);
      const last = events.at(-1);
      if (last?.type === 'run.summary') await notifier.after(async () => last.summary, signal);
      told.length = 0;
    }
    const stop = new AbortController();
    const look = async () => aStatusReport();
    await board.keep(
      async () => {
        queueMicrotask(() => stop.abort());
        return look();
      },
      () => undefined,
      stop.signal,
    );
  }

  await runs(0, WARM_UP);
  const [series, bytes] = [(await board.metrics()).body.length, await heapBytes()];
  await runs(WARM_UP, RUNS);
  expect((await board.metrics()).body.length).toBeLessThan(series + 200);
  expect((await heapBytes()) - bytes).toBeLessThan(MOST_GROWTH_BYTES);
});

/** Takes every ping and remembers none. */
async function silentWatcher(): Promise<string> {
  const server = createServer((_request, response) => void response.end('OK')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => Promise<void>;
  await collect({ execution: 'async' });
  return process.memoryUsage().heapUsed;
}
