/** S3 stores as the tests use them: on the stand-in or on Ceph, with small parts and a small pool. */
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { Secret } from '../../src/domain/secret.ts';
import { type BufferPool, createBufferPool } from '../../src/store/buffer-pool.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { MIN_PART_SIZE } from '../../src/store/s3/part-size.ts';
import type { ProviderName } from '../../src/store/s3/provider-profile.ts';
import { createS3Store, type S3StoreOptions } from '../../src/store/s3/s3-store.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { S3Credentials } from './s3-signature.ts';

interface Place {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: S3Credentials;
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
}

/** A store on that bucket, with parts of 5 MiB from a pool of four; `overrides` replaces single options. */
export function storeOn(
  place: Place,
  profile: ProviderName,
  overrides: Partial<S3StoreOptions> & { readonly pool?: BufferPool } = {},
): ObjectStore {
  const { accessKeyId, secretAccessKey } = place.credentials;
  return createS3Store({
    bucket: place.bucket,
    endpoint: place.endpoint,
    profile,
    credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
    agents: place.agents,
    partSize: MIN_PART_SIZE,
    pool: createBufferPool(4 * MIN_PART_SIZE),
    clock: systemClock,
    ...overrides,
  });
}
