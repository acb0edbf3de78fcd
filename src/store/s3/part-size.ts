/** How large the parts of an upload are: within S3's limits, the configured size and the memory there is. */
import { ArchiverError } from '../../domain/errors.ts';

/** Bytes in a MiB: part sizes are whole ones. */
export const MIB = 1024 * 1024;

/** Most parts of one upload (S3's limits; COS, OSS, R2 and Ceph have the same). */
export const MAX_PARTS = 10_000;

/** Smallest part but for the last (S3's limits; COS takes 1 MiB, nobody asks for more than this). */
export const MIN_PART_SIZE = 5 * MIB;

/** Largest part (S3's limits). */
const MAX_PART_SIZE = 5 * 1024 * MIB;

/** A body of unknown size may take this share of the pool for one part: larger parts reach further, smaller ones overlap better. */
const UNKNOWN_SIZE_SHARE = 8;

export interface PartSizeRequest {
  /** Bytes to come; absent where nobody knows. */
  readonly size?: number;
  /** Bytes that may come, where nobody knows. */
  readonly expectedSize?: number;
  /** The smallest part wanted, in bytes. */
  readonly configured: number;
  /** Bytes of the whole buffer pool. */
  readonly poolCapacity: number;
}

/** The largest body, in bytes, that can be uploaded from a pool of this size: `MAX_PARTS` parts, each as large as the pool. */
export function largestBody(poolCapacity: number): number {
  return Math.min(wholeMib(poolCapacity), MAX_PART_SIZE) * MAX_PARTS;
}

/**
 * Bytes of each part but the last. All parts are equally large because R2 demands it. Throws a `config` error when the body cannot
 * be uploaded with the memory there is: told before the first byte, not after hours at part 10,001.
 */
export function choosePartSize({ size, expectedSize, configured, poolCapacity }: PartSizeRequest): number {
  const wanted = Math.max(configured, MIN_PART_SIZE);
  const atLeast = partFor(size ?? expectedSize ?? 0);
  const needed = size === undefined ? Math.max(unknownSizePart(poolCapacity), atLeast) : atLeast;
  const partSize = Math.max(wanted, needed);
  if (partSize > poolCapacity || partSize > MAX_PART_SIZE)
    throw cannotHold(partSize, poolCapacity, size ?? expectedSize);
  return partSize;
}

function partFor(size: number): number {
  return Math.ceil(size / MAX_PARTS / MIB) * MIB;
}

function unknownSizePart(poolCapacity: number): number {
  return Math.min(wholeMib(poolCapacity / UNKNOWN_SIZE_SHARE), MAX_PART_SIZE);
}

function wholeMib(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB;
}

function cannotHold(partSize: number, poolCapacity: number, size: number | undefined): ArchiverError {
  const body = size === undefined ? 'a body of unknown size' : `a body of ${size} bytes`;
  const reach = `the largest that fits is ${largestBody(poolCapacity)} bytes`;
  return new ArchiverError(
    'config',
    `${body} needs parts of ${partSize} bytes, but the buffer pool holds ${poolCapacity} bytes; ${reach}`,
    {
      hint: `Set ARCHIVER_BUFFER_MEMORY to at least ${Math.ceil(partSize / MIB)}MiB (parts are at the least 5MiB and at the most 5GiB).`,
    },
  );
}
