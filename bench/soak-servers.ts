/** For `bench/soak.ts`: the cloud and the bucket in a process of their own, what goes wrong with them, and the judge of what came of it. */
import type { RequestRecord } from '../src/sandbox/sandbox.ts';
import { createCloud } from '../test/support/cloud.ts';
import { startS3 } from '../test/support/s3.ts';
import type { S3Request } from '../test/support/s3-faults.ts';
import { diceOf } from './soak-dice.ts';
import { strike, strikeWithoutEnd } from './soak-faults.ts';
import { createJudge } from './soak-judge.ts';
import type { Struck } from './soak-stage.ts';
import { type Begun, type Judged, type Place, SOURCES, type ToServers } from './soak-words.ts';
import { createChangingWorld, type LiveBackup } from './soak-world.ts';

const [seed = '0'] = process.argv.slice(2);
/** The worker's `staleUploadAge`, in milliseconds. */
const STALE_MS = 150_000;
const DAY_MS = 86_400_000;
/** Rounds until the process has once held as much as it ever will. */
const WARM = 12;
/** Milliseconds between two looks at what is listed as archived while a run is going on. */
const LOOK_MS = 50;

const clock = { now: () => Date.now() };
const changing = createChangingWorld(clock);
const cloud = await createCloud({
  world: changing.world,
  clock,
  regions: SOURCES.map(({ region }) => region),
});
const s3 = await startS3();
const judge = createJudge(s3);
let struck: Struck[] = [];
let calm = false;
let begunAt = 0;

function begin(round: number): Begun {
  const dice = diceOf(seed, round);
  judge.forget(changing.turn(round, dice));
  // Only the new ones are sure to be downloaded, and the same for the same seed, whatever came of the rounds before.
  const backups = changing.backups.filter(({ since }) => since === round);
  if (calm) ageQuarantine();
  const stage = { cloud, s3, backups, dice, lose: (backup: LiveBackup) => changing.lose(backup) };
  if (calm) struck = [];
  else struck = round < WARM ? strikeWithoutEnd(stage) : strike(stage, dice.between(4, 16));
  begunAt = Date.now();
  return { backups: changing.backups.length, faults: struck.map(({ name }) => name) };
}

/** What lies in quarantine is tried again once a day; the judge has no time for that. */
function ageQuarantine(): void {
  for (const [key, object] of s3.objects) {
    if (!key.endsWith('/record.json')) continue;
    const record = JSON.parse(String(s3.bytesOf(key))) as { lastTriedAt: string };
    record.lastTriedAt = `${new Date(Date.parse(record.lastTriedAt) - DAY_MS).toISOString().slice(0, 19)}Z`;
    const bytes = Buffer.from(JSON.stringify(record));
    s3.objects.set(key, { ...object, size: bytes.length, chunks: [bytes] });
  }
}

async function end(runs: Extract<ToServers, { ask: 'judge' }>['runs']): Promise<Judged> {
  const strikes: Record<string, number> = {};
  for (const { name, strikes: count, remove } of struck) {
    strikes[name] = (strikes[name] ?? 0) + count();
    remove();
  }
  await s3.settled();
  const { files, bytes } = judge.archives(changing.backups);
  judge.stories(runs, changing.backups);
  if (calm) judge.calm(runs, changing.backups, begunAt - STALE_MS);
  // The stand-ins remember every request, which would fill the memory of a run that lasts for hours.
  (cloud.requests as RequestRecord[]).length = 0;
  (s3.requests as S3Request[]).length = 0;
  return { problems: judge.problems.splice(0), strikes, files, bytes };
}

// Whoever began it is gone.
process.once('disconnect', () => process.exit());
process.on('message', async (message: ToServers) => {
  if (message.ask === 'begin') {
    calm = message.calm;
    process.send?.(begin(message.round));
  } else {
    process.send?.(await end(message.runs));
  }
});
setInterval(() => judge.look(), LOOK_MS);

const { secretId, secretKey } = cloud.credentials;
process.send?.({
  cloudUrl: cloud.url,
  secretId,
  secretKey,
  s3Endpoint: s3.endpoint,
  bucket: s3.bucket,
  ...s3.credentials,
} satisfies Place);
