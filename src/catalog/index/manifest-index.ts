/**
 * The index: manifests by the dozen, where each would take a request. It is a cache and nothing more. A row counts only where the digest of the text
 * that it holds is the ETag that the listing gives for the manifest now, so one that is lost, old, torn or forged costs a request, and changes no answer.
 */
import { createHash } from 'node:crypto';
import type { ArchiveLayout } from '../../domain/archive-key.ts';
import { type ArchiverError, asArchiverError } from '../../domain/errors.ts';
import type { CallOptions, ObjectStore } from '../../store/object-store.ts';
import type { Catalog, CatalogEntry, SignedManifest } from '../catalog.ts';
import { readSmallObject } from '../small-object.ts';
import type { Annotations, FullRow, IndexRow, Segment } from './segment.ts';
import { SEGMENT_LIMIT } from './segment-limit.ts';

export interface ManifestIndex {
  /** What is kept of a source, for who looks at the archives of one month. */
  month(source: string): IndexedMonth;
  /**
   * Empties the segments of a source that nobody has asked for anything, when all archives were asked for: all that was in them is gone. What
   * it rejects with, and answers, is as with `keep`.
   */
  clear(source: string, options: CallOptions): Promise<ArchiverError | undefined>;
}

export interface IndexedMonth {
  /** The manifest's bytes; undefined where they are not known for sure. */
  find(entry: CatalogEntry, options: CallOptions): Promise<Buffer | undefined>;
  /** Of a manifest that was read from its own place. False where no row of it could be proved. */
  note(entry: CatalogEntry, bytes: Uint8Array): boolean;
  /**
   * Writes down what was noted, and leaves out what was not asked for; to be called when every archive of the month was. Never rejects but with the
   * signal's reason: why it could not be written is the answer.
   */
  keep(options: KeepOptions): Promise<ArchiverError | undefined>;
}

export interface KeepOptions extends CallOptions {
  /** Writes although it is hardly worth it, and what is known besides anew. */
  readonly annotate?: (entry: CatalogEntry['ref']) => Annotations | undefined;
}

/** With fewer manifests missing than this, reading them each time costs less than to write their segments anew each time. */
const WORTH_WRITING = 16;

export interface IndexPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
  readonly catalog: Pick<Catalog, 'understand'>;
}

export function createManifestIndex(ports: IndexPorts): ManifestIndex {
  const { store, layout } = ports;
  const written = new Map<string, Promise<Set<string>>>();
  const visited = new Set<string>();
  /** Who may not write is not asked again. */
  let refused: ArchiverError | undefined;

  /** The segments of a source that there are: one listing spares a request for each that there is not. */
  function existing(source: string, options: CallOptions): Promise<Set<string>> {
    const known = written.get(source) ?? listed(source, options);
    written.set(source, known);
    return known;
  }

  async function listed(source: string, options: CallOptions): Promise<Set<string>> {
    const keys = new Set<string>();
    try {
      for await (const { key } of store.list(layout.indexPrefix(source), options)) keys.add(key);
    } catch (thrown) {
      passOver(thrown, options);
    }
    return keys;
  }

  return {
    async clear(source, options) {
      for (const key of await existing(source, options)) {
        if (visited.has(key) || refused) continue;
        const failure = await orFailure(write(store, key, [], options), options);
        if (failure) return failure;
      }
      return undefined;
    },

    month(source) {
      const segments = new Map<string, OpenSegment>();
      const segmentOf = (entry: CatalogEntry): OpenSegment => {
        const key = layout.indexKey(entry.ref);
        visited.add(key);
        const open = segments.get(key) ?? newSegment(key);
        segments.set(key, open);
        return open;
      };

      return {
        async find(entry, options) {
          const segment = segmentOf(entry);
          segment.opened ??= existing(source, options).then((keys) =>
            keys.has(segment.key) ? load(store, segment.key, options) : undefined,
          );
          const text = await textIn(segment, await segment.opened, entry.key, options);
          const isTrue = text !== undefined && entry.etag !== undefined && digestOf(text) === entry.etag;
          if (isTrue) segment.kept.set(entry.key, entry);
          return isTrue ? Buffer.from(text, 'utf8') : undefined;
        },

        note(entry, bytes) {
          const text = Buffer.from(bytes).toString('utf8');
          // Where the ETag is no MD5 (KMS, a folder), nothing could ever prove the row.
          if (digestOf(text) !== entry.etag) return false;
          segmentOf(entry).fresh.set(entry.key, { entry, text });
          return true;
        },

        async keep({ annotate, ...options }) {
          const all = [...segments.values()];
          const missing = all.reduce((sum, { fresh }) => sum + fresh.size, 0);
          if (refused || (annotate === undefined && missing < WORTH_WRITING)) return refused;
          for (const segment of all) {
            refused ??= await orFailure(keepSegment(segment, ports, annotate, options), options);
            if (refused === undefined) (await existing(source, options)).add(segment.key);
          }
          return refused;
        },
      };
    },
  };
}

/** The format's code is loaded only where there is something to read or to write. */
async function write(
  store: ObjectStore,
  key: string,
  rows: readonly FullRow[],
  options: CallOptions,
): Promise<void> {
  const { putSegment } = await import('./put-segment.ts');
  await putSegment(store, key, rows, options);
}

interface OpenSegment {
  readonly key: string;
  opened?: Promise<Segment | undefined>;
  /** The rows that were unpacked last: neighbours are mostly asked for together. */
  near: ReadonlyMap<string, string>;
  /** What a row of it is true of. */
  readonly kept: Map<string, CatalogEntry>;
  /** What it has no row of, or one that is not true. */
  readonly fresh: Map<string, { readonly entry: CatalogEntry; readonly text: string }>;
}

function newSegment(key: string): OpenSegment {
  return { key, near: new Map(), kept: new Map(), fresh: new Map() };
}

async function load(store: ObjectStore, key: string, options: CallOptions): Promise<Segment | undefined> {
  try {
    const bytes = await readSmallObject(store, key, options, SEGMENT_LIMIT);
    if (bytes === undefined) return undefined;
    const { openSegment } = await import('./segment.ts');
    return openSegment(bytes);
  } catch (thrown) {
    return passOver(thrown, options);
  }
}

async function textIn(
  segment: OpenSegment,
  opened: Segment | undefined,
  key: string,
  options: CallOptions,
): Promise<string | undefined> {
  if (opened === undefined) return undefined;
  const text = segment.near.get(key);
  if (text !== undefined) return text;
  try {
    segment.near = new Map((await opened.rowsNear(key)).map((row) => [row.key, row.text]));
  } catch (thrown) {
    segment.near = new Map();
    return passOver(thrown, options);
  }
  return segment.near.get(key);
}

async function orFailure(work: Promise<void>, { signal }: CallOptions): Promise<ArchiverError | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    signal.throwIfAborted();
    return asArchiverError(thrown);
  }
}

/** Whatever is wrong with the index, the manifests are there: only the signal ends a search. */
function passOver(_thrown: unknown, { signal }: CallOptions): undefined {
  signal.throwIfAborted();
  return undefined;
}

function digestOf(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/** Written only where something would be different. */
async function keepSegment(
  { key, opened, kept, fresh }: OpenSegment,
  { store, catalog }: IndexPorts,
  annotate: KeepOptions['annotate'],
  options: CallOptions,
): Promise<void> {
  let changed = fresh.size > 0;
  const rows: FullRow[] = [];
  const add = (entry: CatalogEntry, text: string, known: Annotations): void => {
    const signed = understood(() => catalog.understand(entry.key, Buffer.from(text, 'utf8')));
    if (signed === undefined) return;
    const { manifest, signature } = signed;
    rows.push({
      key: entry.key,
      text,
      manifest,
      signature: signature.result,
      etag: entry.etag ?? '',
      ...known,
    });
  };
  for await (const group of (await opened)?.all() ?? [])
    for (const row of group) {
      const entry = kept.get(row.key);
      // Twice the same row, or one of an archive that is gone, or is not true.
      if (entry === undefined || digestOf(row.text) !== entry.etag) {
        changed = true;
        continue;
      }
      kept.delete(row.key);
      const known = annotate === undefined ? annotationsOf(row) : (annotate(entry.ref) ?? {});
      changed ||= JSON.stringify(known) !== JSON.stringify(annotationsOf(row));
      add(entry, row.text, known);
    }
  for (const { entry, text } of fresh.values()) add(entry, text, annotate?.(entry.ref) ?? {});
  if (changed) await write(store, key, rows, options);
}

/** A row may hold just what lies there, and that be no manifest. */
function understood(read: () => SignedManifest): SignedManifest | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function annotationsOf({ verifiedAt, verified, drilledAt, drilled }: IndexRow): Annotations {
  return {
    ...(verifiedAt !== undefined && verified !== undefined && { verifiedAt, verified }),
    ...(drilledAt !== undefined && drilled !== undefined && { drilledAt, drilled }),
  };
}
