/** The catalog: which archives there are. The bucket is its only state, and a manifest's presence is the commit. */
import { isDeepStrictEqual } from 'node:util';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { isSealed } from '../domain/encryption.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type Instant, stampOf, toInstant } from '../domain/instant.ts';
import { type Manifest, refOf } from '../domain/manifest.ts';
import type { Storage } from '../domain/object-lock.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { createExpiredThrough } from './expired-through.ts';
import { decodeManifest, encodeManifest } from './manifest-codec.ts';
import { newestFirst } from './newest-first.ts';
import { NO_SIGNATURES, type Signatures, type SignatureVerdict } from './signature.ts';
import { putSmallObject, readSmallObject } from './small-object.ts';

export type CommitResult =
  /** `manifest` is the one that lies there: that of an earlier try of the same run, where its answer was lost. */
  | { readonly kind: 'committed'; readonly manifest: Manifest }
  /** Another run's manifest was there first, and stays. */
  | { readonly kind: 'lost'; readonly winner: Manifest };

/** One archive in a listing: known by its key alone, without reading the manifest. */
export interface CatalogEntry {
  readonly ref: ArchiveRef;
  readonly key: string;
  /** Of the manifest, where the listing says it. */
  readonly etag?: string;
}

/** A manifest, with what its signature says and the bytes that it was read from. */
export interface SignedManifest {
  readonly manifest: Manifest;
  readonly signature: SignatureVerdict;
  readonly bytes: Uint8Array;
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
  /** The sources that have archives, configured or not. One small listing each. */
  sources(options: CallOptions): AsyncIterable<string>;
  /** One instance's archives, those started at `until` (now, where absent) or before, the newest first. A small listing for each day walked over. */
  newestFirst(
    source: string,
    instanceId: string,
    options: CallOptions & { readonly until?: Instant },
  ): AsyncIterable<CatalogEntry>;
  /** Undefined where there is no such archive. */
  find(ref: ArchiveRef, options: CallOptions): Promise<Manifest | undefined>;
  /** The manifest at a key of the catalog. */
  read(key: string, options: CallOptions): Promise<Manifest | undefined>;
  /** The manifest at a key, with what its signature says: for who must know whether it is genuine. */
  readSigned(key: string, options: CallOptions): Promise<SignedManifest | undefined>;
  /** The same of bytes that somebody has already. Throws `archive-damaged` or `newer-version`. */
  understand(key: string, bytes: Uint8Array): SignedManifest;
  /** For who is about to use an archive: rejects with `archive-damaged` where the signature is wrong, or missing where there should be one, with `newer-version` where only a newer version can check it. */
  readGenuine(key: string, options: CallOptions): Promise<Manifest | undefined>;
  /** Writes the manifest (signed, where there is a key), last of all and only if none is there; committed is it when it is also kept as `storage` says. */
  commit(manifest: Manifest, options: CallOptions & { readonly storage?: Storage }): Promise<CommitResult>;
  /** When the instance's oldest archived backup was started, of those after `after`; undefined where it has none. A few requests, so asked only where it matters. */
  oldest(
    source: string,
    instanceId: string,
    options: CallOptions & { readonly after?: Instant },
  ): Promise<Instant | undefined>;
  /** When the newest of the instance's archives was started that an `expire` has removed; undefined where none was. One request. */
  expiredThrough(source: string, instanceId: string, options: CallOptions): Promise<Instant | undefined>;
}

/** A store that lists and reads at odds with itself is asked again before it is called broken. */
const COMMIT_ATTEMPTS = 3;
const CONTENT_TYPE = 'application/json';

const NOT_GENUINE =
  'Find out who wrote it (docs/security.md). Without ARCHIVER_SIGNING_KEY and ARCHIVER_SIGNING_PUBLIC_KEY nobody looks at signatures.';

/** So far ahead of ours the cloud's clock may be, in milliseconds. */
const CLOCK_TOLERANCE_MS = 24 * 3_600_000;

export function createCatalog(
  store: ObjectStore,
  layout: ArchiveLayout,
  clock: Pick<Clock, 'now'>,
  signatures: Signatures = NO_SIGNATURES,
): Catalog {
  const expired = createExpiredThrough(store, layout);
  const understand: Catalog['understand'] = (key, bytes) => {
    const manifest = decodeManifest(bytes, key);
    if (layout.manifestKey(refOf(manifest)) !== key)
      throw new ArchiverError(
        'archive-damaged',
        `the manifest ${key} records another archive than its key says`,
      );
    return { manifest, signature: signatures.check(bytes, manifest.backup.startedAt), bytes };
  };
  const readOnce: Catalog['readSigned'] = async (key, options) => {
    const bytes = await readSmallObject(store, key, options);
    return bytes && understand(key, bytes);
  };
  /** What is no manifest is asked for a second time: a proxy may have answered in the store's place, and "damaged" is not said lightly. */
  const readSigned: Catalog['readSigned'] = async (key, options) => {
    try {
      return await readOnce(key, options);
    } catch (error) {
      if (!(error instanceof ArchiverError) || error.code !== 'archive-damaged') throw error;
      return readOnce(key, options);
    }
  };
  const read: Catalog['read'] = async (key, options) => (await readSigned(key, options))?.manifest;

  async function* list(prefix: string, options: CallOptions): AsyncGenerator<CatalogEntry> {
    for await (const { key, etag } of store.list(prefix, options)) {
      const ref = layout.parseManifestKey(key);
      if (ref) yield { ref, key, ...(etag !== undefined && { etag }) };
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

    async *sources(options) {
      const all = layout.catalogPrefix();
      let after = all;
      for (;;) {
        let found: string | undefined;
        for await (const { key } of store.list(all, { ...options, after, limit: 1 })) found = key;
        if (found === undefined) return;
        const source = layout.parseManifestKey(found)?.source;
        if (source !== undefined) yield source;
        // Behind every day of it. Not behind its folder's name: a store that lists folder by folder would skip those that begin alike (SeaweedFS).
        after = source === undefined ? found : `${layout.catalogPrefix(source)}~`;
      }
    },

    newestFirst(source, instanceId, { until, signal }) {
      const latest = toInstant(clock.now() + CLOCK_TOLERANCE_MS);
      const walk = { source, instanceId, until: until !== undefined && until < latest ? until : latest };
      return newestFirst(walk, { store, layout }, { signal });
    },

    read,
    readSigned,
    understand,
    async readGenuine(key, options) {
      const { manifest, signature } = (await readSigned(key, options)) ?? {};
      if (signature?.result === 'unknown')
        throw new ArchiverError('newer-version', `the manifest ${key} ${signature.detail}`);
      if (signature !== undefined && 'detail' in signature)
        throw new ArchiverError('archive-damaged', `the manifest ${key} ${signature.detail}`, {
          hint: NOT_GENUINE,
        });
      return manifest;
    },
    find: (ref, options) => read(layout.manifestKey(ref), options),

    async commit(manifest, { storage = {}, ...options }) {
      const committed = async (lying: Manifest): Promise<CommitResult> => {
        await store.retain(key, storage, options);
        return { kind: 'committed', manifest: lying };
      };
      const key = layout.manifestKey(refOf(manifest));
      const body = signatures.sign(encodeManifest(manifest));
      assureReadable(body, key);
      for (let attempt = 1; attempt <= COMMIT_ATTEMPTS; attempt += 1) {
        const asked = { ...options, storage, contentType: CONTENT_TYPE, ifAbsent: true };
        if ((await putSmallObject(store, key, body, asked)) === 'stored') return committed(manifest);
        const winner = await read(key, options);
        if (winner && winner.archiver.runId !== manifest.archiver.runId) return { kind: 'lost', winner };
        if (winner && !recordsTheSame(winner, manifest))
          throw new ArchiverError(
            'archive-damaged',
            `the manifest ${key} lies there otherwise than it was written`,
          );
        if (winner) return committed(winner);
      }
      throw new ArchiverError(
        'store-failed',
        `${store.description} says that ${key} exists and then that it does not`,
      );
    },

    expiredThrough: (source, instanceId, options) => expired.of({ source, instanceId }, options),

    async oldest(source, instanceId, { after, ...options }) {
      let lastChecked = '';
      const all = layout.dataPrefix(source, instanceId);
      const behind = after === undefined ? {} : { after: `${all}${stampOf(after)}~` };
      for await (const { key } of store.list(all, { ...options, ...behind })) {
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

/** What was committed and cannot be read back is an archive that nobody has. Rejects with `internal`. */
function assureReadable(body: Uint8Array, key: string): void {
  try {
    decodeManifest(body, key);
  } catch (error) {
    throw new ArchiverError(
      'internal',
      `not committed, for it could not be read back: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** Two tries of one run differ in when they ended, in how a key is sealed, and where bytes are stored that are others each time. */
function recordsTheSame(one: Manifest, other: Manifest): boolean {
  const told = ({ source, instance, backup, files }: Manifest) => {
    const kept = files.map(({ name, key, size, sha256, stored }) => ({
      name,
      size,
      sha256,
      ...(!stored && { key }),
    }));
    const { encryption } = backup;
    const unsealed = { ...backup, ...(isSealed(encryption) && { encryption: encryption.keyFingerprint }) };
    // As it is written: what is undefined is not there.
    return JSON.parse(JSON.stringify({ source, instance, backup: unsealed, files: kept })) as unknown;
  };
  return isDeepStrictEqual(told(one), told(other));
}
