/**
 * Up to when an instance's archives have begun to go by retention. The cloud may go on listing a backup that it has deleted, and without this
 * a run would call each one lost whose archive an expire has removed.
 */
import { z } from 'zod';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { type Instant, isInstant } from '../domain/instant.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { assertReplaceable } from './record-schema.ts';
import { putSmallObject, readSmallObject } from './small-object.ts';

type Place = Pick<ArchiveRef, 'source' | 'instanceId'>;

export interface ExpiredThrough {
  /** When the newest of the instance's expired archives was started; undefined where none was ever expired. One read. */
  of(instance: Place, options: CallOptions): Promise<Instant | undefined>;
  /** Written before the first of them goes. Never moves back. Rejects with `newer-version` where a newer version of the program has written it. */
  advance(instance: Place, through: Instant, options: CallOptions): Promise<void>;
}

const SCHEMA = 'rdb-archiver/expired@1';
const record = z.object({ schema: z.literal(SCHEMA), through: z.string().refine(isInstant) });

export function createExpiredThrough(store: ObjectStore, layout: ArchiveLayout): ExpiredThrough {
  async function of(instance: Place, options: CallOptions): Promise<Instant | undefined> {
    const bytes = await readSmallObject(store, layout.expiredKey(instance), options);
    return bytes && decode(bytes);
  }

  return {
    of,
    async advance(instance, through, options) {
      const key = layout.expiredKey(instance);
      await assertReplaceable(store, key, SCHEMA, options);
      if (((await of(instance, options)) ?? '') >= through) return;
      const { source, instanceId } = instance;
      const value = { schema: SCHEMA, source, instanceId, through };
      const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
      const put = { ...options, contentType: 'application/json', ifAbsent: false };
      await putSmallObject(store, key, body, put);
    },
  };
}

/** What nobody can understand says nothing: at worst a backup is called lost that is not. */
function decode(bytes: Uint8Array): Instant | undefined {
  try {
    return record.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data?.through;
  } catch {
    return undefined;
  }
}
