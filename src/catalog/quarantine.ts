/** The records of dumps that stay damaged: kept because the cloud will delete the only other copy, and never counted as archives. */
import { z } from 'zod';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type Instant, toEpoch } from '../domain/instant.ts';
import type { StoredFacts } from '../domain/manifest.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { parseRecord } from './record-schema.ts';
import { putSmallObject, readSmallObject } from './small-object.ts';

const RECORD_SCHEMA = 'rdb-archiver/quarantine@1';

export interface QuarantinedFile {
  readonly name: string;
  /** Below `quarantine/` for a damaged file, below `data/` for an intact one of the same backup. */
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  /** What lies in the bucket, where that is not the cloud's bytes. */
  readonly stored?: StoredFacts;
  /** What is wrong with it; absent for an intact file. */
  readonly damage?: string;
}

export interface QuarantineRecord {
  readonly schema: typeof RECORD_SCHEMA;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly firstTriedAt: Instant;
  readonly lastTriedAt: Instant;
  readonly runId: string;
  readonly files: readonly QuarantinedFile[];
}

const record = z.object({
  schema: z.literal(RECORD_SCHEMA),
  instanceId: z.string(),
  backupId: z.string(),
  startedAt: z.string(),
  firstTriedAt: z.string(),
  lastTriedAt: z.string(),
  runId: z.string(),
  files: z.array(
    z.object({
      name: z.string(),
      key: z.string(),
      size: z.number(),
      sha256: z.string(),
      stored: z.object({ encoding: z.string(), size: z.number(), sha256: z.string() }).optional(),
      damage: z.string().optional(),
    }),
  ),
});

export interface Quarantine {
  /** The backups of one source that have a record. One listing. */
  refs(source: string, options: CallOptions): AsyncIterable<ArchiveRef>;
  /** Undefined where there is none, or where it cannot be understood: then the dump is simply tried again. Rejects with `newer-version` for one of a version to come. */
  find(ref: ArchiveRef, options: CallOptions): Promise<QuarantineRecord | undefined>;
  /** Writes or renews the record; the first date is kept. */
  keep(
    ref: ArchiveRef,
    files: readonly QuarantinedFile[],
    when: { runId: string; now: Instant },
    options: CallOptions,
  ): Promise<void>;
}

export function createQuarantine(store: ObjectStore, layout: ArchiveLayout): Quarantine {
  async function find(ref: ArchiveRef, options: CallOptions): Promise<QuarantineRecord | undefined> {
    try {
      const key = layout.quarantineRecordKey(ref);
      const bytes = await readSmallObject(store, key, options);
      return bytes && decode(bytes, key);
    } catch (error) {
      if (error instanceof ArchiverError && error.code === 'archive-damaged') return undefined;
      throw error;
    }
  }

  return {
    async *refs(source, options) {
      for await (const { key } of store.list(layout.quarantinePrefix(source), options)) {
        const ref = layout.parseQuarantineRecordKey(key);
        if (ref) yield ref;
      }
    },

    find,

    async keep(ref, files, { runId, now }, options) {
      const earlier = await find(ref, options);
      const value: QuarantineRecord = {
        schema: RECORD_SCHEMA,
        instanceId: ref.instanceId,
        backupId: ref.backupId,
        startedAt: ref.startedAt,
        firstTriedAt: earlier?.firstTriedAt ?? now,
        lastTriedAt: now,
        runId,
        files,
      };
      const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
      await putSmallObject(store, layout.quarantineRecordKey(ref), body, {
        ...options,
        contentType: 'application/json',
        ifAbsent: false,
      });
    },
  };
}

function decode(bytes: Uint8Array, key: string): QuarantineRecord | undefined {
  const parsed = record.safeParse(parseRecord(bytes, RECORD_SCHEMA, key));
  if (!parsed.success || Number.isNaN(toEpoch(parsed.data.lastTriedAt))) return undefined;
  return parsed.data as QuarantineRecord;
}
