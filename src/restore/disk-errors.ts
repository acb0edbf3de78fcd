/** What keeps a dump from being written, in words that say what to do. */
import { ArchiverError } from '../domain/errors.ts';

const AGAIN = 'then run the same command again: it goes on where it stopped.';

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: `The disk is full: free space, ${AGAIN}`,
  EDQUOT: `The quota is used up: raise it or free space, ${AGAIN}`,
  EFBIG: 'The file system cannot hold a file of this size: choose a folder on another one.',
  EACCES: 'The user that this runs as may not write there: change the folder, its owner or the user.',
  EPERM: 'The user that this runs as may not write there: change the folder, its owner or the user.',
  EROFS: 'The file system is mounted read-only: choose another folder.',
  ENOTDIR: 'A file lies where a folder is needed: choose another folder.',
  EEXIST: 'A file lies where a folder is needed: choose another folder.',
  EISDIR: 'A folder lies where the dump is to go: choose another folder.',
  ELOOP: 'A symbolic link lies where the dump is to be written: remove it, or choose another folder.',
  EIO: 'The disk or its mount fails: choose a folder on another one.',
};

/** The error for a failed file operation; `doing` completes "cannot …". What the operating system did not raise passes unchanged. */
export function explainDiskError(thrown: unknown, doing: string): unknown {
  if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return thrown;
  const hint = HINTS[String(thrown.code)];
  return new ArchiverError('restore-failed', `cannot ${doing}: ${thrown.message}`, {
    cause: thrown,
    ...(hint !== undefined && { hint }),
  });
}
