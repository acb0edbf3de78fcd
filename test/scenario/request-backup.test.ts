/** `backup INSTANCE`: the cloud makes one backup, once, and it becomes an archive; or somebody is told why not. */
import { describe, expect, it } from 'vitest';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { DAY_MS } from '../support/builders.ts';
import { call } from '../support/cloud.ts';
import { changeJson, denied, internalError, refused, throttled } from '../support/cloud-api-faults.ts';
import { addEncrypted, newHolder } from '../support/encrypted.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const signal = new AbortController().signal;
const ORDER = call('ManualBackupInstance');
const LIST = call('DescribeInstanceBackups');

const allowed = (options: ScenarioOptions = {}): Promise<Scenario> =>
  createScenario({ ...options, config: { allowBackupRequests: true, ...options.config } });

function ordered(scenario: Scenario, more: object = {}) {
  return scenario.app.backup({ instanceId: INSTANCE, timeoutMs: 7_200_000, signal, ...more });
}

/** Those that the cloud was told to make. */
const made = ({ cloud }: Scenario) =>
  cloud.world.backups('ap-guangzhou', INSTANCE).filter(({ type }) => type === '0');

describe('a backup that was asked for', () => {
  it('is made, waited for and archived, and nothing else is', async () => {
    const scenario = await allowed();
    const summary = await ordered(scenario, { remark: 'before the move', storageDays: 30 });
    expect(summary).toMatchObject({ considered: 1, archived: 1, exitCode: 0 });
    const [backup] = made(scenario);
    expect(backup).toMatchObject({ remark: 'before the move', status: 2 });
    expect([...scenario.manifests().values()]).toMatchObject([
      { backup: { id: backup?.id, type: '0', remark: 'before the move' } },
    ]);
    expect((backup?.expiresAt ?? 0) - (backup?.startedAt ?? 0)).toBe(30 * 86_400_000);
    expect(scenario.clock.slept()).toBeLessThan(11_000);
    expect(scenario.cloud.calls('ManualBackupInstance')).toBe(1);
  });

  it('is known by its remark among others that begin at the same moment', async () => {
    const scenario = await allowed();
    scenario.cloud.fault(ORDER, async (exchange, answer) => {
      addBackup(scenario.cloud.world, scenario.clock, { id: 'automatic', hoursAgo: 0 });
      return answer(exchange);
    });
    expect((await ordered(scenario)).exitCode).toBe(0);
    expect([...scenario.manifests().keys()]).toEqual([made(scenario)[0]?.id]);
    expect(made(scenario)[0]?.remark).toMatch(/^rdb-archiver 2026/);
  });

  it('is not ordered where nobody knows which backups were there before: an older one would be taken for it', async () => {
    const scenario = await allowed({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        world.addBackup(INSTANCE, { id: 'of-last-week', startedAt: clock.now() - 5 * DAY_MS, type: '0' });
      },
    });
    scenario.cloud.fault(LIST, denied(), { times: 1 });
    expect(await ordered(scenario)).toMatchObject({ archived: 0, exitCode: 3 });
    expect(scenario.cloud.calls('ManualBackupInstance')).toBe(0);
    expect(scenario.keys()).toEqual([]);
  });

  it('is not taken for one that somebody else has ordered at the same moment', async () => {
    const scenario = await allowed();
    scenario.cloud.fault(ORDER, async (exchange, answer) => {
      const { world } = scenario.cloud;
      world.addBackup(INSTANCE, { id: 'theirs', startedAt: scenario.clock.now(), type: '0', remark: 'mine' });
      return answer(exchange);
    });
    scenario.cloud.fault(
      LIST,
      changeJson((answer) => {
        if (scenario.clock.slept() > 15_000) return;
        const rows = answer['BackupSet'] as Record<string, unknown>[];
        answer['BackupSet'] = rows.filter((row) => !String(row['Remark']).startsWith('rdb-archiver'));
      }),
    );
    expect((await ordered(scenario)).exitCode).toBe(0);
    expect([...scenario.manifests().values()]).toMatchObject([
      { backup: { remark: expect.stringMatching(/^rdb-archiver/) } },
    ]);
  });

  it('that the cloud encrypts has its key sealed like any other', async () => {
    const holder = await newHolder();
    const scenario = await allowed({
      config: holder.sealing,
      world(world, clock) {
        world.addInstance({ id: INSTANCE, encrypts: {} });
        addEncrypted(world, clock);
      },
    });
    expect((await ordered(scenario)).exitCode).toBe(0);
    expect([...scenario.manifests().values()]).toMatchObject([
      { backup: { encrypted: true, encryption: { sealedKey: expect.stringContaining('AGE') } } },
    ]);
  });

  it('is ordered once although the answer is lost, and found all the same', async () => {
    const scenario = await allowed();
    scenario.cloud.fault(ORDER, async (exchange, answer) => {
      await answer(exchange);
      throw new Error('the connection breaks');
    });
    expect(await ordered(scenario)).toMatchObject({ archived: 1, exitCode: 0 });
    expect(made(scenario)).toHaveLength(1);
    expect(scenario.cloud.calls('ManualBackupInstance')).toBe(1);
  });

  it('of which nobody knows whether it was ordered ends in 3, and is not ordered again', async () => {
    const scenario = await allowed();
    scenario.cloud.fault(ORDER, internalError());
    expect(await ordered(scenario)).toMatchObject({ archived: 0, exitCode: 3 });
    expect(made(scenario)).toEqual([]);
    expect(scenario.cloud.calls('ManualBackupInstance')).toBe(1);
    expect(scenario.clock.slept()).toBe(120_000);
  });

  it('is ordered again where the cloud said that it did not listen', async () => {
    const scenario = await allowed();
    scenario.cloud.fault(ORDER, throttled(), { times: 2 });
    expect(await ordered(scenario)).toMatchObject({ archived: 1, exitCode: 0 });
    expect(made(scenario)).toHaveLength(1);
  });

  it('is waited for through listings that fail, and no longer than was said', async () => {
    const scenario = await allowed();
    scenario.cloud.fault(LIST, denied(), { after: 1, times: 2 });
    expect(await ordered(scenario)).toMatchObject({ archived: 1, exitCode: 0 });

    const slow = await allowed();
    slow.cloud.fault(
      LIST,
      changeJson((answer) => {
        for (const row of (answer['BackupSet'] ?? []) as Record<string, unknown>[])
          if (row['BackupType'] === '0') row['Status'] = 1;
      }),
    );
    expect(await ordered(slow, { timeoutMs: 60_000 })).toMatchObject({ archived: 0, exitCode: 3 });
    expect(slow.clock.slept()).toBe(60_000);
  });

  it('and was made, but cannot be listed any more, is told by what the cloud said, exit 10', async () => {
    const events: ArchiverEvent[] = [];
    const scenario = await allowed({
      observer(event) {
        events.push(event);
        if (event.type !== 'backup.made') return;
        for (const action of ['DescribeInstances', 'DescribeInstanceBackups'])
          scenario.cloud.fault(call(action), denied());
      },
    });
    expect(await ordered(scenario)).toMatchObject({ archived: 0, exitCode: 10 });
    expect(events.map(({ type }) => type)).toContain('instance.failed');
  });

  it.each([
    ['refused for want of permission', denied()],
    ['refused since the instance is busy', refused('ResourceInUse.InstanceBeenLocked', 10702)],
    ['refused for its retention', refused('InvalidParameterValue', 11201)],
  ])('and is %s ends in 3 with what to do', async (_what, fault) => {
    const scenario = await allowed();
    scenario.cloud.fault(ORDER, fault);
    expect(await ordered(scenario)).toMatchObject({ archived: 0, exitCode: 3 });
    expect(scenario.keys()).toEqual([]);
  });

  it('of an instance that is not there, or with API 2.0, orders nothing', async () => {
    const scenario = await allowed();
    expect(await ordered(scenario, { instanceId: 'crs-nobody00' })).toMatchObject({ exitCode: 3 });
    expect(scenario.cloud.calls('ManualBackupInstance')).toBe(0);
    expect(await ordered(await allowed({ api: 'tencent-v2' }))).toMatchObject({ exitCode: 2 });
  });

  it('takes leave: without it nothing is asked of anybody, exit 2', async () => {
    const scenario = await createScenario();
    await expect(ordered(scenario)).rejects.toMatchObject({
      code: 'config',
      exit: 2,
      hint: expect.stringContaining('allowBackupRequests'),
    });
    expect(scenario.cloud.requests).toEqual([]);
  });
});
