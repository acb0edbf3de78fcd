/** Archives are had back without us: the manifest names the key, and `age -d` and `zstd -d` do the rest. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { createCodec } from '../../src/codec/codec.ts';
import { fixed } from '../../src/domain/current.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { collect, patterned, streamOf } from '../support/bodies.ts';
import { CEPH_TOOLS, openCephBucket } from '../support/ceph.ts';
import { mistyped } from '../support/encrypted.ts';
import { describeWith } from '../support/needs.ts';
import { addBackup, INSTANCE, MiB } from '../support/scenario.ts';
import { filesBelow, itemsOf, openWorkplace, outcomesOf, type Workplace } from '../support/workplace.ts';

const execute = promisify(execFile);

/** A cluster of two shards. */
function cluster(): World {
  const world = createWorld(systemClock);
  world.addInstance({ id: INSTANCE, shards: 2 });
  addBackup(world, systemClock, { id: 'backup-1', files: 2, size: 3 * MiB });
  return world;
}

/** As a person makes it; answers the recipient. */
async function ageKeygen(file: string): Promise<string> {
  await execute('age-keygen', ['-o', file]);
  return (await execute('age-keygen', ['-y', file])).stdout.trim();
}

async function openEncrypting(options: Parameters<typeof openWorkplace>[0] = { world: cluster() }) {
  const work = await openWorkplace(options);
  onTestFinished(work.close);
  const identity = join(work.cwd, 'identity.txt');
  const recipient = await ageKeygen(identity);
  return { work, identity, writing: { ARCHIVER_COMPRESSION: 'zstd', ARCHIVER_AGE_RECIPIENTS: recipient } };
}

async function manifestsIn(work: Workplace): Promise<Manifest[]> {
  const paths = filesBelow(join(work.cwd, 'kept/catalog'));
  return Promise.all(paths.map(async (path) => JSON.parse(await readFile(path, 'utf8')) as Manifest));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describeWith(['age', 'age-keygen', 'zstd'], 'an archive', () => {
  test('that is compressed and encrypted is what the cloud sent, after `age -d | zstd -d`', async () => {
    const { work, identity, writing } = await openEncrypting();
    expect((await work.run(['run'], writing)).code).toBe(0);
    const [manifest] = await manifestsIn(work);
    expect(manifest?.files).toHaveLength(2);
    for (const { key, size, sha256: digest, stored } of manifest?.files ?? []) {
      expect(stored?.encoding).toBe('zstd+age');
      const path = join(work.cwd, 'kept', key);
      await work.shell(`age -d -i ${identity} ${path} | zstd -d -o ${path}.plain`);
      const plain = await readFile(`${path}.plain`);
      expect([plain.length, sha256(plain)]).toEqual([size, digest]);
    }
  });

  test('that is only compressed passes `zstd -t`, and shows its size to `zstd -l`', async () => {
    const work = await openWorkplace({ world: cluster() });
    onTestFinished(work.close);
    expect((await work.run(['run'], { ARCHIVER_COMPRESSION: 'zstd' })).code).toBe(0);
    for (const { key, sha256: digest } of (await manifestsIn(work)).flatMap(({ files }) => files)) {
      const path = join(work.cwd, 'kept', key);
      await execute('zstd', ['-q', '-t', path]);
      const { stdout } = await execute('zstd', ['-l', '-v', path]);
      expect(stdout).toMatch(/# Zstandard Frames: 1\n/);
      expect(stdout).toMatch(/Check: XXH64/);
      expect(stdout).toMatch(new RegExp(`Decompressed Size: .*\\(${3 * MiB} B\\)`));
      await execute('zstd', ['-q', '-d', path, '-o', `${path}.plain`]);
      expect(sha256(await readFile(`${path}.plain`))).toBe(digest);
    }
  });

  test('is verified with the file that `age-keygen` wrote, comments and all, and without it as stored', async () => {
    const { work, identity, writing } = await openEncrypting();
    await work.run(['run'], writing);
    const opened = await work.run(['verify', '--json'], { ARCHIVER_AGE_IDENTITY_FILE: identity });
    expect([opened.code, opened.stderr]).toEqual([0, '']);
    expect(itemsOf(opened)).toMatchObject([{ result: 'ok', detail: '' }]);
    const closed = await work.run(['verify', '--json']);
    expect(closed.code).toBe(0);
    expect(itemsOf(closed)).toMatchObject([{ result: 'ok', detail: expect.stringContaining('as stored') }]);
  });

  test('is restored and inspected where its identity is, and refused with 2 and a hint where it is not', async () => {
    const { work, identity, writing } = await openEncrypting();
    await work.run(['run'], writing);
    for (const command of [
      ['restore', INSTANCE, '--to', 'back'],
      ['inspect', INSTANCE],
    ]) {
      const refused = await work.run(command);
      expect([command[0], refused.code]).toEqual([command[0], 2]);
      expect(refused.stderr).toContain('ARCHIVER_AGE_IDENTITY_FILE');
      const done = await work.run(command, { ARCHIVER_AGE_IDENTITY_FILE: identity });
      expect([command[0], done.code]).toEqual([command[0], 0]);
    }
    const [manifest] = await manifestsIn(work);
    const back = await Promise.all(
      filesBelow(join(work.cwd, 'back'))
        .toSorted()
        .map((path) => readFile(path)),
    );
    expect(back.map(sha256)).toEqual(manifest?.files.map((file) => file.sha256));
  });

  test('is understood in the form that `zstd` and `age` give it themselves, at any level', async () => {
    const { work, identity, writing } = await openEncrypting();
    const plain = Buffer.concat([patterned(300_000), Buffer.alloc(700_000, 'redis')]);
    const file = join(work.cwd, 'dump.rdb');
    await writeFile(file, plain);
    const line = (await readFile(identity, 'utf8')).split('\n').find((text) => text.startsWith('AGE-')) ?? '';
    const codec = await createCodec({
      compression: 'none',
      compressionLevel: 3,
      ageRecipients: [],
      ageIdentities: fixed([new Secret(line)]),
    });
    for (const options of ['-1 --no-check', '--ultra -22', '--no-content-size -T2']) {
      await work.shell(
        `zstd -q -c ${options} < ${file} | age -r ${writing.ARCHIVER_AGE_RECIPIENTS} > ${file}.zst.age`,
      );
      const stored = streamOf(await readFile(`${file}.zst.age`));
      const again = await collect(codec.decode('zstd+age', stored, { what: file, size: plain.length }));
      expect(again?.equals(plain), options).toBe(true);
    }
  });
});

describeWith(['age', 'age-keygen', 'redis-server'], 'a restore test of an encrypted archive', () => {
  test('passes where its identity is, and is no verdict on the archive where it is not', async () => {
    const { work, identity, writing } = await openEncrypting();
    await work.run(['run'], writing);
    const search = { PATH: process.env['PATH'] ?? '' };
    const opened = await work.run(['drill', INSTANCE], { ...search, ARCHIVER_AGE_IDENTITY_FILE: identity });
    expect(opened.code).toBe(0);
    const closed = await work.run(['drill', INSTANCE], search);
    expect(closed.code).toBe(3);
    expect(closed.stdout + closed.stderr).toContain('no identity is configured');
  });
});

describeWith(['age', 'age-keygen', 'zstd', ...CEPH_TOOLS], "an archive in Ceph's gateway", () => {
  test('that took several parts is what the cloud sent, after `age -d`', async () => {
    const bucket = await openCephBucket();
    onTestFinished(() => bucket.close());
    const world = createWorld(systemClock);
    world.addInstance({ id: INSTANCE });
    addBackup(world, systemClock, { id: 'backup-1', size: 12 * MiB });
    const { work, identity, writing } = await openEncrypting({ world, bucket });
    const small = { ARCHIVER_PART_SIZE: '5MiB', ARCHIVER_COMPRESSION: 'none' };
    const run = await work.run(['run'], { ...writing, ...small });
    expect(run.code).toBe(0);
    const [{ files = [] } = {}] = outcomesOf(run) as { files?: { key: string; sha256: string }[] }[];
    for (const { key, sha256: digest } of files) {
      const object = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.bucket, Key: key }));
      const path = join(work.cwd, 'dump.rdb.age');
      await writeFile(path, (await object.Body?.transformToByteArray()) ?? '');
      await execute('age', ['-d', '-i', identity, '-o', `${path}.plain`, path]);
      expect(sha256(await readFile(`${path}.plain`))).toBe(digest);
    }
    expect(files).toHaveLength(1);
    const verified = await work.run(['verify'], { ARCHIVER_AGE_IDENTITY_FILE: identity });
    expect(verified.code).toBe(0);
    expect((await work.run(['run'], writing)).code).toBe(0);
  });
});

describeWith(['age', 'age-keygen'], 'a key in the wrong place', () => {
  test('is refused with 2, by the name of its variable, and never printed', async () => {
    const { work, identity, writing } = await openEncrypting();
    const secret =
      (await readFile(identity, 'utf8')).split('\n').find((line) => line.startsWith('AGE-')) ?? '';
    const recipient = writing.ARCHIVER_AGE_RECIPIENTS;
    const wrong = [
      ['ARCHIVER_AGE_RECIPIENTS', secret],
      ['ARCHIVER_AGE_RECIPIENTS', mistyped(recipient)],
      ['ARCHIVER_AGE_IDENTITY', recipient],
      ['ARCHIVER_AGE_IDENTITY', secret.slice(0, -1)],
      ['ARCHIVER_AGE_IDENTITY', `# ${secret}`],
      ['ARCHIVER_DESTINATION', secret],
    ] as const;
    for (const [name, value] of wrong) {
      const { code, stdout, stderr } = await work.run(['run'], { [name]: value });
      expect([name, code]).toEqual([name, 2]);
      expect(stderr).toContain(name);
      expect(stdout + stderr).not.toContain(secret.slice(20, -1));
    }
    const shown = await work.run(['config', 'show'], { ...writing, ARCHIVER_AGE_IDENTITY_FILE: identity });
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(recipient);
    expect(shown.stdout).not.toContain(secret.slice(20));
  });
});
