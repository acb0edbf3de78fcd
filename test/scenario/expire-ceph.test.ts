/** Retention against a real S3 server that keeps versions: what it deletes is hidden, what is locked stays, and it says so. */
import { ListObjectVersionsCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CEPH_TOOLS, openCephBucket } from '../support/ceph.ts';
import { describeWith } from '../support/needs.ts';
import type { RealBucket } from '../support/real-bucket.ts';
import { storeOn } from '../support/s3-stores.ts';
import { aRule, daily, layout, objectsOf, retentionOn, SOURCE } from '../support/shelf.ts';

const signal = new AbortController().signal;

describeWith(CEPH_TOOLS, 'on Ceph, in a versioned bucket', () => {
  let place: RealBucket;
  beforeAll(async () => {
    place = await openCephBucket();
    const Bucket = place.bucket;
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await place.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }, 120_000);
  afterAll(() => place?.close());

  test('an expire hides the archives that go, says that their bytes stay, and finishes what it began', async () => {
    const archives = daily(6);
    for (const archive of archives)
      for (const [Key, Body] of objectsOf(archive))
        await place.client.send(new PutObjectCommand({ Bucket: place.bucket, Key, Body }));
    const store = storeOn(place, 'ceph');
    const retention = retentionOn(store, { rules: [aRule({ keepLast: 2 })], minimum: 2 });
    const report = await retention.expire({ confirm: true, signal });
    expect(report).toMatchObject({ exitCode: 0, bytesStay: true });
    expect(report.items.map(({ action }) => action)).toEqual([
      ...['expired', 'expired', 'expired', 'expired'],
      ...['keep', 'keep'],
    ]);
    const left: string[] = [];
    for await (const { key } of store.list('redis/', { signal })) left.push(key);
    const kept = archives.slice(0, 2).flatMap((archive) => objectsOf(archive).map(([key]) => key));
    expect(left.sort()).toEqual(
      [...kept, layout.expiredKey({ source: SOURCE, instanceId: 'crs-orders01' })].sort(),
    );
    const { Versions = [] } = await place.client.send(
      new ListObjectVersionsCommand({ Bucket: place.bucket, Prefix: 'redis/data/' }),
    );
    expect(Versions).toHaveLength(6);
    store.close();
  }, 60_000);
});
