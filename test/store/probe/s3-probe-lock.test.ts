/** What `check` finds out about object lock and storage classes, where the configuration asks for them. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LockRule } from '../../../src/domain/object-lock.ts';
import type { WantedStorage } from '../../../src/store/s3/storage-fit.ts';
import { type Findings, findingsOf, objectsIn, PROBE_PREFIX, probeOn } from '../../support/probe.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';

const everything = { sources: [], instances: ['*'], exclude: [], names: [], tags: {} };
const LOCKING: LockRule = { ...everything, mode: 'compliance', days: 365, legalHold: false };

async function look(
  wanted: Partial<WantedStorage>,
  change: (s3: S3Server) => void,
  mode: 'aws' | 'ceph' = 'aws',
): Promise<Findings & { readonly s3: S3Server }> {
  const s3 = await startS3({ mode });
  onTestFinished(() => s3.close());
  change(s3);
  const all = { objectLock: [], storageClasses: [], readback: 'auto', ...wanted } as const;
  return {
    ...(await findingsOf(probeOn(s3, { profile: mode, forcePathStyle: true, wanted: all }))),
    s3,
  };
}
const locked = (s3: S3Server) => {
  s3.behaviour.objectLock = true;
};

describe('where archives are to be locked', () => {
  test('a bucket that locks passes: tried on two small objects, by governance, for minutes', async () => {
    const { troubles, of, s3 } = await look({ objectLock: [LOCKING] }, locked);
    expect(troubles).toEqual([]);
    expect(of('object-lock')).toMatchObject({
      detail:
        'locks with the upload (tried by governance, for 5 minutes); a locked version could not be deleted; no default retention',
      facts: { locked: 'with the upload', 'locked-in-parts': 'with the upload', held: 'enforced' },
    });
    expect(of('object-lock').requests).toContainEqual(
      expect.stringMatching(/^DeleteObject locked \(this version, for good\): 403 AccessDenied$/),
    );
    expect(of('versioning')).toMatchObject({ verdict: 'ok', facts: { status: 'Enabled' } });
    const locks = [...s3.versions].flatMap(([key, versions]) =>
      versions.flatMap(({ storage }) => (storage?.lock ? [{ key, ...storage.lock }] : [])),
    );
    expect(locks.map(({ key, mode }) => [key.replace(/trial-[0-9a-f]+/, 'trial'), mode])).toEqual([
      [`${PROBE_PREFIX}locked`, 'GOVERNANCE'],
      [`${PROBE_PREFIX}locked-in-parts`, 'GOVERNANCE'],
      [`${PROBE_PREFIX}trial/locked`, 'GOVERNANCE'],
    ]);
    for (const { until } of locks) expect(Date.parse(until) - Date.now()).toBeLessThan(5 * 60_000 + 1000);
  });

  test('a store that locks uploads in parts only afterwards passes, and it is said', async () => {
    const { of } = await look({ objectLock: [LOCKING] }, locked, 'ceph');
    expect(of('object-lock')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringContaining('with the upload, in parts by a request of its own'),
    });
  });

  test('a bucket without object lock fails', async () => {
    const { of } = await look({ objectLock: [LOCKING] }, () => {});
    expect(of('object-lock')).toMatchObject({
      verdict: 'failed',
      hint: expect.stringContaining('Make a bucket with object lock'),
    });
    expect(of('versioning')).toMatchObject({ verdict: 'warning', detail: 'off' });
  });

  test('a store that says yes and locks nothing fails', async () => {
    const { of } = await look({ objectLock: [LOCKING] }, (s3) => {
      Object.assign(s3.behaviour, { objectLock: true, lockWithUpload: 'ignored', lockByCall: 'ignored' });
    });
    expect(of('object-lock')).toMatchObject({
      verdict: 'failed',
      detail: expect.stringContaining('not locked as asked'),
    });
  });

  test.each([
    [
      'shows locks and lets locked versions be deleted',
      { objectLock: true, locks: 'shown-only' },
      'does not keep',
    ],
    ['gives back every header, and has no lock', { locks: 'given-back' }, 'has no object lock'],
  ] as const)('a store that %s fails', async (_, behaviour, why) => {
    const { of } = await look({ objectLock: [LOCKING] }, (s3) => {
      Object.assign(s3.behaviour, behaviour);
    });
    expect(of('object-lock').verdict).toBe('failed');
    expect(of('object-lock').detail).toContain(why);
  });

  test('a key that may delete no version passes, and is told that nobody has tried whether the lock holds', async () => {
    const { of } = await look({ objectLock: [LOCKING] }, (s3) => {
      locked(s3);
      s3.denied.add('DeleteObject');
    });
    expect(of('object-lock')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringMatching(/^shows locks with the upload/),
      hint: expect.stringContaining('s3:DeleteObjectVersion'),
      facts: { held: 'untold' },
    });
  });

  test('a key that may ask for nothing about the bucket, but may lock, passes', async () => {
    const { of } = await look({ objectLock: [LOCKING] }, (s3) => {
      locked(s3);
      s3.denied.add('GetObjectLockConfiguration').add('GetBucketVersioning');
    });
    expect(of('object-lock')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringMatching(/^locks with the upload/),
    });
    expect(of('versioning').verdict).toBe('not-tried');
  });
});

test('where nothing is to be locked nothing is, and the bucket is only asked', async () => {
  const { of, s3 } = await look({ objectLock: [{ ...everything, mode: 'none', legalHold: false }] }, locked);
  expect(of('object-lock').detail).toBe('on, no default retention');
  const all = [...s3.versions.values()].flat();
  expect(all.filter(({ storage }) => storage?.lock)).toEqual([]);
  expect(s3.counts.get('GetBucketVersioning')).toBeUndefined();
});

describe('a storage class', () => {
  test('that the store takes and shows passes', async () => {
    const { of, troubles, s3 } = await look({ storageClass: 'STANDARD_IA' }, () => {});
    expect(troubles).toEqual([]);
    expect(of('storage-class')).toMatchObject({ detail: 'STANDARD_IA: taken, readable at once' });
    expect(objectsIn(s3)).toEqual([]);
  });

  test('that cannot be read at once is a warning, with what that means', async () => {
    const storageClasses = [
      { ...everything, storageClass: 'DEEP_ARCHIVE' },
      { ...everything, storageClass: 'STANDARD' },
    ];
    const { of } = await look({ storageClasses }, () => {});
    expect(of('storage-class')).toMatchObject({
      verdict: 'warning',
      facts: { DEEP_ARCHIVE: 'cold', STANDARD: 'readable' },
      hint: expect.stringContaining('brought back first'),
    });
  });

  test('that the store does not know fails', async () => {
    const { of } = await look({ storageClass: 'STANDART' }, () => {});
    expect(of('storage-class')).toMatchObject({
      verdict: 'failed',
      hint: expect.stringContaining('know the storage class STANDART'),
    });
  });
});
