/** What `check` finds out of a bucket: each promise tried on stores that keep it and on stores that do not. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { findingsOf, PROBE_PREFIX, probeOn } from '../../support/probe.ts';
import { type S3Server, type S3ServerOptions, startS3 } from '../../support/s3.ts';

async function server(mode: NonNullable<S3ServerOptions['mode']> = 'aws'): Promise<S3Server> {
  const started = await startS3({ mode });
  onTestFinished(() => started.close());
  return started;
}

const touched = ({ requests }: S3Server) => [
  ...new Set(requests.filter(({ key }) => key !== '').map(({ key }) => key)),
];

describe('a store like AWS, under its own profile,', () => {
  test('passes every probe, and nothing but its keys was touched or stays', async () => {
    const s3 = await server();
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.troubles).toEqual([]);
    expect(found.of('reach').facts).toMatchObject({ pathStyle: true, endpoint: s3.endpoint });
    expect(found.of('checks-on-arrival').facts).toEqual({
      'Content-MD5': 'verified',
      'x-amz-checksum-crc32': 'verified',
      'x-amz-checksum-sha256': 'verified',
      'x-amz-content-sha256': 'verified',
    });
    expect(found.of('proof').facts).toMatchObject({
      single: 'checksum',
      multipart: 'checksum',
      checksums: 'x-amz-checksum-crc32',
      md5Etags: 'all',
    });
    expect(found.of('put-if-absent').facts).toMatchObject({ 'If-None-Match': 'honoured' });
    expect(found.of('put-if-absent-on-complete').facts).toEqual({ 'If-None-Match': 'honoured' });
    expect(found.of('multipart').facts).toEqual({ smallParts: 'refused', code: 'EntityTooSmall' });
    expect(found.of('profile')).toMatchObject({ hint: '', facts: { profile: 'aws' } });
    expect(found.of('largest-dump').facts).toMatchObject({
      bytes: 10_000 * 128 * 1024 * 1024,
      unannounced: 10_000 * 16 * 1024 * 1024,
    });
    for (const key of touched(s3)) expect(key.startsWith(PROBE_PREFIX)).toBe(true);
    expect([...s3.objects.keys()]).toEqual([]);
    expect(s3.uploads.size).toBe(0);
  });

  test('that keeps objects under KMS is said to prove by its own checksum, not by ETags', async () => {
    const s3 = await server();
    s3.behaviour.encryption = 'aws:kms';
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.of('encryption').facts).toEqual({ algorithm: 'aws:kms', kms: true });
    expect(found.of('proof')).toMatchObject({ verdict: 'ok', facts: { md5Etags: 'none' } });
    expect(found.of('profile').verdict).toBe('ok');
  });

  test('that locks objects is said to', async () => {
    const s3 = await server();
    Object.assign(s3.behaviour, { objectLock: true, defaultRetentionDays: 30 });
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.of('object-lock')).toMatchObject({
      verdict: 'ok',
      detail: 'on, COMPLIANCE for 30 days by default',
    });
  });
});

describe('a store like COS, under its own profile,', () => {
  test('passes every probe with the bucket in the host name and by its own headers', async () => {
    const s3 = await server('cos');
    const found = await findingsOf(probeOn(s3, { profile: 'cos' }));
    expect(found.troubles).toEqual([]);
    expect(found.of('reach').facts).toMatchObject({ pathStyle: false });
    expect(found.of('proof').facts).toMatchObject({
      multipart: 'checksum',
      md5Etags: 'single-put',
      checksums: 'x-cos-hash-crc64ecma',
    });
    expect(found.of('put-if-absent').facts).toMatchObject({
      'x-cos-forbid-overwrite': 'honoured',
      'If-None-Match': 'ignored',
    });
    expect(found.of('put-if-absent').detail).toContain('which the profile does not rely on');
    expect([...s3.objects.keys()]).toEqual([]);
  });

  test('that is addressed by the path says what to set', async () => {
    const s3 = await server('cos');
    const found = await findingsOf(probeOn(s3, { profile: 'cos', forcePathStyle: true }));
    expect(found.of('reach')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('PathStyleDomainForbidden'),
      hint: expect.stringContaining('ARCHIVER_S3_FORCE_PATH_STYLE=false'),
    });
    expect(found.of('put-if-absent')).toMatchObject({ verdict: 'not-tried' });
    expect(s3.objects.size).toBe(0);
  });

  test('taken for AWS is contradicted point by point, with the profile to set', async () => {
    const s3 = await server('cos');
    const found = await findingsOf(probeOn(s3, { profile: 'aws' }));
    expect(found.of('profile')).toMatchObject({
      verdict: 'warning',
      hint: 'Set ARCHIVER_S3_PROFILE to cos.',
    });
    expect(found.of('profile').detail).toContain('does not honour If-None-Match');
    expect(found.of('profile').detail).toContain('does not answer x-amz-checksum-crc32');
    expect(found.of('put-if-absent').detail).toContain('although the profile relies on it');
  });
});

describe("a store like Ceph's gateway", () => {
  test('passes every probe under its own profile', async () => {
    const s3 = await server('ceph');
    const found = await findingsOf(probeOn(s3, { profile: 'ceph' }));
    expect(found.troubles).toEqual([]);
    expect(found.of('checks-on-arrival').facts).toMatchObject({
      'Content-MD5': 'verified',
      'x-amz-checksum-crc32': 'ignored',
    });
  });

  test('unknown by its address works, and is told which profile makes more of it', async () => {
    const s3 = await server('ceph');
    const found = await findingsOf(probeOn(s3, { profile: 'auto' }));
    expect(found.troubles).toEqual([]);
    expect(found.of('profile')).toMatchObject({
      verdict: 'ok',
      facts: { profile: 'other', configured: 'auto', fits: 'r2, minio, ceph' },
      hint: expect.stringContaining('Set ARCHIVER_S3_PROFILE to r2 or minio or ceph.'),
    });
  });
});

describe('a store that', () => {
  test.each(['ignored', 'refused'] as const)(
    'has put-if-absent %s leaves a race, which is stated',
    async (conditionalWrites) => {
      const s3 = await server('ceph');
      s3.behaviour.conditionalWrites = conditionalWrites;
      const found = await findingsOf(probeOn(s3, { profile: 'minio' }));
      expect(found.of('put-if-absent')).toMatchObject({
        verdict: 'warning',
        detail: expect.stringContaining(`If-None-Match is ${conditionalWrites}`),
        hint: expect.stringContaining('Two runs that finish the same backup within the same moment'),
      });
      expect(found.of('profile')).toMatchObject({ verdict: 'warning' });
    },
  );

  test('forgets put-if-absent where it keeps versions, as Ceph does, leaves the race, and its profile knows it', async () => {
    const s3 = await server('ceph');
    s3.behaviour.versioned = true;
    const found = await findingsOf(probeOn(s3, { profile: 'ceph' }));
    expect(found.of('put-if-absent')).toMatchObject({
      verdict: 'warning',
      detail: 'If-None-Match is ignored, so the program looks before and after',
    });
    expect(found.of('profile')).toMatchObject({ verdict: 'ok', hint: '' });
  });

  test('forbids deletion is not at fault: what stays is named', async () => {
    const s3 = await server();
    s3.denied.add('DeleteObject');
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.troubles).toEqual([]);
    expect(found.of('delete').detail).toContain(`${PROBE_PREFIX}object`);
    const kept = [...s3.objects.keys()].sort();
    expect(kept.every((key) => key.startsWith(PROBE_PREFIX))).toBe(true);
    // Again, and again the same few.
    await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect([...s3.objects.keys()].sort()).toEqual(kept);
  });

  test('refuses to list or abort uploads is warned of: killed runs leave parts behind', async () => {
    const s3 = await server();
    s3.denied.add('ListMultipartUploads');
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.of('stale-uploads')).toMatchObject({
      verdict: 'warning',
      hint: expect.stringContaining('s3:ListBucketMultipartUploads'),
    });
    expect(s3.uploads.size).toBe(0);
  });

  test('says nothing of how to go on in a list would hide archives', async () => {
    const s3 = await server('ceph');
    s3.behaviour.tokenlessPages = true;
    const found = await findingsOf(probeOn(s3, { profile: 'ceph' }));
    expect(found.of('listing')).toMatchObject({
      verdict: 'failed',
      hint: expect.stringContaining('cos or obs'),
    });
  });

  test('changes bytes on their way is caught at once', async () => {
    const s3 = await server();
    s3.fail({ on: 'PutObject', effect: 'corrupt' });
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.of('write-and-read')).toMatchObject({ verdict: 'failed' });
    expect(s3.objects.size).toBe(0);
  });

  test.each([
    ['PutObject', 'write-and-read', 'AccessDenied'],
    ['GetObject', 'write-and-read', 'AccessDenied'],
    ['ListObjectsV2', 'reach', 'AccessDenied'],
    ['CreateMultipartUpload', 'multipart', 'AccessDenied'],
  ] as const)('denies %s fails %s, with the reason', async (operation, check, reason) => {
    const s3 = await server();
    s3.denied.add(operation);
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.of(check)).toMatchObject({ verdict: 'failed', detail: expect.stringContaining(reason) });
    expect(found.of(check).hint).toContain('Grant');
    expect(s3.objects.size).toBe(0);
  });

  test('knows another key, or nobody answers, fails the reach and tries no more', async () => {
    const s3 = await server();
    const stranger = { ...s3, credentials: { accessKeyId: 'other', secretAccessKey: 'other' } };
    expect((await findingsOf(probeOn(stranger))).of('reach').hint).toContain('AWS_ACCESS_KEY_ID');
    await s3.close();
    const found = await findingsOf(probeOn(s3));
    expect(found.of('reach')).toMatchObject({ verdict: 'failed', facts: { code: 'store-unreachable' } });
    expect(found.troubles.filter((trouble) => trouble.endsWith('not-tried')).length).toBeGreaterThan(5);
  });
});

test('archives in clear text are warned of, but not on the way to this very machine', async () => {
  const s3 = await server();
  const clear = await findingsOf(probeOn({ ...s3, endpoint: `http://store.invalid:${s3.port}` }));
  expect(clear.of('transport')).toMatchObject({ verdict: 'warning', facts: { clearText: true } });
  expect((await findingsOf(probeOn(s3))).of('transport')).toMatchObject({ verdict: 'ok' });
});

test('an interruption ends it at once', async () => {
  const s3 = await server();
  const gate = s3.holdAt(({ operation }) => operation === 'PutObject');
  const controller = new AbortController();
  const running = findingsOf(probeOn(s3), controller.signal);
  await gate.arrived;
  controller.abort(new Error('stop'));
  await expect(running).rejects.toThrow('stop');
  gate.release();
});
