/** What is known of the drills, as metrics: the same three families wherever they are shown. */
import { Registry } from 'prom-client';
import type { DrillSummary } from '../../domain/drill.ts';
import { toEpoch } from '../../domain/instant.ts';
import { type DrillFamilies, drillFamilies } from './families.ts';

/** Takes over what is known; a source that is not in it has no series any more. */
export function setDrills(families: DrillFamilies, summaries: readonly DrillSummary[]): void {
  for (const family of Object.values(families)) family.reset();
  for (const { source, lastDrilledAt, lastPassedAt, failing } of summaries) {
    families.lastDrill.set({ source }, toEpoch(lastDrilledAt) / 1000);
    if (lastPassedAt !== undefined) families.lastPassed.set({ source }, toEpoch(lastPassedAt) / 1000);
    families.failing.set({ source }, failing.length);
  }
}

/** Nothing but what is known of the drills, as Prometheus reads it. */
export function drillText(summaries: readonly DrillSummary[]): Promise<string> {
  const registry = new Registry();
  setDrills(drillFamilies(registry), summaries);
  return registry.metrics();
}
