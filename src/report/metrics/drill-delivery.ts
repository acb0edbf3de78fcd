/** Brings what is known of the drills to a Pushgateway or a textfile, as a drill is over before anybody could scrape it. */
import type { DrillSummary } from '../../domain/drill.ts';
import { deliverMetrics, type Receivers } from './deliver.ts';
import { drillText } from './drill-metrics.ts';

/** One group a source, so that the drill of one says nothing of another. */
export function deliverDrills(
  summaries: readonly DrillSummary[],
  receivers: Receivers,
  signal: AbortSignal,
): Promise<void> {
  const groupOf = async (summary: DrillSummary) => ({
    labels: { source: summary.source },
    body: await drillText([summary]),
  });
  const metrics = {
    of: 'drill',
    suffix: '-drill',
    groups: () => Promise.all(summaries.map(groupOf)),
    text: () => drillText(summaries),
  };
  return deliverMetrics(metrics, receivers, signal);
}
