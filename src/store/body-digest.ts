/** Digests of a body on its way: of each part, to be sent along, and of the whole, to be compared with what the store answers. None that nobody asks for. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ecmaTap } from '../integrity/crc64.ts';
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
  /** The store's own checksum, spelled as in the profile's `echo` header; absent where it answers none. */
  readonly checksum?: string;
}

export interface BodyDigest {
  update(bytes: Uint8Array): void;
  /** The digest of what came since the last part. */
  endPart(): PartDigest;
}

/** Digests bytes in passing: MD5 and CRC-32 by the part, and where the store answers it the CRC-64 of the whole. */
export interface WholeBodyDigest extends BodyDigest {
  /** Call once, after the last part. `multipart`: how the store will name it, which for a single part too differs. */
  end(parts: readonly PartDigest[], multipart: boolean): SentBody;
}

/** What decides about the digests. */
export type DigestWishes = Pick<ProviderProfile, 'bodyCheck' | 'echo' | 'md5Etags'>;

export function createBodyDigest({ bodyCheck, echo, md5Etags }: DigestWishes): WholeBodyDigest {
  const crc64 = echo.endsWith('crc64ecma') ? ecmaTap() : undefined;
  const withCrc32 = bodyCheck === 'crc32' || echo === 'x-amz-checksum-crc32';
  // A store that answers a checksum of its own is not asked for its ETag as well.
  const withMd5 = bodyCheck === 'content-md5' || (echo === 'none' && md5Etags !== 'none');
  const beginPart = () => ({ size: 0, md5: withMd5 ? createHash('md5') : undefined, crc32: 0 });
  let part = beginPart();

  return {
    update(bytes) {
      part.size += bytes.length;
      part.md5?.update(bytes);
      if (withCrc32) part.crc32 = crc32(bytes, part.crc32);
      crc64?.update(bytes);
    },
    endPart() {
      const { size, md5 } = part;
      const digest: PartDigest = {
        size,
        ...(md5 && { md5: md5.digest() }),
        ...(withCrc32 && { crc32: bigEndian(part.crc32) }),
      };
      part = beginPart();
      return digest;
    },
    end(parts, multipart) {
      const size = parts.reduce((total, { size }) => total + size, 0);
      const etag = withMd5 ? { etag: etagOf(parts, multipart) } : {};
      if (crc64 !== undefined) return { size, ...etag, checksum: String(crc64.result()) };
      if (echo === 'x-amz-checksum-crc32') return { size, ...etag, checksum: crc32Of(parts, multipart) };
      return { size, ...etag };
    },
  };
}

/** The digest of a body that lies in memory as a whole. */
export function digestWhole(bytes: Uint8Array, profile: DigestWishes): PartDigest {
  const digest = createBodyDigest(profile);
  digest.update(bytes);
  return digest.endPart();
}

function etagOf(parts: readonly PartDigest[], multipart: boolean): string {
  const md5s = Buffer.concat(parts.flatMap(({ md5 }) => md5 ?? []));
  return multipart ? `${createHash('md5').update(md5s).digest('hex')}-${parts.length}` : md5s.toString('hex');
}

/** For several parts S3 answers the CRC-32 of the parts' CRC-32s ("composite"). */
function crc32Of(parts: readonly PartDigest[], multipart: boolean): string {
  const crcs = Buffer.concat(parts.flatMap(({ crc32 }) => crc32 ?? []));
  return multipart ? `${bigEndian(crc32(crcs)).toString('base64')}-${parts.length}` : crcs.toString('base64');
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
