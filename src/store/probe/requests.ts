/** The requests that probes send: the program's own, by its own code, with small objects. Each leaves a line of what was asked and answered. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import type { Storage } from '../../domain/object-lock.ts';
import { digestWhole, type PartDigest } from '../s3/body-digest.ts';
import { relyingOn } from '../s3/client.ts';
import { giveUpUpload } from '../s3/give-up.ts';
import { lookAt } from '../s3/head.ts';
import {
  abortUpload,
  completeUpload,
  createUpload,
  type StoredPart,
  sendPart,
  type UnfinishedUpload,
} from '../s3/multipart-requests.ts';
import type { ProviderProfile } from '../s3/provider-profile.ts';
import { bodyCheck, putBody, type StoredVersion } from '../s3/put.ts';
import { readObject } from '../s3/read.ts';
import { type Attempt, attempt, type ProbeContext } from './context.ts';

export interface TrialOptions {
  /** Of other bytes, where the body is to be a damaged one. */
  readonly digest?: PartDigest;
  /** One more, for instance that by which the request fails where something lies. */
  readonly header?: NonNullable<ProviderProfile['ifAbsent']>;
  readonly storage?: Storage;
  /** What is told of the request besides its name. */
  readonly note?: string;
}

const CONTENT_TYPE = 'text/plain';

export function put(
  context: ProbeContext,
  name: string,
  body: Buffer,
  { digest, header, storage, note }: TrialOptions = {},
): Promise<Attempt<StoredVersion>> {
  const { bucket, signal } = context;
  const check = bodyCheck(bucket.profile, digest ?? digestWhole(body, bucket.profile));
  const input = { Body: body, ContentType: CONTENT_TYPE, ...check, storage };
  return attempt(context, titled(`PutObject ${name}`, note ?? header?.[0]), () =>
    putBody(bucket, context.keyOf(name), input, signal, header),
  );
}

/** All headers of a HEAD that asks for checksums; undefined where there is no object. */
export function headersAt(
  context: ProbeContext,
  name: string,
): Promise<Attempt<Readonly<Record<string, string>> | undefined>> {
  const { bucket, signal } = context;
  const asking = relyingOn(bucket, { ...bucket.profile, echo: 'x-amz-checksum-crc32' });
  return attempt(context, `HeadObject ${name}`, async () => {
    const seen = await lookAt(asking, context.keyOf(name), signal);
    return seen?.headers;
  });
}

export function bytesAt(context: ProbeContext, name: string): Promise<Attempt<Buffer>> {
  const { bucket, signal } = context;
  const key = context.keyOf(name);
  return attempt(context, `GetObject ${name}`, async () => {
    const body = await readObject(bucket, key, { signal });
    if (body === undefined)
      throw new ArchiverError('store-failed', `s3://${bucket.name}/${key}: nothing is there after the put`);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  });
}

export function beginUpload(
  context: ProbeContext,
  name: string,
  { storage, note }: TrialOptions = {},
): Promise<Attempt<UnfinishedUpload>> {
  const { bucket, signal } = context;
  const key = context.keyOf(name);
  return attempt(context, titled(`CreateMultipartUpload ${name}`, note), async () => ({
    key,
    id: await createUpload(bucket, { key, contentType: CONTENT_TYPE, storage }, signal),
  }));
}

export function sendOnePart(
  context: ProbeContext,
  name: string,
  upload: UnfinishedUpload,
  { number = 1, bytes, digest, note }: TrialOptions & { readonly number?: number; readonly bytes: Buffer },
): Promise<Attempt<StoredPart>> {
  const { bucket, signal } = context;
  const own = digest ?? digestWhole(bytes, bucket.profile);
  return attempt(context, titled(`UploadPart ${name}`, note), async () => ({
    number,
    digest: own,
    etag: await sendPart(bucket, upload, { number, bytes, digest: own }, signal),
  }));
}

export function complete(
  context: ProbeContext,
  name: string,
  upload: UnfinishedUpload,
  parts: readonly StoredPart[],
  { header }: TrialOptions = {},
): Promise<Attempt<void>> {
  return attempt(context, titled(`CompleteMultipartUpload ${name}`, header?.[0]), () =>
    completeUpload(context.bucket, upload, parts, context.signal, header),
  );
}

export function abort(
  context: ProbeContext,
  name: string,
  upload: UnfinishedUpload,
  note?: string,
): Promise<Attempt<void>> {
  return attempt(context, titled(`AbortMultipartUpload ${name}`, note), () =>
    abortUpload(context.bucket, upload, context.signal),
  );
}

/** Removes an object, or one version of it for good. */
export function remove(
  { bucket, ...context }: ProbeContext,
  name: string,
  { versionId }: StoredVersion = {},
): Promise<Attempt<unknown>> {
  const key = context.keyOf(name);
  const version = versionId === undefined ? {} : { VersionId: versionId };
  const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key, ...version });
  const note = versionId === undefined ? undefined : 'this version, for good';
  return attempt({ bucket, ...context }, titled(`DeleteObject ${name}`, note), () =>
    bucket.call('delete', key, context.signal, (options) => bucket.client.send(command, options)),
  );
}

/** A multipart upload of these parts; given up where it fails, as the program does it. */
export async function uploadParts(
  context: ProbeContext,
  name: string,
  bodies: readonly Buffer[],
  options: TrialOptions = {},
): Promise<Attempt<unknown>> {
  const begun = await beginUpload(context, name, options);
  if (!begun.ok) return begun;
  const upload = begun.output;
  const parts: StoredPart[] = [];
  for (const [index, bytes] of bodies.entries()) {
    const sent = await sendOnePart(context, name, upload, { number: index + 1, bytes });
    if (!sent.ok) return giveUpAfter(sent, context, upload);
    parts.push(sent.output);
  }
  const completed = await complete(context, name, upload, parts, options);
  return completed.ok ? completed : giveUpAfter(completed, context, upload);
}

async function giveUpAfter<Output>(
  failure: Attempt<Output>,
  { bucket, signal }: ProbeContext,
  upload: UnfinishedUpload,
): Promise<Attempt<Output>> {
  await giveUpUpload(relyingOn(bucket, { ...bucket.profile, abortSparesObject: true }), upload, signal).catch(
    () => signal.throwIfAborted(),
  );
  return failure;
}

/** `null` is the id of what was put while versioning is suspended. */
export function isVersion(versionId: string | undefined): boolean {
  return versionId !== undefined && versionId !== 'null';
}

function titled(request: string, note: string | undefined): string {
  return note === undefined ? request : `${request} (${note})`;
}
