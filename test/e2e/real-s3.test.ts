/** The command line against a real S3 server, configured by the environment alone: what lands there is what the cloud sent. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, ListMultipartUploadsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { defaultWorld } from '../../src/sandbox/worlds.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { VerifyItem } from '../../src/verify/report.ts';
import { CEPH_TOOLS, openCephBucket } from '../support/ceph.ts';
import type { CommandResult } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import type { RealBucket } from '../support/real-bucket.ts';
import { addBackup, MiB } from '../support/scenario.ts';
import {
  filesBelow,
  itemsOf,
  linesOf,
  openWorkplace,
  outcomesOf,
  summaryOf,
  type Workplace,
} from '../support/workplace.ts';

const execute = promisify(execFile);
const BIG = 'crs-catalog3';

describeWith([...CEPH_TOOLS, 'rclone', 'redis-check-rdb'], "Ceph's gateway", () => {
  let bucket: RealBucket;
  let work: Workplace;
  let first: CommandResult;

  beforeAll(async () => {
    bucket = await openCephBucket();
    const world = defaultWorld(systemClock);
    addBackup(world, systemClock, { id: 'in-parts', instanceId: BIG, size: 12 * MiB });
    work = await openWorkplace({ world, bucket });
    first = await work.run(['run'], { ARCHIVER_PART_SIZE: '5MiB' });
  });
  afterAll(async () => {
    await work.close();
    bucket.close();
  });

  test('takes every backup that can be had: exit 0, a JSON line for each, the summary last, not a word more', () => {
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    const outcomes = outcomesOf(first);
    expect(summaryOf(first)).toMatchObject({
      considered: outcomes.length,
      archived: 11,
      skipped: 2,
      failed: 0,
      skippedBy: { 'not-ready': 1, expired: 1 },
      exitCode: 0,
    });
    expect(Object.keys(outcomes.find(({ outcome }) => outcome === 'archived') ?? {})).toEqual(
      expect.arrayContaining([
        ...['runId', 'source', 'region', 'instanceId', 'backupId', 'backupStartedAt', 'outcome', 'reason'],
        ...['files', 'bytes', 'durationMs', 'attempts', 'resumes', 'linkRenewals'],
      ]),
    );
    expect(first.stdout).not.toMatch(/q-sign|labsecret/);
  });

  test('is left alone by a second run', async () => {
    const downloads = work.cloud.downloads().length;
    const second = await work.run(['run']);
    expect(second.code).toBe(0);
    expect(summaryOf(second)).toMatchObject({ archived: 0, bytes: 0, skippedBy: { 'already-archived': 11 } });
    expect(work.cloud.downloads()).toHaveLength(downloads);
  });

  test('gives to rclone, file by file, the digest of the manifest; Redis accepts each', async () => {
    const folder = join(work.cwd, 'by-rclone');
    await mkdir(folder);
    await execute('rclone', ['copy', `store:${bucket.bucket}`, folder], { env: rcloneEnvironment(bucket) });
    const manifests = await manifestsBelow(join(folder, 'redis/catalog'));
    const files = manifests.flatMap(({ files: each, backup }) =>
      each.map((file) => ({ ...file, encrypted: backup.encrypted })),
    );
    expect(manifests).toHaveLength(11);
    expect(files).toHaveLength(12);
    for (const { key, size, sha256, encrypted } of files) {
      const dump = await readFile(join(folder, key));
      expect([key, dump.length, createHash('sha256').update(dump).digest('hex')]).toEqual([
        key,
        size,
        sha256,
      ]);
      if (encrypted) continue;
      const { stdout } = await execute('redis-check-rdb', [join(folder, key)]);
      expect(stdout).toContain('RDB looks OK');
    }
    // In the bucket lies what the manifests name, the manifests, and nothing else but what is kept of the bucket, and of `verify` where it was before us.
    const archived = filesBelow(folder).filter((path) => !path.includes('redis/state/'));
    expect(archived).toHaveLength(manifests.length + files.length);
  });

  test('holds no upload that was begun and left', async () => {
    const { Uploads = [] } = await bucket.client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket.bucket }),
    );
    expect(Uploads).toEqual([]);
  });

  test.each(['verify', 'verify --quick'])('`%s` finds all well', async (command) => {
    const result = await work.run([...command.split(' '), '--json']);
    expect(result.code).toBe(0);
    const items = itemsOf<VerifyItem>(result);
    expect(items.map((item) => item.result)).toEqual(Array(11).fill('ok'));
    expect(items.every(({ bytesRead }) => bytesRead === 0)).toBe(command.includes('--quick'));
  });
});

describeWith([...CEPH_TOOLS], "Ceph's gateway, when somebody changed a dump behind our back", () => {
  test('is caught by `verify` and by `verify --quick`, exit 4', async () => {
    const bucket = await openCephBucket();
    const work = await openWorkplace({ bucket });
    onTestFinished(work.close);
    const run = await work.run(['run']);
    const [file] = linesOf(run).flatMap(({ files = [] }) => files as { key: string }[]);
    const address = { Bucket: bucket.bucket, Key: file?.key ?? '' };
    const object = await bucket.client.send(new GetObjectCommand(address));
    const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? []);
    bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
    await bucket.client.send(new PutObjectCommand({ ...address, Body: bytes }));
    bucket.close();

    const results = await Promise.all([work.run(['verify']), work.run(['verify', '--quick'])]);
    for (const { code, stdout, stderr } of results) {
      expect(code).toBe(4);
      expect(stdout).toMatch(/^digest-differs +crs-orders01 +backup-1 /m);
      expect(stdout).toContain(file?.key);
      expect(stderr).toContain('1 archive verified');
    }
  });
});

function rcloneEnvironment({ endpoint, credentials }: RealBucket): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Ceph',
    RCLONE_CONFIG_STORE_ENDPOINT: endpoint,
    RCLONE_CONFIG_STORE_ACCESS_KEY_ID: credentials.accessKeyId,
    RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

async function manifestsBelow(folder: string): Promise<Manifest[]> {
  return Promise.all(
    filesBelow(folder).map(async (path) => JSON.parse(await readFile(path, 'utf8')) as Manifest),
  );
}
