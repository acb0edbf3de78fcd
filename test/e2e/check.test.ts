/** `check` as a user runs it, on real files, on the stand-in of an S3 store and on a real one. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import type { CheckItem } from '../../src/check/report.ts';
import { CEPH_TOOLS, openCephBucket } from '../support/ceph.ts';
import { describeWith } from '../support/needs.ts';
import { startS3 } from '../support/s3.ts';
import { type BucketPlace, filesBelow, itemsOf, openWorkplace } from '../support/workplace.ts';

async function workplace(bucket?: BucketPlace) {
  const work = await openWorkplace(bucket ? { bucket } : {});
  onTestFinished(() => work.close());
  return work;
}

const verdicts = (items: readonly CheckItem[]) =>
  items.filter(({ verdict }) => verdict !== 'ok').map(({ check, verdict }) => `${check}: ${verdict}`);

test('a folder: exit 0, a row for each check, and no file stays', async () => {
  const work = await workplace();
  const { code, stdout, stderr } = await work.run(['check']);
  expect(code).toBe(0);
  expect(stdout.split('\n')[0]).toMatch(/^RESULT +WHERE +CHECK +DETAIL$/);
  expect(stdout).toMatch(/^ok +ap-guangzhou +DescribeBackupUrl +allowed$/m);
  expect(stderr).toContain('in clear text (http)');
  expect(stderr).not.toMatch(/sign=|q-signature/);
  expect(filesBelow(join(work.cwd, 'kept'))).toEqual([]);
  expect(readdirSync(join(work.cwd, 'kept'))).not.toContain('data');
});

test('a bucket that refuses: exit 11, with what to grant', async () => {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  s3.denied.add('PutObject');
  const { code, stderr } = await (await workplace(s3)).run(['check']);
  expect(code).toBe(11);
  expect(stderr).toContain('Grant the credentials s3:PutObject');
});

test('no source that answers: exit 10; a wrong configuration: exit 2', async () => {
  const work = await workplace();
  expect((await work.run(['check'], { TENCENTCLOUD_SECRET_KEY: 'wrong' })).code).toBe(10);
  expect((await work.run(['check'], { ARCHIVER_S3_PROFILE: 'mino' })).code).toBe(2);
});

describeWith(CEPH_TOOLS, "Ceph's gateway", () => {
  test('is checked: exit 0, nothing stays but what was seen of it, and its own profile is what fits', async () => {
    const ceph = await openCephBucket();
    onTestFinished(() => ceph.close());
    const work = await workplace(ceph);
    const { code, stdout, stderr } = await work.run(['check', '--json'], { ARCHIVER_S3_PROFILE: 'ceph' });
    const items = itemsOf<CheckItem>({ code, stdout, stderr });
    expect(code).toBe(0);
    expect(verdicts(items)).toEqual(['link: warning']);
    expect(items.find(({ check }) => check === 'profile')?.facts).toMatchObject({ profile: 'ceph' });
    const { Contents = [] } = await ceph.client.send(new ListObjectsV2Command({ Bucket: ceph.bucket }));
    expect(Contents.map(({ Key }) => Key)).toEqual([expect.stringMatching(/state\/probe\/seen\.json$/)]);
  });
});
