/** Removes the temporary files that a killed process has left in a folder. */
import { readdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { SweepOptions } from '../object-store.ts';
import { describeFile, explainFileError, isMissing } from './errors.ts';
import { PARTIAL_PREFIX, UPLOADS_FOLDER } from './key.ts';

/**
 * All of them lie in one folder, so this costs the same however many archives there are. What another process is writing is never
 * old, since each write renews the file's time; our own are `inHand`, by their paths.
 */
export async function sweepPartials(
  directory: string,
  inHand: ReadonlySet<string>,
  { begunBefore, signal }: Pick<SweepOptions, 'begunBefore' | 'signal'>,
): Promise<number> {
  const folder = join(directory, UPLOADS_FOLDER);
  let swept = 0;
  try {
    const names = (await readdir(folder).catch(missingAsUndefined)) ?? [];
    const partials = names
      .filter((name) => name.startsWith(PARTIAL_PREFIX))
      .map((name) => join(folder, name));
    for (const path of partials.filter((partial) => !inHand.has(partial))) {
      signal.throwIfAborted();
      const facts = await stat(path).catch(missingAsUndefined);
      if (facts === undefined || facts.mtimeMs >= begunBefore) continue;
      // A claim is a folder.
      const remove = facts.isDirectory() ? rm(path, { recursive: true }) : unlink(path);
      const gone = await remove.then(() => true, missingAsUndefined);
      if (gone) swept += 1;
    }
  } catch (error) {
    throw explainFileError(error, `remove leftovers in ${describeFile(directory, UPLOADS_FOLDER)}`);
  }
  return swept;
}

function missingAsUndefined(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
