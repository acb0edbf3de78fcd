/** The manifests of archives as they are listed, month by month: out of the index where that is proved, else each from its own place. */
import type { ArchiverError } from '../domain/errors.ts';
import type { Catalog, CatalogEntry, SignedManifest } from './catalog.ts';
import { inOrder, orExplain } from './each-archive.ts';
import type { IndexedMonth, KeepOptions, ManifestIndex } from './index/manifest-index.ts';

export interface ListedManifest {
  readonly entry: CatalogEntry;
  /** Undefined for one that was removed since it was listed; the error for one that is damaged or withheld. */
  readonly read: SignedManifest | ArchiverError | undefined;
  /** Whether it had to be asked for. */
  readonly fromStore: boolean;
  /** Whether the index has it, or can have it. */
  readonly held: boolean;
}

export interface ListedOptions {
  readonly atOnce: number;
  /** These are all archives that there are, so that the index may be brought up to date on the way. */
  readonly complete: boolean;
  /** What is known of the archives of a month besides; then each segment is looked at anew. */
  readonly annotations?: (source: string, month: string) => Promise<KeepOptions['annotate']>;
  /** Told of what could not be kept. */
  readonly onTrouble?: (error: ArchiverError) => void;
  readonly signal: AbortSignal;
}

/** `entries`: the oldest first. Holds the rows of a few days, and the packed segments of a month. */
export async function* listedManifests(
  entries: AsyncIterable<CatalogEntry>,
  { catalog, index }: { readonly catalog: Catalog; readonly index: ManifestIndex },
  { atOnce, complete, annotations, onTrouble = () => {}, signal }: ListedOptions,
): AsyncGenerator<ListedManifest> {
  for await (const { month, own } of byMonth(entries)) {
    const open = new Map<string, IndexedMonth>();
    const monthOf = ({ ref: { source } }: CatalogEntry): IndexedMonth => {
      const opened = open.get(source) ?? index.month(source);
      open.set(source, opened);
      return opened;
    };
    const lookUp = async function* () {
      for await (const entry of own) yield { entry, bytes: await monthOf(entry).find(entry, { signal }) };
    };
    yield* inOrder(lookUp(), atOnce, signal, async ({ entry, bytes }, inner): Promise<ListedManifest> => {
      if (bytes !== undefined) {
        const read = await orExplain(async () => catalog.understand(entry.key, bytes), inner);
        // What is no manifest is asked for a second time.
        if (!(read instanceof Error)) return { entry, read, fromStore: false, held: true };
      }
      const read = await orExplain(() => catalog.readSigned(entry.key, { signal: inner }), inner);
      const held = read !== undefined && !(read instanceof Error) && monthOf(entry).note(entry, read.bytes);
      return { entry, read, fromStore: true, held };
    });
    if (!complete) continue;
    for (const [source, opened] of open) {
      const annotate = await annotations?.(source, month);
      const trouble = await opened.keep({ signal, ...(annotate && { annotate }) });
      if (trouble) onTrouble(trouble);
    }
  }
}

interface Month {
  readonly month: string;
  /** To be walked to its end before the next month is asked for. */
  readonly own: AsyncIterable<CatalogEntry>;
}

async function* byMonth(entries: AsyncIterable<CatalogEntry>): AsyncGenerator<Month> {
  const iterator = entries[Symbol.asyncIterator]();
  const monthOf = ({ ref }: CatalogEntry) => ref.startedAt.slice(0, 7);
  let next = await iterator.next();
  try {
    while (!next.done) {
      const month = monthOf(next.value);
      const own = async function* () {
        while (!next.done && monthOf(next.value) === month) {
          yield next.value;
          next = await iterator.next();
        }
      };
      yield { month, own: own() };
    }
  } finally {
    await iterator.return?.();
  }
}
