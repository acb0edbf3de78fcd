/** `status` over real HTTP: what an external monitor is told, also when the cloud cannot be asked. */
import { describe, expect, it } from 'vitest';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { toInstant } from '../../src/domain/instant.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { STATUS_DEFAULTS } from '../../src/domain/status.ts';
import type { StatusRequest } from '../../src/status/status.ts';
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

const OTHER = 'crs-other002';

const ask = ({ app }: Pick<Scenario, 'app'>, changes: Partial<StatusRequest> = {}) =>
  app.status({
    ...STATUS_DEFAULTS,
    manifestReads: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    ...changes,
  });

const twoInstances: NonNullable<ScenarioOptions['world']> = (world, clock) => {
  for (const id of [INSTANCE, OTHER]) {
    world.addInstance({ id, name: `name-of-${id}` });
    addBackup(world, clock, { id: `of-${id}`, instanceId: id, files: 2 });
  }
};

/** Both archived, and all that was asked for on the way forgotten. */
async function archivedPair(options: ScenarioOptions = {}): Promise<Scenario> {
  const scenario = await createScenario({ world: twoInstances, ...options });
  expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
  return scenario;
}

describe('status', () => {
  it('of a fleet that is archived is 0, with the newest archive of each instance and the bytes of its dumps', async () => {
    const scenario = await archivedPair();
    const report = await ask(scenario);
    expect(report).toMatchObject({ exitCode: 0, problems: [], daysBack: 35, maxAgeMs: 26 * HOUR_MS });
    expect(report.instances).toHaveLength(2);
    const mine = report.instances.find(({ instanceId }) => instanceId === INSTANCE);
    expect(mine).toMatchObject({
      source: 'ap-guangzhou',
      name: `name-of-${INSTANCE}`,
      newest: { backupId: `of-${INSTANCE}`, startedAt: '2026-11-24T00:00:00Z' },
      ageMs: expect.closeTo(3 * HOUR_MS, -4),
      archives: 1,
      open: [],
      stale: false,
      vanished: false,
    });
    const manifest = scenario.manifests().get(`of-${INSTANCE}`);
    expect(mine?.bytes).toBe(manifest?.files.reduce((sum, { size }) => sum + size, 0));
    expect(mine?.days).toHaveLength(35);
    expect(mine?.days.at(-1)).toEqual({ day: '2026-11-24', archived: 1, quarantined: 0, open: 0 });
  });

  it('is true although no worker ever ran: an instance without any archive is stale', async () => {
    const report = await ask(await createScenario({ world: twoInstances }));
    expect(report.exitCode).toBe(5);
    expect(report.instances.map(({ stale, archives, open }) => [stale, archives, open.length])).toEqual([
      [true, 0, 1],
      [true, 0, 1],
    ]);
  });

  it('is 5 once the newest archive is older than allowed', async () => {
    const scenario = await archivedPair();
    scenario.clock.advance(22 * HOUR_MS);
    expect((await ask(scenario)).exitCode).toBe(0);
    scenario.clock.advance(2 * HOUR_MS);
    expect((await ask(scenario)).exitCode).toBe(5);
    expect((await ask(scenario, { maxAgeMs: 28 * HOUR_MS })).exitCode).toBe(0);
  });

  it('is 5 while a backup is about to be lost, though a newer one is archived', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'new' });
      },
    });
    await scenario.run();
    addBackup(scenario.cloud.world, scenario.clock, { id: 'old', hoursAgo: 7 * 24 - 5 });
    const report = await ask(scenario);
    expect(report.exitCode).toBe(5);
    expect(report.instances[0]).toMatchObject({
      stale: false,
      open: [{ backupId: 'old', hoursLeft: 5, atRisk: true, state: 'available' }],
    });
  });

  it('tells of an instance that the cloud has deleted, and calls it stale only where that was asked for', async () => {
    const scenario = await archivedPair();
    scenario.cloud.world.removeInstance(OTHER);
    scenario.clock.advance(8 * DAY_MS);
    addBackup(scenario.cloud.world, scenario.clock, { id: 'today' });
    await scenario.run();
    const report = await ask(scenario);
    expect(report.instances.map(({ instanceId, vanished, stale }) => [instanceId, vanished, stale])).toEqual([
      [INSTANCE, false, false],
      [OTHER, true, false],
    ]);
    expect(report.instances[1]).toMatchObject({ name: `name-of-${OTHER}`, archives: 1 });
    expect(report.exitCode).toBe(0);
    expect((await ask(scenario, { includeVanished: true })).exitCode).toBe(5);
  });

  it('leaves out what the filters leave out, in the cloud and in the catalog', async () => {
    const scenario = await archivedPair();
    const picky = await createScenario({
      s3: scenario.s3,
      world() {},
      source: { names: ['name-of-crs-o*2'] },
    });
    const report = await ask(picky);
    expect(report.instances.map(({ instanceId, vanished }) => [instanceId, vanished])).toEqual([
      [OTHER, true],
    ]);
  });

  it('takes only the instances of its own share', async () => {
    const scenario = await archivedPair();
    const reports = await Promise.all(
      [0, 1].map(async (index) =>
        ask(
          await createScenario({
            s3: scenario.s3,
            world: twoInstances,
            config: { shard: { index, count: 2 } },
          }),
        ),
      ),
    );
    const ids = reports.flatMap(({ instances }) => instances.map(({ instanceId }) => instanceId));
    expect(ids.sort()).toEqual([INSTANCE, OTHER]);
  });

  it('tells a dump that lies in quarantine, on its day', async () => {
    const scenario = await createScenario();
    const layout = archiveLayout('redis');
    const ref = { source: 'ap-guangzhou', instanceId: INSTANCE, backupId: 'backup-1' };
    const key = layout.quarantineRecordKey({ ...ref, startedAt: '2026-11-24T00:00:00Z' });
    scenario.s3.objects.set(key, objectOf('{}'));
    const [status] = (await ask(scenario)).instances;
    expect(status?.open).toMatchObject([{ backupId: 'backup-1', quarantined: true }]);
    expect(status?.days.at(-1)).toMatchObject({ archived: 0, quarantined: 1, open: 1 });
  });
});

describe('when the cloud cannot be asked', () => {
  it('at all, the archives are judged all the same, nothing counts as vanished, and the answer is 10', async () => {
    const scenario = await archivedPair();
    for (const action of ['DescribeInstances', 'DescribeInstanceBackups'])
      scenario.cloud.fault(call(action), denied());
    const report = await ask(scenario);
    expect(report.instances.map(({ vanished, stale, archives }) => [vanished, stale, archives])).toEqual([
      [false, false, 1],
      [false, false, 1],
    ]);
    expect(report.problems[0]?.message).toContain('Describe');
    expect(report.exitCode).toBe(10);
    scenario.clock.advance(2 * DAY_MS);
    expect((await ask(scenario)).instances.map(({ stale }) => stale)).toEqual([true, true]);
  });

  it.each([
    ['tencent-v3', 'DescribeInstances'],
    ['tencent-v3', 'DescribeInstanceBackups'],
    ['tencent-v2', 'DescribeRedis'],
    ['tencent-v2', 'GetRedisBackupList'],
  ] as const)('by half (%s, %s), nobody is called fresh or vanished for it', async (api, action) => {
    const scenario = await archivedPair({ api });
    scenario.clock.advance(2 * DAY_MS);
    scenario.cloud.fault(call(action), internalError());
    const report = await ask(scenario);
    expect(report.instances.map(({ vanished, stale }) => [vanished, stale])).toEqual([
      [false, true],
      [false, true],
    ]);
    expect(report.problems.length).toBeGreaterThan(0);
    // API 2.0 lists backups by instance, so without the instances it sees nothing at all.
    expect(report.exitCode).toBe(action === 'DescribeRedis' ? 10 : 5);
  });

  it('an instance that the configuration names and nobody has is a failure', async () => {
    const scenario = await archivedPair({ source: { instances: [INSTANCE, OTHER] } });
    const typing = await createScenario({
      s3: scenario.s3,
      source: { instances: [INSTANCE, 'crs-typo0001'] },
    });
    const report = await ask(typing);
    expect(report.problems[0]?.message).toContain('crs-typo0001');
    expect(report.exitCode).toBe(3);
  });
});

describe('when the destination', () => {
  it('refuses, there is no report, and the error ends in 11', async () => {
    const scenario = await archivedPair();
    scenario.s3.denied.add('ListObjectsV2');
    await expect(ask(scenario)).rejects.toMatchObject({ code: 'store-refused', exit: 11 });
  });

  it('holds a manifest that is none, the archive counts, and the damage is told with 4', async () => {
    const scenario = await archivedPair();
    const [key = ''] = scenario.keys('catalog');
    scenario.s3.objects.set(key, objectOf('{}'));
    const report = await ask(scenario);
    expect(report.exitCode).toBe(4);
    expect(report.problems[0]?.message).toContain(key);
    expect(report.instances.map(({ archives }) => archives)).toEqual([1, 1]);
    expect(report.instances.map(({ bytes = 0 }) => bytes > 0).sort()).toEqual([false, true]);
  });
});

/** What the last drills of the one source, the last verification, and what the cloud said of its settings have left: an object each. */
const RECORDS = 3;

describe('the cost', () => {
  it('is the same with ten years of archives: one listing a day looked at', async () => {
    const scenario = await archivedPair();
    // The day's first one asks the cloud for its settings, and writes them down.
    await ask(scenario);
    const young = await costOf(scenario);
    const [manifest] = scenario.manifests().values();
    if (!manifest) throw new Error('no manifest');
    for (let day = 40; day < 3650; day += 1) plant(scenario, manifest, scenario.clock.now() - day * DAY_MS);
    expect(scenario.keys('catalog').length).toBeGreaterThan(3600);
    expect(await costOf(scenario)).toEqual(young);
    // 35 days of the catalog, the index, the quarantine, and whether any archive lacks its key.
    expect(young.get('ListObjectsV2')).toBe(38);
    expect(young.get('GetObject')).toBe(2 + RECORDS);
  });

  it('of asking again is no manifest: each is read once in the life of the process', async () => {
    const scenario = await archivedPair();
    await ask(scenario);
    const [manifest] = scenario.manifests().values();
    if (!manifest) throw new Error('no manifest');
    plant(scenario, manifest, scenario.clock.now() - DAY_MS);
    const reads = scenario.s3.counts.get('GetObject') ?? 0;
    const again = await ask(scenario);
    expect((scenario.s3.counts.get('GetObject') ?? 0) - reads).toBe(1 + RECORDS);
    expect(again.instances.map(({ archives }) => archives).sort()).toEqual([1, 2]);
  });

  it('of all sizes is no manifest that the index has, and the answer is the same', async () => {
    const scenario = await createScenario();
    await scenario.run();
    const without = await ask(scenario);
    await scenario.app.index({ signal: new AbortController().signal });
    const { app } = await scenario.secondWorker();
    scenario.s3.forgetRequests();
    const sizes = ({ instances }: Awaited<ReturnType<typeof ask>>) =>
      instances.map(({ instanceId, archives, bytes }) => [instanceId, archives, bytes]);
    expect(sizes(await ask({ ...scenario, app }))).toEqual(sizes(without));
    const read = scenario.s3.requests.filter(({ operation }) => operation === 'GetObject');
    expect(read.filter(({ key }) => key.includes('/catalog/'))).toEqual([]);
  });

  it('of a monitor that wants no sizes is no manifest at all', async () => {
    const scenario = await archivedPair();
    const reads = scenario.s3.counts.get('GetObject') ?? 0;
    const report = await ask(scenario, { manifestReads: 0 });
    expect(scenario.s3.counts.get('GetObject') ?? 0).toBe(reads + RECORDS);
    expect(report.exitCode).toBe(0);
    expect(report.instances.map(({ archives, bytes }) => [archives, bytes])).toEqual([
      [1, undefined],
      [1, undefined],
    ]);
  });

  it('of many manifests is spread over several looks, and a part of the bytes is never told for the whole', async () => {
    const scenario = await archivedPair();
    const [manifest] = scenario.manifests().values();
    if (!manifest) throw new Error('no manifest');
    plant(scenario, manifest, scenario.clock.now() - DAY_MS);
    plant(scenario, manifest, scenario.clock.now() - 2 * DAY_MS);
    const looks: unknown[] = [];
    for (let look = 0; look < 3; look += 1) {
      const { instances } = await ask(scenario, { manifestReads: 2 });
      looks.push(instances.filter(({ bytes }) => bytes !== undefined).map(({ archives }) => archives));
    }
    expect(looks.at(-1)).toEqual(expect.arrayContaining([1, 3]));
    expect(looks[0]).not.toContain(3);
  });

  it('grows with an allowed age that reaches beyond the days looked at', async () => {
    const scenario = await archivedPair();
    expect((await ask(scenario, { maxAgeMs: 50 * DAY_MS })).daysBack).toBe(51);
  });

  /** What a process that starts anew asks the store for. */
  async function costOf(scenario: Scenario): Promise<Map<string, number>> {
    const before = new Map<string, number>(scenario.s3.counts);
    const { app } = await scenario.secondWorker();
    await ask({ app });
    return new Map([...scenario.s3.counts].map(([name, count]) => [name, count - (before.get(name) ?? 0)]));
  }
});

/** The same archive, as if its backup had been started at another time. */
function plant(scenario: Scenario, manifest: Manifest, startedAt: number): void {
  const backup = { ...manifest.backup, id: `at-${startedAt}`, startedAt: toInstant(startedAt) };
  const key = archiveLayout('redis').manifestKey({
    source: 'ap-guangzhou',
    instanceId: manifest.instance.id,
    backupId: backup.id,
    startedAt: backup.startedAt,
  });
  scenario.s3.objects.set(key, objectOf(JSON.stringify({ ...manifest, backup })));
}

function objectOf(text: string) {
  const bytes = Buffer.from(text);
  return { size: bytes.length, etag: '"x"', contentType: 'application/json', chunks: [bytes] };
}
