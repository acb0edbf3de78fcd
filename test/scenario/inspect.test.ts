/** Looking into archives, and counting keys on the way into them. */
import { describe, expect, it } from 'vitest';
import { bytesDump } from '../../src/sandbox/dump.ts';
import { REAL_DUMPS, type RealDumpName, realDump } from '../../src/sandbox/real-dumps.ts';
import { download } from '../support/cloud.ts';
import { cutAfter } from '../support/cloud-download-faults.ts';
import { RDB_SAMPLES } from '../support/rdb-samples.ts';
import { bytes, dump, expireAt, key, selectDatabase, string } from '../support/rdb-writer.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const { signal } = new AbortController();

/** Backups of one instance by id, the first one the oldest, each of these files. */
function holding(
  backups: Readonly<Record<string, readonly (RealDumpName | Buffer)[]>>,
  more: ScenarioOptions = {},
): Promise<Scenario> {
  return createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      for (const [index, [id, files]] of Object.entries(backups).entries()) {
        world.addBackup(INSTANCE, {
          id,
          startedAt: clock.now() - (20 - index) * 3_600_000,
          files: files.map((file, shard) => ({
            name: `redis-${shard + 1}.rdb`,
            dump: typeof file === 'string' ? realDump(file) : bytesDump(file),
          })),
        });
      }
    },
    ...more,
  });
}

const inspect = (scenario: Scenario, backupId?: string) =>
  scenario.app.inspect({ instanceId: INSTANCE, top: 5, signal, ...(backupId && { backupId }) });

describe('inspect', () => {
  it('shows what is in the newest archive, and in an older one that is named', async () => {
    const scenario = await holding({ old: ['empty.rdb'], new: ['standard-1.rdb'] });
    await scenario.run();
    expect(await inspect(scenario)).toMatchObject({
      archive: { instanceId: INSTANCE, backupId: 'new' },
      items: [{ name: 'dump.rdb', result: 'ok', checksum: 'verified' }],
      total: { keys: REAL_DUMPS['standard-1.rdb'], expiring: 20 },
      problems: [],
      exitCode: 0,
    });
    expect(await inspect(scenario, 'old')).toMatchObject({
      archive: { backupId: 'old' },
      total: { keys: 0 },
    });
  });

  it('adds the shards of a cluster up', async () => {
    const scenario = await holding({ cluster: ['cluster-shard-1.rdb', 'cluster-shard-2.rdb'] });
    await scenario.run();
    const { items, total } = await inspect(scenario);
    expect(items.map(({ name }) => name)).toEqual(['dump-1-of-2.rdb', 'dump-2-of-2.rdb']);
    expect(total.keys).toBe(REAL_DUMPS['cluster-shard-1.rdb'] + REAL_DUMPS['cluster-shard-2.rdb']);
  });

  it('calls an archive damaged whose bytes are no longer those that were kept, 4', async () => {
    const scenario = await holding({ one: ['standard-1.rdb'] });
    await scenario.run();
    const [at = ''] = scenario.keys('data');
    const [chunk] = scenario.s3.objects.get(at)?.chunks ?? [];
    chunk?.writeUInt8(chunk.readUInt8(5000) ^ 1, 5000);
    const report = await inspect(scenario);
    expect(report).toMatchObject({ exitCode: 4, items: [{ key: at, result: 'damaged' }] });
    expect(report.problems[0]?.hint).toContain('list archives');
    scenario.s3.objects.delete(at);
    expect(await inspect(scenario)).toMatchObject({
      exitCode: 4,
      items: [{ result: 'damaged', census: null }],
    });
  });

  it('does not call what it does not understand damaged, where the checksum is right, 3', async () => {
    const scenario = await holding({ one: [dump([key(0, 'a', string('1')), bytes(200, string('b'), 1)])] });
    await scenario.run();
    expect(await inspect(scenario)).toMatchObject({
      exitCode: 3,
      items: [
        { result: 'not-understood', checksum: 'verified', census: { keys: 1, ending: { offset: 14 } } },
      ],
    });
  });

  it.each(RDB_SAMPLES.map((sample) => [sample.name, sample] as const))(
    'counts what the server counted that wrote it: %s',
    async (_, { bytes: file, expected }) => {
      const scenario = await holding({ one: [file] });
      await scenario.run();
      const report = await inspect(scenario);
      expect(report).toMatchObject({ exitCode: 0, problems: [], items: [{ result: 'ok' }] });
      const types = report.items[0]?.census?.types ?? [];
      expect(Object.fromEntries(types.map(({ type, keys }) => [type, keys]))).toEqual(expected.types);
    },
  );

  it('shows what it can of a version to come, and of a server that nobody knows, 3', async () => {
    const records = [key(0, 'a', string('1')), bytes(200, string('b'), 1)];
    const scenario = await holding({
      later: [dump(records, { magic: 'VALKEY099' })],
      other: [dump(records, { magic: 'OTHERS001' })],
    });
    await scenario.run();
    expect(await inspect(scenario, 'later')).toMatchObject({
      exitCode: 3,
      items: [{ result: 'not-understood', checksum: 'verified', census: { version: 99, keys: 1 } }],
    });
    expect(await inspect(scenario, 'other')).toMatchObject({
      exitCode: 3,
      items: [{ result: 'not-understood', checksum: 'verified', census: { version: 0, keys: 0 } }],
    });
  });

  it('counts a dump with bytes behind its end, and tells them', async () => {
    const file = dump([key(0, 'a', string('1'))], { after: Buffer.alloc(40, 1) });
    const scenario = await holding({ one: [file] });
    await scenario.run();
    expect(await inspect(scenario)).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok', checksum: 'verified', census: { keys: 1, trailingBytes: 40 } }],
    });
  });

  it('says that it cannot look into what the cloud encrypted, or into another format, 3', async () => {
    const noise = Buffer.from('neither text nor dump'.repeat(50));
    const encrypted = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        const files = [{ name: 'a.rdb', dump: bytesDump(noise), announcedSize: noise.length }];
        world.addBackup(INSTANCE, { id: 'one', startedAt: clock.now() - 3_600_000, encrypted: true, files });
      },
    });
    await encrypted.run();
    const report = await inspect(encrypted);
    expect(report).toMatchObject({ exitCode: 3, items: [], archive: { backupId: 'one' } });
    expect(report.problems[0]?.message).toContain('encrypted');
  });

  it('rejects what is not there', async () => {
    const scenario = await holding({ one: ['empty.rdb'] });
    await scenario.run();
    await expect(inspect(scenario, 'two')).rejects.toMatchObject({ code: 'unknown-backup' });
    const unknown = scenario.app.inspect({ instanceId: 'crs-nobody', top: 5, signal });
    await expect(unknown).rejects.toMatchObject({ code: 'unknown-instance' });
  });
});

describe('a run that inspects', () => {
  const inspecting = { config: { inspect: true } };

  it('writes the number of keys into the manifest', async () => {
    const file = dump([
      selectDatabase(0),
      bytes(expireAt(4_102_444_800_000), key(0, 'a', string('1'))),
      key(0, 'b', string('2')),
      selectDatabase(3),
      key(0, 'c', string('3')),
    ]);
    const scenario = await holding({ one: ['large.rdb'], two: [file, 'standard-1.rdb'] }, inspecting);
    expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
    const contents = (id: string) =>
      scenario
        .manifests()
        .get(id)
        ?.files.map(({ rdb }) => rdb?.contents);
    expect(contents('one')).toMatchObject([{ keys: REAL_DUMPS['large.rdb'] }]);
    expect(contents('two')).toMatchObject([
      { keys: 3, expiring: 1, databases: { 0: 2, 3: 1 } },
      { keys: REAL_DUMPS['standard-1.rdb'], expiring: 20, databases: { 0: 36, 1: 1, 9: 1 } },
    ]);
    // And reads its own manifests again.
    expect((await scenario.run()).summary).toMatchObject({
      archived: 0,
      skippedBy: { 'already-archived': 2 },
    });
  });

  it('archives a dump that it does not understand as any other, and tells up to where it counted', async () => {
    const records = [key(0, 'a', string('1')), key(0, 'b', string('2')), bytes(200, string('c'), 1)];
    const scenario = await holding({ one: [dump(records)] }, inspecting);
    const run = await scenario.run();
    expect(run.summary).toMatchObject({ archived: 1, exitCode: 0 });
    expect(run.of('warning')).toMatchObject([
      {
        message:
          'redis-1.rdb of backup one was archived without a count of its keys: 2 were counted up to byte 19, and then nothing that this program knows has the type 200',
        hint: expect.stringContaining('Its CRC-64 is right'),
      },
    ]);
    const [file] = scenario.manifests().get('one')?.files ?? [];
    expect(file?.rdb).toMatchObject({
      checksum: 'verified',
      uncounted: { offset: 19, keys: 2, reason: expect.stringContaining('type 200') },
    });
    expect(file?.rdb).not.toHaveProperty('contents');
    // And reads its own manifest again.
    expect((await scenario.run()).summary.skippedBy).toEqual({ 'already-archived': 1 });
  });

  it('counts dumps of the newest servers', async () => {
    for (const sample of RDB_SAMPLES) {
      const scenario = await holding({ one: [sample.bytes] }, inspecting);
      const run = await scenario.run();
      expect(run.of('warning'), sample.name).toEqual([]);
      const keys = Object.entries(sample.expected.dbs).map(([database, each]) => [database, each.keys]);
      expect(scenario.manifests().get('one')?.files[0]?.rdb?.contents, sample.name).toMatchObject({
        databases: Object.fromEntries(keys),
      });
    }
  });

  it('counts right when the download breaks off in the middle', async () => {
    const scenario = await createScenario({
      ...inspecting,
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'one', size: 3_000_000 });
      },
    });
    scenario.cloud.fault(download(), cutAfter(1_500_000), { times: 1 });
    const { outcomes } = await scenario.run();
    expect(outcomes[0]).toMatchObject({ outcome: 'archived', resumes: 1 });
    expect(scenario.manifests().get('one')?.files[0]?.rdb?.contents?.keys).toBe(3);
  });

  it('is not what a run does unasked', async () => {
    const scenario = await holding({ one: ['empty.rdb'] });
    await scenario.run();
    expect(scenario.manifests().get('one')?.files[0]?.rdb).not.toHaveProperty('contents');
  });
});
