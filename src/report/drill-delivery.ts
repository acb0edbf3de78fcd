/** Brings what is known of the drills to a Pushgateway or a textfile, as a drill is over before anybody could scrape it. */
import type { Clock } from '../domain/clock.ts';
import type { DrillSummary } from '../domain/drill.ts';
import { drillText } from './drill-metrics.ts';
import { messageChain } from './error-text.ts';
import type { Exchange } from './notify/exchange.ts';
import { withinTime } from './notify/time-limit.ts';
import type { Observer } from './observer.ts';
import { pushGroups } from './pushgateway.ts';
import { writeTextfile } from './textfile.ts';

export interface DrillDelivery {
  readonly settings: { readonly pushgateway?: string; readonly textfile?: string };
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** One group a source, so that the drill of one says nothing of another. A dead receiver changes no result, and is told of. */
export async function deliverDrills(
  summaries: readonly DrillSummary[],
  { settings, exchange, clock, observer }: DrillDelivery,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async (what: string, hint: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? messageChain(error) : String(error);
      observer({ type: 'warning', message: `the metrics of this drill were not ${what}: ${why}`, hint });
    }
  };
  const { pushgateway, textfile } = settings;
  if (pushgateway !== undefined)
    await attempt('pushed', 'Check ARCHIVER_PUSHGATEWAY_URL and that the Pushgateway runs.', async () => {
      const groups = await Promise.all(
        summaries.map(async (summary) => ({
          labels: { source: summary.source },
          body: await drillText([summary]),
        })),
      );
      await withinTime(clock, signal, (limit) =>
        pushGroups(groups, { url: pushgateway, exchange, signal: limit }),
      );
    });
  if (textfile !== undefined)
    await attempt(
      'written',
      'ARCHIVER_METRICS_TEXTFILE must name a file in a folder that can be written to.',
      async () => writeTextfile(drillTextfile(textfile), await drillText(summaries)),
    );
}

/** Beside the file of the runs, which a run writes anew: `rdb_archiver.prom` gives `rdb_archiver-drill.prom`. */
function drillTextfile(path: string): string {
  return path.replace(/\.prom$/, '-drill.prom');
}
