/** A clock that is slow, or a zone that is set wrong: backups seem to come from the future, and what is said of ages would be wrong. */
import { describe, expect, it } from 'vitest';
import { STATUS_DEFAULTS } from '../../src/domain/status.ts';
import { HOUR_MS } from '../support/builders.ts';
import { addBackup, createScenario, INSTANCE, type ScenarioOptions } from '../support/scenario.ts';

const { signal } = new AbortController();
const status = { ...STATUS_DEFAULTS, manifestReads: 0, signal };

const world: ScenarioOptions['world'] = (cloud, clock) => {
  cloud.addInstance({ id: INSTANCE });
  addBackup(cloud, clock, { id: 'today', hoursAgo: 2 });
};

/** UTC-8 in place of UTC+8. */
const wrongZone = { world, source: { utcOffsetMinutes: -480 } };
const told = {
  message: expect.stringMatching(
    /^(one backup|2 backups) of source ap-guangzhou will only be made in the future .*, up to 14 h from now$/,
  ),
  hint: expect.stringMatching(/clock is slow.*`utcOffset`/),
};

describe('a source whose zone is wrong by sixteen hours', () => {
  it('is told by check', async () => {
    const { app } = await createScenario(wrongZone);
    const { items } = await app.check({ signal });
    expect(items.find(({ check }) => check === 'backup-times')).toMatchObject({
      verdict: 'warning',
      detail: told.message,
      hint: told.hint,
    });
  });

  it('is told by a run, which archives all the same', async () => {
    const scenario = await createScenario(wrongZone);
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(run.of('warning')).toContainEqual({ type: 'warning', ...told });
  });

  it('is told by status, and its archives make no instance fresh', async () => {
    const scenario = await createScenario(wrongZone);
    await scenario.run();
    const report = await scenario.app.status(status);
    expect(report.exitCode).toBe(5);
    expect(report.warnings).toContainEqual(told);
    expect(report.instances[0]).toMatchObject({ stale: true, open: [] });
    expect(report.instances[0]).not.toHaveProperty('ageMs');
    expect(report.instances[0]).not.toHaveProperty('newest');
  });
});

it('a clock that is slow by hours is told by status and run, one that is slow by minutes by neither', async () => {
  for (const [minutes, expected] of [
    [5, 0],
    [240, 1],
  ] as const) {
    const scenario = await createScenario({
      world(cloud, clock) {
        cloud.addInstance({ id: INSTANCE });
        addBackup(cloud, clock, { id: 'today', hoursAgo: -minutes / 60 });
      },
    });
    const run = await scenario.run();
    expect(run.of('warning')).toHaveLength(expected);
    const report = await scenario.app.status(status);
    expect(report.warnings).toHaveLength(expected);
    // So little ahead is now.
    expect(report.instances[0]?.ageMs).toBe(expected === 0 ? 0 : undefined);
    scenario.clock.advance(5 * HOUR_MS);
    expect((await scenario.app.status(status)).warnings).toEqual([]);
  }
});

it('where all is right nothing is said', async () => {
  const scenario = await createScenario({ world });
  expect((await scenario.run()).of('warning')).toEqual([]);
  const { items } = await scenario.app.check({ signal });
  expect(items.find(({ check }) => check === 'backup-times')).toMatchObject({ verdict: 'ok' });
});
