/** The object storage as an S3-compatible bucket. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import type { BufferPool } from '../buffer-pool.ts';
import type { ObjectStore } from '../object-store.ts';
import { openBucket, type S3ClientOptions } from './client.ts';
import { headObject } from './head.ts';
import { listObjects } from './list.ts';
import { askForLock, isLocking, retainObject } from './lock.ts';
import { putObject } from './put.ts';
import { readObject } from './read.ts';
import { sweepUploads } from './sweep.ts';
import { uploadObject } from './upload.ts';

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
    async head(key, { signal, withLock = false }) {
      const held = await headObject(bucket, key, signal);
      if (held === undefined) return undefined;
      const { keyed: _, checksum: __, ...facts } = held;
      const lock = facts.lock ?? (withLock ? await askForLock(bucket, key, signal) : undefined);
      return lock ? { ...facts, lock } : facts;
    },
    read: (key, readOptions) => readObject(bucket, key, readOptions),
    put: (key, body, putOptions) => putObject(bucket, key, body, putOptions),
    upload: (key, body, uploadOptions) =>
      uploadObject(bucket, key, body, { ...uploadOptions, partSize, pool }),
    async retain(key, storage, { signal }) {
      if (isLocking(storage)) await retainObject(bucket, key, storage, signal);
    },
    async delete(key, { signal }) {
      const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key });
      const { DeleteMarker } = await bucket.call('delete', key, signal, (sendOptions) =>
        bucket.client.send(command, sendOptions),
      );
      return { bytesStay: DeleteMarker === true };
    },
    sweep: (prefix, sweepOptions) => sweepUploads(bucket, prefix, sweepOptions),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
