/** What `check` finds out of a real store: Ceph's RADOS Gateway. */
import {
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { CEPH_TOOLS, openCephBucket } from '../../support/ceph.ts';
import { describeWith } from '../../support/needs.ts';
import { findingsOf, PROBE_PREFIX, probeOn } from '../../support/probe.ts';

describeWith(CEPH_TOOLS, "Ceph's gateway", () => {
  test('keeps what its profile says, and nothing of the check stays but what was seen', async () => {
    const ceph = await openCephBucket();
    onTestFinished(() => ceph.close());
    const found = await findingsOf(probeOn(ceph, { profile: 'ceph' }));
    expect(found.troubles).toEqual([]);
    expect(found.of('put-if-absent').facts).toMatchObject({ 'If-None-Match': 'honoured' });
    expect(found.of('checks-on-arrival').facts).toMatchObject({
      'Content-MD5': 'verified',
      'x-amz-content-sha256': 'verified',
    });
    expect(found.of('proof').facts).toMatchObject({ md5Etags: 'all', multipart: 'checksum' });
    expect(found.of('multipart').facts).toMatchObject({ smallParts: 'refused' });
    expect(found.of('stale-uploads').facts).toEqual({ listed: true });
    const { Contents } = await ceph.client.send(new ListObjectsV2Command({ Bucket: ceph.bucket }));
    const { Uploads } = await ceph.client.send(new ListMultipartUploadsCommand({ Bucket: ceph.bucket }));
    expect([Contents?.map(({ Key }) => Key), Uploads]).toEqual([[`${PROBE_PREFIX}seen.json`], undefined]);
  });

  test('unknown by its address is told which profile makes more of it; taken for AWS it is contradicted', async () => {
    const ceph = await openCephBucket();
    onTestFinished(() => ceph.close());
    const unknown = await findingsOf(probeOn(ceph));
    expect(unknown.of('profile')).toMatchObject({ verdict: 'ok', facts: { profile: 'other' } });
    expect(unknown.of('profile').hint).toContain('ceph');
    const mistaken = await findingsOf(probeOn(ceph, { profile: 'aws', forcePathStyle: true }));
    expect(mistaken.of('profile')).toMatchObject({ verdict: 'warning' });
  });

  test('that keeps versions, or whose policy demands an encryption header, is said to', async () => {
    const ceph = await openCephBucket();
    onTestFinished(() => ceph.close());
    const { client, bucket: Bucket } = ceph;
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const versioned = await findingsOf(probeOn(ceph));
    expect(versioned.of('versioning').facts).toEqual({ status: 'Enabled' });
    expect(versioned.of('put-if-absent').facts).toMatchObject({ 'If-None-Match': 'ignored' });

    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        ...{ Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` },
        Condition: { Null: { 's3:x-amz-server-side-encryption': 'true' } },
      },
    });
    await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const { verdict, hint } = (await findingsOf(probeOn(ceph))).of('write-and-read');
    expect([verdict, hint]).toEqual(['failed', expect.stringContaining("the bucket's default encryption")]);
  });
});
