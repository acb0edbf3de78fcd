/** A disk that fails: the file system's own calls refuse as they would, since a test can neither fill a disk nor remount one. */
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

export interface DiskFault {
  /** Full, or mounted read-only. */
  readonly code: 'ENOENT' | 'ENOSPC' | 'EROFS';
  /** So many files are written well before. */
  readonly after: number;
  /** Full: bytes that each file may still take; none where absent. */
  readonly room?: number;
  /** Strikes only so often. */
  readonly times: number;
}

const MESSAGES = {
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  EROFS: 'read-only file system',
};

/** Breaks the disk of this process until `remove` is called or the test has finished. */
export function breakDisk({ code, after, room = 0, times }: DiskFault): {
  readonly strikes: number;
  remove(): void;
} {
  const { open } = fs;
  let strikes = 0;
  let files = 0;
  const refuse = (syscall: string): never => {
    strikes += 1;
    throw Object.assign(new Error(`${code}: ${MESSAGES[code]}, ${syscall}`), { code, syscall });
  };

  const openBroken: typeof open = async (path, flags, mode) => {
    if (flags === undefined || flags === 'r') return open(path, flags, mode);
    files += 1;
    const strikesNow = files > after && strikes < times;
    if (strikesNow && code === 'EROFS') refuse('open');
    const handle = await open(path, flags, mode);
    return strikesNow ? filling(handle) : handle;
  };

  function filling(handle: FileHandle): FileHandle {
    const write = handle.write.bind(handle) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
    ) => ReturnType<FileHandle['write']>;
    let left = room;
    return Object.assign(handle, {
      write: (bytes: Uint8Array, offset = 0) => {
        const length = bytes.length - offset;
        if (strikes >= times || length <= left) {
          left -= length;
          return write(bytes, offset, length);
        }
        // A full disk takes what still fits, and refuses at the next call.
        if (left <= 0) return refuse('write');
        const fits = left;
        left = 0;
        return write(bytes, offset, fits);
      },
    });
  }

  const put = (function_: typeof open): void => {
    Object.assign(fs, { open: function_ });
    syncBuiltinESMExports();
  };
  put(openBroken);
  onTestFinished(() => put(open));
  return {
    get strikes() {
      return strikes;
    },
    remove: () => put(open),
  };
}
