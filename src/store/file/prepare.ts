/** Tries the folder before a run attempts anything: whether files can be written there, published and removed again. */
import { ArchiverError } from '../../domain/errors.ts';
import type { CallOptions, ObjectStore, Preparation } from '../object-store.ts';
import { isMissing } from './errors.ts';

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
    await store.put(key, BODY, { signal, contentType: 'text/plain', ifAbsent: true }).catch(refuseNowhere);
    await store.delete(key, { signal });
    return {};
  };
}

/** In the middle of a run a folder that is gone may come back with its mount. Before it, one that cannot be made keeps every archive from being written. */
function refuseNowhere(error: unknown): never {
  if (!(error instanceof ArchiverError) || !isMissing(error.cause)) throw error;
  throw new ArchiverError('store-refused', error.message, {
    cause: error.cause,
    hint: 'The folder can be made nowhere: look at its path and at the mount, or choose another.',
  });
}
