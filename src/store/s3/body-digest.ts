/** Digests of a body on its way: of each part, to be sent along, and of the whole, to be compared with what the store answers. None that nobody asks for. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { joinCrc32 } from '../../integrity/crc32-join.ts';
import { ecmaTap } from '../../integrity/crc64.ts';
import type { Tap } from '../../integrity/taps.ts';
import type { PartMd5 } from './part-md5.ts';
import type { ProviderProfile } from './provider-profile.ts';

export interface PartDigest {
  /** Bytes. */
  readonly size: number;
  /** Where the profile sends it or the store's ETags are it: it costs more than everything else together. */
  readonly md5?: Buffer;
  /** Four bytes, big-endian, as in `x-amz-checksum-crc32`; where the profile sends it. */
  readonly crc32?: Buffer;
}

/** What the store must hold when it holds what was sent, in the words it answers with. */
export interface SentBody {
  /** Bytes. */
  readonly size: number;
  /** The ETag of a store whose ETags are MD5s: the MD5 in hex, for several parts the MD5 of their MD5s and `-N`. Absent where nobody asks. */
  readonly etag?: string;
  /** The store's own checksum, spelled as in the profile's `echo` header, in every form that it may have; absent where it answers none. */
  readonly checksums?: readonly string[];
}

export interface BodyDigest {
  update(bytes: Uint8Array): void;
  /** The digest of what came since the last part, which is `bytes`: they must stay as they are until then. `last`: nothing follows. */
  endPart(bytes: Uint8Array, last: boolean): Promise<PartDigest>;
}

/** Digests bytes in passing: CRC-32 by the part, and where the store answers it the CRC-64 of the whole; and each part's MD5 when it is full. */
export interface WholeBodyDigest extends BodyDigest {
  /** Call once, after the last part. `multipart`: how the store will name it, which for a single part too differs. */
  end(parts: readonly PartDigest[], multipart: boolean): SentBody;
}

/** What decides about the digests. */
export type DigestWishes = Pick<ProviderProfile, 'bodyCheck' | 'echo' | 'md5Etags'>;

export function createBodyDigest(wishes: DigestWishes, md5: PartMd5): WholeBodyDigest {
  const crc64 = crc64For(wishes);
  const [withMd5, withCrc32] = [wantsMd5(wishes), wantsCrc32(wishes)];
  let crc = 0;

  return {
    update(bytes) {
      if (withCrc32) crc = crc32(bytes, crc);
      crc64?.update(bytes);
    },
    async endPart(bytes, last) {
      const digest = { size: bytes.length, ...(withCrc32 && { crc32: bigEndian(crc) }) };
      crc = 0;
      return withMd5 ? { ...digest, md5: await md5.digest(bytes, last) } : digest;
    },
    end: (parts, multipart) => sentBody(wishes, parts, multipart, crc64),
  };
}

/** The digest of a body that lies in memory as a whole. */
export function digestWhole(bytes: Uint8Array, wishes: DigestWishes): PartDigest {
  return {
    size: bytes.length,
    ...(wantsMd5(wishes) && { md5: createHash('md5').update(bytes).digest() }),
    ...(wantsCrc32(wishes) && { crc32: bigEndian(crc32(bytes)) }),
  };
}

/** What the store must hold of these bytes, sent as one part. */
export function sentWhole(bytes: Uint8Array, wishes: DigestWishes, multipart: boolean): SentBody {
  const crc64 = crc64For(wishes);
  crc64?.update(bytes);
  return sentBody(wishes, [digestWhole(bytes, wishes)], multipart, crc64);
}

function sentBody(
  wishes: DigestWishes,
  parts: readonly PartDigest[],
  multipart: boolean,
  crc64: Tap<bigint> | undefined,
): SentBody {
  const size = parts.reduce((total, part) => total + part.size, 0);
  const etag = wantsMd5(wishes) ? { etag: etagOf(parts, multipart) } : {};
  if (crc64 !== undefined) return { size, ...etag, checksums: [String(crc64.result())] };
  if (wishes.echo === 'x-amz-checksum-crc32') return { size, ...etag, checksums: crc32sOf(parts, multipart) };
  return { size, ...etag };
}

function crc64For({ echo }: DigestWishes): Tap<bigint> | undefined {
  return echo.endsWith('crc64ecma') ? ecmaTap() : undefined;
}

/** A store that answers a checksum of its own is not asked for its ETag as well. */
function wantsMd5({ bodyCheck, echo, md5Etags }: DigestWishes): boolean {
  return bodyCheck === 'content-md5' || (echo === 'none' && md5Etags !== 'none');
}

function wantsCrc32({ bodyCheck, echo }: DigestWishes): boolean {
  return bodyCheck === 'crc32' || echo === 'x-amz-checksum-crc32';
}

function etagOf(parts: readonly PartDigest[], multipart: boolean): string {
  const md5s = Buffer.concat(parts.flatMap(({ md5 }) => md5 ?? []));
  return multipart ? `${createHash('md5').update(md5s).digest('hex')}-${parts.length}` : md5s.toString('hex');
}

/**
 * For several parts S3 answers the CRC-32 of the parts' CRC-32s (`COMPOSITE`, and the number of parts behind it), or, if it is one of a
 * newer kind or Ceph from 20 on, that of the whole (`FULL_OBJECT`).
 */
function crc32sOf(parts: readonly PartDigest[], multipart: boolean): string[] {
  const crcs = Buffer.concat(parts.flatMap(({ crc32 }) => crc32 ?? []));
  if (!multipart) return [crcs.toString('base64')];
  const known = parts.map(({ size }, index) => ({ size, crc: crcs.readUInt32BE(4 * index) }));
  const [ofParts, ofWhole] = [crc32(crcs), joinCrc32(known)].map((crc) => bigEndian(crc).toString('base64'));
  const forms = [`${ofParts}-${parts.length}`, `${ofWhole}`];
  // Ceph 20 calls that of a single part composite, and answers the part's own.
  return parts.length === 1 ? [...forms, `${ofWhole}-1`] : forms;
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
