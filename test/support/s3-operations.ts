/** What each S3 operation does to the stand-in's bucket and answers, once its request has been read, checked and let through. */

import type { Answer, Behaviour } from './s3-behaviour.ts';
import {
  type BucketState,
  beginUpload,
  joinObject,
  type ObjectTraits,
  type Stored,
  type StoredObject,
  type Upload,
} from './s3-bucket.ts';
import { md5Matches, type ReadRequest } from './s3-request.ts';
import {
  addVersion,
  deleteObject,
  hasBodyCheck,
  isCold,
  STORAGE_OPERATIONS,
  storageFrom,
  storageHeaders,
  storageRefusal,
} from './s3-storage.ts';
import { document, element, errorDocument, escapeXml, readParts } from './s3-xml.ts';

type Operate = (state: BucketState, behaviour: Behaviour, request: ReadRequest) => Promise<Answer> | Answer;

export function refuse(status: number, code: string): Answer {
  return { status, body: errorDocument(code) };
}

export const OPERATIONS: Readonly<Record<ReadRequest['operation'], Operate>> = {
  ListObjects: (state, behaviour, request) =>
    listObjects(state, behaviour, request, request.query.get('marker') ?? ''),
  ListObjectsV2: (state, behaviour, request) =>
    listObjects(state, behaviour, request, request.query.get('continuation-token') ?? ''),
  ListMultipartUploads: listUploads,
  ListParts: (state, _behaviour, { query }) => {
    const upload = state.uploads.get(query.get('uploadId') ?? '');
    if (upload === undefined) return refuse(404, 'NoSuchUpload');
    const parts = [...upload.parts].map(([number, { size, md5 }]) =>
      element('Part', [
        element('PartNumber', number),
        element('LastModified', new Date(upload.touched ?? upload.initiated).toISOString()),
        element('Size', size),
        element('ETag', `"${md5.toString('hex')}"`),
      ]),
    );
    return { status: 200, body: document('ListPartsResult', ...parts, element('IsTruncated', false)) };
  },
  ...STORAGE_OPERATIONS,
  HeadObject: (state, behaviour, request) => {
    const object = state.objects.get(request.key);
    return object === undefined
      ? { status: 404 }
      : { status: 200, headers: objectHeaders(object, behaviour, request) };
  },
  GetObject: (state, behaviour, request) => {
    const object = state.objects.get(request.key);
    if (object === undefined) return refuse(404, 'NoSuchKey');
    if (isCold(object, behaviour)) return refuse(403, 'InvalidObjectState');
    return partOf(object, objectHeaders(object, behaviour, request), behaviour, request.headers);
  },
  PutObject: putObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: (state, behaviour, { key, headers }) => {
    const refusal = storageRefusal(headers, behaviour, true);
    if (refusal !== undefined) return refusal;
    if (behaviour.mode === 'ceph' && headers['x-amz-checksum-algorithm'] !== undefined)
      return refuse(400, 'InvalidRequest');
    const { id } = beginUpload(state, key, headers);
    const fields = [element('Bucket', 'stand-in'), element('Key', escapeXml(key)), element('UploadId', id)];
    return { status: 200, body: document('InitiateMultipartUploadResult', ...fields) };
  },
  UploadPart: (state, behaviour, request) => {
    const upload = state.uploads.get(request.query.get('uploadId') ?? '');
    if (upload === undefined) return refuse(404, 'NoSuchUpload');
    const problem = bodyProblem(request, behaviour);
    if (problem !== undefined) return problem;
    const isLocked = upload.headers['x-amz-object-lock-mode'] !== undefined;
    if (isLocked && !hasBodyCheck(request.headers)) return refuse(400, 'InvalidRequest');
    upload.parts.set(request.partNumber ?? 0, request.kept);
    return { status: 200, headers: bodyHeaders(request.kept, request.kept.md5.toString('hex'), behaviour) };
  },
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: (state, { abort }, { key, query }) => {
    if (!state.uploads.delete(query.get('uploadId') ?? '')) return refuse(404, 'NoSuchUpload');
    if (abort === 'deletes-object') state.objects.delete(key);
    return { status: 204 };
  },
};

/** The whole object, or what the request's range (`bytes=N-`) and condition make of it. */
function partOf(
  { chunks, size }: StoredObject,
  headers: Record<string, string>,
  { ranges }: Behaviour,
  asked: ReadRequest['headers'],
): Answer {
  const whole = { status: 200, headers, body: chunks };
  if (ranges === 'ignored') return whole;
  if (asked['if-match'] !== undefined && asked['if-match'] !== headers['etag'])
    return refuse(412, 'PreconditionFailed');
  const [, begin] = /^bytes=(\d+)-$/.exec(asked.range ?? '') ?? [];
  if (begin === undefined) return whole;
  const from = Number(begin);
  if (from >= size) return refuse(416, 'InvalidRange');
  const range = {
    'content-length': String(size - from),
    'content-range': `bytes ${from}-${size - 1}/${size}`,
  };
  return { status: 206, headers: { ...headers, ...range }, body: [Buffer.concat(chunks).subarray(from)] };
}

async function putObject(state: BucketState, behaviour: Behaviour, request: ReadRequest): Promise<Answer> {
  const problem = bodyProblem(request, behaviour) ?? storageRefusal(request.headers, behaviour, false);
  if (problem !== undefined) return problem;
  const object = await joinObject(
    [request.kept],
    false,
    String(request.headers['content-type']),
    traitsOf(behaviour),
  );
  // After the last wait: looking and storing are one step, as in a real store.
  const refusal = conditionRefusal(state, behaviour, request);
  if (refusal !== undefined) return refusal;
  const storage = storageFrom(request.headers, behaviour, false);
  const version = addVersion(state, behaviour, request.key, { ...object, storage });
  const headers = bodyHeaders(request.kept, object.etag, behaviour);
  return { status: 200, headers: { ...headers, ...versionHeader(version, behaviour) } };
}

async function completeUpload(
  state: BucketState,
  behaviour: Behaviour,
  request: ReadRequest,
): Promise<Answer> {
  const id = request.query.get('uploadId') ?? '';
  const upload = state.uploads.get(id);
  if (upload === undefined) return refuse(404, 'NoSuchUpload');
  const named = readParts(request.text);
  const bodies: Stored[] = [];
  for (const { number, etag, crc32 } of named) {
    const part = upload.parts.get(number);
    if (part === undefined || shownEtag(part.md5.toString('hex'), behaviour) !== etag)
      return refuse(400, 'InvalidPart');
    if (crc32 !== undefined && crc32 !== part.crc32.toString('base64')) return refuse(400, 'InvalidPart');
    bodies.push(part);
  }
  if (named.some(({ number }, index) => number <= (named[index - 1]?.number ?? 0)))
    return refuse(400, 'InvalidPartOrder');
  if (bodies.slice(0, -1).some(({ size }) => size < behaviour.minPartSize))
    return refuse(400, 'EntityTooSmall');
  const object = await joinObject(bodies, true, String(upload.headers['content-type']), traitsOf(behaviour));
  // Of the stores that the modes stand for only S3 knows the condition here.
  const refusal =
    behaviour.mode === 'aws'
      ? conditionRefusal(state, behaviour, { ...request, key: upload.key })
      : undefined;
  if (refusal !== undefined) return refusal;
  state.uploads.delete(id);
  const storage = storageFrom(upload.headers, behaviour, true);
  addVersion(state, behaviour, upload.key, { ...object, storage });
  const fields = [
    element('Key', escapeXml(upload.key)),
    element('ETag', `"${shownEtag(object.etag, behaviour)}"`),
  ];
  return { status: 200, body: document('CompleteMultipartUploadResult', ...fields) };
}

function listUploads(state: BucketState, behaviour: Behaviour, { query }: ReadRequest): Answer {
  const place = ({ key, id }: Pick<Upload, 'key' | 'id'>) => `${key}\n${id}`;
  const marker = query.get('key-marker');
  const after = marker === null ? '' : place({ key: marker, id: query.get('upload-id-marker') ?? '\uffff' });
  const following = [...state.uploads.values()]
    .filter((upload) => upload.key.startsWith(query.get('prefix') ?? '') && place(upload) > after)
    .sort((one, other) => (place(one) < place(other) ? -1 : 1));
  const page = following.slice(0, behaviour.pageSize);
  const last = page.at(-1);
  const encoded = query.get('encoding-type') === 'url';
  const shown = encoded ? encodeListed : escapeXml;
  const goOn =
    last && page.length < following.length
      ? [element('NextKeyMarker', escapeXml(last.key)), element('NextUploadIdMarker', last.id)]
      : [];
  const uploads = page.map(({ id, key, initiated }) =>
    element('Upload', [
      element('Key', shown(key)),
      element('UploadId', id),
      element('Initiated', new Date(initiated).toISOString()),
    ]),
  );
  return {
    status: 200,
    body: document(
      'ListMultipartUploadsResult',
      element('IsTruncated', goOn.length > 0),
      ...(encoded ? [element('EncodingType', 'url')] : []),
      ...goOn,
      ...uploads,
    ),
  };
}

function listObjects(
  state: BucketState,
  behaviour: Behaviour,
  { operation, query }: ReadRequest,
  after: string,
): Answer {
  const prefix = query.get('prefix') ?? '';
  const asked = Number(query.get('max-keys') ?? 1000);
  const begin = after === '' ? (query.get('start-after') ?? '') : after;
  const order = ORDERS[behaviour.listOrder];
  const isBehind = (key: string) => begin === '' || order(key, begin) > 0;
  const following = [...state.objects.keys()]
    .filter((key) => key.startsWith(prefix) && isBehind(key) && !isSkipped(key, begin, behaviour))
    .sort(order);
  const keys = following.slice(0, Math.min(asked, behaviour.pageSize));
  const more = following.length > keys.length;
  const shown = query.get('encoding-type') === 'url' ? encodeListed : escapeXml;
  const contents = keys.map((key) =>
    element('Contents', [
      element('Key', shown(key)),
      element('LastModified', new Date(state.objects.get(key)?.modified ?? 0).toISOString()),
      element('Size', state.objects.get(key)?.size ?? 0),
      element('StorageClass', state.objects.get(key)?.storage?.storageClass ?? 'STANDARD'),
      element('ETag', `"${shownEtag(state.objects.get(key)?.etag ?? '', behaviour)}"`),
    ]),
  );
  const last = keys.at(-1);
  const continuation = operation === 'ListObjectsV2' ? 'NextContinuationToken' : 'NextMarker';
  const goOn =
    more && last !== undefined && !behaviour.tokenlessPages ? [element(continuation, escapeXml(last))] : [];
  const encoding = shown === encodeListed ? [element('EncodingType', 'url')] : [];
  return {
    status: 200,
    body: document('ListBucketResult', element('IsTruncated', more), ...encoding, ...goOn, ...contents),
  };
}

const ORDERS: Readonly<Record<Behaviour['listOrder'], typeof compareBytes>> = {
  bytes: compareBytes,
  folders: (one, other) => compareBytes(one.replaceAll('/', '\0'), other.replaceAll('/', '\0')),
  none: (one, other) => compareBytes(other, one),
};

function isSkipped(key: string, begin: string, { listOrder }: Behaviour): boolean {
  return listOrder === 'folders' && begin !== '' && !begin.endsWith('/') && key.startsWith(`${begin}/`);
}

/** As S3 does: like a form, but for the slash. */
function encodeListed(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}

function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The server's own checks of a body, before it stores it. */
function bodyProblem({ headers, body }: ReadRequest, { mode, checks }: Behaviour): Answer | undefined {
  if (checks === 'given-back') return undefined;
  if (!md5Matches(headers['content-md5'], body.md5)) return refuse(400, 'BadDigest');
  if (mode !== 'aws') return undefined;
  const digests = {
    'x-amz-checksum-crc32': body.crc32,
    'x-amz-checksum-sha256': Buffer.from(body.sha256, 'hex'),
  };
  for (const [header, digest] of Object.entries(digests)) {
    if (headers[header] !== undefined && headers[header] !== digest.toString('base64'))
      return refuse(400, 'BadDigest');
  }
  return undefined;
}

function conditionRefusal(
  state: BucketState,
  behaviour: Behaviour,
  { key, headers }: ReadRequest,
): Answer | undefined {
  const { mode, conditionalWrites } = behaviour;
  const [header, existsAnswer] = mode === 'cos' ? COS_CONDITION : S3_CONDITION;
  if (headers[header] === undefined || conditionalWrites === 'ignored') return undefined;
  // Ceph 16 forgets the condition where versions are kept.
  if (mode === 'ceph' && (behaviour.versioned || behaviour.objectLock)) return undefined;
  if (conditionalWrites === 'refused') return refuse(501, 'NotImplemented');
  return state.objects.has(key) ? existsAnswer : undefined;
}

const S3_CONDITION = ['if-none-match', refuse(412, 'PreconditionFailed')] as const;
const COS_CONDITION = ['x-cos-forbid-overwrite', refuse(409, 'FileAlreadyExists')] as const;

function traitsOf({ mode, multipartEtags, multipartCrc32 }: Behaviour): ObjectTraits {
  return {
    wholeCrc32: multipartCrc32 === 'full-object',
    md5MultipartEtag: mode !== 'cos' && multipartEtags === 'md5',
    withCrc32: mode === 'aws',
    withCrc64: mode === 'cos',
  };
}

function bodyHeaders(body: Stored, etag: string, behaviour: Behaviour): Record<string, string> {
  return {
    etag: `"${shownEtag(etag, behaviour)}"`,
    ...encryptionHeader(behaviour),
    ...(behaviour.mode === 'aws' && !body.withoutCrc32
      ? { 'x-amz-checksum-crc32': body.crc32.toString('base64') }
      : {}),
  };
}

function objectHeaders(
  object: StoredObject,
  behaviour: Behaviour,
  { headers }: ReadRequest,
): Record<string, string> {
  const echoed =
    behaviour.mode === 'aws' && headers['x-amz-checksum-mode'] === 'ENABLED' ? object.crc32 : undefined;
  return {
    etag: `"${shownEtag(object.etag, behaviour)}"`,
    'content-length': String(object.size),
    'content-type': object.contentType,
    ...encryptionHeader(behaviour),
    ...storageHeaders(object, behaviour),
    ...versionHeader(object, behaviour),
    ...(behaviour.versionIds === 'made-up' ? { 'x-amz-version-id': 'made-up' } : {}),
    ...(echoed === undefined ? {} : { 'x-amz-checksum-crc32': echoed }),
    ...(object.crc64 === undefined ? {} : { 'x-cos-hash-crc64ecma': object.crc64 }),
  };
}

function versionHeader(
  { versionId }: StoredObject,
  { versioned, objectLock }: Behaviour,
): Record<string, string> {
  return (versioned || objectLock) && versionId !== undefined ? { 'x-amz-version-id': versionId } : {};
}

function encryptionHeader({ encryption }: Behaviour): Record<string, string> {
  return encryption === 'none' ? {} : { 'x-amz-server-side-encryption': encryption };
}

/** Under a KMS key an ETag has the form of an MD5 and is none. */
function shownEtag(etag: string, { encryption }: Behaviour): string {
  return encryption === 'aws:kms'
    ? etag.replace(/^[0-9a-f]{32}/, (hex) => [...hex].reverse().join(''))
    : etag;
}
