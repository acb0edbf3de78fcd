/** Hands out the key of an encrypted backup: into a file of its own, that only its owner can read. */
import { open } from 'node:fs/promises';
import { ArchiverError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import { explainDiskError } from './disk-errors.ts';

/** The key's text and nothing else, no line break either. Rejects with `usage` where the file is there already, `restore-failed` where the disk refuses. */
export async function writeKeyFile(path: string, key: Secret): Promise<void> {
  try {
    const handle = await open(path, 'wx', 0o600);
    try {
      await handle.writeFile(key.reveal());
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new ArchiverError('usage', `${path} is there already`, {
        hint: 'Nothing is overwritten: name another file for the key.',
      });
    throw explainDiskError(error, `write the key to ${path}`);
  }
}
