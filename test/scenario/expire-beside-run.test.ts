/** Retention beside the daily run, for weeks: nothing that was expired is archived again, and nothing is called lost. */
import { expect, it } from 'vitest';
import { addBackup, createScenario, INSTANCE } from '../support/scenario.ts';
import { aRule } from '../support/shelf.ts';

const HOURS_A_DAY = 24;
const DAYS = 30;
const signal = new AbortController().signal;

it('a run and an expire a day level off, and never undo each other', async () => {
  const scenario = await createScenario({
    world: (world) => world.addInstance({ id: INSTANCE, name: 'orders' }),
    config: { retention: [aRule({ keepDaily: 3, keepWeekly: 3 })], keepMinimum: 2 },
  });
  const archived = new Map<string, number>();
  const kept: number[] = [];
  for (let day = 0; day < DAYS; day += 1) {
    scenario.clock.advance(HOURS_A_DAY * 3_600_000);
    addBackup(scenario.cloud.world, scenario.clock, { id: `backup-${day}` });
    const [run, report] = await Promise.all([
      scenario.run(),
      // The first day has nothing yet.
      day === 0 ? undefined : scenario.app.expire({ confirm: true, signal }),
    ]);
    expect(run.summary.failed, `day ${day}`).toBe(0);
    expect(report?.exitCode ?? 0, `day ${day}`).toBe(0);
    for (const { backupId, outcome } of run.outcomes)
      if (outcome === 'archived') archived.set(backupId, (archived.get(backupId) ?? 0) + 1);
    kept.push(scenario.manifests().size);
  }
  expect(archived.size).toBe(DAYS);
  expect([...archived.values()].every((times) => times === 1)).toBe(true);
  // Eight or nine that the cloud may still have, and the Sundays before them.
  expect(Math.max(...kept)).toBeLessThanOrEqual(12);
  expect(kept.at(-1)).toBeGreaterThanOrEqual(9);
  const folders = new Set(scenario.keys('data').map((key) => key.split('/').slice(0, 5).join('/')));
  expect(folders.size).toBe(scenario.manifests().size);
}, 120_000);
