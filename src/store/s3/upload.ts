/** How a stream becomes an object in a bucket: cut into parts, sent, completed, and then proved at the destination. */
import { ArchiverError } from '../../domain/errors.ts';
import type { BufferPool } from '../buffer-pool.ts';
import { feed } from '../feed.ts';
import type { UploadOptions, UploadReceipt } from '../object-store.ts';
import { createBodyDigest, type PartDigest, type SentBody, type WholeBodyDigest } from './body-digest.ts';
import type { Bucket } from './client.ts';
import { type FilledPart, fillParts } from './fill-parts.ts';
import { compareHeld, headObject } from './head.ts';
import { beginMultipartUpload, type MultipartUpload } from './multipart-upload.ts';
import { eachAlone } from './part-md5.ts';
import { choosePartSize } from './part-size.ts';
import { bodyCheck, putBody } from './put.ts';

export interface S3UploadOptions extends UploadOptions {
  /** The smallest part wanted, in bytes. */
  readonly partSize: number;
  readonly pool: BufferPool;
}

/** Uploads a body: one PutObject where it fits into one part, else a multipart upload. Answers only after asking the store. */
export async function uploadObject(
  bucket: Bucket,
  key: string,
  body: AsyncIterable<Uint8Array>,
  options: S3UploadOptions,
): Promise<UploadReceipt> {
  const sent = await sendBody(bucket, key, body, options);
  return prove(bucket, key, sent, options.signal);
}

async function sendBody(
  bucket: Bucket,
  key: string,
  body: AsyncIterable<Uint8Array>,
  options: S3UploadOptions,
): Promise<SentBody> {
  const { pool, contentType } = options;
  const partSize = choosePartSize({ ...options, configured: options.partSize, poolCapacity: pool.capacity });
  // One part being sent, two that are digested: with less room nobody could join the one that waits.
  const hasRoom = pool.capacity >= 3 * partSize && bucket.profile.partsInFlight > 2;
  const digest = createBodyDigest(bucket.profile, hasRoom ? bucket.partMd5 : eachAlone);
  // Aborted with the first failure of a part, which thereby ends every wait of the filling with that very cause.
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const parts = fillParts(feed(body, { ...options, signal }), { partSize, pool, digest, signal });
  const digests: Promise<PartDigest>[] = [];
  let upload: MultipartUpload | undefined;
  try {
    for await (const part of parts) {
      digests.push(part.digest);
      if (part.last && upload === undefined) return await putSingle(bucket, key, part, digest, options);
      const multipart = {
        key,
        contentType,
        storage: options.storage,
        signal: options.signal,
        onFailure: (cause: unknown) => stop.abort(cause),
      };
      upload ??= beginMultipartUpload(bucket, multipart);
      await upload.add(part);
    }
    await upload?.settled();
    signal.throwIfAborted();
    const sent = digest.end(await Promise.all(digests), true);
    await upload?.complete(sent);
    return sent;
  } catch (error) {
    await upload?.giveUp();
    throw error;
  }
}

async function putSingle(
  bucket: Bucket,
  key: string,
  part: FilledPart,
  whole: WholeBodyDigest,
  options: S3UploadOptions,
): Promise<SentBody> {
  try {
    const digest = await part.digest;
    const input = {
      Body: part.bytes,
      ContentType: options.contentType,
      ...bodyCheck(bucket.profile, digest),
      storage: options.storage,
    };
    await putBody(bucket, key, input, options.signal);
    return whole.end([digest], false);
  } finally {
    part.release();
  }
}

/** Invariant 5: size, and a checksum that the store computed itself. */
async function prove(
  bucket: Bucket,
  key: string,
  sent: SentBody,
  signal: AbortSignal,
): Promise<UploadReceipt> {
  const held = await headObject(bucket, key, signal);
  if (held === undefined) throw notAsSent(bucket, key, 'the object is not there after its upload');
  if (held.size !== sent.size)
    throw notAsSent(bucket, key, `${sent.size} bytes were sent, the store holds ${held.size}`);
  const verdict = compareHeld(held, sent, bucket.profile);
  if (verdict === 'different') throw notAsSent(bucket, key, 'the store holds other bytes than were sent');
  return {
    size: held.size,
    proof: verdict === 'same' ? 'checksum' : 'none',
    ...(held.etag === undefined ? {} : { etag: held.etag }),
  };
}

function notAsSent(bucket: Bucket, key: string, what: string): ArchiverError {
  return new ArchiverError('store-failed', `s3://${bucket.name}/${key}: ${what}`, {
    hint: 'Something between here and the store changes bytes, or another writer uses this prefix; the next run tries again.',
  });
}
