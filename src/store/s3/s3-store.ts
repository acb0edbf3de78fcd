/** The object storage as an S3-compatible bucket. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import type { BufferPool } from '../buffer-pool.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Bucket, S3ClientOptions } from './client.ts';
import { headObject } from './head.ts';
import { listObjects } from './list.ts';
import { askForLock, isLocking, retainObject } from './lock.ts';
import { askHowItLocks } from './lock-configuration.ts';
import { putObject } from './put.ts';
import { readObject } from './read.ts';
import { sweepUploads } from './sweep.ts';
import { uploadObject } from './upload.ts';

export interface S3StoreOptions {
  /** As it is relied on now. Asked at the beginning of each call, which ends as it began. */
  readonly bucket: () => Bucket;
  readonly agents: S3ClientOptions['agents'];
  /** The smallest part of an upload, in bytes. */
  readonly partSize: number;
  /** Shared by all uploads of the process. */
  readonly pool: BufferPool;
}

export function createS3Store({ bucket: now, agents, partSize, pool }: S3StoreOptions): ObjectStore {
  return {
    description: `s3://${now().name}`,
    list: (prefix, listOptions) => listObjects(now(), prefix, listOptions),
    async head(key, { signal, withLock = false }) {
      const bucket = now();
      const held = await headObject(bucket, key, signal);
      if (held === undefined) return undefined;
      const { keyed: _, checksum: __, ...facts } = held;
      const lock = facts.lock ?? (withLock ? await askForLock(bucket, key, signal) : undefined);
      return lock ? { ...facts, lock } : facts;
    },
    read: (key, readOptions) => readObject(now(), key, readOptions),
    put: (key, body, putOptions) => putObject(now(), key, body, putOptions),
    upload: (key, body, uploadOptions) =>
      uploadObject(now(), key, body, { ...uploadOptions, partSize, pool }),
    async retain(key, storage, { signal }) {
      if (isLocking(storage)) await retainObject(now(), key, storage, signal);
    },
    async mayLock({ signal }) {
      return (await askHowItLocks(now(), signal)).state !== 'off';
    },
    async delete(key, { signal }) {
      const { client, name, call } = now();
      const command = new DeleteObjectCommand({ Bucket: name, Key: key });
      const { DeleteMarker } = await call('delete', key, signal, (sendOptions) =>
        client.send(command, sendOptions),
      );
      return { bytesStay: DeleteMarker === true };
    },
    sweep: (prefix, sweepOptions) => sweepUploads(now(), prefix, sweepOptions),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
