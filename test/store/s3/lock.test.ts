/** Object lock and storage class on a bucket: asked for with the upload, made sure of afterwards, and never believed. */
import { DeleteObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Storage } from '../../../src/domain/object-lock.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { MIN_PART_SIZE } from '../../../src/store/s3/part-size.ts';
import { patterned, streamOf } from '../../support/bodies.ts';
import { createTestClock } from '../../support/clock.ts';
import { type S3Server, startS3 } from '../../support/s3.ts';
import { storeOn } from '../../support/s3-stores.ts';

const signal = new AbortController().signal;
const binary = { signal, contentType: 'application/octet-stream' };
const KEY = 'data/dump.rdb';
const clock = createTestClock();
const UNTIL = '2026-12-24T03:00:00Z';
const LOCK: Storage = { lock: { mode: 'governance', until: UNTIL } };

const BODIES = [
  ['put whole', patterned(1000)],
  ['sent in parts', patterned(2 * MIN_PART_SIZE + 1000)],
] as const;

let server: S3Server;

async function start(mode: 'aws' | 'ceph'): Promise<ObjectStore> {
  server = await startS3({ mode });
  Object.assign(server.behaviour, { objectLock: true, now: clock.now });
  return storeOn(server, mode, { clock });
}
afterEach(() => server.close());

const keep = async (store: ObjectStore, bytes: Buffer, storage: Storage): Promise<void> => {
  await store.upload(KEY, streamOf(bytes), { ...binary, size: bytes.length, storage });
  await store.retain(KEY, storage, { signal });
};
const shown = () => server.objects.get(KEY)?.storage;

describe.each(BODIES)('a dump %s', (_, bytes) => {
  let store: ObjectStore;
  beforeEach(async () => {
    store = await start('aws');
  });

  test.each(['governance', 'compliance'] as const)(
    'under a lock (%s) is locked from its first moment, and HEAD tells it',
    async (mode) => {
      const storage: Storage = { lock: { mode, until: UNTIL }, legalHold: true };
      await keep(store, bytes, storage);
      expect(shown()).toEqual({ lock: { mode: mode.toUpperCase(), until: UNTIL }, legalHold: true });
      expect(await store.head(KEY, { signal })).toMatchObject(storage);
      expect(server.counts.get('PutObjectRetention')).toBeUndefined();
      expect(server.counts.get('PutObjectLegalHold')).toBeUndefined();
    },
  );

  test('under a lock is deleted by nobody as long as it lasts, and can be afterwards', async () => {
    await keep(store, bytes, LOCK);
    const version = server.objects.get(KEY)?.versionId ?? '';
    expect(await deleteVersion(version)).toBe(403);
    server.behaviour.now = () => Date.parse(UNTIL) + 1;
    expect(await deleteVersion(version)).toBe(204);
  });

  test('stored a second time becomes a new version, and the first one stays locked', async () => {
    await keep(store, bytes, LOCK);
    await keep(store, bytes, LOCK);
    expect(server.versions.get(KEY)?.map(({ storage }) => storage?.lock?.until)).toEqual([UNTIL]);
    expect(shown()?.lock?.until).toBe(UNTIL);
  });

  test('goes into the storage class asked for, by any name that the store knows', async () => {
    server.behaviour.storageClasses = ['MAZ_STANDARD'];
    await keep(store, bytes, { storageClass: 'MAZ_STANDARD' });
    expect(await store.head(KEY, { signal })).toMatchObject({ storageClass: 'MAZ_STANDARD' });
  });

  test('for a class that the store does not know is refused at once, with what to correct', async () => {
    await expect(keep(store, bytes, { storageClass: 'STANDART' })).rejects.toMatchObject({
      code: 'store-refused',
      hint: expect.stringMatching(/know the storage class STANDART/),
    });
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0]);
  });

  test('for a bucket without object lock is refused at once, with what to do', async () => {
    server.behaviour.objectLock = false;
    await expect(keep(store, bytes, LOCK)).rejects.toMatchObject({
      code: 'store-refused',
      hint: expect.stringMatching(/made with object lock/),
    });
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0]);
  });

  test('that the store forgets to lock is locked by a request of its own', async () => {
    server.behaviour.lockWithUpload = 'ignored';
    await keep(store, bytes, { ...LOCK, legalHold: true });
    expect(shown()).toEqual({ lock: { mode: 'GOVERNANCE', until: UNTIL }, legalHold: true });
  });

  test('that the store cannot be brought to lock is no success, whatever the store says', async () => {
    Object.assign(server.behaviour, { lockWithUpload: 'ignored', lockByCall: 'ignored' });
    await expect(keep(store, bytes, { ...LOCK, legalHold: true })).rejects.toMatchObject({
      code: 'store-refused',
      message: expect.stringContaining(
        `${KEY} is not locked as asked: no governance until ${UNTIL}, no legal hold is shown`,
      ),
    });
  });

  test('whose lock the key may not see is asked for by GetObjectRetention, and fails where that is denied too', async () => {
    server.behaviour.lockShown = false;
    await keep(store, bytes, LOCK);
    expect(server.counts.get('PutObjectRetention')).toBeUndefined();
    server.denied.add('GetObjectRetention');
    await expect(keep(store, bytes, LOCK)).rejects.toMatchObject({
      code: 'store-refused',
      hint: expect.stringContaining('s3:GetObjectRetention'),
    });
  });

  test('whose lock the key may not set is refused with the permission to grant', async () => {
    server.behaviour.lockWithUpload = 'ignored';
    server.denied.add('PutObjectRetention');
    await expect(keep(store, bytes, LOCK)).rejects.toMatchObject({
      code: 'store-refused',
      hint: expect.stringContaining('s3:PutObjectRetention'),
    });
  });

  test("that the bucket's own default locks for longer and harder is left alone", async () => {
    Object.assign(server.behaviour, { lockWithUpload: 'ignored', defaultRetentionDays: 60 });
    await keep(store, bytes, LOCK);
    expect(server.counts.get('PutObjectRetention')).toBeUndefined();
    expect(shown()?.lock?.mode).toBe('COMPLIANCE');
  });

  test('whose lock cannot be asked for since the store is away is tried again later', async () => {
    server.behaviour.lockWithUpload = 'ignored';
    server.fail({ on: 'PutObjectRetention', effect: 'reset', times: 99 });
    await expect(keep(store, bytes, LOCK)).rejects.toMatchObject({ retry: 'backup' });
  });
});

test('on a store like Ceph 16, which locks no upload in parts, every dump is locked all the same', async () => {
  const store = await start('ceph');
  for (const [, bytes] of BODIES) {
    await keep(store, bytes, LOCK);
    expect(shown()?.lock).toEqual({ mode: 'GOVERNANCE', until: UNTIL });
  }
  expect(server.counts.get('PutObjectRetention')).toBe(1);
});

describe('a manifest that is put only if absent, under a lock,', () => {
  const put = (store: ObjectStore, text: string) =>
    store.put(KEY, Buffer.from(text), { ...binary, ifAbsent: true, storage: LOCK });

  test.each(['aws', 'ceph'] as const)('is stored once and locked (%s)', async (mode) => {
    const store = await start(mode);
    expect(await put(store, 'ours')).toBe('stored');
    expect(await put(store, 'theirs')).toBe('exists');
    await store.retain(KEY, LOCK, { signal });
    expect(String(server.bytesOf(KEY))).toBe('ours');
    expect(shown()?.lock?.until).toBe(UNTIL);
    expect(server.versions.size).toBe(0);
  });

  test('whose answer was lost is found to be stored, and is locked', async () => {
    const store = await start('aws');
    server.fail({ on: 'PutObject', effect: 'lose-reply' });
    expect(await put(store, 'ours')).toBe('stored');
    expect(shown()?.lock?.until).toBe(UNTIL);
  });
});

test('what is to be kept in no special way costs no request more', async () => {
  const store = await start('aws');
  await keep(store, patterned(1000), { storageClass: 'STANDARD_IA' });
  expect(Object.fromEntries(server.counts)).toEqual({ PutObject: 1, HeadObject: 1 });
});

/** As somebody would who has the keys and means harm; answers the HTTP status. */
async function deleteVersion(versionId: string): Promise<number> {
  const client = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: server.credentials,
  });
  const command = new DeleteObjectCommand({ Bucket: server.bucket, Key: KEY, VersionId: versionId });
  try {
    return (await client.send(command)).$metadata.httpStatusCode ?? 0;
  } catch (error) {
    if (error instanceof S3ServiceException) return error.$metadata.httpStatusCode ?? 0;
    throw error;
  } finally {
    client.destroy();
  }
}
