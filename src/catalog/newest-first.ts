/** One instance's archives from the newest backwards, without listing what lies before the one that is wanted. */
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { dayOf, type Instant, toEpoch, toInstant } from '../domain/instant.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

export interface Walk {
  readonly source: string;
  readonly instanceId: string;
  /** Only backups that were started then or before. */
  readonly until: Instant;
}

interface Entry {
  readonly ref: ArchiveRef;
  readonly key: string;
}

const DAY_MS = 24 * 3_600_000;

/** A day's listing is all latency. The first look is at one day alone, since that is where the answer mostly lies. */
const DAYS_AT_ONCE = 16;

/** Looks at each day of the source's catalog, by listings of one instance in one day, and ends at the catalog's first day. */
export async function* newestFirst(
  { source, instanceId, until }: Walk,
  { store, layout }: { readonly store: ObjectStore; readonly layout: ArchiveLayout },
  options: CallOptions,
): AsyncGenerator<Entry> {
  const first = await firstDay(source);
  if (first === undefined) return;
  let day = dayOf(until);
  for (let atOnce = 1; day >= first; atOnce = Math.min(2 * atOnce, DAYS_AT_ONCE)) {
    const days = Array.from({ length: atOnce }, (_, index) => daysBefore(day, index));
    const listed = await Promise.all(days.filter((one) => one >= first).map(entriesOf));
    for (const entries of listed) yield* entries.toReversed();
    day = daysBefore(day, atOnce);
  }

  async function firstDay(of: string): Promise<string | undefined> {
    for await (const { key } of store.list(layout.catalogPrefix(of), options)) {
      const ref = layout.parseManifestKey(key);
      if (ref) return dayOf(ref.startedAt);
    }
    return undefined;
  }

  async function entriesOf(day: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const { key } of store.list(layout.catalogPrefix(source, day, instanceId), options)) {
      const ref = layout.parseManifestKey(key);
      if (ref && ref.startedAt <= until) entries.push({ ref, key });
    }
    return entries;
  }
}

function daysBefore(day: string, count: number): string {
  return dayOf(toInstant(toEpoch(`${day}T00:00:00Z`) - count * DAY_MS));
}
