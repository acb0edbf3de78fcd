/** Object lock on a real S3 server, by the command line: what is archived there cannot be deleted, and `check` says so beforehand. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { CheckItem } from '../../src/check/report.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { systemClock } from '../../src/system-clock.ts';
import { CEPH_TOOLS, openCephBucket } from '../support/ceph.ts';
import type { CommandResult } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import type { RealBucket } from '../support/real-bucket.ts';
import { addBackup, INSTANCE, MiB } from '../support/scenario.ts';
import { itemsOf, openWorkplace, outcomesOf, type Workplace } from '../support/workplace.ts';

const DAY = 86_400_000;
const IN_PARTS = { ARCHIVER_PART_SIZE: '5MiB', ARCHIVER_S3_PROFILE: 'ceph' };
const LOCKING = 'objectLock: [{ mode: governance, days: 30, legalHold: true }]\n';

async function open(bucket: RealBucket, configuration: string): Promise<Workplace> {
  const work = await openWorkplace({
    bucket,
    fill(world) {
      world.addInstance({ id: INSTANCE, name: 'orders' });
      addBackup(world, systemClock, { id: 'small' });
      addBackup(world, systemClock, { id: 'in-parts', size: 12 * MiB, hoursAgo: 5 });
    },
  });
  mkdirSync(join(work.cwd, 'config'));
  writeFileSync(join(work.cwd, 'config/archiver.yaml'), configuration);
  return work;
}

describeWith([...CEPH_TOOLS], "Ceph's gateway, in a bucket with object lock,", () => {
  let bucket: RealBucket;
  let work: Workplace;
  let begun: number;
  let run: CommandResult;

  beforeAll(async () => {
    bucket = await openCephBucket({ objectLock: true });
    work = await open(bucket, LOCKING);
    begun = Date.now();
    run = await work.run(['run'], IN_PARTS);
  });
  afterAll(async () => {
    await work.close();
    bucket.close();
  });

  /** All versions of what lies below these folders, whatever other commands have put beside them. */
  const versions = async (...folders: readonly string[]) => {
    const { Versions = [] } = await bucket.client.send(
      new ListObjectVersionsCommand({ Bucket: bucket.bucket }),
    );
    return Versions.map(({ Key = '', VersionId = '' }) => ({ key: Key, versionId: VersionId })).filter(
      ({ key }) => folders.some((folder) => key.startsWith(`redis/${folder}/`)),
    );
  };
  const archived = () => versions('catalog', 'data');

  test('keeps each dump, put whole or in parts, and each manifest under the lock asked for: HEAD tells it', async () => {
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const kept = await archived();
    expect(kept.map(({ key }) => key.split('/')[1]).sort()).toEqual(['catalog', 'catalog', 'data', 'data']);
    const modes = new Set<string>();
    for (const { key } of kept) {
      const facts = await bucket.client.send(new HeadObjectCommand({ Bucket: bucket.bucket, Key: key }));
      modes.add(`${facts.ObjectLockMode} ${facts.ObjectLockLegalHoldStatus}`);
      const locked = (facts.ObjectLockRetainUntilDate?.getTime() ?? 0) - begun;
      expect(locked).toBeGreaterThanOrEqual(30 * DAY);
      expect(locked).toBeLessThan(30 * DAY + 120_000);
    }
    expect([...modes]).toEqual(['GOVERNANCE ON']);
  });

  test('refuses to delete any of it, also to the very keys that put it there', async () => {
    for (const { key, versionId } of await archived()) {
      const command = new DeleteObjectCommand({ Bucket: bucket.bucket, Key: key, VersionId: versionId });
      await expect(bucket.client.send(command)).rejects.toMatchObject({ name: 'AccessDenied' });
    }
  });

  test('hides an archive behind a delete marker without losing a byte: removing the marker brings it back', async () => {
    const [object] = await versions('data');
    const target = { Bucket: bucket.bucket, Key: object?.key ?? '' };
    const { VersionId } = await bucket.client.send(new DeleteObjectCommand(target));
    const gone = await work.run(['verify'], IN_PARTS);
    expect(gone.code).toBe(4);
    await bucket.client.send(new DeleteObjectCommand({ ...target, VersionId }));
    expect((await work.run(['verify'], IN_PARTS)).code).toBe(0);
  });

  test('holds one manifest for each archive however often it runs: put-if-absent is done by hand there', async () => {
    const again = await work.run(['run'], IN_PARTS);
    expect(again.code).toBe(0);
    const manifests = await versions('catalog');
    expect(manifests).toHaveLength(2);
    const [first] = manifests;
    const { Body } = await bucket.client.send(
      new GetObjectCommand({ Bucket: bucket.bucket, Key: first?.key ?? '' }),
    );
    const manifest = JSON.parse((await Body?.transformToString()) ?? '') as Manifest;
    expect(manifest.schema).toBe('rdb-archiver/manifest@1');
  });

  test('passes `check`, which says how it locks, and leaves nothing that stays locked for long', async () => {
    const result = await work.run(['check', '--json'], IN_PARTS);
    const items = itemsOf<CheckItem>(result).filter(({ part }) => part === 'destination');
    const of = (name: string) => items.find(({ check }) => check === name);
    expect(of('object-lock')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringContaining('with the upload, in parts by a request of its own'),
    });
    expect(of('versioning')).toMatchObject({ verdict: 'ok' });
    expect(items.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
    for (const { key, versionId } of await versions('state/probe')) {
      const facts = await bucket.client.send(
        new HeadObjectCommand({ Bucket: bucket.bucket, Key: key, VersionId: versionId }),
      );
      const left = (facts.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now();
      expect(left).toBeLessThan(5 * 60_000 + 2000);
      expect(facts.ObjectLockLegalHoldStatus ?? 'OFF').toBe('OFF');
    }
  });
});

describeWith([...CEPH_TOOLS], "Ceph's gateway, in a bucket without object lock,", () => {
  test('fails both `check` and the run, before anything is attempted', async () => {
    const bucket = await openCephBucket();
    const work = await open(bucket, LOCKING);
    onTestFinished(work.close);
    const [check, run] = [await work.run(['check'], IN_PARTS), await work.run(['run'], IN_PARTS)];
    bucket.close();
    expect(check.code).toBe(11);
    expect(check.stdout).toMatch(/^failed +destination +object-lock/m);
    expect(run.code).toBe(11);
    expect(outcomesOf(run)).toEqual([]);
    expect(run.stdout).toContain('has no object lock');
  });
});

describeWith([...CEPH_TOOLS], "Ceph's gateway, with a second storage class,", () => {
  let bucket: RealBucket;
  let work: Workplace;

  beforeAll(async () => {
    bucket = await openCephBucket();
    work = await open(bucket, 'storageClasses: [{ names: [orders], storageClass: STANDARD_IA }]\n');
  });
  afterAll(async () => {
    await work.close();
    bucket.close();
  });

  test('keeps dumps in it, put whole or in parts, and manifests in the first', async () => {
    const run = await work.run(['run'], IN_PARTS);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const { Contents = [] } = await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.bucket }));
    const classes = Contents.map(({ Key = '', StorageClass }) => [Key.split('/')[1], StorageClass].join(' '));
    expect(classes.filter((one) => !one.startsWith('state')).sort()).toEqual([
      'catalog STANDARD',
      'catalog STANDARD',
      'data STANDARD_IA',
      'data STANDARD_IA',
    ]);
  });

  test('is told by `check` which of the classes that are configured there are', async () => {
    // One after the other: most of their objects have the same names, so that they do not grow in number where nobody may delete.
    const known = await work.run(['check'], IN_PARTS);
    const unknown = await work.run(['check'], { ...IN_PARTS, ARCHIVER_S3_STORAGE_CLASS: 'GLACIER' });
    expect(known.stdout).toMatch(/^ok +destination +storage-class +STANDARD_IA: taken, readable at once/m);
    expect(unknown.code).toBe(11);
    expect(unknown.stdout).toMatch(/^failed +destination +storage-class/m);
    expect(unknown.stderr).toContain('Does the store know the storage class GLACIER?');
  });
});
