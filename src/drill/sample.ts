/** Which archives a drill takes when it is asked for a sample: every instance gets its turn, then every archive of it. Pure. */
import { compareText } from '../domain/compare-text.ts';
import type { Instant } from '../domain/instant.ts';
import type { SampleSize } from './report.ts';

/** An archive, and when it was last drilled. */
export interface Candidate {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly drilledAt?: Instant;
}

/** Archives of that many; at least one where there is any. */
export function sampleCount(size: SampleSize, archives: number): number {
  if (archives === 0) return 0;
  const wanted = 'count' in size ? size.count : Math.ceil((archives * size.percent) / 100);
  return Math.min(archives, Math.max(1, wanted));
}

/**
 * All candidates in the order in which they are due. One of each instance comes before the second of any, and the instance that has
 * waited longest comes first. Within an instance the newest archive that was never drilled comes first, since it is the one that would
 * be needed; then the one whose last drill is longest ago.
 */
export function rotation<Archive extends Candidate>(candidates: readonly Archive[]): Archive[] {
  const instances = [...Map.groupBy(candidates, ({ source, instanceId }) => `${source}\n${instanceId}`)];
  const queues = instances
    .map(([id, archives]) => ({ id, last: lastDrill(archives), queue: archives.toSorted(byDue) }))
    .sort((left, right) => compareText(left.last, right.last) || compareText(left.id, right.id));
  const longest = Math.max(0, ...queues.map(({ queue }) => queue.length));
  return Array.from({ length: longest }, (_, round) =>
    queues.flatMap(({ queue }) => queue[round] ?? []),
  ).flat();
}

/** When anything of the instance was last drilled; the empty text sorts before every date. */
function lastDrill(archives: readonly Candidate[]): string {
  return archives.reduce((last, { drilledAt = '' }) => (drilledAt > last ? drilledAt : last), '');
}

function byDue(left: Candidate, right: Candidate): number {
  return (
    compareText(left.drilledAt ?? '', right.drilledAt ?? '') ||
    compareText(right.startedAt, left.startedAt) ||
    compareText(left.backupId, right.backupId)
  );
}
