/** What a file system's refusal means for us. */
import { pathToFileURL } from 'node:url';
import { ArchiverError, type ErrorCode } from '../../domain/errors.ts';

/** Shares and FUSE mounts differ in what they refuse, and in how they say it. */
const CANNOT = [
  'store-refused',
  'The file system does not do this for us: an archive needs files that can be made, synced and renamed. Look at the mount, or choose another.',
] as const;

const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['store-failed', 'The disk is full: free space, or give the archive a larger one.'],
  EDQUOT: ['store-failed', 'The quota is used up: raise it, or free space.'],
  EFBIG: ['store-failed', 'The file system cannot hold a file of this size.'],
  EACCES: [
    'store-refused',
    'Give the user that this runs as write permission to the folder (a pod: securityContext.fsGroup).',
  ],
  EROFS: ['store-refused', 'The folder is mounted read-only: mount it writable, or choose another.'],
  EPERM: CANNOT,
  EINVAL: CANNOT,
  ENOTSUP: CANNOT,
  EOPNOTSUPP: CANNOT,
  ENOSYS: CANNOT,
  ENOTDIR: ['store-refused', 'A file lies where a folder is needed: move it away, or choose another folder.'],
  EEXIST: ['store-refused', 'A file lies where a folder is needed: move it away, or choose another folder.'],
  EISDIR: ['store-refused', 'A folder lies where a file is needed: move it away, or choose another folder.'],
  ENAMETOOLONG: [
    'store-refused',
    'A name is too long for this file system: shorten the prefix in ARCHIVER_DESTINATION.',
  ],
};

/** The error for a failed file operation; `doing` completes "cannot …". What the operating system did not raise passes unchanged. */
export function explainFileError(thrown: unknown, doing: string): unknown {
  const code = errnoOf(thrown);
  if (code === undefined) return thrown;
  const [errorCode, hint] =
    CODES[code] ?? (['store-failed', 'Check the disk and the mount of the folder.'] as const);
  return new ArchiverError(errorCode, `cannot ${doing}: ${(thrown as Error).message}`, {
    hint,
    cause: thrown,
  });
}

export function isMissing(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** `file:///dir/key`, for messages. */
export function describeFile(directory: string, key: string): string {
  return `${pathToFileURL(directory).href}${key === '' ? '' : `/${key}`}`;
}

function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
