/** Reads a request to the S3 stand-in: which operation on which key, with its body's digests checked against its headers. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type Stored, storeChunks } from './s3-bucket.ts';
import type { S3Operation } from './s3-faults.ts';

export interface Address {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly partNumber?: number;
  readonly pathStyle: boolean;
}

export interface ReadRequest extends Address {
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly body: Stored;
  /** As it ends up on the disk. */
  readonly kept: Stored;
  /** The body of a small XML request. */
  readonly text: string;
}

/** Where a request goes; undefined for what the stand-in does not know. `bucket.localhost` names the bucket in the host. */
export function addressOf(request: IncomingMessage): Address | undefined {
  const [path = '/', search = ''] = (request.url ?? '/').split('?');
  const query = new URLSearchParams(search.replaceAll('+', '%2B'));
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const pathStyle = !host.endsWith('.localhost');
  const [first = '', ...rest] = path.slice(1).split('/');
  const bucket = pathStyle ? first : host.slice(0, -'.localhost'.length);
  const key = decodeURIComponent(pathStyle ? rest.join('/') : path.slice(1));
  const operation = operationOf(request.method ?? '', key, query);
  if (operation === undefined) return undefined;
  const number = query.get('partNumber');
  return {
    operation,
    bucket,
    key,
    query,
    pathStyle,
    ...(number === null ? {} : { partNumber: Number(number) }),
  };
}

function operationOf(method: string, key: string, query: URLSearchParams): S3Operation | undefined {
  if (key === '') {
    if (method !== 'GET') return undefined;
    if (query.has('uploads')) return 'ListMultipartUploads';
    if (query.has('object-lock')) return 'GetObjectLockConfiguration';
    if (query.has('versioning')) return 'GetBucketVersioning';
    if (query.has('encryption')) return 'GetBucketEncryption';
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  }
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : undefined;
  if (query.has('retention')) return method === 'PUT' ? 'PutObjectRetention' : 'GetObjectRetention';
  if (query.has('legal-hold')) return method === 'PUT' ? 'PutObjectLegalHold' : undefined;
  return (query.has('uploadId') ? UPLOAD_METHODS : OBJECT_METHODS)[method];
}

const UPLOAD_METHODS: Readonly<Record<string, S3Operation>> = {
  GET: 'ListParts',
  PUT: 'UploadPart',
  POST: 'CompleteMultipartUpload',
  DELETE: 'AbortMultipartUpload',
};

const OBJECT_METHODS: Readonly<Record<string, S3Operation>> = {
  GET: 'GetObject',
  HEAD: 'HeadObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
};

interface Reading {
  readonly keepBytes: boolean;
  /** One bit of it changes on the way. */
  readonly flip: boolean;
  /** Whether the digest that is signed with the request is compared. */
  readonly checkSigned: boolean;
}

/** Reads the body; keeps its bytes only where asked to. An S3 error code where the body is not what its headers promise. */
export async function readBody(
  request: IncomingMessage,
  { keepBytes, flip, checkSigned }: Reading,
): Promise<Stored | string> {
  // Trailing checksums come in a framing of their own, which stores have been seen to keep inside the object.
  if (String(request.headers['content-encoding']).includes('aws-chunked')) return 'MissingContentLength';
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (flip) chunks[0]?.writeUInt8((chunks[0]?.readUInt8(0) ?? 0) ^ 1, 0);
  const { 'x-amz-content-sha256': signed, 'x-amz-checksum-sha256': checksum } = request.headers;
  const isCompared = checkSigned && signed !== 'UNSIGNED-PAYLOAD';
  const body = storeChunks(chunks, { keepBytes, withSha256: isCompared || checksum !== undefined });
  if (isCompared && signed !== body.sha256) return 'XAmzContentSHA256Mismatch';
  return body;
}

export function md5Matches(header: IncomingHttpHeaders[string], md5: Buffer): boolean {
  return header === undefined || header === md5.toString('base64');
}
