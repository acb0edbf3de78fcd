/** What a run finds out of a bucket before it begins, in how many requests, and what it makes of it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixed } from '../../../src/domain/current.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { type Measured, measure } from '../../../src/store/probe/measure.ts';
import { openBucket } from '../../../src/store/s3/client.ts';
import type { ProviderName } from '../../../src/store/s3/provider-profile.ts';
import { proofInWords, reliable } from '../../../src/store/s3/reliance.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { type S3Server, type S3ServerOptions, startS3 } from '../../support/s3.ts';

interface Look extends Measured {
  readonly s3: S3Server;
  /** What archives are proved by then. */
  readonly proof: string;
}

async function look(
  profile: ProviderName | 'auto',
  change: (s3: S3Server) => void = () => {},
  { mode = 'aws', locks = false }: S3ServerOptions & { readonly locks?: boolean } = {},
): Promise<Look> {
  const s3 = await startS3({ mode });
  onTestFinished(() => s3.close());
  change(s3);
  const bucket = bucketOn(s3, profile);
  const choose = profile === 'auto';
  const { signal } = new AbortController();
  const keyOf = (name: string) => `redis/state/probe/${name}`;
  const measured = await measure(bucket, { keyOf, choose, locks, signal });
  return { ...measured, s3, proof: proofInWords(reliable(bucket.profile, measured.traits, choose)) };
}

function bucketOn(s3: S3Server, profile: ProviderName | 'auto') {
  const { accessKeyId, secretAccessKey } = s3.credentials;
  return openBucket({
    ...{ bucket: s3.bucket, endpoint: s3.endpoint, agents: s3.agents, clock: systemClock, profile },
    forcePathStyle: s3.behaviour.mode !== 'cos',
    credentials: fixed({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
  });
}

describe('a store that', () => {
  test('verifies and answers CRC-32s proves by them under `auto`, the cheapest there is', async () => {
    const { traits, proof, requests, s3 } = await look('auto');
    expect(traits).toEqual({
      bodyChecks: ['crc32'],
      echoes: ['x-amz-checksum-crc32'],
      md5Etags: 'all',
      versioned: false,
      abortSparesObject: true,
    });
    expect(proof).toContain('CRC-32');
    expect(s3.requests).toHaveLength(12);
    expect(requests).toContain(
      'PutObject object (x-amz-checksum-crc32 of a body that lost a bit on the way): 400 BadDigest',
    );
    expect(s3.objects.size).toBe(0);
    expect(s3.uploads.size).toBe(0);
  });

  test('answers the CRC-32 of a whole object for one in parts does so too', async () => {
    const { proof } = await look('auto', (s3) => {
      s3.behaviour.multipartCrc32 = 'full-object';
    });
    expect(proof).toContain('CRC-32');
  });

  test.each([
    ['aws', 'ETags'],
    ['auto', 'ETags'],
    ['ceph', 'ETags'],
    ['other', 'ETags'],
  ] as const)(
    'gives back the checksum it was sent is found out under %s: proof is by its own %s',
    async (profile, by) => {
      const { traits, proof } = await look(profile, (s3) => {
        s3.behaviour.checks = 'given-back';
      });
      expect(traits.bodyChecks).toEqual([]);
      expect(traits.echoes).toEqual([]);
      expect(proof).toContain(by);
    },
  );

  test.each(['auto', 'ceph', 'minio', 'r2', 'b2', 'gcs', 'obs', 'cos', 'oss', 'other'] as const)(
    'gives back all that it was sent, its ETags too, proves nothing under %s',
    async (profile) => {
      const { proof } = await look(profile, (s3) => {
        Object.assign(s3.behaviour, { checks: 'given-back', etags: 'given-back' });
      });
      expect(proof).toBe('reading each object back');
    },
  );

  test('computes a checksum that nobody sent proves by it, as COS does', async () => {
    for (const profile of ['cos', 'auto'] as const) {
      const { traits, proof } = await look(profile, () => {}, { mode: 'cos' });
      expect(traits.echoes).toEqual(['x-cos-hash-crc64ecma']);
      expect(traits.md5Etags).toBe('single-put');
      expect(proof).toContain('CRC-64');
    }
  });

  test('ignores checksum headers and has MD5s for ETags proves by those, as Ceph 16 does', async () => {
    const { traits, proof, s3 } = await look('auto', () => {}, { mode: 'ceph' });
    expect(traits).toMatchObject({ bodyChecks: ['content-md5'], echoes: [], md5Etags: 'all' });
    expect(proof).toBe('ETags that are MD5s');
    expect(s3.requests).toHaveLength(14);
  });

  test('keeps objects under KMS proves by its checksum, and nothing by ETags', async () => {
    const kms = (s3: S3Server) => {
      s3.behaviour.encryption = 'aws:kms';
    };
    expect((await look('auto', kms)).proof).toContain('CRC-32');
    expect((await look('minio', kms)).proof).toBe('reading each object back');
  });

  test('deletes a finished object with an upload to its key is seen to', async () => {
    const { traits } = await look('auto', (s3) => {
      s3.behaviour.abort = 'deletes-object';
    });
    expect(traits.abortSparesObject).toBe(false);
  });

  test('has forgotten the upload whose part it refused is asked about another one, as rclone is', async () => {
    for (const abort of ['spares-object', 'deletes-object'] as const) {
      const { traits, s3 } = await look('auto', (one) => {
        one.behaviour.abort = abort;
        one.fail({ on: 'AbortMultipartUpload', effect: 'answer', status: 404, code: 'NoSuchUpload' });
      });
      expect(traits.abortSparesObject).toBe(abort === 'spares-object');
      expect(s3.counts.get('CreateMultipartUpload')).toBe(3);
    }
  });

  test('does not let one give up an upload leaves it open what that would do', async () => {
    const { traits, proof } = await look('auto', (s3) => {
      s3.denied.add('AbortMultipartUpload');
    });
    expect(traits.abortSparesObject).toBeUndefined();
    expect(proof).toContain('CRC-32');
  });

  test.each([
    ['honoured', ['If-None-Match']],
    ['ignored', []],
    ['refused', []],
  ] as const)('has put-if-absent %s is relied on for it accordingly', async (conditionalWrites, ifAbsent) => {
    const { traits } = await look('aws', (s3) => {
      s3.behaviour.conditionalWrites = conditionalWrites;
    });
    expect(traits.ifAbsent).toEqual(ifAbsent);
  });

  test('stumbles over the flipped bit for a reason of its own has verified nothing', async () => {
    const { traits, proof } = await look('aws', (s3) => {
      s3.fail({ on: 'PutObject', effect: 'answer', status: 403, code: 'AccessDenied' });
    });
    expect(traits.bodyChecks).toBeUndefined();
    expect(proof).toBe('reading each object back');
  });

  test('lets nothing be put cannot be measured, and says why', async () => {
    const denied = look('auto', (s3) => {
      s3.denied.add('PutObject');
    });
    await expect(denied).rejects.toMatchObject({ code: 'store-refused' });
  });
});

describe('a lock', () => {
  const locking = (locks: S3Server['behaviour']['locks']) => (s3: S3Server) => {
    Object.assign(s3.behaviour, { objectLock: true, locks });
  };

  test.each([
    ['enforced', 'enforced'],
    ['shown-only', 'not-enforced'],
  ] as const)('that is %s is seen to be %s, on an object of our own', async (locks, seen) => {
    const { traits, s3 } = await look('aws', locking(locks), { locks: true });
    expect(traits).toMatchObject({ lock: seen, versioned: true });
    for (const { key } of s3.requests.filter(({ operation }) => operation === 'DeleteObject'))
      expect(key).toMatch(/^redis\/state\/probe\/trial-/);
  });

  test('is not told of by a refusal where the key may delete no version at all', async () => {
    const { traits } = await look(
      'aws',
      (s3) => {
        locking('enforced')(s3);
        s3.denied.add('DeleteObject');
      },
      { locks: true },
    );
    expect(traits.lock).toBe('untold');
  });
});

test('what killed measurements have left is removed by a later one, and what goes on now is not', async () => {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  const bucket = bucketOn(s3, 'auto');
  const { signal } = new AbortController();
  const keyOf = (name: string) => `redis/state/probe/${name}`;
  s3.denied.add('DeleteObject');
  await measure(bucket, { keyOf, choose: true, locks: false, signal });
  const [left = ''] = s3.objects.keys();
  s3.denied.delete('DeleteObject');
  await measure(bucket, { keyOf, choose: true, locks: false, signal });
  expect([...s3.objects.keys()]).toEqual([left]);
  const object = s3.objects.get(left);
  if (object) s3.objects.set(left, { ...object, modified: Date.now() - 25 * 3_600_000 });
  await measure(bucket, { keyOf, choose: true, locks: false, signal });
  expect(s3.objects.size).toBe(0);
});

test('many at once, as the pods of a fleet on their first day, do not disturb each other', async () => {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  const { signal } = new AbortController();
  const keyOf = (name: string) => `redis/state/probe/${name}`;
  const all = await Promise.all(
    Array.from({ length: 16 }, () =>
      measure(bucketOn(s3, 'auto'), { keyOf, choose: true, locks: false, signal }),
    ),
  );
  for (const { traits } of all)
    expect(traits).toMatchObject({ echoes: ['x-amz-checksum-crc32'], abortSparesObject: true });
  expect([s3.objects.size, s3.uploads.size]).toEqual([0, 0]);
});
