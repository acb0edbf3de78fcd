/** The main job when nothing goes wrong: first run, second run, a new backup, and what is told of it all. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { stampOf, toInstant } from '../../src/domain/instant.ts';
import { DAY_MS } from '../support/builders.ts';
import { addBackup, createScenario, INSTANCE, MiB, only } from '../support/scenario.ts';

describe.each(['tencent-v3', 'tencent-v2'] as const)('with %s', (api) => {
  it('archives a backup: the cloud’s bytes, then a manifest that names them', async () => {
    const scenario = await createScenario({ api });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ considered: 1, archived: 1, skipped: 0, failed: 0, exitCode: 0 });

    const manifest = scenario.manifests().get('backup-1');
    const [file] = manifest?.files ?? [];
    const stored = scenario.s3.bytesOf(file?.key ?? '');
    expect(file).toMatchObject({ size: 4000, rdb: { version: 10, checksum: 'verified' } });
    expect(
      createHash('sha256')
        .update(stored ?? '')
        .digest('hex'),
    ).toBe(file?.sha256);
    expect(only(run)).toMatchObject({
      outcome: 'archived',
      reason: null,
      bytes: 4000,
      attempts: 1,
      resumes: 0,
      linkRenewals: 0,
    });
    expect(only(run).files).toEqual([{ key: file?.key, size: 4000, sha256: file?.sha256 }]);
  });

  it('moves nothing the second time, and asks for no link', async () => {
    const scenario = await createScenario({ api });
    await scenario.run();
    const before = scenario.cloud.requests.length;
    const second = await scenario.run();
    expect(only(second)).toMatchObject({
      outcome: 'skipped',
      reason: 'already-archived',
      bytes: 0,
      files: [],
    });
    expect(second.summary).toMatchObject({ exitCode: 0, skippedBy: { 'already-archived': 1 } });
    expect(scenario.cloud.downloads()).toHaveLength(1);
    expect(scenario.cloud.requests.slice(before).map(({ action }) => action)).not.toContain(
      api === 'tencent-v3' ? 'DescribeBackupUrl' : 'GetBackupDownloadUrl',
    );
  });

  it('archives only the new one when a new backup appears', async () => {
    const scenario = await createScenario({ api });
    await scenario.run();
    addBackup(scenario.cloud.world, scenario.clock, { id: 'backup-2', hoursAgo: 1 });
    const run = await scenario.run();
    expect(run.outcomes.map(({ backupId, outcome }) => [backupId, outcome]).toSorted()).toEqual([
      ['backup-1', 'skipped'],
      ['backup-2', 'archived'],
    ]);
  });
});

describe('a run', () => {
  it('asks for a link only when its transfer starts', async () => {
    const scenario = await createScenario({
      config: { concurrency: 1 },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        for (const id of ['a', 'b', 'c']) addBackup(world, clock, { id });
      },
    });
    await scenario.run();
    const order = scenario.cloud.requests
      .map(({ kind, action }) => (kind === 'download' ? 'download' : action))
      .filter((step) => step === 'download' || step === 'DescribeBackupUrl');
    expect(order).toEqual([
      'DescribeBackupUrl',
      'download',
      'DescribeBackupUrl',
      'download',
      'DescribeBackupUrl',
      'download',
    ]);
  });

  it('archives first what the cloud will delete first', async () => {
    const scenario = await createScenario({
      config: { concurrency: 1 },
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        for (const hoursAgo of [30, 160, 3, 99]) addBackup(world, clock, { id: `${hoursAgo}h`, hoursAgo });
      },
    });
    const run = await scenario.run();
    expect(run.outcomes.map(({ backupId }) => backupId)).toEqual(['160h', '99h', '30h', '3h']);
  });

  it('archives a dump of many parts, and a cluster’s files as one archive', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 3 });
        addBackup(world, clock, { id: 'cluster', size: 12 * MiB + 17, files: 3 });
      },
    });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, bytes: 3 * (12 * MiB + 17), exitCode: 0 });
    const names = scenario
      .manifests()
      .get('cluster')
      ?.files.map(({ key }) => key.split('/').at(-1));
    expect(names).toEqual(['dump-1-of-3.rdb', 'dump-2-of-3.rdb', 'dump-3-of-3.rdb']);
    expect(scenario.s3.uploads.size).toBe(0);
  });

  it('keeps the backups of an instance that was deleted: nobody else will', async () => {
    const scenario = await createScenario();
    scenario.cloud.world.removeInstance(INSTANCE);
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    // Its tags are unknown by now: retention must not take that for having none.
    expect([...scenario.manifests().values()].map(({ instance }) => instance.vanished)).toEqual([true]);
  });

  it('archives encrypted backups as they are, without judging their format', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'sealed' });
        world.changeBackup(INSTANCE, 'sealed', { encrypted: true });
      },
    });
    await scenario.run();
    const manifest = scenario.manifests().get('sealed');
    expect(manifest?.backup.encrypted).toBe(true);
    expect(manifest?.files[0]).not.toHaveProperty('rdb');
  });

  it('costs the same listing however old the archive grows', async () => {
    const scenario = await createScenario();
    await scenario.run();
    const [manifest] = scenario.keys('catalog');
    const object = scenario.s3.objects.get(manifest ?? '');
    if (!manifest || !object) expect.unreachable('the first run archives one backup');
    const listings = async () => {
      const before = scenario.s3.counts.get('ListObjectsV2') ?? 0;
      expect(only(await scenario.run())).toMatchObject({ reason: 'already-archived' });
      return (scenario.s3.counts.get('ListObjectsV2') ?? 0) - before;
    };
    const young = await listings();
    for (let day = 0; day < 3650; day += 1) {
      const old = toInstant(Date.parse('2016-01-01T02:00:00Z') + day * DAY_MS);
      scenario.s3.objects.set(
        manifest.replace('2026-11-24', old.slice(0, 10)).replace('20261124', stampOf(old).slice(0, 8)),
        object,
      );
    }
    expect(await listings()).toBe(young);
  });

  it('counts what is filtered and what falls to another shard, without a line for each', async () => {
    const scenario = await createScenario({
      source: { instances: ['crs-other*'] },
      config: { allowEmpty: true },
    });
    const run = await scenario.run();
    expect(run.outcomes).toEqual([]);
    expect(run.summary).toMatchObject({ considered: 0, skippedBy: { filtered: 1 }, exitCode: 0 });
  });
});

describe('a single backup', () => {
  it('is archived by name, or as the latest, whatever the filters say', async () => {
    const scenario = await createScenario({ source: { instances: ['nothing*'] } });
    addBackup(scenario.cloud.world, scenario.clock, { id: 'newest', hoursAgo: 1 });
    expect(only(await scenario.archive(INSTANCE))).toMatchObject({ backupId: 'newest', outcome: 'archived' });
    expect(only(await scenario.archive(INSTANCE, 'backup-1'))).toMatchObject({
      backupId: 'backup-1',
      outcome: 'archived',
    });
    const again = await scenario.archive(INSTANCE, 'backup-1');
    expect(only(again)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    expect(again.summary.exitCode).toBe(0);
  });

  it('that is not there ends with 3 and says so', async () => {
    const scenario = await createScenario();
    const unknown = await scenario.archive(INSTANCE, 'nope');
    expect(unknown.summary.exitCode).toBe(3);
    expect(unknown.of('run.failed')[0]?.error).toMatchObject({
      code: 'unknown-backup',
      message: expect.stringContaining('nope'),
    });
    const stranger = await scenario.archive('crs-nowhere');
    expect(stranger.summary.exitCode).toBe(3);
    expect(stranger.of('run.failed')[0]?.error).toMatchObject({ code: 'unknown-instance' });
  });

  it('that is not ready yet is told, and no success', async () => {
    const scenario = await createScenario();
    scenario.cloud.world.changeBackup(INSTANCE, 'backup-1', { status: 1 });
    const run = await scenario.archive(INSTANCE, 'backup-1');
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'not-ready' });
    expect(run.summary.exitCode).toBe(3);
  });
});
