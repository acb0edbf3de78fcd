/** Listings are told while they are long, and end with the run's deadline: of the cloud's API and of the destination. */
import { describe, expect, it } from 'vitest';
import { call } from '../support/cloud.ts';
import { smallPages } from '../support/cloud-api-faults.ts';
import { emptyPages } from '../support/endless.ts';
import { addBackup, createScenario, INSTANCE } from '../support/scenario.ts';

const several = () =>
  createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      for (const id of ['a', 'b', 'c', 'd', 'e']) addBackup(world, clock, { id });
    },
  });

it('a listing of the cloud tells its pages and rows', async () => {
  const scenario = await several();
  scenario.cloud.fault(call('DescribeInstanceBackups'), smallPages(2));
  const run = await scenario.run();
  const told = run.of('listing.progress').filter(({ list }) => list.startsWith('DescribeInstanceBackups'));
  expect(told[0]).toMatchObject({ source: 'ap-guangzhou', pages: 1, rows: 2 });
  expect(told.at(-1)).toMatchObject({ rows: 5 });
  expect(run.summary).toMatchObject({ archived: 5, exitCode: 0 });
});

it('a listing of the destination tells its pages and rows', async () => {
  const scenario = await several();
  await scenario.run();
  const [manifest] = scenario.keys('catalog');
  const object = scenario.s3.objects.get(manifest ?? '');
  if (!manifest || !object) throw new Error('there is no archive');
  for (let index = 0; index < 2500; index += 1)
    scenario.s3.objects.set(manifest.replace(/_[^_]+\.json$/, `_other-${index}.json`), object);
  const run = await scenario.run();
  expect(run.of('listing.progress').filter(({ list }) => list === 'the catalog')).toMatchObject([
    { source: 'ap-guangzhou', rows: 1006 },
    { source: 'ap-guangzhou', rows: 2006 },
  ]);
});

describe('a listing that has not ended at the deadline of the run', () => {
  it('of the cloud is given up, and told', async () => {
    const scenario = await createScenario({ config: { runDeadlineMs: 1000 } });
    const gate = scenario.cloud.holdAt(call('DescribeInstances'));
    const run = await scenario.run();
    gate.release();
    expect(run.of('run.failed')).toMatchObject([
      { error: { code: 'api-unavailable', message: expect.stringContaining('deadline of 1 s') } },
    ]);
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 3 });
  });

  it.each([
    ['the first one', 1],
    ['a later one', 2],
  ])('of the destination, %s, is given up, and told', async (_, nth) => {
    const scenario = await createScenario({ config: { runDeadlineMs: 1000 } });
    const listed = scenario.s3.counts.get('ListObjectsV2') ?? 0;
    const gate = scenario.s3.holdAt(
      ({ operation, count }) => operation === 'ListObjectsV2' && count === listed + nth,
    );
    const run = await scenario.run();
    gate.release();
    expect(run.of('run.failed')).toMatchObject([
      { error: { code: 'api-unavailable', message: expect.stringContaining('deadline of 1 s') } },
    ]);
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 3 });
  });

  it('is ended long before where its pages hold nothing', async () => {
    const scenario = await createScenario();
    scenario.s3.fail({ on: 'ListObjectsV2', times: 1e9, effect: 'bare', answer: emptyPages('new') });
    expect((await scenario.run()).summary.exitCode).toBe(3);
    expect(scenario.s3.counts.get('ListObjectsV2')).toBeLessThan(100);
  });
});
