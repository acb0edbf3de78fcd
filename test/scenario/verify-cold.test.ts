/** Dumps that a lifecycle rule has moved to cold storage: nothing is known of them, which is no damage. */
import { expect, it } from 'vitest';
import { DAY_MS } from '../support/builders.ts';
import { addBackup, createScenario, INSTANCE, type Scenario } from '../support/scenario.ts';

const { signal } = new AbortController();

async function threeArchives(): Promise<Scenario> {
  const scenario = await createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      for (const [index, id] of ['old', 'newer', 'newest'].entries())
        addBackup(world, clock, { id, hoursAgo: 50 - 20 * index });
    },
  });
  await scenario.run();
  return scenario;
}

function moveTo(storageClass: string, scenario: Scenario, key: string): void {
  const object = scenario.s3.objects.get(key);
  if (!object) expect.unreachable(`there is ${key}`);
  scenario.s3.objects.set(key, { ...object, storage: { ...object.storage, storageClass } });
}

const dataKey = (scenario: Scenario, id: string) => scenario.manifests().get(id)?.files[0]?.key ?? '';

it.each(['GLACIER', 'DEEP_ARCHIVE'])(
  'an archive in %s is unreadable-cold: 3, no damage, and what to do',
  async (name) => {
    const scenario = await threeArchives();
    moveTo(name, scenario, dataKey(scenario, 'old'));
    const report = await scenario.app.verify({ quick: false, signal });
    expect(report).toMatchObject({
      exitCode: 3,
      summary: { archives: 3, damaged: 0, unreadable: 1, bytesRead: 8000 },
    });
    expect(report.items.map(({ result }) => result)).toEqual(['unreadable-cold', 'ok', 'ok']);
    expect(report.items[0]).toMatchObject({
      detail: expect.stringContaining(dataKey(scenario, 'old')),
      hint: expect.stringContaining('restore'),
    });
  },
);

it('damage besides is still damage: 4', async () => {
  const scenario = await threeArchives();
  moveTo('GLACIER', scenario, dataKey(scenario, 'old'));
  scenario.s3.objects.delete(dataKey(scenario, 'newer'));
  expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
    exitCode: 4,
    summary: { damaged: 1, unreadable: 1 },
  });
});

it('a quick verification compares it all the same, and says where it lies', async () => {
  const scenario = await threeArchives();
  moveTo('GLACIER', scenario, dataKey(scenario, 'old'));
  const all = await scenario.app.verify({ quick: true, signal });
  const one = await scenario.app.verify({ instanceId: INSTANCE, backupId: 'old', quick: true, signal });
  for (const report of [all, one]) {
    expect(report.exitCode).toBe(0);
    expect(report.items[0]).toMatchObject({ result: 'ok', detail: expect.stringContaining('GLACIER') });
  }
});

it('one that was restored, or lies where it is only dearer to read, is read', async () => {
  const scenario = await threeArchives();
  scenario.s3.behaviour.coldClasses = [];
  moveTo('GLACIER', scenario, dataKey(scenario, 'old'));
  moveTo('STANDARD_IA', scenario, dataKey(scenario, 'newer'));
  expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
});

it('stops no rotation: the next samples read the others', async () => {
  const scenario = await threeArchives();
  moveTo('GLACIER', scenario, dataKey(scenario, 'old'));
  const days: string[] = [];
  for (let day = 0; day < 4; day += 1) {
    const report = await scenario.app.verify({ quick: false, samplePercent: 30, signal });
    days.push(...report.items.map(({ backupId, result }) => `${backupId} ${result}`));
    expect(report.summary.rotation).toMatchObject({ neverRead: Math.max(1, 3 - day) });
    scenario.clock.advance(DAY_MS);
  }
  expect(days).toEqual(['old unreadable-cold', 'newer ok', 'newest ok', 'old unreadable-cold']);
});

it('a manifest that was moved there is told as such', async () => {
  const scenario = await threeArchives();
  const key = scenario.keys('catalog').find((name) => name.endsWith('_old.json')) ?? '';
  moveTo('GLACIER', scenario, key);
  const report = await scenario.app.verify({ quick: true, signal });
  expect(report.exitCode).toBe(3);
  expect(report.items[0]).toMatchObject({ result: 'unreadable-cold', detail: expect.stringContaining(key) });
});
