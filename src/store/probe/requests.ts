/** The requests that probes send: plain ones, and ones with a header of our choice. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { digestWhole } from '../s3/body-digest.ts';
import { capturedHeaders } from '../s3/head.ts';
import type { StorageInput } from '../s3/lock.ts';
import { addingHeaders, bodyCheck } from '../s3/put.ts';
import { type Attempt, attempt, type ProbeContext } from './context.ts';

const CONTENT_TYPE = 'text/plain';

type Headers = Readonly<Record<string, string>>;

/** One put; `headers` are added before the request is signed. */
export function put(
  context: ProbeContext,
  name: string,
  input: Pick<PutObjectCommandInput, 'Body'> & Partial<PutObjectCommandInput>,
  headers: Headers = {},
): Promise<Attempt<unknown>> {
  const { bucket } = context;
  const key = context.keyOf(name);
  const command = new PutObjectCommand({
    Bucket: bucket.name,
    Key: key,
    ContentType: CONTENT_TYPE,
    ...input,
  });
  command.middlewareStack.add(addingHeaders(headers), { step: 'build', name: 'probeHeaders' });
  return attempt(context, 'put', key, (options) => bucket.client.send(command, options));
}

/** A put as the program makes it: with the check of the body that the profile names. */
export async function putChecked(
  context: ProbeContext,
  name: string,
  body: Buffer,
  headers: Headers = {},
  storage: StorageInput = {},
): Promise<Attempt<unknown>> {
  const check = bodyCheck(context.bucket.profile, digestWhole(body, context.bucket.profile));
  return put(context, name, { Body: body, ...check, ...storage }, headers);
}

/** All headers of a HEAD that asks for checksums. */
export async function headersAt(context: ProbeContext, name: string): Promise<Attempt<Headers>> {
  const { bucket } = context;
  const key = context.keyOf(name);
  const command = new HeadObjectCommand({ Bucket: bucket.name, Key: key, ChecksumMode: 'ENABLED' });
  const headers = capturedHeaders(command);
  return attempt(context, 'look at', key, async (options) => {
    await bucket.client.send(command, options);
    return headers();
  });
}

export async function bytesAt(context: ProbeContext, name: string): Promise<Attempt<Buffer>> {
  const { bucket } = context;
  const key = context.keyOf(name);
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key });
  return attempt(context, 'read', key, async (options) => {
    const { Body } = await bucket.client.send(command, options);
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  });
}

/** A multipart upload of these parts, as the program makes it; given up where it fails. `headers` go with Complete. */
export async function uploadParts(
  context: ProbeContext,
  name: string,
  parts: readonly Buffer[],
  headers: Headers = {},
  storage: StorageInput = {},
): Promise<Attempt<unknown>> {
  const key = context.keyOf(name);
  const begun = await beginUpload(context, key, storage);
  if (!begun.ok) return begun;
  const uploadId = begun.output;
  const completed = await attempt(context, 'upload in parts to', key, (options) =>
    sendParts(context, { key, uploadId, parts, headers }, options),
  );
  if (!completed.ok) await abortUpload(context, key, uploadId);
  return completed;
}

export function beginUpload(
  context: ProbeContext,
  key: string,
  storage: StorageInput = {},
): Promise<Attempt<string>> {
  const { client, name, profile } = context.bucket;
  const command = new CreateMultipartUploadCommand({
    Bucket: name,
    Key: key,
    ContentType: CONTENT_TYPE,
    ...(profile.bodyCheck === 'crc32' ? { ChecksumAlgorithm: 'CRC32' as const } : {}),
    ...storage,
  });
  return attempt(context, 'begin an upload to', key, async (options) => {
    const { UploadId } = await client.send(command, options);
    return UploadId ?? '';
  });
}

export function abortUpload(context: ProbeContext, key: string, uploadId: string): Promise<Attempt<unknown>> {
  const { client, name } = context.bucket;
  const command = new AbortMultipartUploadCommand({ Bucket: name, Key: key, UploadId: uploadId });
  return attempt(context, 'give up an upload to', key, (options) => client.send(command, options));
}

interface PartsToSend {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly Buffer[];
  readonly headers: Headers;
}

async function sendParts(
  { bucket: { client, name, profile } }: ProbeContext,
  { key, uploadId, parts, headers }: PartsToSend,
  options: { readonly abortSignal: AbortSignal },
): Promise<void> {
  const target = { Bucket: name, Key: key, UploadId: uploadId };
  const sent = [];
  for (const [index, part] of parts.entries()) {
    const check = bodyCheck(profile, digestWhole(part, profile));
    const number = { PartNumber: index + 1 };
    const { ETag } = await client.send(
      new UploadPartCommand({ ...target, ...number, Body: part, ...check }),
      options,
    );
    const { ChecksumCRC32 } = check;
    sent.push({ ...number, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) });
  }
  const command = new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: sent } });
  command.middlewareStack.add(addingHeaders(headers), { step: 'build', name: 'probeHeaders' });
  await client.send(command, options);
}
