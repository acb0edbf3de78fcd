/** Whether there is room for a dump, on disk and in memory, before a server is started on it and the kernel ends one of us. */
import type { Census } from '../domain/census.ts';
import { bytesPerDatabase, type ServerNature } from './compatibility.ts';

const MiB = 1024 * 1024;
/** What a server needs besides its data: code, buffers, the allocator. */
const SERVER_OVERHEAD = 16 * MiB;

/** Bytes that this process and its children may still take: what the machine has, or the container's limit where that is lower. */
export function availableMemory(): number {
  return process.availableMemory();
}

/** A sentence where the dump does not fit into the folder; a server reads it from a file, so it has to be there whole. */
export function spaceShortage(size: number, free: number, folder: string): string | undefined {
  if (size <= free) return undefined;
  return `the dump needs ${mebibytes(size)} in ${folder}, and ${mebibytes(free)} are free`;
}

/**
 * A sentence where a server would need more memory than there is: what the one had that wrote the dump (`used-mem`), and what this one sets
 * aside for so many databases, used or not.
 */
export function memoryShortage(
  { auxiliary }: Pick<Census, 'auxiliary'>,
  server: ServerNature,
  databases: number,
  available: number,
): string | undefined {
  const written = Number(auxiliary['used-mem']);
  const forDatabases = databases * bytesPerDatabase(server);
  // The very old ones did not write it down, and nothing is known.
  if (!Number.isSafeInteger(written) && forDatabases < MiB) return undefined;
  const used = Number.isSafeInteger(written) ? written : 0;
  const needed = used + forDatabases + SERVER_OVERHEAD;
  if (needed <= available) return undefined;
  const why = forDatabases > used ? `, most of it for ${databases} databases` : '';
  return `${server.product} ${server.version} takes about ${mebibytes(needed)} of memory for this dump${why}, and ${mebibytes(available)} are free`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MiB)} MiB`;
}
