/** The stand-in's bucket: objects and uploads in memory, with the digests S3 keeps of them. */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { createCRC64 } from 'hash-wasm';

/** A stored body: its bytes, unless the server was told to forget them, and their digests. */
export interface Stored {
  readonly size: number;
  readonly md5: Buffer;
  readonly crc32: Buffer;
  /** Hexadecimal; empty where nobody asked for it. */
  readonly sha256: string;
  readonly chunks: readonly Buffer[];
  /** No CRC-32 came with it, and the store works out none. */
  readonly withoutCrc32?: true;
}

/** Storage class and lock, in the words of the headers. */
export interface StoredStorage {
  readonly storageClass?: string;
  readonly lock?: { readonly mode: string; readonly until: string };
  readonly legalHold?: boolean;
}

export interface StoredObject {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly contentType: string;
  readonly chunks: readonly Buffer[];
  /** Milliseconds since the epoch; the epoch itself where absent. */
  readonly modified?: number;
  /** `x-amz-checksum-crc32`, where the object was stored with one. */
  readonly crc32?: string;
  /** `x-cos-hash-crc64ecma`: decimal. */
  readonly crc64?: string;
  readonly versionId?: string;
  /** Storage class and lock. */
  readonly storage?: StoredStorage;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  /** Of the request that began it. */
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since the epoch; a test may make it older. */
  initiated: number;
  /** When its parts came; as it was initiated where absent. */
  touched?: number;
  readonly parts: Map<number, Stored>;
}

export interface BucketState {
  /** The newest version of each. */
  readonly objects: Map<string, StoredObject>;
  /** What was overwritten or deleted where versions are kept, newest first. */
  readonly versions: Map<string, readonly StoredObject[]>;
  readonly uploads: Map<string, Upload>;
}

interface Keeping {
  readonly keepBytes: boolean;
  readonly withSha256: boolean;
}

export function storeChunks(chunks: readonly Buffer[], { keepBytes, withSha256 }: Keeping): Stored {
  const md5 = createHash('md5');
  const sha256 = withSha256 ? createHash('sha256') : undefined;
  let crc = 0;
  let size = 0;
  for (const chunk of chunks) {
    md5.update(chunk);
    sha256?.update(chunk);
    crc = crc32(chunk, crc);
    size += chunk.length;
  }
  return {
    size,
    md5: md5.digest(),
    sha256: sha256?.digest('hex') ?? '',
    crc32: bigEndian(crc),
    chunks: keepBytes ? chunks : [],
  };
}

export function beginUpload(state: BucketState, key: string, headers: IncomingHttpHeaders): Upload {
  const upload: Upload = {
    id: randomBytes(16).toString('hex'),
    key,
    headers,
    initiated: Date.now(),
    parts: new Map(),
  };
  state.uploads.set(upload.id, upload);
  return upload;
}

export interface ObjectTraits {
  /** Whether multipart ETags are the MD5 of the parts' MD5s, as S3's are. */
  readonly md5MultipartEtag: boolean;
  readonly withCrc32: boolean;
  /** Of an upload in parts too the CRC-32 of the whole, which takes the bytes. */
  readonly wholeCrc32: boolean;
  readonly withCrc64: boolean;
}

/** Joins bodies to an object: one for a put, the parts for a completed upload. */
export async function joinObject(
  bodies: readonly Stored[],
  multipart: boolean,
  contentType: string,
  traits: ObjectTraits,
): Promise<StoredObject> {
  const chunks = bodies.flatMap(({ chunks }) => chunks);
  const suffix = multipart ? `-${bodies.length}` : '';
  const joined = (digests: readonly Buffer[], digest: (bytes: Buffer) => Buffer) =>
    digest(Buffer.concat(digests));
  const md5 = joined(
    bodies.map((body) => body.md5),
    (md5s) => (multipart ? createHash('md5').update(md5s).digest() : md5s),
  );
  const composite = multipart && !traits.wholeCrc32;
  // Ceph 20 has a form of its own for a single part.
  const isMarked = composite || (multipart && bodies.length === 1);
  const crc = traits.wholeCrc32
    ? bigEndian(chunks.reduce((sum, chunk) => crc32(chunk, sum), 0))
    : joined(
        bodies.map((body) => body.crc32),
        (crcs) => (composite ? bigEndian(crc32(crcs)) : crcs),
      );
  const etag = multipart && !traits.md5MultipartEtag ? randomBytes(16) : md5;
  return {
    size: bodies.reduce((total, { size }) => total + size, 0),
    etag: `${etag.toString('hex')}${suffix}`,
    contentType,
    chunks,
    modified: Date.now(),
    ...(traits.withCrc32 && !bodies.some((body) => body.withoutCrc32)
      ? { crc32: `${crc.toString('base64')}${isMarked ? suffix : ''}` }
      : {}),
    ...(traits.withCrc64 ? { crc64: await crc64Of(chunks) } : {}),
  };
}

async function crc64Of(chunks: readonly Buffer[]): Promise<string> {
  const crc64 = await createCRC64();
  crc64.init();
  for (const chunk of chunks) crc64.update(chunk);
  return BigInt(`0x${crc64.digest('hex')}`).toString();
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
