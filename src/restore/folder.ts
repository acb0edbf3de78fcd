/** The folder that dumps are restored to: what lies there already, and whether there is room for the rest. */
import { lstat, open, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../disk/make-folder.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type FileAccess, modesOf } from '../domain/file-access.ts';
import { sha256Tap } from '../integrity/taps.ts';
import { explainDiskError } from './disk-errors.ts';
import { bytesOf, type DumpFile, openDumpFile } from './dump-file.ts';

/** A dump to be restored. */
export interface Dump {
  /** The file's name. */
  readonly name: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Whether what an interrupted restore has written can be gone on with. */
  readonly resumable: boolean;
  /** What the cloud encrypted is written as it was before: size and digest are only known when it is there. */
  readonly decrypted: boolean;
}

/**
 * How a dump stands: there and whole, or so many bytes of it kept from before (none: 0). `taken`: a file has its name, and whether that is
 * the dump shows when it has been decrypted.
 */
export type Standing =
  | { readonly complete: true }
  | { readonly complete: false; readonly kept: number; readonly taken?: true };

export interface RestoreFolder {
  /** Where the dump lies, or will lie. */
  pathOf(dump: Dump): string;
  /** Rejects with `usage` where other bytes lie under the dump's name: nothing is ever overwritten. */
  standing(dump: Dump, signal: AbortSignal): Promise<Standing>;
  /** Rejects with `restore-failed` where so many bytes more would not fit. */
  requireRoom(bytes: number): Promise<void>;
  /** Rejects with `usage` where other bytes lie under the dump's name than these. */
  requireSame(
    dump: Dump,
    written: { readonly size: number; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<void>;
  open(dump: Dump): Promise<DumpFile>;
}

/** Made where it is not there. Rejects with `restore-failed` where it cannot be. */
export async function openRestoreFolder(directory: string, access?: FileAccess): Promise<RestoreFolder> {
  const modes = modesOf(access);
  const explained = async <Result>(doing: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw explainDiskError(error, doing);
    }
  };
  await explained(`make the folder ${directory}`, () => makeFolder(directory, modes.folder));
  const pathOf = ({ name }: Dump): string => join(directory, name);
  const partialOf = (dump: Dump): string => `${pathOf(dump)}.${dump.sha256.slice(0, 16)}.partial`;

  return {
    pathOf,

    standing: (dump, signal) =>
      explained(`look at ${pathOf(dump)}`, async () => {
        const path = pathOf(dump);
        // A link that leads nowhere takes the name too.
        const there = (await stat(path).catch(goneAsUndefined)) ?? (await lstat(path).catch(goneAsUndefined));
        if (there === undefined) {
          const kept = dump.resumable ? await stat(partialOf(dump)).catch(goneAsUndefined) : undefined;
          // Longer than the dump: not what its name says.
          return { complete: false, kept: kept !== undefined && kept.size <= dump.size ? kept.size : 0 };
        }
        if (dump.decrypted && there.isFile()) return { complete: false, kept: 0, taken: true };
        if (
          !there.isFile() ||
          there.size !== dump.size ||
          (await digestOf(path, dump.size, signal)) !== dump.sha256
        )
          throw occupied(path);
        return { complete: true };
      }),

    requireRoom: (bytes) =>
      explained(`ask how much room is in ${directory}`, async () => {
        const { bavail, bsize, blocks } = await statfs(directory);
        // Some network file systems say nothing but zeros.
        if (blocks === 0 || bytes <= bavail * bsize) return;
        throw new ArchiverError(
          'restore-failed',
          `${directory} has ${inMiB(bavail * bsize)} free, and ${inMiB(bytes)} are still to be written`,
          { hint: 'Free space, or choose a folder on another disk. Nothing has been written.' },
        );
      }),

    requireSame: (dump, { size, sha256 }, signal) =>
      explained(`look at ${pathOf(dump)}`, async () => {
        const path = pathOf(dump);
        const there = await stat(path);
        if (there.size !== size || (await digestOf(path, size, signal)) !== sha256) throw occupied(path);
      }),

    open: (dump) =>
      openDumpFile({
        path: pathOf(dump),
        partial: partialOf(dump),
        damaged: `${pathOf(dump)}.${dump.sha256.slice(0, 16)}.damaged`,
        keep: dump.resumable ? dump.size : 0,
        mode: modes.file,
      }),
  };
}

async function digestOf(path: string, size: number, signal: AbortSignal): Promise<string> {
  const digest = sha256Tap();
  const handle = await open(path, 'r');
  try {
    for await (const chunk of bytesOf(handle, size)) {
      signal.throwIfAborted();
      digest.update(chunk);
    }
  } finally {
    await handle.close();
  }
  return digest.result();
}

function occupied(path: string): ArchiverError {
  return new ArchiverError('usage', `${path} is there already, and is not the dump to be restored`, {
    hint: 'Nothing is overwritten: choose another folder, or move that file away.',
  });
}

function goneAsUndefined(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`;
}
