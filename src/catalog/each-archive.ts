/** Walks over archives by their manifests, several at once and never all in memory: one that is damaged or withheld hides no other. */
import pLimit from 'p-limit';
import { compareText } from '../domain/compare-text.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import { dayOf } from '../domain/instant.ts';
import type { CallOptions } from '../store/object-store.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';

export interface WantedArchives {
  readonly instanceId?: string | undefined;
  readonly backupId?: string | undefined;
}

/** Whether an archive is among those. */
export function isWanted(
  { instanceId, backupId }: WantedArchives,
  ref: Pick<CatalogEntry['ref'], 'instanceId' | 'backupId'>,
): boolean {
  return (instanceId ?? ref.instanceId) === ref.instanceId && (backupId ?? ref.backupId) === ref.backupId;
}

/** The sources that have archives, configured or not. */
export async function sourcesOf(
  catalog: Pick<Catalog, 'sources'>,
  options: CallOptions,
): Promise<readonly string[]> {
  const sources: string[] = [];
  for await (const source of catalog.sources(options)) sources.push(source);
  return sources;
}

/** The archives of these sources, the oldest first; only of some days, where those are given. Holds one day of each source. */
export async function* oldestFirst(
  catalog: Pick<Catalog, 'entries'>,
  sources: ReadonlyMap<string, readonly string[] | undefined>,
  wanted: (entry: CatalogEntry) => boolean,
  options: CallOptions,
): AsyncGenerator<CatalogEntry> {
  const streams = [...sources].map(([source, days]) =>
    daysOf(catalog.entries(source, days, options), wanted),
  );
  try {
    const heads = await Promise.all(streams.map((stream) => stream.next()));
    for (;;) {
      const days = heads.flatMap(({ value }) => (value === undefined ? [] : [value.day]));
      const first = days.reduce<string | undefined>(
        (least, day) => (least === undefined || day < least ? day : least),
        undefined,
      );
      if (first === undefined) return;
      const entries: CatalogEntry[] = [];
      for (const [index, stream] of streams.entries()) {
        const head = heads[index]?.value;
        if (head === undefined || head.day !== first) continue;
        entries.push(...head.entries);
        heads[index] = await stream.next();
      }
      yield* entries.sort(byStart);
    }
  } finally {
    for (const stream of streams) await stream.return(undefined);
  }
}

interface Day {
  readonly day: string;
  readonly entries: CatalogEntry[];
}

/** A source is listed by day, and within a day by instance. */
async function* daysOf(
  entries: AsyncIterable<CatalogEntry>,
  wanted: (entry: CatalogEntry) => boolean,
): AsyncGenerator<Day, undefined> {
  let current: Day | undefined;
  for await (const entry of entries) {
    if (!wanted(entry)) continue;
    const day = dayOf(entry.ref.startedAt);
    if (current !== undefined && current.day !== day) yield current;
    if (current?.day === day) current.entries.push(entry);
    else current = { day, entries: [entry] };
  }
  if (current !== undefined) yield current;
  return undefined;
}

/** The order in which archives are told. */
function byStart(
  { ref: left }: Pick<CatalogEntry, 'ref'>,
  { ref: right }: Pick<CatalogEntry, 'ref'>,
): number {
  return (
    compareText(left.startedAt, right.startedAt) ||
    compareText(left.instanceId, right.instanceId) ||
    compareText(left.backupId, right.backupId)
  );
}

/** So many times what is worked on at once may wait for an earlier one that takes long. */
const AHEAD = 4;

/**
 * Works on so many items at once, and gives what came of them in their own order. The first failure ends the others, and is thrown when all
 * have ended.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  atOnce: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): AsyncGenerator<Result> {
  const siblings = new AbortController();
  const inner = AbortSignal.any([signal, siblings.signal]);
  const limit = pLimit(atOnce);
  const queue: Promise<Result>[] = [];
  const guarded = async (item: Item): Promise<Result> => {
    try {
      inner.throwIfAborted();
      return await work(item, inner);
    } catch (error) {
      siblings.abort(error);
      throw error;
    }
  };
  try {
    for await (const item of items) {
      inner.throwIfAborted();
      const result = limit(guarded, item);
      // It is told when its turn comes.
      result.catch(() => undefined);
      queue.push(result);
      const [first] = queue;
      if (queue.length < atOnce * AHEAD || first === undefined) continue;
      const settled = await first;
      queue.shift();
      yield settled;
    }
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const settled = await first;
      queue.shift();
      yield settled;
    }
  } finally {
    siblings.abort(signal.reason ?? new Error('nobody waits for it any more'));
    await Promise.allSettled(queue);
  }
}

/** What `read` answers, or the error that says why not. A store that is not there, and a bug, are thrown: they are about all archives. */
export async function orExplain<Result>(
  read: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result | ArchiverError> {
  try {
    return await read();
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'store-unreachable' || error.code === 'internal') throw error;
    return error;
  }
}
