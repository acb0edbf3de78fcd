/** S3 stores as the tests use them: on the stand-in or on Ceph, with small parts and a small pool. */
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type BufferPool, createBufferPool } from '../../src/store/buffer-pool.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openBucket, relyingOn, type S3ClientOptions } from '../../src/store/s3/client.ts';
import { MIN_PART_SIZE } from '../../src/store/s3/part-size.ts';
import { PROFILES, type ProviderName, type ProviderProfile } from '../../src/store/s3/provider-profile.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createPlainGet } from '../../src/transfer/plain-get.ts';
import type { S3Credentials } from './s3-signature.ts';

interface Place {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: S3Credentials;
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
}

/** A store on that bucket, with parts of 5 MiB from a pool of four, which does all that its profile says; `overrides` replaces single options. */
export function storeOn(
  place: Place,
  profile: ProviderName | ProviderProfile,
  overrides: Partial<S3ClientOptions> & { readonly pool?: BufferPool } = {},
): ObjectStore {
  const { accessKeyId, secretAccessKey } = place.credentials;
  const known = typeof profile === 'string' ? PROFILES[profile] : profile;
  const { pool = createBufferPool(4 * MIN_PART_SIZE), ...options } = overrides;
  const opened = openBucket({
    bucket: place.bucket,
    endpoint: place.endpoint,
    profile: known.name,
    credentials: fixed({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
    agents: place.agents,
    clock: systemClock,
    ...options,
  });
  const bucket = relyingOn(opened, known);
  return createS3Store({ bucket: () => bucket, agents: place.agents, partSize: MIN_PART_SIZE, pool });
}

/** The same, with every object read as large ones are; `asked` takes down the addresses that were asked over a socket. */
export function storeOverSockets(
  place: Place,
  profile: ProviderName | ProviderProfile,
  { asked = [], ...overrides }: Parameters<typeof storeOn>[2] & { readonly asked?: string[] } = {},
): ObjectStore {
  const get = createPlainGet({ proxyFor: () => undefined }, systemClock);
  const store = storeOn(place, profile, {
    socketGet: (request) => {
      asked.push(request.address);
      return get(request);
    },
    ...overrides,
  });
  return {
    ...store,
    read: (key, options) => store.read(key, { ...options, expectedSize: Number.MAX_SAFE_INTEGER }),
  };
}
