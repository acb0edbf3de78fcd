/** The object storage as an S3-compatible bucket. */
import { DeleteObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { ArchiverError } from '../domain/errors.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { ObjectStore } from './object-store.ts';
import { type Bucket, openBucket, type S3ClientOptions } from './s3-client.ts';
import { answerOf } from './s3-errors.ts';
import { headObject } from './s3-head.ts';
import { listObjects } from './s3-list.ts';
import { putObject } from './s3-put.ts';
import { sweepUploads } from './s3-sweep.ts';
import { uploadObject } from './s3-upload.ts';

export interface S3StoreOptions extends S3ClientOptions {
  /** The smallest part of an upload, in bytes. */
  readonly partSize: number;
  /** Shared by all uploads of the process. */
  readonly pool: BufferPool;
}

export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { partSize, pool, agents } = options;
  const bucket = openBucket(options);
  return {
    description: `s3://${bucket.name}`,
    list: (prefix, listOptions) => listObjects(bucket, prefix, listOptions),
    async head(key, { signal }) {
      const held = await headObject(bucket, key, signal);
      return held && { size: held.size, ...(held.etag === undefined ? {} : { etag: held.etag }) };
    },
    read: (key, { signal }) => readObject(bucket, key, signal),
    put: (key, body, putOptions) => putObject(bucket, key, body, putOptions),
    upload: (key, body, uploadOptions) =>
      uploadObject(bucket, key, body, { ...uploadOptions, partSize, pool }),
    async delete(key, { signal }) {
      const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key });
      await bucket.call('delete', key, signal, (sendOptions) => bucket.client.send(command, sendOptions));
    },
    sweep: (prefix, sweepOptions) => sweepUploads(bucket, prefix, sweepOptions),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

async function readObject(
  bucket: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key });
  try {
    const { Body, ContentLength } = await bucket.call('read', key, signal, (options) =>
      bucket.client.send(command, options),
    );
    return bodyOf(bucket, key, (Body ?? []) as unknown as AsyncIterable<Uint8Array>, ContentLength, signal);
  } catch (error) {
    if (answerOf(error)?.code === 'NoSuchKey') return undefined;
    throw error;
  }
}

/** The body's chunks; a connection that breaks or ends early is an error of the store's kind. */
async function* bodyOf(
  bucket: Bucket,
  key: string,
  body: AsyncIterable<Uint8Array>,
  size: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let position = 0;
  try {
    while (true) {
      const next = await bucket.call('read on in', key, signal, () => chunks.next());
      if (next.done === true) break;
      position += next.value.length;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
  if (size !== undefined && position !== size) {
    throw new ArchiverError(
      'store-failed',
      `s3://${bucket.name}/${key}: the answer ended after ${position} of ${size} bytes`,
    );
  }
}
