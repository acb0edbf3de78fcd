/** What each S3 operation does to the stand-in's bucket and answers, once its request has been read, checked and let through. */

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
import { document, element, errorDocument, escapeXml, readParts } from './s3-xml.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** XML, or an object's bytes. */
  readonly body?: string | readonly Buffer[];
}

/** How this server behaves; a test may change it at any time. */
export interface Behaviour {
  readonly mode: 'aws' | 'cos' | 'ceph';
  /** Keys a page. */
  pageSize: number;
  /** Bytes of the smallest part but the last. */
  minPartSize: number;
  conditionalWrites: 'honoured' | 'refused' | 'ignored';
  /** Shown in answers; with a KMS key the ETags are no MD5s. */
  encryption: 'none' | 'AES256' | 'aws:kms';
  /** The bucket keeps every object for a month. */
  objectLock: boolean;
  /** What the ETags of uploads in parts are: the MD5 of the parts' MD5s, or nothing that anybody could work out (always so with `cos`). */
  multipartEtags: 'md5' | 'opaque';
  /** Says that a page is not the last without saying how to go on, as a list of the first version looks to a client of the second. */
  tokenlessPages: boolean;
}

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
  GetObjectLockConfiguration: (_state, { objectLock }) => {
    if (!objectLock) return refuse(404, 'ObjectLockConfigurationNotFoundError');
    const retention = element('DefaultRetention', [element('Mode', 'COMPLIANCE'), element('Days', 30)]);
    const rule = element('Rule', [retention]);
    return {
      status: 200,
      body: document('ObjectLockConfiguration', element('ObjectLockEnabled', 'Enabled'), rule),
    };
  },
  HeadObject: (state, behaviour, request) => {
    const object = state.objects.get(request.key);
    return object === undefined
      ? { status: 404 }
      : { status: 200, headers: objectHeaders(object, behaviour, request) };
  },
  GetObject: (state, behaviour, request) => {
    const object = state.objects.get(request.key);
    if (object === undefined) return refuse(404, 'NoSuchKey');
    return { status: 200, headers: objectHeaders(object, behaviour, request), body: object.chunks };
  },
  PutObject: putObject,
  DeleteObject: (state, _behaviour, { key }) => {
    state.objects.delete(key);
    return { status: 204 };
  },
  CreateMultipartUpload: (state, { mode }, { key, headers }) => {
    if (mode === 'ceph' && headers['x-amz-checksum-algorithm'] !== undefined)
      return refuse(400, 'InvalidRequest');
    const { id } = beginUpload(state, key, String(headers['content-type']));
    const fields = [element('Bucket', 'stand-in'), element('Key', escapeXml(key)), element('UploadId', id)];
    return { status: 200, body: document('InitiateMultipartUploadResult', ...fields) };
  },
  UploadPart: (state, behaviour, request) => {
    const upload = state.uploads.get(request.query.get('uploadId') ?? '');
    if (upload === undefined) return refuse(404, 'NoSuchUpload');
    const problem = bodyProblem(request, behaviour);
    if (problem !== undefined) return problem;
    upload.parts.set(request.partNumber ?? 0, request.kept);
    return { status: 200, headers: bodyHeaders(request.kept, request.kept.md5.toString('hex'), behaviour) };
  },
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: (state, _behaviour, { query }) =>
    state.uploads.delete(query.get('uploadId') ?? '') ? { status: 204 } : refuse(404, 'NoSuchUpload'),
};

async function putObject(state: BucketState, behaviour: Behaviour, request: ReadRequest): Promise<Answer> {
  const problem = bodyProblem(request, behaviour);
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
  state.objects.set(request.key, object);
  return { status: 200, headers: bodyHeaders(request.kept, object.etag, behaviour) };
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
  const object = await joinObject(bodies, true, upload.contentType, traitsOf(behaviour));
  // Of the stores that the modes stand for only S3 knows the condition here.
  const refusal =
    behaviour.mode === 'aws'
      ? conditionRefusal(state, behaviour, { ...request, key: upload.key })
      : undefined;
  if (refusal !== undefined) return refusal;
  state.uploads.delete(id);
  state.objects.set(upload.key, object);
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
  const following = [...state.objects.keys()]
    .filter((key) => key.startsWith(prefix) && compareBytes(key, after) > 0)
    .sort(compareBytes);
  const keys = following.slice(0, Math.min(asked, behaviour.pageSize));
  const more = following.length > keys.length;
  const shown = query.get('encoding-type') === 'url' ? encodeListed : escapeXml;
  const contents = keys.map((key) =>
    element('Contents', [element('Key', shown(key)), element('Size', state.objects.get(key)?.size ?? 0)]),
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

/** As S3 does: like a form, but for the slash. */
function encodeListed(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}

function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The server's own checks of a body, before it stores it. */
function bodyProblem({ headers, body }: ReadRequest, { mode }: Behaviour): Answer | undefined {
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
  { mode, conditionalWrites }: Behaviour,
  { key, headers }: ReadRequest,
): Answer | undefined {
  const [header, existsAnswer] = mode === 'cos' ? COS_CONDITION : S3_CONDITION;
  if (headers[header] === undefined || conditionalWrites === 'ignored') return undefined;
  if (conditionalWrites === 'refused') return refuse(501, 'NotImplemented');
  return state.objects.has(key) ? existsAnswer : undefined;
}

const S3_CONDITION = ['if-none-match', refuse(412, 'PreconditionFailed')] as const;
const COS_CONDITION = ['x-cos-forbid-overwrite', refuse(409, 'FileAlreadyExists')] as const;

function traitsOf({ mode, multipartEtags }: Behaviour): ObjectTraits {
  return {
    md5MultipartEtag: mode !== 'cos' && multipartEtags === 'md5',
    withCrc32: mode === 'aws',
    withCrc64: mode === 'cos',
  };
}

function bodyHeaders(body: Stored, etag: string, behaviour: Behaviour): Record<string, string> {
  return {
    etag: `"${shownEtag(etag, behaviour)}"`,
    ...encryptionHeader(behaviour),
    ...(behaviour.mode === 'aws' ? { 'x-amz-checksum-crc32': body.crc32.toString('base64') } : {}),
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
    ...(echoed === undefined ? {} : { 'x-amz-checksum-crc32': echoed }),
    ...(object.crc64 === undefined ? {} : { 'x-cos-hash-crc64ecma': object.crc64 }),
  };
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
