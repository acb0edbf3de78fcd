/** Puts a small object in one piece, and only if absent where asked: this is how a manifest commits an archive. */
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import type { Storage } from '../../domain/object-lock.ts';
import type { PutOptions } from '../object-store.ts';
import { digestWhole, type PartDigest } from './body-digest.ts';
import type { Bucket, HeadersFor } from './client.ts';
import { answerOf } from './errors.ts';
import { headObject } from './head.ts';
import { NOT_S3 } from './hints.ts';
import { askingFor, storageInput } from './lock.ts';
import type { ProviderProfile } from './provider-profile.ts';

type PutAnswer = 'stored' | 'exists';

/** What a put has made. */
export interface StoredVersion {
  /** Absent where the bucket keeps no versions. */
  readonly versionId?: string;
}

/** What of the SDK's parameters makes the server check a body before it stores it. */
interface BodyCheck {
  readonly ContentMD5?: string;
  readonly ChecksumAlgorithm?: 'CRC32';
  readonly ChecksumCRC32?: string;
}

interface Put {
  readonly bucket: Bucket;
  readonly key: string;
  readonly body: Uint8Array;
  readonly options: PutOptions;
}

/** Conflicting puts of the same key answer 409 for a moment (S3: ConditionalRequestConflict); this often we ask again. */
const CONFLICT_ATTEMPTS = 5;

/** Milliseconds; doubled each time, with jitter. */
const CONFLICT_PAUSE = 100;

export async function putObject(
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  options: PutOptions,
): Promise<PutAnswer> {
  const put: Put = { bucket, key, body, options };
  if (!options.ifAbsent) {
    await send(put);
    return 'stored';
  }
  const { ifAbsentHonoured, ifAbsentAmongVersions, bodyCheckHonoured } = bucket.profile;
  // Where nobody checks the bytes on arrival they are looked at afterwards: a manifest is no less than its dump.
  const decides = ifAbsentHonoured && ifAbsentAmongVersions && bodyCheckHonoured;
  return decides ? putByCondition(put) : putCarefully(put);
}

/** The server checks these bytes by this header before it stores them; an object-locked bucket demands one of the two. */
export function bodyCheck({ bodyCheck }: ProviderProfile, { md5, crc32 }: PartDigest): BodyCheck {
  if (bodyCheck === 'content-md5' && md5) return { ContentMD5: md5.toString('base64') };
  if (bodyCheck === 'crc32' && crc32)
    return { ChecksumAlgorithm: 'CRC32', ChecksumCRC32: crc32.toString('base64') };
  throw new ArchiverError('internal', `a body was digested without the ${bodyCheck} that its store checks`);
}

async function putByCondition(put: Put): Promise<PutAnswer> {
  try {
    await sendIfAbsent(put);
    return 'stored';
  } catch (error) {
    const answer = answerOf(error);
    if (answer?.status === 501) return putCarefully(put);
    if (existed(error) && answer?.attempts === 1) return 'exists';
    if (existed(error) || answerLost(error)) return settle(put, error);
    throw error;
  }
}

/** For stores that may not honour the condition: look, put, and look whose bytes are there. Another run's win. */
async function putCarefully(put: Put): Promise<PutAnswer> {
  const { bucket, key, options } = put;
  if ((await headObject(bucket, key, options.signal)) !== undefined) return 'exists';
  let failure: unknown;
  try {
    await sendIfAbsent(put);
  } catch (error) {
    failure = error;
    if (answerOf(error)?.status === 501) await send(put);
    else if (!existed(error) && !answerLost(error)) throw error;
  }
  return settle(put, failure);
}

/** After a put whose answer was lost or cannot be relied on: whoever's bytes lie there has won. */
async function settle(put: Put, failure: unknown): Promise<PutAnswer> {
  const { bucket, key } = put;
  const cause =
    failure ??
    new ArchiverError('store-failed', `s3://${bucket.name}/${key}: the object is not there after its put`);
  const ours = await readBack(put).catch(() => {
    throw cause;
  });
  if (ours === undefined) throw cause;
  return ours ? 'stored' : 'exists';
}

/** Whether our bytes lie at the key; undefined where nothing does. */
async function readBack({ bucket, key, body, options }: Put): Promise<boolean | undefined> {
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key });
  try {
    return await bucket.call('read back', key, options.signal, async (sendOptions) => {
      const { Body } = await bucket.client.send(command, sendOptions);
      return Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body);
    });
  } catch (error) {
    if (answerOf(error)?.code === 'NoSuchKey') return undefined;
    throw error;
  }
}

async function sendIfAbsent(put: Put): Promise<void> {
  const { clock } = put.bucket;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(put, put.bucket.profile.ifAbsent);
    } catch (error) {
      if (!conflicting(error) || attempt === CONFLICT_ATTEMPTS) throw error;
      await clock.sleep(CONFLICT_PAUSE * 2 ** attempt * (0.5 + clock.random()), put.options.signal);
    }
  }
}

async function send(
  { bucket, key, body, options }: Put,
  condition?: ProviderProfile['ifAbsent'],
): Promise<void> {
  const digest = digestWhole(body, bucket.profile);
  const input = { Body: body, ContentType: options.contentType, ...bodyCheck(bucket.profile, digest) };
  await putBody(bucket, key, { ...input, storage: options.storage }, options.signal, condition);
}

/** One PutObject. The condition is a header and no parameter, since not every store calls it by S3's name. */
export async function putBody(
  bucket: Bucket,
  key: string,
  {
    storage,
    ...input
  }: Pick<PutObjectCommandInput, 'Body' | 'ContentType' | keyof BodyCheck> & {
    readonly storage: Storage | undefined;
  },
  signal: AbortSignal,
  condition?: ProviderProfile['ifAbsent'],
): Promise<StoredVersion> {
  const command = new PutObjectCommand({ Bucket: bucket.name, Key: key, ...input, ...storageInput(storage) });
  const headers: HeadersFor = (protocol) => ({
    ...bucket.payloadHeaders(protocol),
    ...(condition && { [condition[0]]: condition[1] }),
  });
  command.middlewareStack.add(addingHeaders(headers), { step: 'build', name: 'ownHeaders' });
  const { ETag, VersionId: versionId } = await askingFor(storage, () =>
    bucket.call('put', key, signal, (options) => bucket.client.send(command, options)),
  );
  // A web page is a success to the SDK; every store names what it has stored.
  if (ETag === undefined)
    throw new ArchiverError('store-failed', `s3://${bucket.name}/${key}: no ETag after the put`, {
      hint: NOT_S3,
    });
  return { ...(versionId !== undefined && { versionId }) };
}

/** A step of the SDK's that adds headers of our own before the request is signed. */
export function addingHeaders(headers: Readonly<Record<string, string>> | HeadersFor) {
  return <Arguments extends { readonly request: unknown }, Result>(next: (args: Arguments) => Result) =>
    (args: Arguments): Result => {
      const request = args.request as { readonly protocol: string; readonly headers: Record<string, string> };
      const added = typeof headers === 'function' ? headers(request.protocol) : headers;
      for (const [name, value] of Object.entries(added)) request.headers[name.toLowerCase()] = value;
      return next(args);
    };
}

function conflicting(error: unknown): boolean {
  const answer = answerOf(error);
  return answer?.status === 409 && answer.code !== 'FileAlreadyExists';
}

/** No answer, or a server's or gateway's failure: the put may have been carried out all the same. */
function answerLost(error: unknown): boolean {
  const answer = answerOf(error);
  return answer !== undefined && (answer.status === undefined || answer.status >= 500);
}

/** S3 says 412; COS and OSS say 409 `FileAlreadyExists` to their own header. */
function existed(error: unknown): boolean {
  const answer = answerOf(error);
  return answer?.status === 412 || answer?.code === 'FileAlreadyExists';
}
