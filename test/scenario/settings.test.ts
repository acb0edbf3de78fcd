/** What the cloud is set to do with backups is told before it costs one, by `check` and once a day by `status`. */
import { describe, expect, it } from 'vitest';
import type { World } from '../../src/sandbox/world.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import { call } from '../support/cloud.ts';
import { denied, internalError } from '../support/cloud-api-faults.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const signal = new AbortController().signal;
const LOOK = { maxAgeMs: 26 * HOUR_MS, daysBack: 35, includeVanished: false, manifestReads: 0, signal };
const QUESTIONS = [
  'DescribeAutoBackupConfig',
  'DescribeBackupEncryptConfig',
  'DescribeBackupDownloadRestriction',
];

const set = (
  change: Parameters<World['addInstance']>[0] | object,
  restriction?: World['restriction'],
): ScenarioOptions => ({
  world(world, clock) {
    world.addInstance({ id: INSTANCE, ...change });
    if (restriction) world.restriction = restriction;
    addBackup(world, clock, { id: 'backup-1' });
  },
});

async function findings(scenario: Scenario) {
  const { items } = await scenario.app.check({ signal });
  return (check: string) => items.find((item) => item.check === check);
}

const asked = ({ cloud }: Scenario) => QUESTIONS.map((action) => cloud.calls(action));

describe('check', () => {
  it('says that all is well, and asks the cloud three times for it', async () => {
    const scenario = await createScenario();
    const of = await findings(scenario);
    expect(of('backup-settings')).toMatchObject({ verdict: 'ok', facts: { asked: 1 } });
    expect(of('download-restriction')).toMatchObject({ verdict: 'ok', facts: { kind: 'none' } });
    expect(asked(scenario)).toEqual([1, 1, 1]);
  });

  it.each<[string, object, RegExp]>([
    ['automatic-backup', { backupDays: [] }, /Backup Cycle/],
    ['few-backups', { backupDays: ['Monday'] }, /Backup Cycle/],
    ['short-retention', { storageDays: 1 }, /Retention Period/],
    ['encrypted', { encrypts: { kmsKeyId: 'k-1' } }, /Backup Encryption.*keyRecipients/],
  ])('warns of %s with the console’s name of the setting', async (kind, change, hint) => {
    const scenario = await createScenario(set(change));
    const of = await findings(scenario);
    expect(of(kind)).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining(INSTANCE),
      hint: expect.stringMatching(hint),
    });
    expect((await scenario.app.check({ signal })).exitCode).toBe(0);
  });

  it('warns of a download restriction that excludes this network', async () => {
    const scenario = await createScenario(set({}, { LimitType: 'LimitOnlyIntranet' }));
    expect((await findings(scenario))('download-restriction')).toMatchObject({
      verdict: 'warning',
      hint: expect.stringContaining('Download Settings'),
    });
    const custom = { LimitType: 'Customize', vpcs: ['vpc-a'], addresses: ['10.0.0.1'] } as const;
    const outside = await findings(await createScenario(set({}, custom)));
    expect(outside('download-restriction')).toMatchObject({
      verdict: 'warning',
      detail: expect.stringContaining('from vpc-a only'),
    });
    const inside = { ...set({}, custom), source: { network: 'intranet' } } as const;
    const found = (await findings(await createScenario(inside)))('download-restriction');
    expect(found).toMatchObject({
      verdict: 'ok',
      detail: expect.stringMatching(/vpc-a and 10\.0\.0\.1 only/),
    });
  });

  it('without the permission says what it is for, and fails nothing', async () => {
    const scenario = await createScenario();
    for (const action of QUESTIONS) scenario.cloud.fault(call(action), denied());
    const of = await findings(scenario);
    for (const check of ['backup-settings', 'download-restriction'])
      expect(of(check)).toMatchObject({
        verdict: 'warning',
        hint: expect.stringContaining('cam-source.json'),
      });
    expect((await scenario.app.check({ signal })).exitCode).toBe(0);
  });

  it('asks a few of many instances, and says so', async () => {
    const scenario = await createScenario({
      world(world) {
        for (let index = 0; index < 60; index += 1) world.addInstance({ id: `crs-${index}` });
      },
    });
    expect((await findings(scenario))('backup-settings')?.detail).toContain('20 of 60 instances asked');
    expect(asked(scenario)).toEqual([20, 20, 1]);
  });
});

describe('status', () => {
  it('asks once a day, whoever looks, and tells what it knows in between', async () => {
    const scenario = await createScenario(set({ storageDays: 1 }));
    const first = await scenario.app.status(LOOK);
    expect(first).toMatchObject({
      exitCode: 5,
      warnings: [{ message: expect.stringContaining(`${INSTANCE} keeps backups for 1 day`) }],
    });
    const other = await scenario.secondWorker();
    expect((await other.app.status(LOOK)).warnings).toEqual(first.warnings);
    expect(asked(scenario)).toEqual([1, 1, 1]);

    scenario.cloud.world.addInstance({ id: INSTANCE });
    scenario.clock.advance(DAY_MS);
    expect((await other.app.status(LOOK)).warnings).toEqual([]);
    expect(asked(scenario)).toEqual([2, 2, 2]);
  });

  it('goes through a large fleet in turn, a hundred instances a day', async () => {
    const scenario = await createScenario({
      world(world) {
        for (let index = 0; index < 150; index += 1)
          world.addInstance({ id: `crs-${index}`, storageDays: 1 });
      },
    });
    const few = await scenario.app.status(LOOK);
    expect(few.warnings[0]?.message).toMatch(/and 95 more$/);
    expect(asked(scenario)).toEqual([100, 100, 1]);
    scenario.clock.advance(DAY_MS);
    expect((await scenario.app.status(LOOK)).warnings[0]?.message).toMatch(/and 145 more$/);
    expect(asked(scenario)).toEqual([200, 200, 2]);
  });

  it('asks nothing where it may not write, and a refusal is no trouble of the status', async () => {
    const reader = await createScenario(set({ storageDays: 1 }));
    reader.s3.denied.add('PutObject');
    expect((await reader.app.status(LOOK)).warnings).toEqual([]);
    expect(asked(reader)).toEqual([0, 0, 0]);

    const refused = await createScenario();
    for (const action of QUESTIONS) refused.cloud.fault(call(action), denied());
    expect(await refused.app.status(LOOK)).toMatchObject({ warnings: [], problems: [] });
    const broken = await createScenario();
    broken.cloud.fault(call('DescribeAutoBackupConfig'), internalError());
    expect(await broken.app.status(LOOK)).toMatchObject({ problems: [] });
  });

  it('with API 2.0 has nothing to ask', async () => {
    const scenario = await createScenario({ api: 'tencent-v2' });
    expect((await scenario.app.status(LOOK)).warnings).toEqual([]);
    expect((await findings(scenario))('backup-settings')).toBeUndefined();
  });
});
