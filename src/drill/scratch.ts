/** The private folder of one drill: only we may look into it, and it goes however we end; what a killed drill left goes with the next. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ArchiverError } from '../domain/errors.ts';

export interface Scratch {
  readonly folder: string;
  /** Bytes that are free in it. */
  free(): Promise<number>;
  remove(): void;
}

const PREFIX = 'rdb-archiver-drill-';
const DUMP = 'dump.rdb';
const SOCKET = 'socket';
/** A socket's path must fit into `sockaddr_un` (unix(7): 108 bytes, 104 on macOS and the BSDs), with a zero at its end. */
const LONGEST_SOCKET = 103;

/** Folders of this process that are in use: its number alone does not tell them from those of the container before it. */
const inUse = new Set<string>();

/** What lies in the folder, by the names that the server is told. */
export const SCRATCH_FILES = { dump: DUMP, socket: SOCKET } as const;

/** Made with mode 0700. Throws an `ArchiverError` of code `config` where it cannot be made. */
export function openScratch(directory: string = tmpdir()): Scratch {
  const folder = makeFolder(directory);
  inUse.add(folder);
  const remove = (): void => {
    process.off('exit', remove);
    inUse.delete(folder);
    rmSync(folder, { recursive: true, force: true });
  };
  // Also when somebody presses Ctrl-C twice: then nothing but this is run.
  process.on('exit', remove);
  return {
    folder,
    remove,
    async free() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

/**
 * Folders in `directory` that killed drills of this machine have left. They are ours: only we could have made and filled them, so a
 * socket in one belongs to a server that nobody needs any more.
 */
export function abandonedScratch(directory: string = tmpdir()): string[] {
  const own = process.getuid?.();
  return readdirSync(directory)
    .filter((name) => isAbandoned(name))
    .map((name) => join(directory, name))
    .filter((path) => {
      if (inUse.has(path)) return false;
      const facts = lstatSync(path, { throwIfNoEntry: false });
      return facts?.isDirectory() && (own === undefined || facts.uid === own) && (facts.mode & 0o077) === 0;
    });
}

function makeFolder(directory: string): string {
  const where = 'It is drill.directory (ARCHIVER_DRILL_DIRECTORY), else the temporary folder (TMPDIR).';
  let folder: string;
  try {
    // The name says whose it is; `mkdtemp` adds six characters and makes it for us alone.
    folder = mkdtempSync(join(directory, `${PREFIX}${machine()}-${process.pid}-`));
  } catch (cause) {
    throw new ArchiverError('config', `no folder for the drill can be made in ${directory}`, {
      cause,
      hint: where,
    });
  }
  if (Buffer.byteLength(join(folder, SOCKET)) <= LONGEST_SOCKET) return folder;
  rmSync(folder, { recursive: true });
  throw new ArchiverError('config', `the folder ${directory} has too long a path for a socket in it`, {
    hint: where,
  });
}

/** Of another machine (a shared volume) nobody here can tell whether it lives. */
function isAbandoned(name: string): boolean {
  const [, host, pid] = new RegExp(`^${PREFIX}(.*)-(\\d+)-[A-Za-z0-9]{6}$`).exec(basename(name)) ?? [];
  return host === machine() && !isAlive(Number(pid));
}

/** Our own number is taken by the next container too: whoever had it before us is dead. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function machine(): string {
  return hostname()
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 16);
}
