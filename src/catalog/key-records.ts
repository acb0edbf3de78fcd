/**
 * What is known of the keys of encrypted backups besides the manifests: sealed keys (a manifest never changes, so one that is sealed later
 * lies here), and which archives were made without. By these a run and a status know how an archive stands without reading its manifest.
 */
import { z } from 'zod';
import type { ArchiveLayout, ArchiveRef, KeyRecordKind } from '../domain/archive-key.ts';
import type { SealedKey } from '../domain/encryption.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type Instant, toInstant } from '../domain/instant.ts';
import type { Storage } from '../domain/object-lock.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { sealedKey } from './manifest-codec.ts';
import { parseRecord } from './record-schema.ts';
import { putSmallObject, readSmallObject } from './small-object.ts';

const SCHEMA = 'rdb-archiver/backup-key@1';

/** As an outcome says it. */
const NOTED = { missing: 'not-kept', 'not-opened': 'not-opened' } as const;

const keptRecord = z.object({ schema: z.literal(SCHEMA), ...sealedKey.shape });

export interface KeyRecords {
  /** The sealed key that lies beside the manifest; undefined where none does. Rejects with `archive-damaged` for one that nobody understands, `newer-version` for one of a version to come. */
  find(ref: ArchiveRef, options: CallOptions): Promise<SealedKey | undefined>;
  /** Keeps the sealed key of an archive, as `storage` says: it may be the only copy. One that lies there already stays. */
  keep(
    ref: ArchiveRef,
    sealed: SealedKey,
    options: CallOptions & { readonly storage?: Storage },
  ): Promise<void>;
  /** Writes down that an archive was made without its key, or that its key did not open it. */
  note(kind: Exclude<KeyRecordKind, 'kept'>, ref: ArchiveRef, options: CallOptions): Promise<void>;
  /** Whether there is any such record: of one kind and source, or at all. One small listing. */
  any(options: CallOptions, of?: { readonly kind: KeyRecordKind; readonly source: string }): Promise<boolean>;
  /** The archives of these days of which there is such a record. One listing a day. */
  refs(
    kind: KeyRecordKind,
    source: string,
    days: readonly string[],
    options: CallOptions,
  ): AsyncIterable<ArchiveRef>;
}

export function createKeyRecords(
  store: ObjectStore,
  layout: ArchiveLayout,
  clock: { now(): number },
): KeyRecords {
  async function write(
    kind: KeyRecordKind,
    ref: ArchiveRef,
    facts: object,
    { storage = {}, ...options }: CallOptions & { readonly storage?: Storage },
  ) {
    const { source, instanceId, backupId, startedAt } = ref;
    const at: Instant = toInstant(clock.now());
    const value = { schema: SCHEMA, source, instanceId, backupId, startedAt, at, ...facts };
    const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
    const key = layout.keyRecordKey(kind, ref);
    const asked = { ...options, storage, contentType: 'application/json', ifAbsent: true };
    await putSmallObject(store, key, body, asked);
    await store.retain(key, storage, options);
  }

  return {
    async find(ref, options) {
      const key = layout.keyRecordKey('kept', ref);
      const bytes = await readSmallObject(store, key, options);
      return bytes && decode(bytes, key);
    },
    keep: (ref, sealed, options) => write('kept', ref, sealed, options),
    // Not as `keep`: there is nothing in it that must not be lost.
    note: (kind, ref, { signal }) => write(kind, ref, { key: NOTED[kind] }, { signal }),
    async any(options, of) {
      const prefix = layout.keyRecordPrefix(of?.kind, of?.source);
      for await (const _ of store.list(prefix, { ...options, limit: 1 })) return true;
      return false;
    },
    async *refs(kind, source, days, options) {
      for (const day of days) {
        for await (const { key } of store.list(layout.keyRecordPrefix(kind, source, day), options)) {
          const ref = layout.parseKeyRecordKey(kind, key);
          if (ref) yield ref;
        }
      }
    },
  };
}

function decode(bytes: Uint8Array, key: string): SealedKey {
  const value = parseRecord(bytes, SCHEMA, key);
  const parsed = keptRecord.safeParse(value);
  if (!parsed.success) throw new ArchiverError('archive-damaged', `the record ${key} holds no sealed key`);
  const { schema: _, ...sealed } = parsed.data;
  return sealed as SealedKey;
}
