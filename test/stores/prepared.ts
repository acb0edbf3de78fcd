/** A real bucket as a run uses it: looked at first, by the profile `auto`, and relied on as far as it was seen to go. */

import { archiveLayout } from '../../src/domain/archive-key.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createBufferPool } from '../../src/store/buffer-pool.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createPreparation } from '../../src/store/probe/prepare.ts';
import { openBucket } from '../../src/store/s3/client.ts';
import { MIN_PART_SIZE } from '../../src/store/s3/part-size.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { RealBucket } from '../support/real-bucket.ts';

/** With parts of 5 MiB from a pool of four. Rejects where a run would refuse the store. */
export async function preparedStore({
  bucket,
  endpoint,
  credentials,
  agents,
}: RealBucket): Promise<ObjectStore> {
  const { accessKeyId, secretAccessKey } = credentials;
  let relied = openBucket({
    ...{ bucket, endpoint, agents, clock: systemClock },
    credentials: fixed({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
  });
  const prepare = createPreparation({
    bucket: relied,
    choose: true,
    wanted: { objectLock: [], storageClasses: [], readback: 'auto' },
    version: '0.0.0-test',
    keyOf: archiveLayout('redis').probeKey,
    dumpKeys: ['redis/data/rdb-archiver/trial'],
    rely: (seen) => {
      relied = seen;
    },
  });
  await prepare({ signal: new AbortController().signal });
  return createS3Store({
    bucket: () => relied,
    agents,
    partSize: MIN_PART_SIZE,
    pool: createBufferPool(4 * MIN_PART_SIZE),
  });
}
