/** What goes wrong on the way from the cloud, and what becomes of the backup. */
import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../support/builders.ts';
import { download, type Fault } from '../support/cloud.ts';
import {
  changeEtag,
  chunked,
  cutAfter,
  cutAt,
  cutBeforeAnswer,
  cutFile,
  emptyFile,
  endChunksEarlyAt,
  endEarlyAt,
  expired,
  expireLinkAt,
  flipBit,
  gzipBody,
  htmlPage,
  ignoreRange,
  noSuchKey,
  restrictedNetwork,
  stallAt,
  weakEtag,
  wrongRangeStart,
  wrongRangeTotal,
} from '../support/cloud-download-faults.ts';
import {
  addBackup,
  createScenario,
  digestOf,
  INSTANCE,
  MiB,
  only,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const SIZE = 6 * MiB + 1234;

function broken(config: ScenarioOptions['config'] = {}): Promise<Scenario> {
  return createScenario({
    config,
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1', size: SIZE });
    },
  });
}

describe('a download that breaks once', () => {
  it.each<[string, Fault]>([
    ['before any answer', cutBeforeAnswer()],
    ['at its first byte', cutAt(0)],
    ['in mid-part', cutAt(3_000_001)],
    ['between two parts', cutAt(5 * MiB)],
    ['before its last byte', cutAt(SIZE - 1)],
    ['by a clean end before the announced length', endEarlyAt(4_000_000)],
    ['by a clean end of an answer without a length', endChunksEarlyAt(4_000_000)],
    ['by a gzip-encoded answer that nobody asked for', gzipBody()],
    ['by one flipped bit', flipBit(4_321_000)],
    ['with a weak ETag', weakEtag()],
    ['without a length', chunked()],
  ])('%s still gives the cloud’s bytes', async (_, fault) => {
    const scenario = await broken();
    const active = scenario.cloud.fault(download(), fault, { times: 1 });
    const run = await scenario.run();
    expect(active.strikes).toBe(1);
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(scenario.manifests().get('backup-1')?.files[0]?.sha256).toBe(await digestOf(scenario));
    expect(scenario.s3.uploads.size).toBe(0);
  });

  it('goes on at the same byte, and says how often', async () => {
    const scenario = await broken();
    scenario.cloud.fault(download(), cutAfter(1_500_000), { times: 3 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', resumes: 3, attempts: 1 });
    expect(scenario.cloud.downloads().map(({ received }) => received.headers['range'])).toEqual([
      undefined,
      'bytes=1500000-',
      'bytes=3000000-',
      'bytes=4500000-',
    ]);
  });

  it.each<[string, Fault]>([
    ['the host ignores Range', ignoreRange()],
    ['the ETag changes', changeEtag()],
    ['Content-Range starts elsewhere', wrongRangeStart()],
    ['Content-Range has another total', wrongRangeTotal()],
  ])('begins again rather than splice two bodies when %s', async (_, fault) => {
    const scenario = await broken();
    scenario.cloud.fault(download(), cutAt(2_000_000), { times: 1 });
    scenario.cloud.fault(download(), fault, { after: 1, times: 1 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(run.of('transfer.restarted')).toHaveLength(1);
    expect(scenario.manifests().get('backup-1')?.files[0]?.sha256).toBe(await digestOf(scenario));
  });

  it('by a stall still gives the cloud’s bytes', async () => {
    const scenario = await broken({ stallTimeoutMs: 500, attempts: 20 });
    const active = scenario.cloud.fault(download(), stallAt(2_000_000), { times: 1 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(active.strikes).toBe(1);
    expect(scenario.manifests().get('backup-1')?.files[0]?.sha256).toBe(await digestOf(scenario));
  });

  it('gets a new link when the old one expires in mid-file, and goes on at the same byte', async () => {
    const scenario = await broken();
    scenario.cloud.fault(download(), expireLinkAt(2_500_000));
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', linkRenewals: 1, resumes: 1 });
    expect(scenario.cloud.downloads().at(-1)?.received.headers['range']).toBe('bytes=2500000-');
  });
});

describe('a download that cannot succeed', () => {
  it.each<[string, Fault, string]>([
    ['the connection always breaks', cutBeforeAnswer(), 'download-failed'],
    ['every link is expired', expired(), 'link-refused'],
    ['downloads are restricted to another network', restrictedNetwork(), 'link-refused'],
    ['the dump is gone from the download host', noSuchKey(), 'backup-gone'],
    ['a web page comes in its place', htmlPage(), 'download-failed'],
  ])('is told as such when %s, and leaves nothing behind', async (_, fault, reason) => {
    const scenario = await broken();
    scenario.cloud.fault(download(), fault);
    const run = await scenario.run();
    const outcome = only(run);
    expect(outcome).toMatchObject({ outcome: 'failed', reason });
    if (outcome.outcome !== 'failed') return;
    expect(outcome.error.message).not.toBe('');
    expect(outcome.error.hint).not.toBe('');
    expect(run.summary.exitCode).toBe(3);
    expect(scenario.keys()).toEqual([]);
    expect(scenario.s3.uploads.size).toBe(0);
  });
});

describe('a download that always stalls', () => {
  it('is told as failed, and leaves nothing behind', async () => {
    const scenario = await broken({ stallTimeoutMs: 200 });
    scenario.cloud.fault(download(), stallAt(0));
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
    expect(scenario.keys()).toEqual([]);
  });
});

describe('a dump that stays damaged', () => {
  it.each<[string, Fault]>([
    ['one bit of it is wrong', flipBit(4_321_000)],
    ['it lacks its last byte', cutFile()],
    ['it is empty', emptyFile()],
  ])(
    'because %s never becomes an archive: it is fetched twice, kept in quarantine and reported',
    async (_, fault) => {
      const scenario = await broken();
      scenario.cloud.fault(download(), fault);
      const run = await scenario.run();
      expect(only(run)).toMatchObject({
        outcome: 'failed',
        reason: 'corrupt-source',
        error: { code: 'corrupt-source' },
      });
      expect(run.summary.exitCode).toBe(3);
      expect(scenario.cloud.downloads()).toHaveLength(3);
      expect(scenario.keys('catalog')).toEqual([]);
      expect(scenario.keys('data')).toEqual([]);
      expect(scenario.keys('quarantine').map((key) => key.split('/').at(-1))).toEqual([
        'dump.rdb',
        'record.json',
      ]);
    },
  );

  it('is reported by later runs without a download, tried once a day, and archived when it comes whole', async () => {
    const scenario = await broken();
    const active = scenario.cloud.fault(download(), flipBit(4_321_000));
    await scenario.run();

    scenario.clock.advance(2 * HOUR_MS);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
    expect(scenario.cloud.downloads()).toHaveLength(3);

    scenario.clock.advance(23 * HOUR_MS);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
    expect(scenario.cloud.downloads()).toHaveLength(4);

    scenario.clock.advance(2 * HOUR_MS);
    await scenario.run();
    expect(scenario.cloud.downloads()).toHaveLength(4);

    active.remove();
    scenario.clock.advance(23 * HOUR_MS);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
  });

  it('is tried at once when an operator asks for it by name', async () => {
    const scenario = await broken();
    const active = scenario.cloud.fault(download(), flipBit(4_321_000));
    await scenario.run();
    active.remove();
    expect(only(await scenario.archive(INSTANCE, 'backup-1'))).toMatchObject({ outcome: 'archived' });
  });
});

describe('a backup of five shards', () => {
  const five = () =>
    createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 5 });
        addBackup(world, clock, { id: 'cluster', files: 5 });
      },
    });

  it('is no archive when one shard cannot be had', async () => {
    const scenario = await five();
    scenario.cloud.fault(download({ file: 'redis-4.rdb' }), cutBeforeAnswer());
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
    expect(scenario.keys('catalog')).toEqual([]);
  });

  it('is no archive when one shard is damaged; that one is quarantined, and the record names where all five lie', async () => {
    const scenario = await five();
    scenario.cloud.fault(download({ file: 'redis-4.rdb' }), flipBit(1000));
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
    expect(scenario.keys('catalog')).toEqual([]);
    const names = scenario.keys('quarantine').map((key) => key.split('/').at(-1));
    expect(names).toEqual(['dump-4-of-5.rdb', 'record.json']);
    const record = JSON.parse(String(scenario.s3.bytesOf(scenario.keys('quarantine')[1] ?? ''))) as {
      files: { key: string; damage?: string }[];
    };
    expect(record.files).toHaveLength(5);
    expect(record.files.filter(({ damage }) => damage !== undefined)).toHaveLength(1);
    for (const { key } of record.files) expect(scenario.s3.objects.has(key), key).toBe(true);
  });
});
