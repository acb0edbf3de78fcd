/** The catalog: which archives there are. The bucket is its only state, and a manifest's presence is the commit. */
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';
import { readSmallObject } from './small-object.ts';

export type CommitResult =
  | { readonly kind: 'committed' }
  /** Another run's manifest was there first, and stays. */
  | { readonly kind: 'lost'; readonly winner: Manifest };

/** One archive in a listing: known by its key alone, without reading the manifest. */
export interface CatalogEntry {
  readonly ref: ArchiveRef;
  readonly key: string;
}

export interface Catalog {
  /** Rejects when the destination refuses or does not answer: asked once before a run attempts anything. */
  probe(options: CallOptions): Promise<void>;
  /** The archives of the given days, or of all (one listing a day, so the cost does not grow with the archive's age). */
  entries(
    source: string | undefined,
    days: readonly string[] | undefined,
    options: CallOptions,
  ): AsyncIterable<CatalogEntry>;
  /** Undefined where there is no such archive. */
  find(ref: ArchiveRef, options: CallOptions): Promise<Manifest | undefined>;
  /** The manifest at a key of the catalog. */
  read(key: string, options: CallOptions): Promise<Manifest | undefined>;
  /** Writes the manifest, last of all and only if none is there. */
  commit(manifest: Manifest, options: CallOptions): Promise<CommitResult>;
  /** When the instance's oldest archived backup was started; undefined where it has none. A few requests, so asked only where it matters. */
  oldest(source: string, instanceId: string, options: CallOptions): Promise<Instant | undefined>;
}

/** A store that lists and reads at odds with itself is asked again before it is called broken. */
const COMMIT_ATTEMPTS = 3;
const CONTENT_TYPE = 'application/json';

export function createCatalog(store: ObjectStore, layout: ArchiveLayout): Catalog {
  async function read(key: string, options: CallOptions): Promise<Manifest | undefined> {
    const bytes = await readSmallObject(store, key, options);
    const manifest = bytes && decodeManifest(bytes, key);
    if (manifest && layout.manifestKey(refOf(manifest)) !== key)
      throw new ArchiverError(
        'archive-damaged',
        `the manifest ${key} records another archive than its key says`,
      );
    return manifest;
  }

  async function* list(prefix: string, options: CallOptions): AsyncGenerator<CatalogEntry> {
    for await (const { key } of store.list(prefix, options)) {
      const ref = layout.parseManifestKey(key);
      if (ref) yield { ref, key };
    }
  }

  return {
    async probe(options) {
      for await (const _ of store.list(layout.catalogPrefix(), { ...options, limit: 1 })) break;
    },

    async *entries(source, days, options) {
      if (source === undefined || days === undefined) {
        yield* list(layout.catalogPrefix(source), options);
        return;
      }
      for (const day of days) yield* list(layout.catalogPrefix(source, day), options);
    },

    read,
    find: (ref, options) => read(layout.manifestKey(ref), options),

    async commit(manifest, options) {
      const key = layout.manifestKey(refOf(manifest));
      const body = encodeManifest(manifest);
      for (let attempt = 1; attempt <= COMMIT_ATTEMPTS; attempt += 1) {
        const put = await store.put(key, body, { ...options, contentType: CONTENT_TYPE, ifAbsent: true });
        if (put === 'stored') return { kind: 'committed' };
        const winner = await read(key, options);
        if (winner)
          return winner.archiver.runId === manifest.archiver.runId
            ? { kind: 'committed' }
            : { kind: 'lost', winner };
      }
      throw new ArchiverError(
        'store-failed',
        `${store.description} says that ${key} exists and then that it does not`,
      );
    },

    async oldest(source, instanceId, options) {
      let lastChecked = '';
      for await (const { key } of store.list(layout.dataPrefix(source, instanceId), options)) {
        const ref = layout.parseDataKey(key);
        const manifestKey = ref && layout.manifestKey(ref);
        if (!ref || !manifestKey || manifestKey === lastChecked) continue;
        lastChecked = manifestKey;
        // Dumps without a manifest are what a killed run left: no archive.
        if (await store.head(manifestKey, options)) return ref.startedAt;
      }
      return undefined;
    },
  };
}

/** What identifies the archive that a manifest records. */
function refOf(manifest: Manifest): ArchiveRef {
  return {
    source: manifest.source.name,
    instanceId: manifest.instance.id,
    backupId: manifest.backup.id,
    startedAt: manifest.backup.startedAt,
  };
}
