/** What every real store has to bear out: the object store's promises, and the command line at work, undisturbed and disturbed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { PROFILES, type ProviderName } from '../../src/store/s3/provider-profile.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { VerifyItem } from '../../src/verify/report.ts';
import { objectStoreContract } from '../contract/object-store.ts';
import { collect, patterned, streamOf } from '../support/bodies.ts';
import { HOUR_MS } from '../support/builders.ts';
import { download, type Where } from '../support/cloud.ts';
import { describeWith } from '../support/needs.ts';
import type { RealBucket } from '../support/real-bucket.ts';
import { storeOn } from '../support/s3-stores.ts';
import { createScenario, INSTANCE, MiB } from '../support/scenario.ts';
import {
  filesBelow,
  itemsOf,
  openWorkplace,
  outcomesOf,
  summaryOf,
  type Workplace,
} from '../support/workplace.ts';
import { startFlippingFront } from './flipping-front.ts';
import { preparedStore } from './prepared.ts';
import { type RealServer, startStore } from './servers.ts';
import { REAL_STORES, type StoreName } from './stores.ts';

const SETTINGS = { ARCHIVER_PART_SIZE: '5MiB', ARCHIVER_ATTEMPTS: '1' };
const BACKUPS = ['whole', 'in-parts'] as const;
const DUMPS = {
  whole: syntheticDump({ size: 200_000, seed: 1 }),
  'in-parts': syntheticDump({ size: 12 * MiB, seed: 2 }),
};
type ProfileName = 'auto' | ProviderName;

/** All of them for `npm run stores`; CI has little time. */
const PROFILES_TRIED = (
  process.env['RDB_ARCHIVER_STORES'] === 'all' ? ['auto', ...Object.keys(PROFILES)] : ['auto', 'aws']
) as readonly ProfileName[];
const signal = new AbortController().signal;

export function storeSuite(name: StoreName): void {
  const { title, version, tools, traits } = REAL_STORES[name];
  describeWith(tools, `${title} ${version}`, () => {
    let server: RealServer;
    beforeAll(async () => {
      server = await startStore(name);
    });
    afterAll(() => server.stop());

    if (traits === 'refused') {
      refusal(() => server);
      lossless(() => server);
    } else {
      objectStoreContract(name, { ...traits, leftoversHaveKeys: true }, async () => {
        const bucket = await server.bucket();
        return {
          store: await preparedStore(bucket),
          leftovers: async () => (await uploadsIn(bucket)).length,
          async strand(key) {
            await bucket.client.send(new CreateMultipartUploadCommand({ Bucket: bucket.bucket, Key: key }));
          },
          close: async () => bucket.close(),
        };
      });
      atWork(() => server);
    }
  });
}

/** The command line on a store that it trusts with archives. */
function atWork(running: () => RealServer): void {
  describe('the command line', () => {
    let bucket: RealBucket;
    let work: Workplace;

    const open = async (server: RealServer) => {
      bucket = await server.bucket();
      work = await openWorkplace({ world: smallAndLarge(), bucket });
      onTestFinished(async () => {
        await work.close();
        bucket.close();
      });
    };
    const archived = async () =>
      itemsOf<{ backupId: string }>(await work.run(['list', 'archives', '--json']))
        .map(({ backupId }) => backupId)
        .sort();
    const expectAllWell = async () => {
      const verified = await work.run(['verify', '--json']);
      expect([verified.code, itemsOf<VerifyItem>(verified).map(({ result }) => result)]).toEqual([
        0,
        ['ok', 'ok'],
      ]);
    };

    test('archives every dump once, finds all well, and gives each back byte for byte', async () => {
      await open(running());
      const [first, second] = [await work.run(['run'], SETTINGS), await work.run(['run'], SETTINGS)];
      expect([first.code, first.stderr, summaryOf(first)['archived']]).toEqual([0, '', 2]);
      expect([second.code, summaryOf(second)['skippedBy']]).toEqual([0, { 'already-archived': 2 }]);
      await expectAllWell();
      expect((await work.run(['verify', '--quick'])).code).toBe(0);
      for (const backup of BACKUPS) {
        const folder = join(work.cwd, backup);
        const restored = await work.run(['restore', INSTANCE, backup, '--to', folder]);
        const files = filesBelow(folder).filter((path) => path.endsWith('.rdb'));
        expect([restored.code, files.length]).toEqual([0, 1]);
        expect((await readFile(files[0] ?? '')).equals(bytesOf(backup))).toBe(true);
      }
      expect(await uploadsIn(bucket)).toEqual([]);
    });

    test.each(PROFILES_TRIED)(
      'under the profile %s never takes a dump for archived of which one bit was flipped on the way',
      async (profile) => {
        const bucket = await running().bucket();
        const front = await startFlippingFront(bucket.endpoint);
        onTestFinished(async () => {
          await front.close();
          bucket.close();
        });
        const scenario = await createScenario({
          measured: false,
          world: (world, clock) => fill(world, clock),
          adjust: ({ destination, ...config }) => ({
            ...config,
            destination: {
              ...destination,
              ...{ kind: 's3', prefix: 'redis', region: 'us-east-1', forcePathStyle: true },
              ...{ bucket: bucket.bucket, endpoint: front.endpoint, profile },
              credentials: fixed({
                accessKeyId: bucket.credentials.accessKeyId,
                secretAccessKey: new Secret(bucket.credentials.secretAccessKey),
              }),
            },
          }),
        });
        front.flips = (path) => path.includes('/redis/data/');
        const { outcomes } = await scenario.run();
        expect(outcomes.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
        expect(front.flipped).toBeGreaterThanOrEqual(2);
        expect(await keysIn(bucket, 'redis/catalog/')).toEqual([]);

        front.flips = () => false;
        expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
        for (const key of await keysIn(bucket, 'redis/data/')) {
          const { Body } = await bucket.client.send(
            new GetObjectCommand({ Bucket: bucket.bucket, Key: key }),
          );
          const lies = Buffer.from((await Body?.transformToByteArray()) ?? []);
          expect([key, lies.equals(bytesOf(key.includes('in-parts') ? 'in-parts' : 'whole'))]).toEqual([
            key,
            true,
          ]);
        }
      },
    );

    test('loses nothing by a race: the second of two runs gives its upload up, and the archive of the first stays', async () => {
      await open(running());
      let downloads = 0;
      const first: Where = (exchange) => download({ file: 'in-parts.rdb' })(exchange) && downloads++ === 0;
      const gate = work.cloud.holdBodyAt(first, 11 * MiB);
      const late = work.start(['run'], SETTINGS);
      await gate.reached;
      expect((await work.run(['run'], SETTINGS)).code).toBe(0);
      gate.release();
      const { code, stderr } = await late.result;
      expect([code, stderr]).toEqual([0, '']);
      expect(await archived()).toEqual(['in-parts', 'whole']);
      await expectAllWell();
    });

    test('loses nothing by a sweep of what a killed run has left beside the archive of the next', async () => {
      await open(running());
      const gate = work.cloud.holdBodyAt(download({ file: 'in-parts.rdb' }), 11 * MiB);
      const killed = work.start(['run'], SETTINGS);
      await gate.reached;
      await expect.poll(() => uploadsIn(bucket), { timeout: 10_000, interval: 20 }).toHaveLength(1);
      killed.child.kill('SIGKILL');
      await killed.result;
      gate.release();
      expect((await work.run(['run'], SETTINGS)).code).toBe(0);
      const store = await preparedStore(bucket);
      const later = Date.now() + HOUR_MS;
      await store.sweep('redis/data/', { isOurs: () => true, begunBefore: later, signal });
      expect(await uploadsIn(bucket)).toEqual([]);
      expect(await archived()).toEqual(['in-parts', 'whole']);
      await expectAllWell();
    });
  });
}

/** A store that would lose archives. */
function refusal(running: () => RealServer): void {
  test('is refused by `check` and by a run, before anything is attempted', async () => {
    const bucket = await running().bucket();
    const work = await openWorkplace({ world: smallAndLarge(), bucket });
    onTestFinished(async () => {
      await work.close();
      bucket.close();
    });
    const [check, run, again] = [
      await work.run(['check'], SETTINGS),
      await work.run(['run'], SETTINGS),
      await work.run(['run'], SETTINGS),
    ];
    expect(check.stdout).toMatch(/^failed +destination +aborted-uploads .*loses finished objects/m);
    expect([check.code, run.code, again.code]).toEqual([11, 11, 11]);
    expect(outcomesOf(run)).toEqual([]);
    expect(await keysIn(bucket, '')).toEqual(['redis/state/probe/seen.json']);
  });
}

/** What a run relies on before it has looked. */
function lossless(running: () => RealServer): void {
  test('loses no finished object to an upload that fails, or is swept, beside it: both are left there', async () => {
    const bucket = await running().bucket();
    onTestFinished(() => bucket.close());
    const store = storeOn(bucket, 'other');
    const binary = { signal, contentType: 'application/octet-stream' };
    const bytes = patterned(6 * MiB);
    await store.upload('redis/data/dump.rdb', streamOf(bytes), binary);
    const failure = new Error('the download broke off');
    const broken = streamOf(bytes, {
      before: (position) => {
        if (position > 5 * MiB) throw failure;
      },
    });
    await expect(store.upload('redis/data/dump.rdb', broken, binary)).rejects.toBe(failure);
    const later = Date.now() + HOUR_MS;
    expect(await store.sweep('redis/', { isOurs: () => true, begunBefore: later, signal })).toBe(0);
    expect(await uploadsIn(bucket)).toEqual(['redis/data/dump.rdb']);
    const back = await collect(await store.read('redis/data/dump.rdb', { signal }));
    expect(back?.equals(bytes)).toBe(true);
  });
}

function smallAndLarge(): World {
  const world = createWorld(systemClock);
  fill(world, systemClock);
  return world;
}

function fill(world: World, clock: Clock): void {
  world.addInstance({ id: INSTANCE });
  for (const [index, id] of BACKUPS.entries())
    world.addBackup(INSTANCE, {
      id,
      startedAt: clock.now() - (30 - 24 * index) * HOUR_MS,
      files: [{ name: `${id}.rdb`, dump: DUMPS[id] }],
    });
}

function bytesOf(backup: keyof typeof DUMPS): Buffer {
  const dump = DUMPS[backup];
  return Buffer.concat([...dump.read(0, dump.size)]);
}

async function keysIn({ client, bucket }: RealBucket, prefix: string): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key);
}

async function uploadsIn({ client, bucket }: RealBucket): Promise<string[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key = '' }) => Key);
}
