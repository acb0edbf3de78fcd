/**
 * Kill it anywhere: SIGKILL ends the program at each of its requests in turn.
 *
 * It is the program as it ships, and the requests are those to the API, the download host and the store. Each time the next run makes it good.
 *
 * The request at which it dies has come whole, and the server carries it out, as a real one would, with nobody to hear the answer.
 * What it would be to die before is the same as to die at the request in front of it.
 */
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { expect, test } from 'vitest';
import { createApp } from '../../src/app/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import { type RunningCommand, startCommand } from '../support/command.ts';
import { PROBE_PREFIX } from '../support/probe.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { INSTANCE, MiB } from '../support/scenario.ts';
import { lasting, openWorkplace, type Workplace } from '../support/workplace.ts';

const SETTINGS = { ARCHIVER_PART_SIZE: '5MiB', ARCHIVER_CONCURRENCY: '2', ARCHIVER_STALE_UPLOAD_AGE: '24h' };
/** The files of each backup, in bytes. */
const BACKUPS = { small: [4000], multipart: [5 * MiB + 70_000], sharded: [3000, 5 * MiB + 90_000, 5000] };
/** Children at once. */
const AT_ONCE = 2;

/** Shared: nothing here changes the cloud. */
const world = theCloud();

test('SIGKILL at any request leaves no half archive, and the next run ends as if nothing had happened', async () => {
  const undisturbed = await inBucket(async (work, s3) => {
    expect((await start(work).result).code).toBe(0);
    return { state: stateOf(s3), requests: s3.requests.length + work.cloud.requests.length };
  });
  expect(undisturbed.state.manifests.size).toBe(Object.keys(BACKUPS).length);

  const limit = pLimit(AT_ONCE);
  const kills = Array.from({ length: undisturbed.requests }, (_, index) => index + 1);
  const ends = await Promise.all(kills.map((nth) => limit(() => killAt(nth, undisturbed.state))));
  const seen = ends.filter(({ manifests }) => manifests > 0 && manifests < undisturbed.state.manifests.size);
  expect(seen.length, 'kills between two archives').toBeGreaterThan(0);
  const stranded = ends.filter(({ uploads }) => uploads > 0);
  expect(stranded.length, 'kills that strand an upload').toBeGreaterThan(0);
}, 240_000);

/** Kills the program at its n-th request, looks at what lies there, and runs it again. */
async function killAt(nth: number, undisturbed: State): Promise<{ manifests: number; uploads: number }> {
  return inBucket(async (work, s3) => {
    const command = start(work);
    await killedAtRequest(nth, command, work, s3);
    const left = { manifests: stateOf(s3).manifests, uploads: [...s3.uploads.keys()] };
    // Whole from the first moment: each manifest names files that lie there, with their digests.
    expectWhole(s3, undisturbed, `killed at request ${nth}`);
    expect(left.uploads.length, `uploads of a run killed at request ${nth}`).toBeLessThanOrEqual(2);

    expect(await runAgain(work), `the run after a kill at request ${nth}`).toBe(0);
    expect(stateOf(s3), `the run after a kill at request ${nth}`).toEqual(undisturbed);
    // Younger than their age limit, they are not ours to sweep yet, and the second run leaves none of its own.
    expect([...s3.uploads.keys()]).toEqual(left.uploads);
    return { manifests: left.manifests.size, uploads: left.uploads.length };
  });
}

async function killedAtRequest(
  nth: number,
  { child, result }: RunningCommand,
  { cloud }: Workplace,
  s3: S3Server,
): Promise<void> {
  let requests = 0;
  const isNth = (): boolean => {
    requests += 1;
    return requests === nth;
  };
  const gates = [cloud.holdAt(isNth), s3.holdAt(isNth, { all: true })] as const;
  await Promise.race([gates[0].reached, gates[1].arrived, result]);
  child.kill('SIGKILL');
  expect((await result).code).toBeNull();
  for (const gate of gates) gate.release();
  await s3.settled();
}

/** In this process, since it is the start of a process that takes time: the same program. */
async function runAgain({ cwd, env }: Workplace): Promise<number> {
  const config = loadConfig({ flags: {}, env: { ...env, ...SETTINGS }, cwd });
  const app = await createApp(config, { clock: systemClock, observer: () => {} });
  try {
    return (await app.run({ signal: new AbortController().signal })).exitCode;
  } finally {
    await app.close();
  }
}

function start({ cwd, env }: Workplace): RunningCommand {
  return startCommand(['run'], { cwd, env: { ...env, ...SETTINGS } });
}

async function inBucket<Result>(use: (work: Workplace, s3: S3Server) => Promise<Result>): Promise<Result> {
  const s3 = await startS3();
  const work = await openWorkplace({ bucket: s3, world });
  try {
    return await use(work, s3);
  } finally {
    await work.close();
    await s3.close();
  }
}

interface State {
  /** As far as they do not tell of their run, by key. */
  readonly manifests: ReadonlyMap<string, ReturnType<typeof lasting>>;
  /** SHA-256 of every other object, by key. */
  readonly digests: ReadonlyMap<string, string>;
}

function stateOf(s3: S3Server): State {
  // What was seen of the store differs by its date, and a run that is killed while it looks leaves the small object of its trial.
  const keys = [...s3.objects.keys()].filter((key) => !key.startsWith(PROBE_PREFIX)).sort();
  const isManifest = (key: string): boolean => key.startsWith('redis/catalog/');
  const text = (key: string): string => String(s3.bytesOf(key));
  const digest = (key: string): string =>
    createHash('sha256')
      .update(s3.bytesOf(key) ?? '')
      .digest('hex');
  return {
    manifests: new Map(
      keys.filter(isManifest).map((key) => [key, lasting(JSON.parse(text(key)) as Manifest)]),
    ),
    digests: new Map(keys.filter((key) => !isManifest(key)).map((key) => [key, digest(key)])),
  };
}

function expectWhole(s3: S3Server, undisturbed: State, when: string): void {
  const { manifests, digests } = stateOf(s3);
  for (const [key, manifest] of manifests) {
    expect(manifest, when).toEqual(undisturbed.manifests.get(key));
    for (const file of manifest.files) expect(digests.get(file.key), when).toBe(file.sha256);
  }
}

function theCloud(): World {
  const filled = createWorld(systemClock);
  filled.addInstance({ id: INSTANCE, shards: 3 });
  for (const [index, [id, sizes]] of Object.entries(BACKUPS).entries()) {
    const files = sizes.map((size, shard) => ({
      name: `redis-${shard + 1}.rdb`,
      dump: syntheticDump({ size, seed: 10 * index + shard }),
    }));
    filled.addBackup(INSTANCE, { id, startedAt: systemClock.now() - (3 + 24 * index) * HOUR_MS, files });
  }
  return filled;
}
