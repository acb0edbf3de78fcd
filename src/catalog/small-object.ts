/** Objects that are known to be small: refuses to swallow one that is not, and to write one that it would refuse to read. */
import { readAtMost } from '../domain/bounded.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { CallOptions, ObjectStore, PutOptions } from '../store/object-store.ts';

/** A manifest of a hundred shards takes about 50 KB. */
const LIMIT = 4 * 1024 * 1024;

/** The object's bytes, at the most `limit`; undefined where there is none. */
export async function readSmallObject(
  store: ObjectStore,
  key: string,
  options: CallOptions,
  limit = LIMIT,
): Promise<Uint8Array | undefined> {
  const body = await store.read(key, options);
  if (!body) return undefined;
  const bytes = await readAtMost(limit, body);
  if (bytes) return bytes;
  throw new ArchiverError(
    'archive-damaged',
    `${key} in ${store.description} is too large to be a record of ours`,
  );
}

/** Puts a record of ours. Rejects with `internal`, before a byte is sent, where `readSmallObject` would not take it back. */
export async function putSmallObject(
  store: Pick<ObjectStore, 'put'>,
  key: string,
  body: Uint8Array,
  options: PutOptions,
  limit = LIMIT,
): ReturnType<ObjectStore['put']> {
  if (body.byteLength > limit)
    throw new ArchiverError(
      'internal',
      `${key} would have ${body.byteLength} bytes, and could not be read back`,
    );
  return store.put(key, body, options);
}
