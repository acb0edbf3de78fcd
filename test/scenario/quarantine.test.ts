/** Dumps that stay damaged: kept, told, tried again, and never in the way of anything else. */
import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import { download } from '../support/cloud.ts';
import { flipBit } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, type Scenario } from '../support/scenario.ts';

/** One backup whose dump is damaged and one that is well; the damaged one lies in quarantine. */
async function afterDamage(): Promise<Scenario> {
  const scenario = await createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'damaged', hoursAgo: 9 });
    },
  });
  scenario.cloud.fault(download({ backupId: 'damaged' }), flipBit(1000));
  await scenario.run();
  addBackup(scenario.cloud.world, scenario.clock, { id: 'well' });
  return scenario;
}

function recordKey(scenario: Scenario): string {
  return scenario.keys('quarantine').find((key) => key.endsWith('/record.json')) ?? '';
}

function replaceRecord(scenario: Scenario, text: string): void {
  const bytes = Buffer.from(text);
  const object = scenario.s3.objects.get(recordKey(scenario));
  if (!object) expect.unreachable('there is a quarantine record');
  scenario.s3.objects.set(recordKey(scenario), { ...object, size: bytes.length, chunks: [bytes] });
}

describe('a quarantine record', () => {
  it.each([
    ['is garbage', 'not JSON at all'],
    ['is far too large to be one', ' '.repeat(5 * 1024 * 1024)],
  ])('that %s stops no other backup, and is written anew', async (_, text) => {
    const scenario = await afterDamage();
    replaceRecord(scenario, text);
    const run = await scenario.run();
    expect(run.outcomes.map(({ backupId, reason }) => [backupId, reason]).toSorted()).toEqual([
      ['damaged', 'corrupt-source'],
      ['well', null],
    ]);
    expect(run.of('run.failed')).toEqual([]);
    expect(JSON.parse(String(scenario.s3.bytesOf(recordKey(scenario))))).toMatchObject({
      backupId: 'damaged',
      files: [{ damage: expect.any(String) }],
    });
  });

  it('that cannot be read (cold storage, say) fails its own backup only', async () => {
    const scenario = await afterDamage();
    scenario.s3.fail({
      on: 'GetObject',
      effect: 'answer',
      status: 403,
      code: 'InvalidObjectState',
      times: 1,
    });
    const run = await scenario.run();
    expect(run.outcomes.find(({ backupId }) => backupId === 'well')).toMatchObject({ outcome: 'archived' });
    expect(run.summary.exitCode).toBe(3);
  });

  it('from the future is no reason to wait: the cloud will not', async () => {
    const scenario = await afterDamage();
    const record = JSON.parse(String(scenario.s3.bytesOf(recordKey(scenario)))) as object;
    replaceRecord(scenario, JSON.stringify({ ...record, lastTriedAt: '2099-01-01T00:00:00Z' }));
    const before = scenario.cloud.downloads('redis-1.rdb').length;
    await scenario.run();
    expect(scenario.cloud.downloads('redis-1.rdb').length).toBeGreaterThan(before + 1);
  });

  it('names every file where its bytes are, when another shard is damaged the next day', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 3 });
        addBackup(world, clock, { id: 'cluster', files: 3 });
      },
    });
    const first = scenario.cloud.fault(download({ file: 'redis-1.rdb' }), flipBit(1000));
    await scenario.run();
    first.remove();
    scenario.cloud.fault(download({ file: 'redis-2.rdb' }), flipBit(1000));
    scenario.clock.advance(DAY_MS + HOUR_MS);
    await scenario.run();
    const record = JSON.parse(String(scenario.s3.bytesOf(recordKey(scenario)))) as {
      files: { name: string; key: string; damage?: string }[];
    };
    for (const { key } of record.files) expect(scenario.s3.objects.has(key), key).toBe(true);
    const named = record.files.map(({ name, damage }) => [name, damage === undefined]);
    expect(named).toEqual([
      ['redis-1.rdb', true],
      ['redis-2.rdb', false],
      ['redis-3.rdb', true],
    ]);
  });
});
