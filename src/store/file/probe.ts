/** Finds out what a folder really does: can it be written, does it know hard links, do bytes reach the disk, is there room. */
import { link, rmdir, statfs, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncFolder } from '../../disk/sync-folder.ts';
import { type Finding, failing, notTried, passed, warned } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import type { CallOptions, ObjectStore, StoreProbe } from '../object-store.ts';
import { describeFile, explainFileError } from './errors.ts';
import { createFileStore, type FileStoreOptions } from './file-store.ts';
import { keyPath } from './key.ts';

const BODY = Buffer.from('rdb-archiver check: this small file may be deleted at any time.\n');
const CONTENT_TYPE = 'text/plain';

/** Below this a dump of ordinary size fills the disk. */
const LITTLE_ROOM = 1024 ** 3;

interface Context {
  readonly store: ObjectStore;
  readonly directory: string;
  readonly key: string;
  readonly signal: AbortSignal;
}

const PROBES: readonly (readonly [name: string, probe: (context: Context) => Promise<Finding>])[] = [
  ['put-if-absent', probePutIfAbsent],
  ['fsync', probeSync],
  ['free-space', probeRoom],
  ['delete', probeDelete],
];

export function createFileProbe(options: FileStoreOptions): StoreProbe {
  return {
    async run(keyOf, { signal }) {
      const store = createFileStore(options);
      const context: Context = { store, directory: resolve(options.directory), key: keyOf('object'), signal };
      const written = await ask('write-and-read', probeWriteRead, context);
      const found = [written];
      for (const [name, probe] of PROBES) {
        const isBlocked = written.verdict === 'failed' && name !== 'delete';
        found.push(
          isBlocked
            ? notTried(name, 'not tried, since write-and-read failed')
            : await ask(name, probe, context),
        );
      }
      return found;
    },
  };
}

async function ask(
  name: string,
  probe: (context: Context) => Promise<Finding>,
  context: Context,
): Promise<Finding> {
  try {
    return await probe(context);
  } catch (error) {
    context.signal.throwIfAborted();
    const doing = `check ${describeFile(context.directory, '')} (${name})`;
    return failing(name, asArchiverError(explainFileError(error, doing)));
  }
}

async function probeWriteRead({ store, directory, key, signal }: Context): Promise<Finding> {
  await store.put(key, BODY, { ...putOptions({ signal }), ifAbsent: false });
  const chunks: Buffer[] = [];
  for await (const chunk of (await store.read(key, { signal })) ?? []) chunks.push(Buffer.from(chunk));
  if (Buffer.concat(chunks).equals(BODY))
    return passed('write-and-read', `${describeFile(directory, '')} takes files and gives them back`);
  return failing('write-and-read', {
    code: 'store-failed',
    message: `${describeFile(directory, key)} came back with other bytes than were written`,
    hint: 'Check the disk and the mount of the folder.',
  });
}

/** SMB shares, vfat and some FUSE mounts know no hard links: there the name is claimed first, which is as safe. */
async function probePutIfAbsent({ store, directory, key, signal }: Context): Promise<Finding> {
  const second = await store.put(key, Buffer.from('other bytes\n'), {
    ...putOptions({ signal }),
    ifAbsent: true,
  });
  if (second !== 'exists')
    return failing('put-if-absent', {
      code: 'store-refused',
      message: `${describeFile(directory, key)} was overwritten by a put-if-absent`,
      hint: 'The file system does not keep what it promises of hard links: choose another.',
    });
  const hardLinks = await knowsHardLinks(keyPath(directory, key));
  const how = hardLinks
    ? 'hard links work'
    : 'no hard links here, so names are claimed by folders of their own';
  return passed('put-if-absent', `${how}: of two runs exactly one commits`, { hardLinks });
}

async function knowsHardLinks(path: string): Promise<boolean> {
  try {
    await link(path, `${path}-linked`);
    await unlink(`${path}-linked`);
    return true;
  } catch {
    return false;
  }
}

/** The store syncs each file; here the folder is asked by itself, since some mounts refuse that alone. */
async function probeSync({ directory, key }: Context): Promise<Finding> {
  if (await syncFolder(dirname(keyPath(directory, key))))
    return passed('fsync', 'files and folders are synced to the disk before an archive is committed');
  return warned(
    'fsync',
    'files are synced to the disk before an archive is committed, folders are not: the file system refuses that',
    'Fine for a share whose server is kept from losing power; else choose another file system.',
  );
}

async function probeRoom({ directory }: Context): Promise<Finding> {
  const { bavail, bsize, files, ffree } = await statfs(directory);
  const bytes = bavail * bsize;
  const detail = `${(bytes / 1024 ** 3).toFixed(1)} GiB free`;
  const facts = { bytes, files: ffree };
  // File systems without a table of files say 0 of 0.
  if (files > 0 && ffree === 0)
    return warned(
      'free-space',
      `${detail}, but no room for another file`,
      'Free inodes, or choose another.',
      facts,
    );
  if (bytes < LITTLE_ROOM)
    return warned('free-space', detail, 'Free space, or give the archive a larger disk.', facts);
  return passed('free-space', detail, facts);
}

async function probeDelete({ store, directory, key, signal }: Context): Promise<Finding> {
  await store.delete(key, { signal });
  // The probe's own folder and no other: what is not empty stays.
  const folder = dirname(keyPath(directory, key));
  await rmdir(folder).catch(() => undefined);
  return passed('delete', 'the small file of this check is gone', { kept: '' });
}

function putOptions({ signal }: CallOptions) {
  return { signal, contentType: CONTENT_TYPE };
}
