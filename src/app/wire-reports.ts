/** Part of the composition root: who is told of a run, by metrics or by messages. */
import type { Config } from '../config/schema.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import type { Agents } from '../network/agents.ts';
import type { MetricsDelivery } from '../report/metrics/run-delivery.ts';
import type { Notifier } from '../report/notify/notifier.ts';
import type { Observer } from '../report/observer.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readVersion } from '../version.ts';

interface Ports {
  readonly observer: Observer;
  readonly clock: Clock;
  readonly agents: Agents;
}

/** Loaded only where somebody is to have the metrics; else a run is told as it goes. */
export async function openDelivery(
  { metrics, shard }: Config,
  { agents, clock, observer }: Ports,
): Promise<MetricsDelivery> {
  if (metrics.pushgateway === undefined && metrics.textfile === undefined)
    return { observer, after: (run) => run() };
  const [{ createMetricsDelivery }, { createExchange }] = await Promise.all([
    import('../report/metrics/run-delivery.ts'),
    import('../report/notify/exchange.ts'),
  ]);
  const exchange = createExchange(agents, clock);
  return createMetricsDelivery({
    settings: metrics,
    version: readVersion(),
    exchange,
    clock,
    observer,
    shard,
  });
}

/** Loaded only where somebody is to be told. */
export async function openNotifier(
  { notify, heartbeat, sources, shard }: Config,
  {
    store,
    layout,
    observer,
    ...ports
  }: Ports & {
    readonly store: ObjectStore;
    readonly layout: ArchiveLayout;
  },
): Promise<Notifier> {
  if (notify.length === 0 && heartbeat === undefined)
    return { observer, after: (run) => run(), test: async () => [] };
  const { createNotifier } = await import('../report/notify/notifier.ts');
  const settings = {
    receivers: notify,
    ...(heartbeat && { heartbeat }),
    sources: sources.map(({ name }) => name),
    destination: store.description,
    stateKey: layout.notifyStateKey(shard),
  };
  return createNotifier(settings, { ...ports, objects: store, tell: observer });
}
