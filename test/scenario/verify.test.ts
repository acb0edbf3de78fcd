/** `verify` in its three depths: what it reads, what it remembers, and what it says of damage. */
import { describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../src/verify/report.ts';
import { DAY_MS } from '../support/builders.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  MiB,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const { signal } = new AbortController();

/** Archives of one instance, `backup-1` the oldest. */
async function archives(count: number, options: ScenarioOptions = {}): Promise<Scenario> {
  const scenario = await createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      for (let index = 1; index <= count; index += 1)
        addBackup(world, clock, { id: `backup-${index}`, hoursAgo: 3 + count - index });
    },
    ...options,
  });
  await scenario.run();
  return scenario;
}

const sample = (scenario: Pick<Scenario, 'app'>, samplePercent: number) =>
  scenario.app.verify({ quick: false, samplePercent, signal });

const idsOf = ({ items }: VerifyReport) => items.map(({ backupId }) => backupId);
const resultsOf = ({ items }: VerifyReport) => items.map(({ result }) => result);

const dataKey = (scenario: Scenario, id: string) => scenario.manifests().get(id)?.files[0]?.key ?? '';
const manifestKey = (scenario: Scenario, id: string) =>
  scenario.keys('catalog').find((key) => key.endsWith(`_${id}.json`)) ?? '';

function flipByte(scenario: Scenario, key: string): void {
  const object = scenario.s3.objects.get(key);
  if (!object) expect.unreachable(`there is ${key}`);
  const bytes = Buffer.concat(object.chunks);
  bytes.writeUInt8(bytes.readUInt8(2000) ^ 1, 2000);
  scenario.s3.objects.set(key, { ...object, chunks: [bytes] });
}

function stateKeys(scenario: Scenario): string[] {
  return [...scenario.s3.objects.keys()].filter((key) => key.startsWith('redis/state/verify/')).sort();
}

describe('a full verification', () => {
  it('reads every byte and says how many', async () => {
    const scenario = await archives(3);
    const report = await scenario.app.verify({ quick: false, signal });
    expect(report).toMatchObject({
      exitCode: 0,
      problems: [],
      summary: { depth: 'full', archives: 3, damaged: 0, unreadable: 0, bytesRead: 12_000 },
    });
    expect(report.summary).not.toHaveProperty('rotation');
  });

  it('is remembered: the next sample begins with what it has not read', async () => {
    const scenario = await archives(4);
    for (const id of ['backup-1', 'backup-3'])
      await scenario.app.verify({ instanceId: INSTANCE, backupId: id, quick: false, signal });
    scenario.clock.advance(DAY_MS);
    expect(idsOf(await sample(scenario, 50))).toEqual(['backup-2', 'backup-4']);
  });

  it('of all archives keeps the index up to date in passing, and goes by no row of it', async () => {
    const scenario = await archives(20);
    await scenario.app.verify({ quick: true, signal });
    scenario.s3.forgetRequests();
    expect((await scenario.app.listArchives({ signal })).items).toHaveLength(20);
    const read = () =>
      scenario.s3.requests.filter(
        ({ operation, key }) => operation === 'GetObject' && key.includes('/catalog/'),
      );
    expect(read()).toEqual([]);
    await scenario.app.verify({ quick: false, signal });
    expect(new Set(read().map(({ key }) => key)).size).toBe(20);
  });

  it('fails where there is nothing to verify, in every depth', async () => {
    const scenario = await createScenario({ world: (world) => void world.addInstance({ id: INSTANCE }) });
    for (const request of [{ quick: false }, { quick: true }, { quick: false, samplePercent: 5 }]) {
      const report = await scenario.app.verify({ ...request, signal });
      expect(report).toMatchObject({ exitCode: 3, items: [], summary: { archives: 0, bytesRead: 0 } });
      expect(report.problems[0]?.message).toContain('no archive was found');
    }
  });

  it('does not call an archive damaged that goes while it is being read', async () => {
    const scenario = await archives(2);
    const [manifest, data] = [manifestKey(scenario, 'backup-1'), dataKey(scenario, 'backup-1')];
    const gate = scenario.s3.holdAt(({ operation, key }) => operation === 'GetObject' && key === data);
    const verifying = scenario.app.verify({ quick: false, signal });
    await gate.arrived;
    scenario.s3.objects.delete(manifest);
    scenario.s3.objects.delete(data);
    gate.release();
    const report = await verifying;
    expect(report).toMatchObject({ exitCode: 0, problems: [] });
    expect(idsOf(report)).toEqual(['backup-2']);
  });

  it('writes down on the way what it has read, so that one that is killed was not in vain', async () => {
    const scenario = await archives(3, { config: { concurrency: 1 } });
    const stop = new AbortController();
    const at = (id: string) =>
      scenario.s3.holdAt(({ operation, key }) => operation === 'GetObject' && key === dataKey(scenario, id));
    const [first, last] = [at('backup-1'), at('backup-3')];
    const verifying = scenario.app.verify({ quick: false, signal: stop.signal });
    const ended = expect(verifying).rejects.toThrow('stop');
    await first.arrived;
    scenario.clock.advance(10 * 60_000);
    first.release();
    await last.arrived;
    stop.abort(new Error('stop'));
    await ended;
    last.release();
    const kept = String(scenario.s3.bytesOf('redis/state/verify/ap-guangzhou/2026-11.json'));
    expect(kept).toContain('backup-1');
  });
});

describe('a sample', () => {
  it('reads what was never read first, and names the day by which all will have been', async () => {
    const scenario = await archives(10);
    const days: string[][] = [];
    const promised: string[] = [];
    for (let day = 0; day < 5; day += 1) {
      const report = await sample(scenario, 20);
      days.push(idsOf(report));
      promised.push(report.summary.rotation?.allReadBy ?? '');
      expect(report.summary).toMatchObject({
        depth: 'sample',
        archives: 2,
        bytesRead: 8000,
        rotation: { percent: 20, archives: 10, bytes: 40_000, neverRead: 8 - 2 * day },
      });
      scenario.clock.advance(DAY_MS);
    }
    expect(days.flat().toSorted()).toEqual(
      Array.from({ length: 10 }, (_, n) => `backup-${n + 1}`).toSorted(),
    );
    // The first one is taken on the 24th.
    expect(promised.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => '2026-11-28'));
  });

  it('says since when every archive was read, and when it will have been again', async () => {
    const scenario = await archives(4);
    await scenario.app.verify({ quick: false, signal });
    scenario.clock.advance(DAY_MS);
    const { rotation } = (await sample(scenario, 50)).summary;
    expect(rotation).toMatchObject({
      neverRead: 0,
      readSince: '2026-11-24T03:00:00Z',
      allReadBy: '2026-11-27',
    });
  });

  it('of one archive is that archive', async () => {
    const scenario = await archives(1);
    const report = await sample(scenario, 0.01);
    expect(idsOf(report)).toEqual(['backup-1']);
    expect(report.summary.rotation).toMatchObject({ neverRead: 0, allReadBy: '2026-11-24' });
  });

  it('learns from the samples before it how often it is taken', async () => {
    const scenario = await archives(10);
    for (let week = 0; week < 3; week += 1) {
      expect((await sample(scenario, 10)).summary.rotation).toMatchObject({
        everyHours: 24,
        observed: false,
      });
      scenario.clock.advance(7 * DAY_MS);
    }
    const { rotation } = (await sample(scenario, 10)).summary;
    expect(rotation).toMatchObject({ everyHours: 168, observed: true, neverRead: 6 });
    // Six more weeks.
    expect(rotation?.allReadBy).toBe('2027-01-26');
  });

  it('weighs by bytes, so that a sample costs about the same each time', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'large', size: 12 * MiB, hoursAgo: 9 });
        for (const id of ['a', 'b', 'c', 'd']) addBackup(world, clock, { id, size: 3 * MiB });
      },
    });
    await scenario.run();
    expect(idsOf(await sample(scenario, 50))).toEqual(['large']);
    scenario.clock.advance(DAY_MS);
    expect((await sample(scenario, 50)).items).toHaveLength(4);
  });

  it('keeps what it read in one object for a month of a source, and one for all samples', async () => {
    const scenario = await archives(6);
    await sample(scenario, 100);
    expect(stateKeys(scenario)).toEqual([
      'redis/state/verify/_runs.json',
      'redis/state/verify/ap-guangzhou/2026-11.json',
    ]);
  });

  it('of one instance takes nothing else, and is not taken for one of all', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        for (const id of [INSTANCE, 'crs-other001']) {
          world.addInstance({ id });
          addBackup(world, clock, { id: `of-${id}`, instanceId: id });
        }
      },
    });
    await scenario.run();
    const report = await scenario.app.verify({
      instanceId: INSTANCE,
      quick: false,
      samplePercent: 5,
      signal,
    });
    expect(idsOf(report)).toEqual([`of-${INSTANCE}`]);
    expect(report.summary.rotation).toMatchObject({ archives: 1, neverRead: 0 });
    expect(stateKeys(scenario)).toEqual(['redis/state/verify/ap-guangzhou/2026-11.json']);
  });

  it('forgets archives that are gone, so that what is kept does not grow for ever', async () => {
    const scenario = await archives(3);
    await sample(scenario, 100);
    const gone = manifestKey(scenario, 'backup-1');
    scenario.s3.objects.delete(gone);
    scenario.clock.advance(2 * DAY_MS);
    await sample(scenario, 100);
    const kept = String(scenario.s3.bytesOf('redis/state/verify/ap-guangzhou/2026-11.json'));
    expect(kept).toContain('backup-2');
    expect(kept).not.toContain('backup-1"');
  });
});

describe('two verifications at once', () => {
  it('both end well, and what either has read is known afterwards, or read again', async () => {
    const scenario = await archives(8);
    const other = await scenario.secondWorker();
    const both = await Promise.all([
      sample(scenario, 25),
      sample(other, 25),
      other.app.verify({ quick: false, signal }),
    ]);
    expect(both.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    scenario.clock.advance(DAY_MS);
    const next = await sample(scenario, 25);
    expect(next).toMatchObject({ exitCode: 0, summary: { archives: 2 } });
  });

  it('that write in between each other lose nothing that was written before', async () => {
    const scenario = await archives(2);
    const state = 'redis/state/verify/ap-guangzhou/2026-11.json';
    const gate = scenario.s3.holdAt(({ operation, key }) => operation === 'GetObject' && key === state);
    const slow = scenario.app.verify({ instanceId: INSTANCE, backupId: 'backup-1', quick: false, signal });
    await gate.arrived;
    await (await scenario.secondWorker()).app.verify({
      instanceId: INSTANCE,
      backupId: 'backup-2',
      quick: false,
      signal,
    });
    gate.release();
    await slow;
    expect(String(scenario.s3.bytesOf(state))).toMatch(/backup-1".*backup-2"/);
  });
});

describe('what was kept of earlier samples', () => {
  it.each([
    ['garbage', '<html>'],
    ['of another form', '{"schema":"rdb-archiver/verified@1","verified":[]}'],
    ['empty', ''],
  ])('that is %s begins anew with a warning, and fails nothing', async (_, text) => {
    const scenario = await archives(4);
    await sample(scenario, 50);
    const [samples = '', records = ''] = stateKeys(scenario);
    for (const key of [samples, records]) {
      const object = scenario.s3.objects.get(key);
      if (object) scenario.s3.objects.set(key, { ...object, size: text.length, chunks: [Buffer.from(text)] });
    }
    scenario.clock.advance(DAY_MS);
    const report = await sample(scenario, 50);
    expect(report.exitCode).toBe(0);
    expect(idsOf(report)).toEqual(['backup-1', 'backup-2']);
    expect(report.problems).toMatchObject([{ message: expect.stringContaining(records) }]);
    scenario.clock.advance(DAY_MS);
    expect(idsOf(await sample(scenario, 50))).toEqual(['backup-3', 'backup-4']);
  });

  it('that is lost begins anew with a warning', async () => {
    const scenario = await archives(4);
    await sample(scenario, 50);
    scenario.s3.objects.delete(stateKeys(scenario)[1] ?? '');
    scenario.clock.advance(DAY_MS);
    const report = await sample(scenario, 50);
    expect(report.exitCode).toBe(0);
    expect(report.problems).toMatchObject([
      { message: expect.stringContaining('no record of what they read') },
    ]);
  });

  it('that cannot be written fails a sample, which else would read the same archives for ever', async () => {
    const scenario = await archives(4);
    scenario.s3.denied.add('PutObject');
    const report = await sample(scenario, 50);
    expect(report.exitCode).toBe(3);
    expect(resultsOf(report)).toEqual(['ok', 'ok']);
    expect(report.problems).toMatchObject([
      { message: expect.stringContaining('could not be written down') },
    ]);
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  });
});

describe('a quick verification', () => {
  it('of many archives takes one listing for their dumps, and not a request for each', async () => {
    const scenario = await archives(12);
    scenario.s3.counts.clear();
    const report = await scenario.app.verify({ quick: true, signal });
    expect(report).toMatchObject({ exitCode: 0, summary: { depth: 'quick', archives: 12, bytesRead: 0 } });
    expect(scenario.s3.counts.get('HeadObject')).toBeUndefined();
    // Which sources there are (two small ones), the catalog, the dumps, and which segments the index has.
    expect(scenario.s3.counts.get('ListObjectsV2')).toBe(5);
  });

  it('leaves the rotation alone, for it reads nothing', async () => {
    const scenario = await archives(3);
    await scenario.app.verify({ quick: true, signal });
    expect(stateKeys(scenario)).toEqual([]);
  });

  it('finds a dump that is gone, or of another size, by the listing', async () => {
    const scenario = await archives(4);
    scenario.s3.objects.delete(dataKey(scenario, 'backup-2'));
    const cut = dataKey(scenario, 'backup-3');
    const object = scenario.s3.objects.get(cut);
    if (object) scenario.s3.objects.set(cut, { ...object, size: 9, chunks: [Buffer.from('REDIS0010')] });
    const report = await scenario.app.verify({ quick: true, signal });
    expect(report.exitCode).toBe(4);
    expect(resultsOf(report)).toEqual(['ok', 'missing', 'size-differs', 'ok']);
  });
});

describe('a damaged archive', () => {
  it('is named, with what to do while the cloud still has the backup; and doing that mends it', async () => {
    const scenario = await archives(2);
    const manifest = manifestKey(scenario, 'backup-1');
    flipByte(scenario, dataKey(scenario, 'backup-1'));
    const report = await scenario.app.verify({ quick: false, signal });
    expect(report).toMatchObject({ exitCode: 4, summary: { damaged: 1 } });
    const hint = report.items.find(({ result }) => result === 'digest-differs')?.hint;
    const expiresAt = scenario.manifests().get('backup-1')?.backup.expiresAt;
    expect(hint).toBe(
      `The cloud has the backup until ${expiresAt}: before that, move its manifest s3://archive/${manifest} out of the catalog, then \`rdb-archiver archive ${INSTANCE} backup-1\`.`,
    );
    expect(report.problems[0]).toMatchObject({ message: expect.stringContaining('backup-1'), hint });

    // As it stands, nothing overwrites it.
    expect((await scenario.archive(INSTANCE, 'backup-1')).outcomes).toMatchObject([
      { reason: 'already-archived' },
    ]);
    scenario.s3.objects.delete(manifest);
    expect((await scenario.archive(INSTANCE, 'backup-1')).outcomes).toMatchObject([{ outcome: 'archived' }]);
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  });

  it('that the cloud has deleted is told as such', async () => {
    const scenario = await archives(1);
    scenario.s3.objects.delete(dataKey(scenario, 'backup-1'));
    scenario.clock.advance(30 * DAY_MS);
    const [item] = (await scenario.app.verify({ quick: true, signal })).items;
    expect(item?.hint).toMatch(/^The cloud deleted the backup 2026-12-.*versioning/);
  });

  it('is looked at again by every sample until it is well, whatever its turn', async () => {
    const scenario = await archives(10);
    flipByte(scenario, dataKey(scenario, 'backup-1'));
    for (let day = 0; day < 4; day += 1) {
      const report = await sample(scenario, 10);
      expect(report.exitCode).toBe(4);
      expect(idsOf(report)).toContain('backup-1');
      expect(report.items).toHaveLength(day === 0 ? 1 : 2);
      scenario.clock.advance(DAY_MS);
    }
    scenario.s3.objects.delete(manifestKey(scenario, 'backup-1'));
    await scenario.archive(INSTANCE, 'backup-1');
    expect(await sample(scenario, 10)).toMatchObject({ exitCode: 0 });
    scenario.clock.advance(DAY_MS);
    expect(idsOf(await sample(scenario, 10))).not.toContain('backup-1');
  });
});
