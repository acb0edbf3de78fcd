/** For `bench/memory.ts`: a cloud with dumps of a given size and a bucket that keeps digests only, in a process of their own. */
import { sandboxEnvironment } from '../src/sandbox/sandbox.ts';
import { syntheticDump } from '../src/sandbox/synthetic-dump.ts';
import { createWorld } from '../src/sandbox/world.ts';
import { createCloud } from '../test/support/cloud.ts';
import { startS3 } from '../test/support/s3.ts';

const [size = '0', dumps = '1'] = process.argv.slice(2);
const clock = { now: () => Date.now() };
const world = createWorld(clock);
const dump = syntheticDump({ size: Number(size), seed: 1 });
for (let index = 0; index < Number(dumps); index += 1) {
  const { id } = world.addInstance({ id: `crs-bench00${index}` });
  world.addBackup(id, { startedAt: clock.now() - 3_600_000, files: [{ name: 'dump.rdb', dump }] });
}
const cloud = await createCloud({ world, clock });
const s3 = await startS3({ discardBodies: true });
process.send?.({
  ...sandboxEnvironment(cloud),
  ARCHIVER_DESTINATION: `s3://${s3.bucket}/redis`,
  ARCHIVER_S3_ENDPOINT: s3.endpoint,
  ARCHIVER_S3_REGION: 'us-east-1',
  ARCHIVER_S3_FORCE_PATH_STYLE: 'true',
  AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
});
