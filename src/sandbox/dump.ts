/** What the download host serves: bytes of a known length, any range of which can be had. */
import { createHash } from 'node:crypto';
import { ECMA } from './crc64.ts';

export interface Dump {
  readonly size: number;
  /** A strong validator, with its quotes. */
  readonly etag: string;
  /** The CRC-64 that COS answers, in decimal. */
  crc64ecma(): string;
  /** The bytes from `start` up to but not including `end`. */
  read(start: number, end: number): Iterable<Uint8Array>;
}

/** A dump that lies in memory. */
export function bytesDump(bytes: Uint8Array): Dump {
  return {
    size: bytes.length,
    etag: `"${createHash('md5').update(bytes).digest('hex')}"`,
    crc64ecma: () => String(ECMA.update(0n, bytes)),
    read: (start, end) => [bytes.subarray(start, end)],
  };
}
