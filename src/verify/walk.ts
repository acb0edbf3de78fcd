/** The archives that a verification looks at, as they come out of the catalog, and what it knows by then of those that there are. */
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { isWanted, oldestFirst, sourcesOf, type WantedArchives } from '../catalog/each-archive.ts';
import { createRoll, type Roll } from '../catalog/roll.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import { dayOf } from '../domain/instant.ts';

/** Everything that is asked for, the oldest first, and what has passed of it. */
export interface Walk {
  readonly sources: readonly string[];
  readonly entries: AsyncIterable<CatalogEntry>;
  /** Of what has passed. */
  readonly roll: Roll;
  /** Whether all archives of its day have. */
  hasPassed(ref: ArchiveRef): boolean;
}

export async function walkOf(wanted: WantedArchives, catalog: Catalog, signal: AbortSignal): Promise<Walk> {
  const sources = await sourcesOf(catalog, { signal });
  const roll = createRoll();
  let day = '';
  let ended = false;
  async function* entries(): AsyncGenerator<CatalogEntry> {
    const all = new Map(sources.map((source) => [source, undefined]));
    for await (const entry of oldestFirst(catalog, all, ({ ref }) => isWanted(wanted, ref), { signal })) {
      roll.add(entry.ref);
      day = dayOf(entry.ref.startedAt);
      yield entry;
    }
    ended = true;
  }
  return {
    sources,
    entries: entries(),
    roll,
    hasPassed: ({ startedAt }) => ended || dayOf(startedAt) < day,
  };
}

/** Looks at the first few of a stream, and gives all of it. */
export async function peeked<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  count: number,
): Promise<{ readonly first: readonly Item[]; readonly all: AsyncIterable<Item> }> {
  const iterator = (async function* () {
    yield* items;
  })();
  const first: Item[] = [];
  while (first.length < count) {
    const next = await iterator.next();
    if (next.done) break;
    first.push(next.value);
  }
  async function* all(): AsyncGenerator<Item> {
    try {
      yield* first;
      yield* iterator;
    } finally {
      await iterator.return(undefined);
    }
  }
  return { first, all: all() };
}
