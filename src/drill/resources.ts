/** Whether there is room for a dump, on disk and in memory, before a server is started on it and the kernel ends one of us. */
import type { Census } from '../domain/census.ts';

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

/** A sentence where the memory that the server had when it wrote the dump (`used-mem`) is more than there is. */
export function memoryShortage(
  { auxiliary }: Pick<Census, 'auxiliary'>,
  available: number,
): string | undefined {
  const used = Number(auxiliary['used-mem']);
  // The very old ones did not write it down, and nothing is known.
  if (!Number.isSafeInteger(used) || used + SERVER_OVERHEAD <= available) return undefined;
  return `a server takes about ${mebibytes(used + SERVER_OVERHEAD)} of memory for this dump, and ${mebibytes(available)} are free`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MiB)} MiB`;
}
