/** Several sources, several workers, and the commands that look at all of them. */
import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { call } from '../support/cloud.ts';
import { denied } from '../support/cloud-api-faults.ts';
import { addBackup, createScenario, INSTANCE, only, type ScenarioOptions } from '../support/scenario.ts';

const OTHER = 'crs-other002';
const { signal } = new AbortController();

const ofBoth: NonNullable<ScenarioOptions['world']> = (world, clock) => {
  for (const [id, region] of [
    [INSTANCE, 'ap-guangzhou'],
    [OTHER, 'ap-shanghai'],
  ] as const) {
    world.addInstance({ id, region });
    addBackup(world, clock, { id: `of-${id}`, instanceId: id });
  }
};

/** The configured source, and one like it in another region. */
function inTwoRegions(change: Partial<Config['sources'][number]> = {}): ScenarioOptions {
  return {
    world: ofBoth,
    adjust: (config) => ({
      ...config,
      sources: config.sources.flatMap((source) => [
        source,
        { ...source, name: 'ap-shanghai', region: 'ap-shanghai', ...change },
      ]),
    }),
  };
}

const wrongKey = { credentials: fixed({ secretId: 'AKIDwrong', secretKey: new Secret('wrong') }) };

describe('two sources', () => {
  it('are archived side by side', async () => {
    const scenario = await createScenario(inTwoRegions());
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 2, exitCode: 0 });
    expect(run.outcomes.map(({ source }) => source).toSorted()).toEqual(['ap-guangzhou', 'ap-shanghai']);
  });

  it('of which one cannot be listed: the other is archived, and the run is no success', async () => {
    const scenario = await createScenario(inTwoRegions(wrongKey));
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 3 });
    expect(new Set(run.of('source.failed').map(({ source }) => source))).toEqual(new Set(['ap-shanghai']));
  });

  it('that cannot be listed at all end with 10, whatever else applies', async () => {
    const scenario = await createScenario(inTwoRegions());
    scenario.cloud.fault(call('DescribeInstances'), denied());
    scenario.cloud.fault(call('DescribeInstanceBackups'), denied());
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 10 });
    expect(
      run
        .of('source.failed')
        .map(({ source }) => source)
        .toSorted(),
    ).toContain('ap-shanghai');
  });
});

describe.each(['tencent-v3', 'tencent-v2'] as const)('named instances with %s', (api) => {
  it('and a wrong key end with 10 too, although each fails by itself', async () => {
    const scenario = await createScenario({ api, source: { ...wrongKey, instances: [INSTANCE, OTHER] } });
    expect((await scenario.run()).summary).toMatchObject({ considered: 0, exitCode: 10 });
  });
});

describe('archive, with two sources,', () => {
  it('finds the one that has the instance', async () => {
    const scenario = await createScenario(inTwoRegions());
    const run = await scenario.archive(OTHER);
    expect(only(run)).toMatchObject({ outcome: 'archived', source: 'ap-shanghai' });
    expect(run.summary.exitCode).toBe(0);
  });

  it('wants to be told which where both have it, and attempts nothing', async () => {
    const scenario = await createScenario(inTwoRegions({ region: 'ap-guangzhou' }));
    const run = await scenario.archive(INSTANCE);
    expect(run.summary).toMatchObject({ considered: 0, exitCode: 2 });
    expect(run.of('run.failed')[0]?.error.hint).toContain('--source');
    const named = await scenario.app.archive({
      instanceId: INSTANCE,
      backupId: 'latest',
      source: 'ap-shanghai',
      signal,
    });
    expect(named).toMatchObject({ archived: 1, exitCode: 0 });
    expect(scenario.keys('catalog')).toEqual([expect.stringContaining('/ap-shanghai/')]);
  });

  it('takes the backups of an instance that the cloud no longer lists', async () => {
    const scenario = await createScenario(inTwoRegions());
    scenario.cloud.world.removeInstance(OTHER);
    expect(only(await scenario.archive(OTHER))).toMatchObject({ outcome: 'archived', instanceId: OTHER });
    expect(only(await scenario.archive(OTHER, `of-${OTHER}`))).toMatchObject({ reason: 'already-archived' });
  });

  it('names the sources there are when asked for another', async () => {
    const scenario = await createScenario(inTwoRegions());
    const asked = await scenario.app.archive({
      instanceId: INSTANCE,
      backupId: 'latest',
      source: 'nowhere',
      signal,
    });
    expect(asked.exitCode).toBe(2);
  });
});

describe('three workers', () => {
  it('share the instances among themselves: each backup is archived once, the rest only counted', async () => {
    const instances = Array.from({ length: 12 }, (_, index) => `crs-shard${index}`);
    const world: ScenarioOptions['world'] = (cloud, clock) => {
      for (const id of instances) {
        cloud.addInstance({ id });
        addBackup(cloud, clock, { id: `of-${id}`, instanceId: id });
      }
    };
    const archived: string[] = [];
    for (const index of [0, 1, 2]) {
      const scenario = await createScenario({ world, config: { shard: { index, count: 3 } } });
      const run = await scenario.run();
      expect(run.summary).toMatchObject({ exitCode: 0, failed: 0 });
      expect(run.summary.archived + (run.summary.skippedBy['other-shard'] ?? 0)).toBe(instances.length);
      archived.push(...run.outcomes.map(({ instanceId }) => instanceId));
    }
    expect(archived.toSorted()).toEqual(instances.toSorted());
  });
});

describe('list instances', () => {
  it('of an empty account ends with 3 and a word about it, unless that is allowed', async () => {
    const closed = await createScenario({ world: () => {} });
    const listed = await closed.app.listInstances({ signal });
    expect(listed).toMatchObject({ items: [], exitCode: 3, problems: [expect.anything()] });
    const open = await createScenario({ world: () => {}, config: { allowEmpty: true } });
    expect(await open.app.listInstances({ signal })).toEqual({ items: [], exitCode: 0, problems: [] });
  });

  it('of an id that is nowhere says so', async () => {
    const scenario = await createScenario(inTwoRegions());
    expect(await scenario.app.listInstances({ instanceId: 'crs-nowhere', signal })).toMatchObject({
      items: [],
      exitCode: 3,
      problems: [{ message: expect.stringContaining('crs-nowhere') }],
    });
    expect(await scenario.app.listInstances({ instanceId: OTHER, signal })).toMatchObject({
      items: [{ id: OTHER }],
      exitCode: 0,
      problems: [],
    });
  });

  it('ends with 10 when no source can be listed', async () => {
    const scenario = await createScenario({ source: wrongKey });
    expect(await scenario.app.listInstances({ signal })).toMatchObject({ items: [], exitCode: 10 });
  });
});
