/** What `check` says where a bucket refuses a key that has its rights, because it demands what the program never sends. */
import { expect, onTestFinished, test } from 'vitest';
import { findingsOf, objectsIn, probeOn } from '../../support/probe.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';

async function checked(change: (s3: S3Server) => void) {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  change(s3);
  const found = await findingsOf(probeOn(s3));
  expect(objectsIn(s3)).toEqual([]);
  return found;
}

test('a bucket whose requester pays is named as one', async () => {
  const found = await checked(({ behaviour }) => {
    behaviour.demands = 'x-amz-request-payer';
  });
  expect(found.of('reach')).toMatchObject({
    verdict: 'failed',
    hint: expect.stringContaining('requester pays'),
  });
  expect(found.of('reach').requests).toEqual([
    'ListObjects (one key): 403 AccessDenied',
    'ListObjects (x-amz-request-payer): done',
  ]);
});

test('a policy that demands encryption by a header is named as one, and what to do without that header', async () => {
  const found = await checked(({ behaviour }) => {
    behaviour.demands = 'x-amz-server-side-encryption';
  });
  expect(found.of('reach').verdict).toBe('ok');
  const { verdict, hint, requests } = found.of('write-and-read');
  expect(verdict).toBe('failed');
  expect(hint).toContain("make AES256 the bucket's default encryption");
  expect(requests.at(-1)).toBe('PutObject object (x-amz-server-side-encryption: AES256): done');
});

test('a default encryption that the store has no keys for is named, and no run is said to do better', async () => {
  const found = await checked(({ behaviour }) => {
    behaviour.defaultEncryption = 'without-keys';
  });
  const { verdict, hint } = found.of('write-and-read');
  expect(verdict).toBe('failed');
  expect(hint).toContain("The bucket's default encryption is AES256");
  expect(hint).not.toContain('next run');
  const other = await checked((s3) => {
    s3.fail({ on: 'PutObject', effect: 'answer', status: 400, code: 'InvalidArgument', times: 100 });
  });
  expect(other.of('write-and-read')).toMatchObject({ verdict: 'failed' });
  expect(other.of('write-and-read').hint).not.toContain('default encryption');
});

test('a key without rights is told to get them, and in clear text that a policy may demand TLS', async () => {
  const found = await checked(({ denied }) => denied.add('PutObject'));
  expect(found.of('write-and-read').hint).toMatch(/Grant .* Or its policy demands TLS/);
});

test('a bucket that keeps versions is said to, and what that asks for; one that keeps none as well', async () => {
  const versioned = await checked(({ behaviour }) => {
    behaviour.versioned = true;
  });
  expect(versioned.of('versioning')).toMatchObject({ verdict: 'ok', facts: { status: 'Enabled' } });
  expect(versioned.of('versioning').hint).toContain('lifecycle rule');
  expect((await checked(() => {})).of('versioning')).toMatchObject({ hint: '', facts: { status: 'off' } });
});

test('a store that makes up the ids of versions is not taken for one that keeps any', async () => {
  const found = await checked(({ behaviour }) => {
    behaviour.versionIds = 'made-up';
  });
  expect(found.of('versioning').facts).toEqual({ status: 'off' });
});
