/** The four requests of a multipart upload, each as this program makes it: the loop sends them with dumps, the probes with small objects. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import type { Storage } from '../../domain/object-lock.ts';
import type { PartDigest } from './body-digest.ts';
import type { Bucket } from './client.ts';
import { looksLikeMd5, plainEtag, usesKey } from './head.ts';
import { askingFor, storageInput } from './lock.ts';
import type { ProviderProfile } from './provider-profile.ts';
import { addingHeaders, bodyCheck } from './put.ts';

/** One upload that was begun and is not completed. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly id: string;
}

export interface NewUpload {
  readonly key: string;
  readonly contentType: string;
  readonly storage: Storage | undefined;
}

export interface StoredPart {
  /** From 1. */
  readonly number: number;
  /** As the store wrote it. */
  readonly etag: string;
  readonly digest: PartDigest;
}

/** Begins an upload; its id. */
export async function createUpload(
  bucket: Bucket,
  { key, contentType, storage }: NewUpload,
  signal: AbortSignal,
): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    Bucket: bucket.name,
    Key: key,
    ContentType: contentType,
    ...(bucket.profile.bodyCheck === 'crc32' ? { ChecksumAlgorithm: 'CRC32' } : {}),
    ...storageInput(storage),
  });
  const { UploadId } = await askingFor(storage, () =>
    bucket.call('begin an upload to', key, signal, (options) => bucket.client.send(command, options)),
  );
  if (UploadId !== undefined) return UploadId;
  throw new ArchiverError('store-failed', `s3://${bucket.name}/${key}: the store named no upload id`);
}

/** Sends one part and compares the digest the store answers with, where it is one. Returns the ETag as the store wrote it. */
export async function sendPart(
  bucket: Bucket,
  { key, id }: UnfinishedUpload,
  part: { readonly number: number; readonly bytes: Uint8Array; readonly digest: PartDigest },
  signal: AbortSignal,
): Promise<string> {
  const { number, bytes, digest } = part;
  const command = new UploadPartCommand({
    Bucket: bucket.name,
    Key: key,
    UploadId: id,
    PartNumber: number,
    Body: bytes,
    ...bodyCheck(bucket.profile, digest),
  });
  command.middlewareStack.add(addingHeaders(bucket.payloadHeaders), { step: 'build', name: 'ownHeaders' });
  const answer = await bucket.call(`upload part ${number} of`, key, signal, (options) =>
    bucket.client.send(command, options),
  );
  const { ETag } = answer;
  if (ETag === undefined)
    throw new ArchiverError('store-failed', `s3://${bucket.name}/${key}: no ETag for part ${number}`);
  const believed =
    bucket.profile.md5Etags !== 'none' && !usesKey(answer.ServerSideEncryption, answer.SSECustomerAlgorithm);
  const etag = plainEtag(ETag);
  if (believed && digest.md5 && looksLikeMd5(etag) && etag !== digest.md5.toString('hex'))
    throw otherBytes(bucket, key, number);
  return ETag;
}

/** Makes an object of the parts, in their order. `condition` is for who wants to know what comes of it: no archive depends on one here. */
export async function completeUpload(
  bucket: Bucket,
  { key, id }: UnfinishedUpload,
  parts: readonly StoredPart[],
  signal: AbortSignal,
  condition?: ProviderProfile['ifAbsent'],
): Promise<void> {
  const withCrc = bucket.profile.bodyCheck === 'crc32';
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket.name,
    Key: key,
    UploadId: id,
    MultipartUpload: {
      Parts: parts.map(({ number, etag, digest }) => ({
        PartNumber: number,
        ETag: etag,
        ...(withCrc && digest.crc32 ? { ChecksumCRC32: digest.crc32.toString('base64') } : {}),
      })),
    },
  });
  if (condition)
    command.middlewareStack.add(addingHeaders({ [condition[0]]: condition[1] }), {
      step: 'build',
      name: 'ownHeaders',
    });
  await bucket.call('complete the upload of', key, signal, (options) => bucket.client.send(command, options));
}

/** Removes an upload and its parts. What else that does on some stores is the business of `giveUpUpload`. */
export async function abortUpload(
  bucket: Bucket,
  { key, id }: UnfinishedUpload,
  signal: AbortSignal,
): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: key, UploadId: id });
  await bucket.call('give up the upload of', key, signal, (options) => bucket.client.send(command, options));
}

function otherBytes(bucket: Bucket, key: string, number: number): ArchiverError {
  return new ArchiverError(
    'store-failed',
    `s3://${bucket.name}/${key}: the store holds other bytes than were sent as part ${number}`,
    {
      hint: 'Something between here and the store changes bytes; the next run tries again.',
    },
  );
}
