/** Everything that keeps archives or lets them go, wired for the application: expire, hold and release. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ManifestIndex } from '../catalog/index/manifest-index.ts';
import type { Quarantine } from '../catalog/quarantine.ts';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { type ExpirePolicy, type ExpireRequest, expire } from './expire.ts';
import { type HoldRequest, listHolds, setHold } from './hold.ts';
import { createHolds } from './holds.ts';
import { createRemovals } from './removal.ts';
import type { ExpireReport, HoldItem } from './report.ts';
import type { ExpirePorts } from './survey.ts';

export interface Retention {
  /** What is to go by rule, and its removal where that was confirmed. Rejects where the catalog could not be listed whole. */
  expire(request: ExpireRequest): Promise<ExpireReport>;
  /** Holds an archive, or releases it. */
  hold(request: HoldRequest): Promise<HoldItem>;
  /** The archives that are held, of one instance or of all. */
  listHolds(options: {
    readonly instanceId?: string;
    readonly signal: AbortSignal;
  }): Promise<readonly HoldItem[]>;
}

export interface RetentionPorts {
  readonly layout: ArchiveLayout;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly reading: ReadPorts;
  readonly index: ManifestIndex;
  readonly damaged: ExpirePorts['damaged'];
  readonly clock: Clock;
}

export function createRetention(ports: RetentionPorts, policy: ExpirePolicy): Retention {
  const { store } = ports.reading;
  const holds = createHolds(store, ports.layout);
  const removals = createRemovals({ ...ports, store, holds });
  return {
    expire: (request) => expire(request, policy, { ...ports, store, holds, removals }),
    hold: (request) => setHold(request, { ...ports, store, holds }),
    listHolds: ({ instanceId, signal }) => listHolds({ ...ports, store, holds }, instanceId, signal),
  };
}
