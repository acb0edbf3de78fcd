/** The metrics of one-shot runs: they outlive the run, a failed run wipes nothing, and nobody who is not there fails a backup. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { DAY_MS } from '../support/builders.ts';
import { call, download } from '../support/cloud.ts';
import { denied, internalError } from '../support/cloud-api-faults.ts';
import { serve } from '../support/loopback.ts';
import { describeWith } from '../support/needs.ts';
import { type Pushgateway, servePushgateway, startPushgateway } from '../support/pushgateway.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const OTHER = 'crs-other002';

const twoInstances: NonNullable<ScenarioOptions['world']> = (world, clock) => {
  for (const id of [INSTANCE, OTHER]) {
    world.addInstance({ id });
    addBackup(world, clock, { id: `of-${id}`, instanceId: id });
  }
};

/** A day later, with a backup more. */
function nextDay({ clock, cloud }: Scenario): void {
  clock.advance(DAY_MS);
  addBackup(cloud.world, clock, { id: 'next-day' });
}

const seconds = (time: string): number => Date.parse(time) / 1000;

describe('pushed to the stand-in of a Pushgateway', () => pushedTo(servePushgateway));
describeWith(['prometheus-pushgateway'], 'pushed to a real Pushgateway', () => pushedTo(startPushgateway));

function pushedTo(start: () => Promise<Pushgateway>): void {
  let gateway: Pushgateway;
  beforeEach(async () => {
    gateway = await start();
  });

  const pushing = (options: ScenarioOptions = {}): Promise<Scenario> =>
    createScenario({
      ...options,
      config: { metrics: { pushgateway: gateway.url }, ...options.config },
    });

  /** The values of a metric, by the value of one of its labels. */
  async function read(name: string, label = 'job'): Promise<Record<string, number>> {
    const found = (await gateway.samples()).filter((sample) => sample.name === `rdb_archiver_${name}`);
    return Object.fromEntries(found.map(({ labels, value }) => [labels[label], value]));
  }

  it('a run leaves its counts, and the last success of each instance in a group of its own', async () => {
    await (await pushing({ world: twoInstances })).run();
    expect(await read('run_success_total')).toEqual({ 'rdb-archiver': 1 });
    expect(await read('run_last_exit_code')).toEqual({ 'rdb-archiver': 0 });
    expect((await read('backups_total', 'outcome'))['archived']).toBe(2);
    expect(await read('last_success_timestamp_seconds', 'instance_id')).toEqual({
      [INSTANCE]: seconds('2026-11-24T00:00:00Z'),
      [OTHER]: seconds('2026-11-24T00:00:00Z'),
    });
  });

  it.each([
    [
      'the cloud refuses',
      10,
      (scenario: Scenario) => {
        for (const action of ['DescribeInstances', 'DescribeInstanceBackups'])
          scenario.cloud.fault(call(action), denied());
      },
    ],
    [
      'the destination refuses',
      11,
      (scenario: Scenario) => {
        scenario.s3.denied.add('ListObjectsV2');
      },
    ],
    [
      'a download fails',
      3,
      (scenario: Scenario) => {
        scenario.cloud.fault(download({ backupId: 'next-day' }), internalError());
      },
    ],
  ] as const)('a run that fails because %s (%d) wipes no last success', async (_why, exitCode, break_) => {
    const scenario = await pushing({ world: twoInstances });
    await scenario.run();
    const before = {
      instances: await read('last_success_timestamp_seconds', 'instance_id'),
      run: await read('run_last_success_timestamp_seconds'),
    };
    expect(Object.values(before.run)[0]).toBeGreaterThan(0);
    nextDay(scenario);
    break_(scenario);
    expect((await scenario.run()).summary.exitCode).toBe(exitCode);
    expect(await read('last_success_timestamp_seconds', 'instance_id')).toEqual(before.instances);
    expect(await read('run_last_success_timestamp_seconds')).toEqual(before.run);
    expect(await read('run_last_exit_code')).toEqual({ 'rdb-archiver': exitCode });
  });

  it('a run that recovers moves the last success of what it archived, and of nothing else', async () => {
    const scenario = await pushing({ world: twoInstances });
    await scenario.run();
    nextDay(scenario);
    await scenario.run();
    expect(await read('last_success_timestamp_seconds', 'instance_id')).toEqual({
      [INSTANCE]: seconds('2026-11-25T00:00:00Z'),
      [OTHER]: seconds('2026-11-24T00:00:00Z'),
    });
  });

  it('a process that begins anew still wipes nothing', async () => {
    const scenario = await pushing({ world: twoInstances });
    await scenario.run();
    scenario.cloud.fault(call('DescribeInstances'), denied());
    scenario.cloud.fault(call('DescribeInstanceBackups'), denied());
    await (await scenario.secondWorker()).run();
    expect(Object.keys(await read('last_success_timestamp_seconds', 'instance_id'))).toHaveLength(2);
    expect(Object.values(await read('run_last_success_timestamp_seconds'))).toHaveLength(1);
    expect(await read('run_last_exit_code')).toEqual({ 'rdb-archiver': 10 });
  });

  it('PUT in place of POST would wipe it, which is why this is tested', async () => {
    await (await pushing()).run();
    const response = await fetch(`${gateway.url}/metrics/job/rdb-archiver`, {
      method: 'PUT',
      body: '# TYPE rdb_archiver_run_last_exit_code gauge\nrdb_archiver_run_last_exit_code 3\n',
    });
    expect(response.ok).toBe(true);
    expect(await read('run_last_success_timestamp_seconds')).toEqual({});
  });

  it('the workers of a fleet keep their runs apart', async () => {
    const first = await pushing({
      world: twoInstances,
      config: { metrics: { pushgateway: gateway.url }, shard: { index: 0, count: 2 } },
    });
    await first.run();
    const second = await pushing({
      s3: first.s3,
      world: twoInstances,
      config: { metrics: { pushgateway: gateway.url }, shard: { index: 1, count: 2 } },
    });
    await second.run();
    expect(await read('run_success_total', 'shard')).toEqual({ 0: 1, 1: 1 });
    expect(Object.keys(await read('last_success_timestamp_seconds', 'instance_id')).sort()).toEqual([
      INSTANCE,
      OTHER,
    ]);
  });

  it('an id that no path can carry arrives as it is', async () => {
    const id = 'a/b c';
    const scenario = await pushing({
      world(world, clock) {
        world.addInstance({ id });
        addBackup(world, clock, { id: 'b', instanceId: id });
      },
    });
    await scenario.run();
    expect(Object.keys(await read('last_success_timestamp_seconds', 'instance_id'))).toEqual([id]);
  });
}

describe('a Pushgateway', () => {
  it.each([
    ['that nobody runs', async () => 'http://127.0.0.1:1'],
    ['that hangs up', async () => (await serve(() => 'reset')).url],
    ['that refuses', async () => (await serve(() => ({ status: 400, body: 'no such job' }))).url],
  ])(
    '%s fails no backup, and is told of before the summary, which stays the last line',
    async (_what, url) => {
      const scenario = await createScenario({ config: { metrics: { pushgateway: await url() } } });
      const { summary, events, of } = await scenario.run();
      expect(summary).toMatchObject({ archived: 1, failed: 0, exitCode: 0 });
      expect(of('warning')).toMatchObject([
        {
          message: expect.stringContaining('were not pushed'),
          hint: expect.stringContaining('PUSHGATEWAY_URL'),
        },
      ]);
      expect(events.at(-1)?.type).toBe('run.summary');
      expect(of('run.summary')).toHaveLength(1);
    },
  );
});

describe('the textfile', () => {
  const path = (): string => join(mkdtempSync(join(tmpdir(), 'archiver-metrics-')), 'rdb-archiver.prom');

  it('holds what a run counted; one that fails keeps the last success of the instances and of the run', async () => {
    const textfile = path();
    const scenario = await createScenario({ world: twoInstances, config: { metrics: { textfile } } });
    await scenario.run();
    const successes = () => readFileSync(textfile, 'utf8').match(/^rdb_archiver_(run_)?last_success.*$/gm);
    const before = successes();
    expect(before).toHaveLength(3);
    scenario.cloud.fault(call('DescribeInstances'), denied());
    scenario.cloud.fault(call('DescribeInstanceBackups'), denied());
    nextDay(scenario);
    // A process of its own, as every run of a timer is.
    const { summary } = await (await scenario.secondWorker()).run();
    expect(summary.exitCode).toBe(10);
    expect(successes()?.sort()).toEqual(before?.sort());
    expect(readFileSync(textfile, 'utf8')).toContain('rdb_archiver_run_last_exit_code 10');
  });

  it('is whole when runs of several schedules end at once', async () => {
    const textfile = path();
    const warnings: ArchiverEvent[] = [];
    const { app } = await createScenario({
      config: { metrics: { textfile } },
      observer: (event) => void (event.type === 'warning' && warnings.push(event)),
    });
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 8 }, () => app.run({ signal })));
    expect(warnings).toEqual([]);
    expect(readFileSync(textfile, 'utf8')).toContain('rdb_archiver_run_attempts_total 8');
  });

  it('that cannot be written fails no backup, and is told', async () => {
    const textfile = join(path(), 'no-such-folder', 'x.prom');
    const { summary, of } = await (await createScenario({ config: { metrics: { textfile } } })).run();
    expect(summary.exitCode).toBe(0);
    expect(of('warning')[0]?.message).toContain('were not written');
  });
});
