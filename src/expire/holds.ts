/** Holds: archives that `expire` must never take, with who said so, when and why. They lie in the destination beside what they protect. */
import { z } from 'zod';
import { parseRecord } from '../catalog/record-schema.ts';
import { putSmallObject, readSmallObject } from '../catalog/small-object.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

const HOLD_SCHEMA = 'rdb-archiver/hold@1';

/** Something that was said about an archive. */
export interface HoldEntry {
  readonly action: 'hold' | 'release';
  readonly at: Instant;
  readonly reason: string;
  readonly by?: string;
}

export interface HoldRecord {
  readonly ref: ArchiveRef;
  readonly held: boolean;
  /** What was said last; what holds the archive where `held`. */
  readonly last: HoldEntry;
}

const entry = z.object({
  action: z.enum(['hold', 'release']),
  at: z.string(),
  reason: z.string(),
  by: z.string().optional(),
});

const record = z.object({ schema: z.literal(HOLD_SCHEMA), history: z.array(entry).min(1) });

export interface Holds {
  /** Everything that was ever held and not expired since. One listing, one read each. Rejects where that is not all. */
  all(options: CallOptions): Promise<readonly HoldRecord[]>;
  /** Undefined where nothing was ever said about it. */
  find(ref: ArchiveRef, options: CallOptions): Promise<HoldRecord | undefined>;
  /** Adds to what was said. Of two at once the later one wins. Rejects with `newer-version` where a newer version of the program has said something. */
  say(ref: ArchiveRef, said: HoldEntry, options: CallOptions): Promise<void>;
}

export function createHolds(store: ObjectStore, layout: ArchiveLayout): Holds {
  async function historyOf(ref: ArchiveRef, options: CallOptions): Promise<readonly HoldEntry[]> {
    const key = layout.recordKey('holds', ref);
    const bytes = await readSmallObject(store, key, options);
    return bytes === undefined ? [] : decode(bytes, key);
  }

  async function find(ref: ArchiveRef, options: CallOptions): Promise<HoldRecord | undefined> {
    const last = (await historyOf(ref, options).catch(asHeld)).at(-1);
    return last && { ref, held: last.action === 'hold', last };
  }

  return {
    find,

    async all(options) {
      const records: HoldRecord[] = [];
      for await (const { key } of store.list(layout.recordPrefix('holds'), options)) {
        const ref = layout.parseRecordKey('holds', key);
        const found = ref && (await find(ref, options));
        if (found) records.push(found);
      }
      return records;
    },

    async say(ref, said, options) {
      const { source, instanceId, backupId, startedAt } = ref;
      const history = [...(await historyOf(ref, options).catch(asNothing)), said];
      const value = { schema: HOLD_SCHEMA, source, instanceId, backupId, startedAt, history };
      const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
      const put = { ...options, contentType: 'application/json', ifAbsent: false };
      await putSmallObject(store, layout.recordKey('holds', ref), body, put);
    },
  };
}

function decode(bytes: Uint8Array, key: string): readonly HoldEntry[] {
  const parsed = record.safeParse(parseRecord(bytes, HOLD_SCHEMA, key));
  if (!parsed.success)
    throw new ArchiverError('archive-damaged', 'the record of a hold cannot be understood', {
      cause: parsed.error,
    });
  return parsed.data.history.map(({ by, ...said }) => ({ ...said, ...(by === undefined ? {} : { by }) }));
}

/** Somebody wanted to keep it: a record that nobody can read any more, or this version cannot, holds it all the same. */
function asHeld(error: unknown): readonly HoldEntry[] {
  if (!(error instanceof ArchiverError) || !['archive-damaged', 'newer-version'].includes(error.code))
    throw error;
  return [{ action: 'hold', at: '', reason: error.message }];
}

function asNothing(error: unknown): readonly HoldEntry[] {
  if (!(error instanceof ArchiverError) || error.code !== 'archive-damaged') throw error;
  return [];
}
