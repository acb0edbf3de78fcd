/**
 * A small real S3 server for tests: checks signatures, payload digests, Content-MD5 and conditions as a store does, and fails on
 * command. One bucket, in memory.
 */

import { createServer, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { endlessly } from './endless.ts';
import { type Answer, type Behaviour, defaultStorageBehaviour } from './s3-behaviour.ts';
import { type BucketState, type Stored, type StoredObject, storeChunks } from './s3-bucket.ts';
import {
  type ActiveS3Fault,
  createFaults,
  type Faults,
  type Gate,
  type S3Effect,
  type S3Fault,
  type S3Operation,
  type S3Request,
} from './s3-faults.ts';
import { OPERATIONS, refuse } from './s3-operations.ts';
import { type Address, addressOf, readBody } from './s3-request.ts';
import { type S3Credentials, signatureProblem } from './s3-signature.ts';
import { errorDocument } from './s3-xml.ts';

export interface S3ServerOptions {
  /**
   * `aws` (the default) checks and echoes CRC-32s. `ceph` echoes no checksum. `cos` wants the bucket in the host name, knows
   * only the first version of the list call and its own put-if-absent header, and its multipart ETags are no MD5s.
   */
  readonly mode?: 'aws' | 'cos' | 'ceph';
  /** Keeps digests only of large bodies, for dumps that would not fit into memory. What is read back of those is empty. */
  readonly discardBodies?: boolean;
}

export interface S3Server {
  readonly bucket: string;
  readonly credentials: S3Credentials;
  /** With `cos`: a name under `localhost`, for `agents` that find every such name on loopback. */
  readonly endpoint: string;
  readonly port: number;
  /** Connections to it; destroyed with it. */
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** Switches that may be turned at any time. */
  readonly behaviour: Behaviour;
  /** Refused with 403 as long as they are in here. */
  readonly denied: Set<S3Operation>;
  /** Given to requests without any key as long as they are in here. */
  readonly open: Set<S3Operation>;
  /** How often each operation was asked for. */
  readonly counts: Map<S3Operation, number>;
  readonly requests: readonly S3Request[];
  readonly objects: BucketState['objects'];
  readonly versions: BucketState['versions'];
  readonly uploads: BucketState['uploads'];
  fail(fault: S3Fault): ActiveS3Fault;
  /** From now on it knows these alone, and refuses others by this code. */
  exchangeKeys(next: S3Credentials, refusal?: string): void;
  holdAt(fits: (request: S3Request) => boolean, options?: { readonly all?: boolean }): Gate;
  /** Counts from here on. */
  forgetRequests(): void;
  /** Resolves when every request that has come so far is done with, whether anybody heard the answer or not. */
  settled(): Promise<void>;
  /** The bytes of an object; undefined where there is none. */
  bytesOf(key: string): Buffer | undefined;
  close(): Promise<void>;
}

const SMALL_BODY = 64 * 1024;
const BUCKET = 'archive';
const CREDENTIALS: Readonly<S3Credentials> = {
  accessKeyId: 'stand-in-key',
  secretAccessKey: 'stand-in-secret',
};

interface Context {
  readonly options: S3ServerOptions;
  keys: S3Credentials;
  strangers: string;
  readonly state: BucketState;
  readonly behaviour: Behaviour;
  readonly faults: Faults;
  readonly denied: Set<S3Operation>;
  readonly open: Set<S3Operation>;
  readonly counts: Map<S3Operation, number>;
  readonly requests: S3Request[];
}

export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const { mode = 'aws' } = options;
  const context: Context = {
    options,
    keys: CREDENTIALS,
    strangers: 'InvalidAccessKeyId',
    state: { objects: new Map<string, StoredObject>(), versions: new Map(), uploads: new Map() },
    behaviour: {
      mode,
      pageSize: 1000,
      minPartSize: 5 * 1024 * 1024,
      conditionalWrites: 'honoured',
      encryption: 'none',
      ...defaultStorageBehaviour(),
      versioned: false,
      versionIds: 'of-versions',
      multipartEtags: 'md5',
      multipartCrc32: 'composite',
      abort: 'spares-object',
      checks: 'verified',
      etags: 'computed',
      ranges: 'honoured',
      signatures: 'checked',
      demands: 'nothing',
      defaultEncryption: 'none',
      listOrder: 'bytes',
      tokenlessPages: false,
    },
    faults: createFaults(),
    denied: new Set(),
    open: new Set(),
    counts: new Map(),
    requests: [],
  };
  const atWork = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const work = serve(context, request, response).finally(() => atWork.delete(work));
    atWork.add(work);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agents = {
    http: new HttpAgent({ keepAlive: true, lookup: findOnLoopback }),
    https: new HttpsAgent({ keepAlive: true }),
  };
  const { state, behaviour, faults, denied, open, counts, requests } = context;
  return {
    bucket: BUCKET,
    credentials: CREDENTIALS,
    endpoint: `http://${mode === 'cos' ? 'localhost' : '127.0.0.1'}:${port}`,
    port,
    agents,
    behaviour,
    denied,
    open,
    counts,
    requests,
    objects: state.objects,
    versions: state.versions,
    uploads: state.uploads,
    fail: faults.add,
    exchangeKeys(next, refusal = 'InvalidAccessKeyId') {
      context.keys = next;
      context.strangers = refusal;
    },
    holdAt: faults.holdAt,
    forgetRequests() {
      counts.clear();
      requests.length = 0;
    },
    settled: async () => void (await Promise.all(atWork)),
    bytesOf(key) {
      const object = state.objects.get(key);
      return object && Buffer.concat(object.chunks);
    },
    async close() {
      faults.releaseAll();
      agents.http.destroy();
      agents.https.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolvers differ in whether they know names under `localhost`. */
const findOnLoopback: NonNullable<ConstructorParameters<typeof HttpAgent>[0]>['lookup'] = (
  _name,
  options,
  callback,
) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

async function serve(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await answerRequest(context, request, response);
  } catch {
    // The client hung up in mid-request: there is nobody left to answer.
    request.socket.destroy();
  }
}

async function answerRequest(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const address = addressOf(request);
  if (address === undefined) return reply(response, refuse(405, 'MethodNotAllowed'));
  const seen = note(context, address, request);
  const fault = context.faults.meet(address.operation, address.key);
  if (fault?.effect === 'reset') return resetInBody(request);
  const body = await readBody(request, {
    keepBytes: keepsBody(context, address, request),
    flip: fault?.effect === 'flip-on-the-way',
    checkSigned: context.behaviour.checks === 'verified',
  });
  const refusal = typeof body === 'string' ? refuse(400, body) : refusalOf(context, address, request);
  await context.faults.pass(seen);
  if (refusal !== undefined || typeof body === 'string')
    return reply(response, refusal ?? refuse(400, 'InvalidRequest'));
  if (fault?.effect === 'answer') return reply(response, refuse(fault.status, fault.code));
  if (fault?.effect === 'bare') {
    const { answer } = fault;
    return reply(response, typeof answer === 'function' ? answer() : answer);
  }
  if (fault?.effect === 'endless') return replyForEver(response, fault);
  if (fault?.effect === 'error-in-200')
    return reply(response, { status: 200, body: errorDocument(fault.code) });
  if (fault?.effect === 'web-page')
    return reply(response, { status: 200, body: '<html><body>Please log in.</body></html>' });
  if (fault?.effect === 'drop-upload') context.state.uploads.delete(address.query.get('uploadId') ?? '');
  const answer = await operate(
    context,
    address,
    request,
    body,
    fault?.effect === 'corrupt' ? flipBit(body) : body,
  );
  if (fault?.effect === 'lose-reply') request.socket.destroy();
  else if (fault?.effect === 'cut') cutShort(response, answer, () => response.destroy());
  else if (fault?.effect === 'stall') cutShort(response, answer, () => {});
  else reply(response, fault === undefined ? answer : disguise(answer, fault));
}

function note(
  { counts, requests }: Context,
  { operation, key, partNumber }: Address,
  { headers }: IncomingMessage,
): S3Request {
  const count = (counts.get(operation) ?? 0) + 1;
  counts.set(operation, count);
  const seen: S3Request = {
    operation,
    key,
    headers,
    count,
    ...(partNumber === undefined ? {} : { partNumber }),
  };
  requests.push(seen);
  return seen;
}

function refusalOf(
  { behaviour, denied, open, keys, strangers }: Context,
  address: Address,
  request: IncomingMessage,
): Answer | undefined {
  if (behaviour.mode === 'cos' && address.pathStyle) return refuse(403, 'PathStyleDomainForbidden');
  const isPublic = request.headers.authorization === undefined && open.has(address.operation);
  const problem =
    behaviour.signatures === 'ignored' || isPublic ? undefined : signatureProblem(request, keys);
  if (problem === 'InvalidAccessKeyId') return refuse(strangers === 'ExpiredToken' ? 400 : 403, strangers);
  if (problem !== undefined) return refuse(problem === 'AuthorizationHeaderMalformed' ? 400 : 403, problem);
  if (address.bucket !== BUCKET) return refuse(404, 'NoSuchBucket');
  const isDemanded = behaviour.demands === 'x-amz-request-payer' || BEGINS_OBJECT.has(address.operation);
  if (behaviour.demands !== 'nothing' && isDemanded && request.headers[behaviour.demands] === undefined)
    return refuse(403, 'AccessDenied');
  if (behaviour.defaultEncryption === 'without-keys' && BEGINS_OBJECT.has(address.operation))
    return refuse(400, 'InvalidArgument');
  return denied.has(address.operation) ? refuse(403, 'AccessDenied') : undefined;
}

/** What says how an object is to be encrypted. */
const BEGINS_OBJECT: ReadonlySet<S3Operation> = new Set(['PutObject', 'CreateMultipartUpload']);

/** Their bodies say what to do. */
const WITH_XML: ReadonlySet<S3Operation> = new Set([
  'CompleteMultipartUpload',
  'PutObjectRetention',
  'PutObjectLegalHold',
]);

async function operate(
  { state, behaviour }: Context,
  address: Address,
  { headers }: IncomingMessage,
  body: Stored,
  kept: Stored,
): Promise<Answer> {
  const text = WITH_XML.has(address.operation) ? Buffer.concat(body.chunks).toString() : '';
  return OPERATIONS[address.operation](state, behaviour, {
    ...address,
    headers,
    body,
    kept: believed(kept, headers, behaviour),
    text,
  });
}

/** What a store takes for the digests of a body that believes what came with it. */
function believed(kept: Stored, headers: IncomingMessage['headers'], { checks, etags }: Behaviour): Stored {
  const told = (name: string) => {
    const value = headers[name];
    return value === undefined ? undefined : Buffer.from(String(value), 'base64');
  };
  const crc32 = told('x-amz-checksum-crc32');
  return {
    ...kept,
    ...(checks === 'given-back' && (crc32 ? { crc32 } : { withoutCrc32: true })),
    ...(etags === 'given-back' && { md5: told('content-md5') ?? kept.md5 }),
  };
}

/** A manifest is read again even where dumps would not fit into memory. */
function keepsBody(
  { options }: Context,
  { operation }: Address,
  { method, headers }: IncomingMessage,
): boolean {
  const isSmall = operation !== 'UploadPart' && Number(headers['content-length']) <= SMALL_BODY;
  return options.discardBodies !== true || method === 'POST' || isSmall;
}

/** The bytes change on their way to the disk, after all checks: the body with its first bit flipped, stored as the server would store that; where it keeps no bytes only the digests show it. */
function flipBit(body: Stored): Stored {
  const [first = Buffer.alloc(1), ...rest] = body.chunks;
  const changed = Buffer.from(first);
  changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);
  const kept = storeChunks([changed, ...rest], {
    keepBytes: body.chunks.length > 0,
    withSha256: body.sha256 !== '',
  });
  return { ...kept, size: body.size };
}

function disguise(answer: Answer, { effect }: S3Effect): Answer {
  return effect === 'wrong-etag'
    ? { ...answer, headers: { ...answer.headers, etag: `"${'0'.repeat(32)}"` } }
    : answer;
}

function resetInBody(request: IncomingMessage): void {
  request.once('data', () => request.socket.destroy());
  request.once('end', () => request.socket.destroy());
}

function cutShort(response: ServerResponse, { status, headers, body }: Answer, then: () => void): void {
  response.writeHead(status, headers);
  const bytes = typeof body === 'string' ? Buffer.alloc(0) : Buffer.concat(body ?? []);
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), then);
}

function replyForEver(
  response: ServerResponse,
  { status, beginning }: { readonly status: number; readonly beginning: string },
): void {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(status, { 'content-type': 'application/xml' });
  pipeline(endlessly(beginning, gone.signal), response, () => undefined);
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, {
    ...(typeof body === 'string' ? { 'content-type': 'application/xml' } : {}),
    ...headers,
  });
  if (typeof body !== 'string') for (const chunk of body ?? []) response.write(chunk);
  response.end(typeof body === 'string' ? body : undefined);
}
