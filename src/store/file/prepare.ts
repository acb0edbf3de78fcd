/** Tries the folder before a run attempts anything: whether files can be written there, published and removed again. */
import type { CallOptions, ObjectStore, Preparation } from '../object-store.ts';

const BODY = Buffer.from(
  'rdb-archiver tries whether it can write here; this file may be deleted at any time.\n',
);

/** By what a commit does, on one small object. Rejects with what keeps every archive from being written: else each backup would fail by itself. */
export function createFilePreparation(
  store: ObjectStore,
  keyOf: (name: string) => string,
): (options: CallOptions) => Promise<Preparation> {
  return async ({ signal }) => {
    const key = keyOf('write');
    await store.put(key, BODY, { signal, contentType: 'text/plain', ifAbsent: true });
    await store.delete(key, { signal });
    return {};
  };
}
