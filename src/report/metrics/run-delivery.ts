/** Brings the metrics of each run to where they outlive it: a Pushgateway, a textfile. A dead receiver fails no run, and is told of. */
import pLimit from 'p-limit';
import type { RunSummary } from '../../domain/outcome.ts';
import type { ArchiverEvent, Observer } from '../observer.ts';
import { deliverMetrics, type Receivers } from './deliver.ts';
import { createMetrics, type MetricsGroup } from './metrics.ts';

export interface MetricsDelivery {
  /** Counts, and hands everything on but the summaries of runs: those come after the delivery, for a summary is the last line. */
  readonly observer: Observer;
  /** Delivers when the run has ended, then tells its summary. */
  after(run: () => Promise<RunSummary>, signal: AbortSignal): Promise<RunSummary>;
}

export interface DeliveryOptions extends Receivers {
  readonly version: string;
  /** Several workers of one fleet push their runs apart. */
  readonly shard: { readonly index: number; readonly count: number };
}

export function createMetricsDelivery(options: DeliveryOptions): MetricsDelivery {
  const { observer, shard } = options;
  const metrics = createMetrics(options);
  const held = new Map<string, ArchiverEvent>();
  // Runs of several schedules may end at once, and the textfile is one file.
  const inTurn = pLimit(1);

  async function groups(): Promise<readonly MetricsGroup[]> {
    const [run, ...instances] = await metrics.groups();
    // An instance may move from one shard to another, so its last success belongs to none of them.
    const labels: Record<string, string> = shard.count > 1 ? { shard: String(shard.index) } : {};
    return run ? [{ ...run, labels: { ...labels, ...run.labels } }, ...instances] : instances;
  }

  const text = async () => (await metrics.text()).body;
  const deliver = (signal: AbortSignal) => deliverMetrics({ of: 'run', groups, text }, options, signal);

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
