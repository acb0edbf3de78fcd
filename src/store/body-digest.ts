/** Digests of a body on its way: of each part, to be sent along, and of the whole, to be compared with what the store answers. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { createCRC64 } from 'hash-wasm';
import type { ProviderProfile } from './provider-profile.ts';

export interface PartDigest {
  /** Bytes. */
  readonly size: number;
  readonly md5: Buffer;
  /** Four bytes, big-endian, as in `x-amz-checksum-crc32`. */
  readonly crc32: Buffer;
}

/** What the store must hold when it holds what was sent, in the words it answers with. */
export interface SentBody {
  /** Bytes. */
  readonly size: number;
  /** The ETag of a store whose ETags are MD5s: the MD5 in hex, for several parts the MD5 of their MD5s and `-N`. */
  readonly etag: string;
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

export async function createBodyDigest({ echo }: Pick<ProviderProfile, 'echo'>): Promise<WholeBodyDigest> {
  // The default polynomial of hash-wasm is ECMA-182 reflected, the one COS and OSS use.
  const crc64 = echo.endsWith('crc64ecma') ? await createCRC64() : undefined;
  crc64?.init();
  let part = beginPart();

  return {
    update(bytes) {
      part.size += bytes.length;
      part.md5.update(bytes);
      part.crc32 = crc32(bytes, part.crc32);
      crc64?.update(bytes);
    },
    endPart() {
      const digest: PartDigest = { size: part.size, md5: part.md5.digest(), crc32: bigEndian(part.crc32) };
      part = beginPart();
      return digest;
    },
    end(parts, multipart) {
      const size = parts.reduce((total, { size }) => total + size, 0);
      const etag = etagOf(parts, multipart);
      if (crc64 !== undefined) return { size, etag, checksum: BigInt(`0x${crc64.digest('hex')}`).toString() };
      if (echo === 'x-amz-checksum-crc32') return { size, etag, checksum: crc32Of(parts, multipart) };
      return { size, etag };
    },
  };
}

/** The digest of a body that lies in memory as a whole. */
export async function digestWhole(
  bytes: Uint8Array,
  profile: Pick<ProviderProfile, 'echo'>,
): Promise<PartDigest> {
  const digest = await createBodyDigest(profile);
  digest.update(bytes);
  return digest.endPart();
}

function beginPart(): { size: number; readonly md5: Hash; crc32: number } {
  return { size: 0, md5: createHash('md5'), crc32: 0 };
}

function etagOf(parts: readonly PartDigest[], multipart: boolean): string {
  const md5s = Buffer.concat(parts.map(({ md5 }) => md5));
  return multipart ? `${createHash('md5').update(md5s).digest('hex')}-${parts.length}` : md5s.toString('hex');
}

/** For several parts S3 answers the CRC-32 of the parts' CRC-32s ("composite"). */
function crc32Of(parts: readonly PartDigest[], multipart: boolean): string {
  const crcs = Buffer.concat(parts.map((part) => part.crc32));
  return multipart ? `${bigEndian(crc32(crcs)).toString('base64')}-${parts.length}` : crcs.toString('base64');
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
