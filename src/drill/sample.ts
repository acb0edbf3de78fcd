/** Which archives a drill takes when it is asked for a sample: every instance gets its turn, then every archive of it. Pure. */
import { compareText } from '../domain/compare-text.ts';
import type { Instant } from '../domain/instant.ts';
import type { SampleSize } from './report.ts';

/** An archive that was drilled, and when that was last. */
export interface Drilled {
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly drilledAt: Instant;
}

/** The archives of one instance. */
export interface OfInstance<Archive, Again extends Archive & Drilled> {
  readonly source: string;
  readonly instanceId: string;
  /** Those that were never drilled, the newest first. Asked for only as far as they are needed: there may be very many. */
  readonly never: Iterable<Archive>;
  readonly drilled: readonly Again[];
}

/** Archives of that many; at least one where there is any. */
export function sampleCount(size: SampleSize, archives: number): number {
  if (archives === 0) return 0;
  const wanted = 'count' in size ? size.count : Math.ceil((archives * size.percent) / 100);
  return Math.min(archives, Math.max(1, wanted));
}

/**
 * All archives in the order in which they are due. One of each instance comes before the second of any, and the instance that has
 * waited longest comes first. Within an instance the newest archive that was never drilled comes first, since it is the one that would
 * be needed; then the one whose last drill is longest ago.
 */
export function* rotation<Archive, Again extends Archive & Drilled>(
  instances: readonly OfInstance<Archive, Again>[],
): Generator<Archive> {
  let queues = instances
    .map((one) => ({
      id: `${one.source}\n${one.instanceId}`,
      last: lastDrill(one.drilled),
      queue: dueOf(one),
    }))
    .sort((left, right) => compareText(left.last, right.last) || compareText(left.id, right.id))
    .map(({ queue }) => queue);
  while (queues.length > 0) {
    const left: typeof queues = [];
    for (const queue of queues) {
      const next = queue.next();
      if (next.done) continue;
      left.push(queue);
      yield next.value;
    }
    queues = left;
  }
}

function* dueOf<Archive, Again extends Archive & Drilled>({
  never,
  drilled,
}: OfInstance<Archive, Again>): Generator<Archive> {
  yield* never;
  yield* drilled.toSorted(byDue);
}

/** When anything of the instance was last drilled; the empty text sorts before every date. */
function lastDrill(archives: readonly Drilled[]): string {
  return archives.reduce((last, { drilledAt }) => (drilledAt > last ? drilledAt : last), '');
}

function byDue(left: Drilled, right: Drilled): number {
  return (
    compareText(left.drilledAt, right.drilledAt) ||
    compareText(right.startedAt, left.startedAt) ||
    compareText(left.backupId, right.backupId)
  );
}
