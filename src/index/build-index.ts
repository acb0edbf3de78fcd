/** Builds the index of what manifests say, or brings it up to date: what it lacks is read, what has gone is left out, what is known besides is entered. */
import type { Catalog } from '../catalog/catalog.ts';
import { oldestFirst, sourcesOf } from '../catalog/each-archive.ts';
import type { ManifestIndex } from '../catalog/index/manifest-index.ts';
import { listedManifests } from '../catalog/listed-manifests.ts';
import type { ArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { type Each, type Listing, type Problem, rowsFor } from '../domain/listing.ts';
import { openAnnotations, type RecordPorts } from './annotations.ts';
import type { IndexItem } from './report.ts';

export interface IndexRequest {
  /** Told each month as it is done; all are in the answer where absent. */
  readonly each?: Each<IndexItem>;
}

export interface BuildPorts extends RecordPorts {
  readonly catalog: Catalog;
  readonly index: ManifestIndex;
}

/** Manifests are small: reading them is all latency. */
const MANIFESTS_AT_ONCE = 16;

/** Told one by one; the rest is in what `verify` says. */
const PROBLEMS_TOLD = 20;

/** Rejects when the catalog cannot be listed, or with the signal's reason; what cannot be read or written is in the answer. */
export async function buildIndex(
  ports: BuildPorts,
  { each }: IndexRequest,
  signal: AbortSignal,
): Promise<Listing<IndexItem>> {
  const { catalog, index } = ports;
  const rows = rowsFor(each);
  const codes = new Set<number>();
  const problems: Problem[] = [];
  const trouble = ({ message, hint, exit }: ArchiverError): void => {
    codes.add(exit);
    if (problems.length < PROBLEMS_TOLD) problems.push({ message, hint });
  };
  const sources = new Map((await sourcesOf(catalog, { signal })).map((source) => [source, undefined]));
  const annotations = await openAnnotations(ports, { signal });
  const all = oldestFirst(catalog, sources, () => true, { signal });
  const options = { atOnce: MANIFESTS_AT_ONCE, complete: true, annotations, onTrouble: trouble, signal };

  let months = new Map<string, Counts>();
  const tell = async (): Promise<void> => {
    const done = months;
    months = new Map();
    for (const counts of done.values()) await rows.tell(counts);
  };
  for await (const { entry, read, held, fromStore } of listedManifests(all, ports, options)) {
    if (read === undefined) continue;
    if (read instanceof Error) trouble(read);
    const { source, startedAt } = entry.ref;
    const month = startedAt.slice(0, 7);
    if ([...months.values()].some((other) => other.month !== month)) await tell();
    const counts = months.get(source) ?? { source, month, archives: 0, read: 0, unprovable: 0 };
    months.set(source, counts);
    counts.archives += 1;
    if (fromStore) counts.read += 1;
    if (!held && !(read instanceof Error)) counts.unprovable += 1;
  }
  await tell();
  for (const source of sources.keys()) {
    const failure = await index.clear(source, { signal });
    if (failure) trouble(failure);
  }
  return { items: rows.items, problems, exitCode: worstOf(codes) };
}

type Counts = { -readonly [Member in keyof IndexItem]: IndexItem[Member] };
