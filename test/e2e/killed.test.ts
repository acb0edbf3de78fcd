/** The end of the process, foreseen or not: whatever was under way, nothing half-done is ever an archive, and the next run makes it good. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { STOP_SIGNALS, type StopSignal } from '../../src/domain/stop-signals.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import { download } from '../support/cloud.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { INSTANCE, MiB } from '../support/scenario.ts';
import {
  itemsOf,
  lasting,
  openWorkplace,
  outcomesOf,
  summaryOf,
  type Workplace,
} from '../support/workplace.ts';

const BIG = 'redis-2-of-2.rdb';
/** Two parts and the beginning of a third lie there when the download is held at this byte. */
const HELD_AT = 11 * MiB;
const SETTINGS = { ARCHIVER_PART_SIZE: '5MiB', ARCHIVER_CONCURRENCY: '2' };

/** One old small backup, and one of two shards of which the second takes three parts. Shared: nothing here changes the cloud. */
function oldAndSharded(): World {
  const world = createWorld(systemClock);
  world.addInstance({ id: INSTANCE, shards: 2 });
  const backups = { old: [200_000], sharded: [300_000, 12 * MiB] };
  for (const [index, [id, sizes]] of Object.entries(backups).entries()) {
    const files = sizes.map((size, shard) => ({
      name: `redis-${shard + 1}-of-${sizes.length}.rdb`,
      dump: syntheticDump({ size, seed: 10 * index + shard }),
    }));
    world.addBackup(INSTANCE, { id, startedAt: systemClock.now() - (50 - 24 * index) * HOUR_MS, files });
  }
  return world;
}
const world = oldAndSharded();

/** A bucket and a workplace that uses it, for the length of `use`. */
async function withBucket<Result>(use: (work: Workplace, s3: S3Server) => Promise<Result>): Promise<Result> {
  const s3 = await startS3();
  const work = await openWorkplace({ bucket: s3, world });
  try {
    return await use(work, s3);
  } finally {
    await work.close();
    await s3.close();
  }
}

/** Starts a run and waits until two parts of the big dump lie in the bucket and its download stands still. */
async function runIntoMidUpload(work: Workplace, s3: S3Server) {
  const gate = work.cloud.holdBodyAt(download({ file: BIG }), HELD_AT);
  const command = work.start(['run'], SETTINGS);
  await gate.reached;
  const stored = () => [...s3.uploads.values()].map(({ parts }) => parts.size);
  await expect.poll(stored, { timeout: 10_000, interval: 20 }).toEqual([2]);
  await expect.poll(() => manifestsIn(s3).size, { timeout: 10_000, interval: 20 }).toBe(1);
  // Nor before the program has heard that it lies there.
  await command.said(/"backupId":"old"/);
  return { command, gate };
}

function manifestsIn(s3: S3Server): Map<string, Manifest> {
  const keys = [...s3.objects.keys()].filter((key) => key.startsWith('redis/catalog/'));
  return new Map(keys.map((key) => [key, JSON.parse(String(s3.bytesOf(key))) as Manifest]));
}

async function listedIn(work: Workplace): Promise<string[]> {
  const listing = await work.run(['list', 'archives', '--json']);
  expect(listing.code).toBe(0);
  return itemsOf<{ backupId: string }>(listing).map(({ backupId }) => backupId);
}

/** Every manifest as far as it does not tell of its run, and every object's digest. */
function stateOf(s3: S3Server) {
  const manifests = [...manifestsIn(s3)].map(([key, manifest]) => [key, lasting(manifest)] as const);
  // What was seen of the bucket is dated, and each run into an empty one sees it anew.
  const dumps = [...s3.objects.keys()].filter((key) => !/^redis\/(catalog|state)\//.test(key));
  const digests = dumps.map(
    (key) =>
      [
        key,
        createHash('sha256')
          .update(s3.bytesOf(key) ?? '')
          .digest('hex'),
      ] as const,
  );
  return { manifests: new Map(manifests), digests: new Map(digests) };
}

describe('kill -9', () => {
  let undisturbed: ReturnType<typeof stateOf>;
  beforeAll(async () => {
    undisturbed = await withBucket(async (work, s3) => {
      expect((await work.run(['run'], SETTINGS)).code).toBe(0);
      return stateOf(s3);
    });
    expect(undisturbed.manifests.size).toBe(2);
  });

  test('in mid-upload leaves no half archive, and the next run ends as if nothing had happened', () =>
    withBucket(async (work, s3) => {
      const { command, gate } = await runIntoMidUpload(work, s3);
      command.child.kill('SIGKILL');
      expect((await command.result).code).toBeNull();
      gate.release();

      expect(await listedIn(work)).toEqual(['old']);

      const next = await work.run(['run'], SETTINGS);
      expect(next.code).toBe(0);
      expect(summaryOf(next)).toMatchObject({ archived: 1, skippedBy: { 'already-archived': 1 } });
      expect(stateOf(s3)).toEqual(undisturbed);
    }));

  test('between the upload and the manifest leaves no archive either, and the next run commits it', () =>
    withBucket(async (work, s3) => {
      const commit = s3.holdAt(
        ({ operation, key }) =>
          operation === 'PutObject' && key.includes('catalog') && key.includes('sharded'),
      );
      const command = work.start(['run'], SETTINGS);
      await commit.arrived;
      command.child.kill('SIGKILL');
      await command.result;

      expect(await listedIn(work)).toEqual(['old']);
      expect((await work.run(['run'], SETTINGS)).code).toBe(0);
      expect(await listedIn(work)).toEqual(expect.arrayContaining(['old', 'sharded']));
      expect(stateOf(s3)).toEqual(undisturbed);
    }));
});

describe.each(Object.entries(STOP_SIGNALS) as [StopSignal, number][])('%s in mid-part', (signal, code) => {
  test(`ends with ${code}, tells the backup as interrupted, and leaves no upload behind`, () =>
    withBucket(async (work, s3) => {
      const { command, gate } = await runIntoMidUpload(work, s3);
      command.child.kill(signal);
      const result = await command.result;
      gate.release();

      expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: '' });
      expect(outcomesOf(result).map(({ backupId, outcome, reason }) => [backupId, outcome, reason])).toEqual([
        ['old', 'archived', null],
        ['sharded', 'failed', 'interrupted'],
      ]);
      expect(summaryOf(result)).toMatchObject({ archived: 1, failed: 1, exitCode: code });
      expect(s3.uploads.size).toBe(0);
      expect(await listedIn(work)).toEqual(['old']);
    }));

  test('and once more ends at once, whatever the store is doing', () =>
    withBucket(async (work, s3) => {
      const { command } = await runIntoMidUpload(work, s3);
      const cleaningUp = s3.holdAt(({ operation }) => operation === 'AbortMultipartUpload', { all: true });
      command.child.kill(signal);
      await cleaningUp.arrived;
      // Twice at the same moment is once, so it is asked for until it is heard.
      const asking = setInterval(() => command.child.kill(signal), 50);
      expect((await command.result).code).toBe(code);
      clearInterval(asking);
    }));

  test('and handed on by a launcher that got it too is one signal: the upload is given up all the same', () =>
    withBucket(async (work, s3) => {
      const { command, gate } = await runIntoMidUpload(work, s3);
      command.child.kill(signal);
      command.child.kill(signal);
      const cleanedUp = command.said(/"event":"run.summary"/);
      await cleanedUp;
      gate.release();
      expect((await command.result).code).toBe(code);
      expect(s3.uploads.size).toBe(0);
    }));
});
