/** What the bucket says, from a status report, as metrics. */
import { toEpoch } from '../../domain/instant.ts';
import type { InstanceStatus, StatusReport } from '../../domain/status.ts';
import type { ArchiveFamilies } from './families.ts';

/** In place of what the report before said. */
export function setBucket(bucket: ArchiveFamilies, report: StatusReport): void {
  for (const family of Object.values(bucket)) family.reset();
  // A source that shows no instance, or could not be listed, is told as none: a series that is missing raises no alarm.
  for (const source of report.sources) {
    bucket.atRisk.set({ source }, 0);
    for (const savable of ['yes', 'no'] as const) bucket.keyless.set({ source, savable }, 0);
    for (const state of ['fresh', 'stale', 'vanished'] as const) bucket.instances.set({ source, state }, 0);
  }
  for (const status of report.instances) {
    const { source, archives, bytes, open } = status;
    const labels = { source, instance_id: status.instanceId };
    bucket.archives.set(labels, archives);
    if (bytes !== undefined) bucket.bytes.set(labels, bytes);
    const deadlines = open
      .filter(({ state }) => state !== 'expired')
      .map(({ deadline }) => toEpoch(deadline));
    if (deadlines.length > 0) bucket.deadline.set(labels, Math.min(...deadlines) / 1000);
    bucket.instances.inc({ source, state: stateOf(status) });
    const { archives: keyless, savable } = status.keyless ?? { archives: 0, savable: 0 };
    bucket.keyless.inc({ source, savable: 'yes' }, savable);
    bucket.keyless.inc({ source, savable: 'no' }, keyless - savable);
    bucket.atRisk.inc({ source }, open.filter(({ atRisk }) => atRisk).length);
  }
  bucket.problems.set(report.problems.length);
  bucket.takenAt.set(toEpoch(report.generatedAt) / 1000);
}

function stateOf({ stale, vanished }: InstanceStatus): 'fresh' | 'stale' | 'vanished' {
  if (stale) return 'stale';
  return vanished ? 'vanished' : 'fresh';
}
