/** The object storage as a folder: a key is a path in it, and an object is there whole, on the disk, or not at all. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from '../../disk/make-folder.ts';
import { syncFolder } from '../../disk/sync-folder.ts';
import { ArchiverError } from '../../domain/errors.ts';
import { type FileAccess, modesOf } from '../../domain/file-access.ts';
import { feed } from '../feed.ts';
import type { ObjectStore, PutOptions, UploadOptions, UploadReceipt } from '../object-store.ts';
import { describeFile, explainFileError, isMissing } from './errors.ts';
import { keyPath, PARTIAL_PREFIX, UPLOADS_FOLDER } from './key.ts';
import { listFiles } from './list.ts';
import { publish, publishIfAbsent } from './publish.ts';
import { readFile } from './read.ts';
import { sweepPartials } from './sweep.ts';

export interface FileStoreOptions {
  /** Made when it is not there. */
  readonly directory: string;
  /** Who may read what is written; `owner` where absent. */
  readonly access?: FileAccess;
}

/** Symbolic links inside the folder are followed by key, but not listed. */
export function createFileStore(options: FileStoreOptions): ObjectStore {
  const directory = resolve(options.directory);
  const modes = modesOf(options.access);
  const inHand = new Set<string>();
  const guarded = <Result>(action: string, key: string, work: (path: string) => Promise<Result>) =>
    guard(directory, action, key, work);
  return {
    description: describeFile(directory, ''),
    list: (prefix, listOptions) => listFiles(directory, prefix, listOptions),
    head: (key, { signal }) =>
      guarded('look at', key, async (path) => {
        signal.throwIfAborted();
        const facts = await stat(path).catch(missingAsUndefined);
        return facts?.isFile() ? { size: facts.size } : undefined;
      }),
    read: (key, readOptions) =>
      guarded('read', key, (path) => readFile(path, describeFile(directory, key), readOptions)),
    put: (key, body, putOptions) =>
      guarded('put', key, (path) => putFile({ directory, modes, inHand, path }, body, putOptions)),
    upload: (key, body, uploadOptions) =>
      guarded('upload', key, (path) => uploadFile({ directory, modes, inHand, path }, body, uploadOptions)),
    async retain(key, { lock, legalHold }) {
      if (!lock && !legalHold) return;
      throw new ArchiverError(
        'store-refused',
        `${describeFile(directory, key)}: a folder knows no object lock`,
      );
    },
    mayLock: async () => false,
    delete: (key, { signal }) =>
      guarded('delete', key, async (path) => {
        signal.throwIfAborted();
        const gone = await unlink(path).then(() => true, missingAsUndefined);
        if (gone) await syncFolder(dirname(path));
        return { bytesStay: false };
      }),
    sweep: (_prefix, sweepOptions) => sweepPartials(directory, inHand, sweepOptions),
    close() {},
  };
}

async function guard<Result>(
  directory: string,
  action: string,
  key: string,
  work: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = keyPath(directory, key);
  try {
    return await work(path);
  } catch (error) {
    throw error instanceof BodyFailure
      ? error.cause
      : explainFileError(error, `${action} ${describeFile(directory, key)}`);
  }
}

/** What the body threw, kept apart from the file system's errors: a broken connection is a system error too. */
class BodyFailure extends Error {}

async function* sealed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    throw new BodyFailure('the body failed', { cause });
  }
}

/** Where a file goes, in which store's folder. */
interface Place {
  readonly directory: string;
  readonly modes: ReturnType<typeof modesOf>;
  /** Temporary files that are being written. */
  readonly inHand: Set<string>;
  readonly path: string;
}

async function putFile(
  place: Place,
  body: Uint8Array,
  { ifAbsent, signal }: PutOptions,
): Promise<'stored' | 'exists'> {
  signal.throwIfAborted();
  return writeWhole(place, (handle) => writeAll(handle, body), ifAbsent ? publishIfAbsent : publish);
}

async function uploadFile(
  place: Place,
  body: AsyncIterable<Uint8Array>,
  options: UploadOptions,
): Promise<UploadReceipt> {
  let size = 0;
  const write = async (handle: FileHandle) => {
    for await (const chunk of sealed(feed(body, options))) {
      await writeAll(handle, chunk);
      size += chunk.length;
    }
  };
  await writeWhole(place, write, publish);
  // A file system computes no checksum that it could answer with.
  return { size, proof: 'none' };
}

/** Writes under a temporary name, to the disk, and publishes it; whatever fails leaves nothing behind. */
async function writeWhole<Result>(
  { directory, modes, inHand, path }: Place,
  write: (handle: FileHandle) => Promise<void>,
  publishAs: (partial: string, path: string) => Promise<Result>,
): Promise<Result> {
  const folder = dirname(path);
  await makeSafely(folder, modes.folder);
  const partial = join(
    await partialsFolder(directory, folder, modes.folder),
    `${PARTIAL_PREFIX}${randomUUID()}`,
  );
  inHand.add(partial);
  try {
    const handle = await open(partial, 'wx', modes.file);
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const result = await publishAs(partial, path);
    await syncFolder(folder);
    return result;
  } catch (error) {
    await unlink(partial).catch(() => undefined);
    throw error;
  } finally {
    inHand.delete(partial);
  }
}

/** Where another file system is mounted inside, nothing can be moved into it; there the file is written beside its place. */
async function partialsFolder(directory: string, folder: string, mode: number): Promise<string> {
  const uploads = join(directory, UPLOADS_FOLDER);
  await makeSafely(uploads, mode);
  const [one, other] = await Promise.all([stat(uploads), stat(folder)]);
  return one.dev === other.dev ? uploads : folder;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let position = 0; position < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, position);
    position += bytesWritten;
  }
}

/** Makes the folder and those above it, each safe on the disk: without that a crash could lose the folder with the file in it. */
async function makeSafely(folder: string, mode: number): Promise<void> {
  const first = await makeFolder(folder, mode);
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

function missingAsUndefined(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
