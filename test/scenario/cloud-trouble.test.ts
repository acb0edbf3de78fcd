/** What goes wrong with the cloud's API, and that it stops nothing else. */
import { describe, expect, it } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import { call } from '../support/cloud.ts';
import {
  backupGone,
  backupNotReady,
  denied,
  instanceGone,
  internalError,
  notJson,
  statusListRefused,
  throttled,
} from '../support/cloud-api-faults.ts';
import { addBackup, createScenario, INSTANCE, only, type ScenarioOptions } from '../support/scenario.ts';

const OTHER = 'crs-other002';

const twoInstances: ScenarioOptions['world'] = (world, clock) => {
  for (const id of [INSTANCE, OTHER]) {
    world.addInstance({ id });
    addBackup(world, clock, { id: `of-${id}`, instanceId: id });
  }
};

describe('trouble with the API', () => {
  it('that passes is waited for', async () => {
    const scenario = await createScenario();
    scenario.cloud.fault(call('DescribeInstanceBackups'), throttled(), { times: 2 });
    scenario.cloud.fault(call('DescribeBackupUrl'), internalError(), { times: 1 });
    scenario.cloud.fault(call('DescribeInstances'), notJson(), { times: 1 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expect(run.summary.exitCode).toBe(0);
  });

  it('with one action’s permission at all sources ends with 10, and says which', async () => {
    const scenario = await createScenario();
    scenario.cloud.fault(call('DescribeInstances'), denied());
    scenario.cloud.fault(call('DescribeInstanceBackups'), denied());
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 10 });
    expect(run.of('source.failed')[0]?.error).toMatchObject({
      code: 'permission',
      message: expect.stringContaining('Describe'),
    });
  });

  it('with a wrong key ends with 10, and never shows it', async () => {
    const scenario = await createScenario({ source: { credentials: fixed({ secretId: 'AKIDwrong' }) } });
    const run = await scenario.run();
    expect(run.summary.exitCode).toBe(10);
    expect(run.of('source.failed').map(({ error }) => error.code)).toEqual(['credentials']);
    expect(run.of('source.listed')).toEqual([]);
  });

  it('in the middle of a listing: what was listed is archived, and the source is told as failed', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        for (let index = 0; index < 150; index += 1)
          addBackup(world, clock, { id: `b${index}`, size: 300, hoursAgo: 1 + index / 10 });
      },
    });
    scenario.cloud.fault(call('DescribeInstanceBackups'), internalError(), { after: 1 });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 100, exitCode: 3 });
    expect(run.of('source.failed')).toHaveLength(1);
  });

  it('refusing a list of statuses is met by asking for each', async () => {
    const scenario = await createScenario();
    scenario.cloud.fault(call('DescribeInstanceBackups'), statusListRefused());
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
  });

  it('with one instance’s listing stops no other (API 2.0)', async () => {
    const scenario = await createScenario({ api: 'tencent-v2', world: twoInstances });
    scenario.cloud.fault(call('GetRedisBackupList', { instanceId: OTHER }), denied());
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 3 });
    expect(run.of('instance.failed')[0]).toMatchObject({ instanceId: OTHER, error: { code: 'permission' } });
  });

  it('with one backup’s link stops no other', async () => {
    const scenario = await createScenario({ world: twoInstances });
    scenario.cloud.fault(call('DescribeBackupUrl', { instanceId: OTHER }), backupGone());
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, failed: 1, exitCode: 3 });
    expect(run.outcomes.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      reason: 'backup-gone',
      instanceId: OTHER,
    });
  });

  it('with an instance that was deleted meanwhile, by whatever code, is one failed backup after one call', async () => {
    const scenario = await createScenario({ world: twoInstances });
    scenario.cloud.fault(call('DescribeBackupUrl', { instanceId: OTHER }), instanceGone());
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, failed: 1, exitCode: 3 });
    expect(run.outcomes.find(({ outcome }) => outcome === 'failed')).toMatchObject({ reason: 'backup-gone' });
    expect(scenario.cloud.requests.filter(call('DescribeBackupUrl', { instanceId: OTHER }))).toHaveLength(1);
    expect(scenario.clock.slept()).toBeLessThan(1_000);
  });

  it('with one named instance that is not there, by whatever code, fails no source', async () => {
    const scenario = await createScenario({ source: { instances: [INSTANCE, OTHER] } });
    for (const action of ['DescribeInstances', 'DescribeInstanceBackups'])
      scenario.cloud.fault(call(action), (exchange, answer) =>
        JSON.stringify(exchange.parameters).includes(OTHER)
          ? instanceGone()(exchange, answer)
          : answer(exchange),
      );
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, failed: 0, exitCode: 3 });
    expect(run.of('source.failed')).toEqual([]);
    expect(run.of('instance.failed')).toMatchObject([
      { instanceId: OTHER, error: { code: 'unknown-instance' } },
    ]);
  });

  it('when a backup turns not ready between the list and the link is waited out by the next run', async () => {
    const scenario = await createScenario();
    const active = scenario.cloud.fault(call('DescribeBackupUrl'), backupNotReady());
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'not-ready' });
    expect(run.summary.exitCode).toBe(0);
    active.remove();
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
  });

  it('with the clock an hour off is corrected from the cloud’s own', async () => {
    const scenario = await createScenario();
    scenario.cloud.skew(HOUR_MS);
    expect((await scenario.run()).of('source.failed')).toEqual([]);
  });
});

describe('a backup', () => {
  it('that the cloud deleted unarchived is lost when its instance had been archived before', async () => {
    const scenario = await createScenario();
    await scenario.run();
    addBackup(scenario.cloud.world, scenario.clock, { id: 'missed', hoursAgo: 0 });
    scenario.clock.advance(8 * DAY_MS);
    const run = await scenario.run();
    expect(run.outcomes.find(({ backupId }) => backupId === 'missed')).toMatchObject({
      outcome: 'failed',
      reason: 'lost',
    });
    expect(run.summary.exitCode).toBe(3);
  });

  it('that had expired before the first run is only skipped', async () => {
    const scenario = await createScenario();
    scenario.clock.advance(8 * DAY_MS);
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'expired' });
    expect(run.summary.exitCode).toBe(0);
  });

  it('that had expired and is asked for by name fails with what happened and what to do', async () => {
    const scenario = await createScenario();
    scenario.clock.advance(8 * DAY_MS);
    const run = await scenario.archive(INSTANCE, 'backup-1');
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'expired' });
    expect(run.summary.exitCode).toBe(3);
    expect(run.of('run.failed')).toMatchObject([
      {
        error: {
          code: 'backup-gone',
          message: `backup backup-1 of ${INSTANCE} cannot be archived: the cloud has deleted it already`,
          hint: expect.stringContaining(`\`rdb-archiver list backups ${INSTANCE}\``),
        },
      },
    ]);
  });

  it('that is or turns not ready and is asked for by name fails with what happened and what to do', async () => {
    const scenario = await createScenario();
    const active = scenario.cloud.fault(call('DescribeBackupUrl'), backupNotReady());
    const turned = await scenario.archive(INSTANCE, 'backup-1');
    active.remove();
    scenario.cloud.world.changeBackup(INSTANCE, 'backup-1', { status: 1 });
    for (const run of [turned, await scenario.archive(INSTANCE, 'backup-1')]) {
      expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'not-ready' });
      expect(run.summary.exitCode).toBe(3);
      expect(run.of('run.failed')).toMatchObject([
        { error: { code: 'not-ready', hint: expect.stringContaining('Run the same command again when') } },
      ]);
    }
  });

  it('still not ready a day before the cloud deletes it is a failure', async () => {
    const scenario = await createScenario();
    scenario.cloud.world.changeBackup(INSTANCE, 'backup-1', { status: 1 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'skipped', reason: 'not-ready' });
    scenario.clock.advance(6 * DAY_MS);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'never-ready' });
  });

  it('of a cluster needs an export with API 2.0, which is off unless it is asked for', async () => {
    const cluster: ScenarioOptions['world'] = (world, clock) => {
      world.addInstance({ id: INSTANCE, shards: 2 });
      addBackup(world, clock, { id: 'backup-1', files: 2 });
    };
    const closed = await createScenario({ api: 'tencent-v2', world: cluster });
    expect(only(await closed.run())).toMatchObject({ outcome: 'failed', reason: 'export-required' });
    expect(closed.cloud.calls('ExportRedisBackup')).toBe(0);
    const open = await createScenario({
      api: 'tencent-v2',
      world: cluster,
      source: { exportClusters: true },
    });
    expect(only(await open.run())).toMatchObject({ outcome: 'archived' });
  });
});

describe('an instance', () => {
  it('named outright that is not there is a failure; the others are archived', async () => {
    const scenario = await createScenario({ source: { instances: [INSTANCE, 'crs-typo0001'] } });
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 3 });
    expect(run.of('instance.failed')[0]).toMatchObject({
      instanceId: 'crs-typo0001',
      error: { code: 'unknown-instance' },
    });
  });

  it('that no source has at all is a failure, unless that is allowed', async () => {
    const scenario = await createScenario({ world: () => {} });
    expect((await scenario.run()).summary.exitCode).toBe(3);
    const allowed = await createScenario({ world: () => {}, config: { allowEmpty: true } });
    expect((await allowed.run()).summary.exitCode).toBe(0);
  });
});
