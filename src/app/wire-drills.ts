/** Wires restore tests. Beside the composition root, since most of it is loaded only where somebody drills. */

import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config/schema.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import type { DrillSummary } from '../domain/drill.ts';
import type { Listing } from '../domain/listing.ts';
import { createDrillRecords, type DrillRecords } from '../drill/record.ts';
import type { DrillItem, DrillRequest } from '../drill/report.ts';
import { readDrillSummaries } from '../drill/summaries.ts';
import type { Agents } from '../network/agents.ts';
import type { Observer } from '../report/observer.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface Drills {
  readonly records: DrillRecords;
  drill(request: DrillRequest): Promise<Listing<DrillItem>>;
  /** What is known of these sources. */
  summaries(sources: readonly string[], signal: AbortSignal): Promise<readonly DrillSummary[]>;
}

interface DrillsPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly reading: ReadPorts;
  readonly agents: Agents;
  readonly clock: Clock;
  readonly observer: Observer;
}

export function createDrills(config: Config, ports: DrillsPorts): Drills {
  const { catalog, reading, clock, layout } = ports;
  const records = createDrillRecords(ports.store, layout);
  return {
    records,
    async drill(request) {
      const { drill } = await import('../drill/drill.ts');
      const sources = config.sources.map(({ name }) => name);
      const drillPorts = { catalog, records, reading, clock, sources, settings: config.drill };
      const { listing, summaries } = await drill(request, drillPorts);
      await deliver(summaries, config, ports, request.signal);
      return listing;
    },
    summaries: (sources, signal) => readDrillSummaries(records, sources, signal),
  };
}

/** Loaded only where somebody is to have the metrics. */
async function deliver(
  summaries: readonly DrillSummary[],
  { metrics: settings }: Config,
  { agents, clock, observer }: DrillsPorts,
  signal: AbortSignal,
): Promise<void> {
  if (settings.pushgateway === undefined && settings.textfile === undefined) return;
  const [{ deliverDrills }, { createExchange }] = await Promise.all([
    import('../report/metrics/drill-delivery.ts'),
    import('../report/notify/exchange.ts'),
  ]);
  const exchange = createExchange(agents, clock);
  await deliverDrills(summaries, { settings, exchange, clock, observer }, signal);
}
