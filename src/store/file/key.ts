/** Keys as paths in a folder: which ones can be, and which names are never listed. */
import { join } from 'node:path';
import { ArchiverError } from '../../domain/errors.ts';

/** Files being written, and what killed runs left of them. */
export const PARTIAL_PREFIX = '.rdb-archiver-partial-';

/** Where they lie: one folder at the top, so that a sweep need not walk through all archives. */
export const UPLOADS_FOLDER = '.rdb-archiver-uploads';

/** The key's path. Throws `store-refused` for a key that would leave the folder, or that no file can have. */
export function keyPath(directory: string, key: string): string {
  if (!key.split('/').every(isName)) {
    throw new ArchiverError('store-refused', `${JSON.stringify(key)} cannot be a path in ${directory}`, {
      hint: 'Correct the prefix in ARCHIVER_DESTINATION: no empty, "." or ".." segment.',
    });
  }
  return join(directory, key);
}

function isName(segment: string): boolean {
  return (
    segment !== '' &&
    segment !== '.' &&
    segment !== '..' &&
    !segment.includes('\0') &&
    segment !== UPLOADS_FOLDER &&
    !segment.startsWith(PARTIAL_PREFIX)
  );
}
