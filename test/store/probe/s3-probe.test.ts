/** What `check` finds out of a bucket: each promise tried on stores that keep it and on stores that do not. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAgents } from '../../../src/network/agents.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { findingsOf, objectsIn, PROBE_PREFIX, probeOn } from '../../support/probe.ts';
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
      'Content-MD5 of a part': 'verified',
      'x-amz-checksum-crc32': 'verified',
      'x-amz-checksum-crc32 of a part': 'verified',
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
    expect(objectsIn(s3)).toEqual([]);
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

test('a store that loses finished objects is called that, and nothing else that the loss would make look so', async () => {
  const s3 = await server();
  s3.behaviour.abort = 'deletes-object';
  const found = await findingsOf(probeOn(s3, { forcePathStyle: true }));
  expect(found.troubles).toEqual(['proof: not-tried', 'aborted-uploads: failed']);
  expect(found.of('put-if-absent-on-complete').facts).toEqual({ 'If-None-Match': 'honoured' });
});

test.each([
  ['aws', 83],
  ['ceph', 75],
] as const)(
  'a check of a store like %s takes %d requests, as docs/operations.md says',
  async (mode, requests) => {
    const s3 = await server(mode);
    await findingsOf(probeOn(s3, { forcePathStyle: true }));
    expect(s3.requests).toHaveLength(requests);
  },
);

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
    expect(objectsIn(s3)).toEqual([]);
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
    expect(objectsIn(s3)).toEqual([]);
  });

  test('taken for AWS is contradicted point by point, with the profile to set', async () => {
    const s3 = await server('cos');
    const found = await findingsOf(probeOn(s3, { profile: 'aws' }));
    expect(found.of('profile')).toMatchObject({
      verdict: 'warning',
      hint: expect.stringMatching(/relies on none of that here.*Set ARCHIVER_S3_PROFILE to cos\.$/),
    });
    expect(found.of('profile').detail).toContain('does not honour If-None-Match');
    expect(found.of('profile').detail).toContain('does not answer x-amz-checksum-crc32');
    expect(found.of('put-if-absent').detail).toContain('although the profile counts on it');
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
      facts: { profile: 'other', configured: 'auto', fits: 'minio, ceph' },
      hint: expect.stringContaining('Set ARCHIVER_S3_PROFILE to minio or ceph.'),
    });
  });
});

describe('a store that believes what it is told', () => {
  const gullible = async (profile: 'aws' | 'auto', etags: 'computed' | 'given-back') => {
    const s3 = await server();
    Object.assign(s3.behaviour, { checks: 'given-back', etags });
    return findingsOf(probeOn(s3, { profile, forcePathStyle: true }));
  };

  test('is said to verify nothing under `aws`, and what is proved is proved by its ETags', async () => {
    const found = await gullible('aws', 'computed');
    expect(found.of('checks-on-arrival')).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining('x-amz-checksum-crc32, which goes with every body, is ignored'),
      hint: 'What was stored is proved by ETags that are MD5s.',
    });
    expect(found.of('proof')).toMatchObject({ verdict: 'ok', facts: { checksums: 'none', md5Etags: 'all' } });
    expect(found.of('proof').requests.join()).toContain('wrong x-amz-checksum-crc32');
    expect(found.of('profile')).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining('does not answer x-amz-checksum-crc32'),
    });
  });

  test('and tells ETags that it was told is said to prove nothing', async () => {
    const found = await gullible('auto', 'given-back');
    expect(found.of('proof')).toMatchObject({
      verdict: 'warning',
      detail: 'the store proves nothing of objects: each is read back after its upload',
    });
  });
});

describe('a store that', () => {
  test('proves by CRC-32s is used so under `auto`, whatever its address, and is not told to take another profile for it', async () => {
    const s3 = await server();
    const found = await findingsOf(probeOn(s3));
    expect(found.of('proof')).toMatchObject({
      verdict: 'ok',
      detail: "by the store's CRC-32 (x-amz-checksum-crc32)",
    });
    expect(found.of('remembered')).toMatchObject({ verdict: 'ok', facts: { days: 30 } });
  });

  test('ignores put-if-absent is not said to behave like one that honours it', async () => {
    const s3 = await server('ceph');
    s3.behaviour.conditionalWrites = 'ignored';
    const { hint } = (await findingsOf(probeOn(s3))).of('profile');
    expect(hint).not.toMatch(/minio|ceph/);
  });

  test('deletes a finished object with another upload to its key fails', async () => {
    const s3 = await server();
    s3.behaviour.abort = 'deletes-object';
    const found = await findingsOf(probeOn(s3));
    expect(found.of('aborted-uploads')).toMatchObject({
      verdict: 'failed',
      facts: { code: 'store-refused' },
      hint: expect.stringContaining('choose another store'),
    });
  });

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
    const kept = objectsIn(s3);
    expect(kept.every((key) => key.startsWith(PROBE_PREFIX))).toBe(true);
    // Again, and again the same few; only those that no other check may find lie in a folder of their own.
    await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    const more = objectsIn(s3).filter((key) => !kept.includes(key));
    expect(more.map((key) => key.replace(/trial-[0-9a-f]+/, 'trial'))).toEqual([
      `${PROBE_PREFIX}trial/in-parts`,
      `${PROBE_PREFIX}trial/whole`,
    ]);
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

  test.each([
    ['folders', 'ok', 'folder by folder'],
    ['none', 'failed', 'no order'],
  ] as const)('lists by %s is called that', async (listOrder, verdict, words) => {
    const s3 = await server('aws');
    s3.behaviour.listOrder = listOrder;
    const found = await findingsOf(probeOn(s3));
    expect(found.of('listing')).toMatchObject({ verdict, detail: expect.stringContaining(words) });
    expect(objectsIn(s3)).toEqual([]);
  });

  test('changes bytes on their way is caught at once', async () => {
    const s3 = await server();
    s3.fail({ on: 'PutObject', effect: 'corrupt' });
    const found = await findingsOf(probeOn(s3, { profile: 'aws', forcePathStyle: true }));
    expect(found.of('write-and-read')).toMatchObject({ verdict: 'failed' });
    expect(objectsIn(s3)).toEqual([]);
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
    expect(objectsIn(s3)).toEqual([]);
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

test('a certificate that nobody looks at is warned of', async () => {
  const s3 = await server();
  const place = { ...s3, endpoint: `https://store.invalid:${s3.port}` };
  const agents = createAgents({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, systemClock);
  onTestFinished(() => agents.destroy());
  const found = await findingsOf(probeOn({ ...place, agents }));
  expect(found.of('transport')).toMatchObject({ verdict: 'warning', facts: { verified: false } });
  expect((await findingsOf(probeOn(place))).of('transport')).toMatchObject({ verdict: 'ok' });
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
