/** Reads a file of the archive folder, whole or from some byte on. */
import { type FileHandle, open } from 'node:fs/promises';
import { ArchiverError } from '../../domain/errors.ts';
import type { ReadOptions, StoredBody } from '../object-store.ts';
import { explainFileError, isMissing } from './errors.ts';

/** Bytes of one read; one buffer of it is reused for a whole file. */
const READ_SIZE = 1024 * 1024;

/** `what` is for messages. Undefined where there is no file. */
export async function readFile(
  path: string,
  what: string,
  { from = 0, etag, signal }: ReadOptions,
): Promise<StoredBody | undefined> {
  signal.throwIfAborted();
  const handle = await openIfThere(path);
  if (handle === undefined) return undefined;
  try {
    const facts = await identify(handle);
    if (etag !== undefined && etag !== facts.etag)
      throw new ArchiverError('object-replaced', `${what} was replaced while it was being read`);
    return { ...facts, [Symbol.asyncIterator]: () => chunksOf(handle, { what, from, signal }) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A file that is put in another's place is another inode; one that is written to has another time. */
async function identify(handle: FileHandle): Promise<{ readonly etag: string; readonly size: number }> {
  const { dev, ino, size, mtimeNs } = await handle.stat({ bigint: true });
  return { etag: [dev, ino, size, mtimeNs].join('-'), size: Number(size) };
}

async function* chunksOf(
  handle: FileHandle,
  { what, from, signal }: { readonly what: string; readonly from: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE);
  let position = from;
  try {
    while (true) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, READ_SIZE, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : explainFileError(error, `read ${what}`);
  } finally {
    await handle.close();
  }
}
