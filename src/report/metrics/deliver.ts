/** Hands metrics to those who are to have them, of a run, a drill or a verification. A dead receiver changes no result, and is told of. */
import type { Clock } from '../../domain/clock.ts';
import { messageChain } from '../error-text.ts';
import type { Exchange } from '../notify/exchange.ts';
import { withinTime } from '../notify/time-limit.ts';
import type { Observer } from '../observer.ts';
import type { MetricsGroup } from './metrics.ts';
import { pushGroups } from './pushgateway.ts';
import { writeTextfile } from './textfile.ts';

export interface Receivers {
  readonly settings: { readonly pushgateway?: string; readonly textfile?: string };
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly observer: Observer;
}

export interface DeliveredMetrics {
  /** Whose metrics they are, for warnings: `run`. */
  readonly of: string;
  /** A textfile of its own beside that of the runs, which a run writes anew: `-drill` makes `rdb_archiver-drill.prom`. */
  readonly suffix?: string;
  /** For a Pushgateway; worked out only where there is one. */
  readonly groups: () => Promise<readonly MetricsGroup[]>;
  /** For a textfile; likewise. */
  readonly text: () => Promise<string>;
}

/** Rejects never: what fails is a warning. */
export async function deliverMetrics(
  { of, suffix = '', groups, text }: DeliveredMetrics,
  { settings, exchange, clock, observer }: Receivers,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async (what: string, hint: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? messageChain(error) : String(error);
      observer({ type: 'warning', message: `the metrics of this ${of} were not ${what}: ${why}`, hint });
    }
  };
  const { pushgateway: url, textfile } = settings;
  if (url !== undefined) {
    const hint = 'Check ARCHIVER_PUSHGATEWAY_URL and that the Pushgateway runs.';
    await attempt('pushed', hint, async () => {
      const all = await groups();
      await withinTime(clock, signal, (limit) => pushGroups(all, { url, exchange, signal: limit }));
    });
  }
  if (textfile !== undefined) {
    const hint = 'ARCHIVER_METRICS_TEXTFILE must name a file in a folder that can be written to.';
    const path = textfile.replace(/\.prom$/, `${suffix}.prom`);
    await attempt('written', hint, async () => writeTextfile(path, await text()));
  }
}
