/** Brings the metrics of each run to where they outlive it: a Pushgateway, a textfile. A dead receiver fails no run, and is told of. */
import pLimit from 'p-limit';
import type { Clock } from '../domain/clock.ts';
import type { RunSummary } from '../domain/outcome.ts';
import { messageChain } from './error-text.ts';
import { createMetrics } from './metrics.ts';
import type { Exchange } from './notify/exchange.ts';
import { withinTime } from './notify/time-limit.ts';
import type { ArchiverEvent, Observer } from './observer.ts';
import { pushGroups } from './pushgateway.ts';
import { writeTextfile } from './textfile.ts';

export interface MetricsDelivery {
  /** Counts, and hands everything on but the summaries of runs: those come after the delivery, for a summary is the last line. */
  readonly observer: Observer;
  /** Delivers when the run has ended, then tells its summary. */
  after(run: () => Promise<RunSummary>, signal: AbortSignal): Promise<RunSummary>;
}

export interface DeliveryOptions {
  readonly settings: { readonly pushgateway?: string; readonly textfile?: string };
  readonly version: string;
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Several workers of one fleet push their runs apart. */
  readonly shard: { readonly index: number; readonly count: number };
}

export function createMetricsDelivery(options: DeliveryOptions): MetricsDelivery {
  const { settings, clock, observer, shard } = options;
  const metrics = createMetrics(options);
  const held = new Map<string, ArchiverEvent>();
  // Runs of several schedules may end at once, and the textfile is one file.
  const inTurn = pLimit(1);

  async function push(url: string, signal: AbortSignal): Promise<void> {
    const [run, ...instances] = await metrics.groups();
    // An instance may move from one shard to another, so its last success belongs to none of them.
    const labels: Record<string, string> = shard.count > 1 ? { shard: String(shard.index) } : {};
    const groups = run ? [{ ...run, labels: { ...labels, ...run.labels } }, ...instances] : instances;
    await withinTime(clock, signal, (limit) =>
      pushGroups(groups, { url, exchange: options.exchange, signal: limit }),
    );
  }

  async function attempt(what: string, hint: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? messageChain(error) : String(error);
      observer({ type: 'warning', message: `the metrics of this run were not ${what}: ${why}`, hint });
    }
  }

  async function deliver(signal: AbortSignal): Promise<void> {
    const { pushgateway, textfile } = settings;
    if (pushgateway !== undefined) {
      const hint = 'Check ARCHIVER_PUSHGATEWAY_URL and that the Pushgateway runs.';
      await attempt('pushed', hint, () => push(pushgateway, signal));
    }
    if (textfile !== undefined) {
      const hint = 'ARCHIVER_METRICS_TEXTFILE must name a file in a folder that can be written to.';
      await attempt('written', hint, async () => writeTextfile(textfile, (await metrics.text()).body));
    }
  }

  return {
    observer(event) {
      metrics.observer(event);
      if (event.type === 'run.summary') held.set(event.summary.runId, event);
      else observer(event);
    },

    async after(run, signal) {
      const summary = await run();
      await inTurn(() => deliver(signal));
      const last = held.get(summary.runId);
      held.delete(summary.runId);
      if (last) observer(last);
      return summary;
    },
  };
}
