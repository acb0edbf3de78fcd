/** One dump on its way to the disk: written under a name that says that it is not whole, and given its own when it is proved. */
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../disk/sync-folder.ts';
import { ArchiverError } from '../domain/errors.ts';
import { explainDiskError } from './disk-errors.ts';

export interface DumpPaths {
  readonly path: string;
  /** While it is written, and when that was interrupted. */
  readonly partial: string;
  /** When it turned out to be damaged. */
  readonly damaged: string;
  /** A partial file up to so many bytes is gone on with; 0: begun anew. */
  readonly keep: number;
  /** The file's mode. */
  readonly mode: number;
}

export interface DumpFile {
  /** What an earlier restore has written. */
  readonly kept: { readonly size: number; read(): AsyncIterable<Uint8Array> };
  /** Appends all of it. Who calls may reuse a chunk's memory when the next one is asked for. */
  write(body: AsyncIterable<Uint8Array>, onPosition: (position: number) => void): Promise<void>;
  /** Throws away everything written and kept. */
  restart(): Promise<void>;
  /** Makes it safe on the disk and gives it the dump's name. */
  publish(): Promise<string>;
  /** Keeps it under a name that warns: a damaged copy may be all there is. */
  setAside(): Promise<string>;
  /** Call it in any case. What has neither been published nor set aside stays, for the next time, unless it is empty. */
  close(): Promise<void>;
}

const READ_SIZE = 1024 * 1024;

/** All calls reject with `restore-failed` where the disk refuses. */
export async function openDumpFile(paths: DumpPaths): Promise<DumpFile> {
  const { path, partial, damaged, mode } = paths;
  const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof BodyFailure ? error.cause : explainDiskError(error, `write ${partial}`);
    }
  };
  let handle = await guarded(() => openOrMake(partial, mode));
  const { size } = await guarded(() => handle.stat());
  const keptSize = size <= paths.keep ? size : 0;
  if (keptSize < size) await guarded(beginAnew);
  let position = keptSize;
  let named = false;

  /** Another file of that name, not this one emptied: whoever restores the same dump at this moment may give it the dump's name. */
  async function beginAnew(): Promise<void> {
    await handle.close();
    await unlink(partial).catch(unlessGone);
    handle = await open(partial, 'wx+', mode);
  }

  async function isOurs(): Promise<boolean> {
    const [lying, ours] = [await lstat(partial).catch(unlessGone), await handle.stat()];
    return lying?.ino === ours.ino && lying.dev === ours.dev;
  }

  async function finish(name: string, giveName: () => Promise<void>): Promise<string> {
    await handle.sync();
    if (!(await isOurs())) throw busy(partial);
    await giveName();
    named = true;
    await syncFolder(dirname(name));
    return name;
  }

  return {
    kept: { size: keptSize, read: () => bytesOf(handle, keptSize) },
    write: (body, onPosition) =>
      guarded(async () => {
        for await (const chunk of sealed(body)) {
          await writeAll(handle, chunk, position);
          position += chunk.length;
          onPosition(position);
        }
      }),
    restart: () =>
      guarded(async () => {
        await beginAnew();
        position = 0;
      }),
    publish: () => guarded(() => finish(path, () => giveFreeName(partial, path))),
    setAside: () => guarded(() => finish(damaged, () => rename(partial, damaged))),
    async close() {
      const empty = !named && position === 0 && (await isOurs().catch(() => false));
      await handle.close();
      if (empty) await unlink(partial).catch(() => undefined);
    },
  };
}

/** What the body threw, kept apart from the disk's errors: a broken connection is a system error too. */
class BodyFailure extends Error {}

async function* sealed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    throw new BodyFailure('the body failed', { cause });
  }
}

async function openOrMake(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, 'wx+', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // In a folder that others write to a link could lead to any file.
    return open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  }
}

const NO_HARD_LINKS = ['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Hours may have passed since the name was free, and `rename` would overwrite. Where the file system has no hard links, a look must do. */
async function giveFreeName(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw taken(partial, path);
    if (!NO_HARD_LINKS.includes(code)) throw error;
    if ((await lstat(path).catch(unlessGone)) !== undefined) throw taken(partial, path);
    return rename(partial, path);
  }
  await unlink(partial);
}

function taken(partial: string, path: string): ArchiverError {
  return new ArchiverError('restore-failed', `${path} has come to lie there since, and is not overwritten`, {
    hint: `The dump is whole, as ${partial}: move that other file away and run the same command again.`,
  });
}

function busy(partial: string): ArchiverError {
  return new ArchiverError('restore-failed', `another restore of the same dump works on ${partial}`, {
    hint: 'Wait until it has ended, then run the same command again.',
  });
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** The first `size` bytes, through one buffer that is used again. */
export async function* bytesOf(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(READ_SIZE);
  for (let position = 0; position < size; ) {
    const wanted = Math.min(READ_SIZE, size - position);
    const { bytesRead } = await handle.read(buffer, 0, wanted, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
