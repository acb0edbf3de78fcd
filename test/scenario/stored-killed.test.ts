/** A process that was killed while it stored an encrypted archive: what it left is in nobody's way. */
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, onTestFinished, test } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { startS3 } from '../support/s3.ts';
import { addBackup, INSTANCE } from '../support/scenario.ts';
import { openWorkplace, summaryOf } from '../support/workplace.ts';

test('kill -9 between the dumps and the manifest leaves a folder that no later run reads, writes or trips over', async () => {
  const identity = await generateX25519Identity();
  const settings = {
    ARCHIVER_COMPRESSION: 'zstd',
    ARCHIVER_AGE_RECIPIENTS: await identityToRecipient(identity),
    ARCHIVER_AGE_IDENTITY: identity,
  };
  const s3 = await startS3();
  const world = createWorld(systemClock);
  world.addInstance({ id: INSTANCE, shards: 2 });
  addBackup(world, systemClock, { id: 'backup-1', files: 2 });
  const work = await openWorkplace({ bucket: s3, world });
  onTestFinished(async () => {
    await work.close();
    await s3.close();
  });
  const dumps = () => [...s3.objects.keys()].filter((key) => key.startsWith('redis/data/'));

  const commit = s3.holdAt(({ operation, key }) => operation === 'PutObject' && key.includes('catalog'));
  const killed = work.start(['run'], settings);
  await commit.arrived;
  killed.child.kill('SIGKILL');
  await killed.result;
  const left = dumps();
  expect(left).toHaveLength(2);

  const next = await work.run(['run'], settings);
  expect(next.code).toBe(0);
  expect(summaryOf(next)).toMatchObject({ archived: 1 });
  const manifestKey = [...s3.objects.keys()].find((key) => key.startsWith('redis/catalog/')) ?? '';
  const manifest = JSON.parse(String(s3.bytesOf(manifestKey))) as Manifest;
  const named = manifest.files.map(({ key }) => key);
  expect(named.filter((key) => left.includes(key))).toEqual([]);
  expect(dumps().toSorted()).toEqual([...left, ...named].toSorted());
  expect((await work.run(['verify'], settings)).code).toBe(0);
  expect(summaryOf(await work.run(['run'], settings))).toMatchObject({ archived: 0, skipped: 1 });
});
