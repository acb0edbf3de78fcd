/** Keys as paths in a folder: which ones can be, and which names are never listed. */
import { join } from 'node:path';
import { ArchiverError } from '../domain/errors.ts';

/** Files being written, and what killed runs left of them. */
export const PARTIAL_PREFIX = '.rdb-archiver-partial-';

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
    !segment.startsWith(PARTIAL_PREFIX)
  );
}
