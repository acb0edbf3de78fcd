/** Lists a folder as a bucket would: whole keys under a string prefix, in the order of their bytes. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListedObject, ListOptions } from '../object-store.ts';
import { describeFile, explainFileError, isMissing } from './errors.ts';
import { keyPath, PARTIAL_PREFIX, UPLOADS_FOLDER } from './key.ts';

interface Walk {
  readonly directory: string;
  readonly prefix: string;
  /** Empty for all. */
  readonly after: Buffer;
  readonly signal: AbortSignal;
}

/** Only the folders that fit the prefix are read, one at a time on the way down, so a huge tree is never in memory as a whole. */
export async function* listFiles(
  directory: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListedObject> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  if (left <= 0) return;
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (start !== '') keyPath(directory, start.slice(0, -1));
  try {
    const after = Buffer.from(options.after ?? '');
    for await (const object of walk(start, { directory, prefix, after, signal: options.signal })) {
      yield object;
      left -= 1;
      if (left === 0) return;
    }
  } catch (error) {
    throw explainFileError(error, `list ${describeFile(directory, prefix)}`);
  }
}

/** `folder` is a key prefix: empty, or with a slash at its end. */
async function* walk(folder: string, context: Walk): AsyncGenerator<ListedObject> {
  const { directory, prefix, after, signal } = context;
  signal.throwIfAborted();
  for (const { key, isFolder, bytes } of await entriesOf(directory, folder)) {
    // A folder's keys all begin with its own: they lie behind `after`, or before it, or `after` is among them.
    const passed = isFolder
      ? Buffer.compare(bytes, after.subarray(0, bytes.length)) < 0
      : !isBehind(bytes, after);
    if (passed) continue;
    if (isFolder && (key.startsWith(prefix) || prefix.startsWith(key))) yield* walk(key, context);
    if (isFolder || !key.startsWith(prefix)) continue;
    const facts = await stat(join(directory, key)).catch(goneMeanwhile);
    if (facts !== undefined) yield { key, size: facts.size, modifiedAt: facts.mtimeMs };
  }
}

/** A folder's entries as keys, sorted by their bytes; a folder sorts with the slash that its keys have there. */
async function entriesOf(
  directory: string,
  folder: string,
): Promise<{ readonly key: string; readonly isFolder: boolean; readonly bytes: Buffer }[]> {
  const entries =
    (await readdir(join(directory, folder), { withFileTypes: true }).catch(goneMeanwhile)) ?? [];
  return entries
    .filter(isListed)
    .map((entry) => ({
      key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`,
      isFolder: entry.isDirectory(),
    }))
    .map((entry) => ({ ...entry, bytes: Buffer.from(entry.key) }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes));
}

function isBehind(key: Buffer, after: Buffer): boolean {
  return Buffer.compare(key, after) > 0;
}

function isListed(entry: Dirent): boolean {
  if (entry.name.startsWith(PARTIAL_PREFIX)) return false;
  return entry.isDirectory() ? entry.name !== UPLOADS_FOLDER : entry.isFile();
}

function goneMeanwhile(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
