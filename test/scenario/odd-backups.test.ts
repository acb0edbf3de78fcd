/** Backups as the cloud may hand them out although nobody expects it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesDump } from '../../src/sandbox/dump.ts';
import { DAY_MS } from '../support/builders.ts';
import { call, download } from '../support/cloud.ts';
import { changeJson } from '../support/cloud-api-faults.ts';
import { chunked, endChunksEarlyAt, htmlPage } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only, type Scenario } from '../support/scenario.ts';

const SIZE = 2 * MiB;

/** One encrypted backup: no format check can tell whether it is whole. */
function sealed(announcedSize: number): Promise<Scenario> {
  return createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1', size: SIZE });
      const files = world.backup(INSTANCE, 'backup-1')?.files ?? [];
      world.changeBackup(INSTANCE, 'backup-1', {
        encrypted: true,
        files: files.map((file) => ({ ...file, announcedSize })),
      });
    },
  });
}

describe('an encrypted dump', () => {
  it('of which neither the API nor the host tells the length is no archive: nothing shows whether it is whole', async () => {
    const scenario = await sealed(0);
    scenario.cloud.fault(download(), endChunksEarlyAt(SIZE / 2));
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
    expect(scenario.keys('catalog')).toEqual([]);
    expect(scenario.keys('quarantine')).toHaveLength(2);
  });

  it('without a Content-Length is held against the size that the API announced', async () => {
    const whole = await sealed(SIZE);
    whole.cloud.fault(download(), chunked());
    expect(only(await whole.run())).toMatchObject({ outcome: 'archived' });
    const cut = await sealed(SIZE);
    cut.cloud.fault(download(), endChunksEarlyAt(SIZE - 1));
    expect(only(await cut.run())).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
  });

  it('is told apart from a web page', async () => {
    const scenario = await sealed(0);
    scenario.cloud.fault(download(), htmlPage());
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
    expect(scenario.keys()).toEqual([]);
  });

  it.each(['<a', '\n<?', '{ "'])(
    'whose first bytes happen to be %j is no web page for that',
    async (beginning) => {
      const bytes = Buffer.concat([Buffer.from(beginning), createHash('sha512').update('random').digest()]);
      const scenario = await createScenario({
        world(world, clock) {
          world.addInstance({ id: INSTANCE });
          const files = [{ name: 'sealed.rdb', dump: bytesDump(bytes) }];
          world.addBackup(INSTANCE, {
            id: 'backup-1',
            startedAt: clock.now() - DAY_MS,
            encrypted: true,
            files,
          });
        },
      });
      expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', bytes: bytes.length });
    },
  );
});

describe('a size that the API announces wrongly', () => {
  const announcing = (announcedSize: number, checksum: boolean) =>
    createScenario({
      async world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-1' });
        const [file] = world.backup(INSTANCE, 'backup-1')?.files ?? [];
        if (!file) return;
        const bytes = Buffer.concat(
          [...file.dump.read(0, file.dump.size)].map((chunk) => Buffer.from(chunk)),
        );
        if (!checksum) bytes.fill(0, bytes.length - 8);
        world.changeBackup(INSTANCE, 'backup-1', {
          files: [{ ...file, dump: bytesDump(bytes), announcedSize }],
        });
      },
    });

  it('is a warning, kept in the manifest too, where the checksum proves the bytes', async () => {
    const scenario = await announcing(3999, true);
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', bytes: 4000 });
    expect(run.of('warning')[0]?.message).toMatch(/4000 bytes where the API announced 3999/);
    expect(scenario.manifests().get('backup-1')?.files[0]).toMatchObject({ size: 4000, announcedSize: 3999 });
  });

  it('is damage where the server wrote no checksum', async () => {
    const scenario = await announcing(3999, false);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
    const right = await announcing(4000, false);
    expect(only(await right.run())).toMatchObject({ outcome: 'archived' });
    expect(right.manifests().get('backup-1')?.files[0]?.rdb?.checksum).toBe('absent');
  });
});

describe('a backup', () => {
  it('without a single file is a failure, and no archive', async () => {
    const scenario = await createScenario();
    scenario.cloud.world.changeBackup(INSTANCE, 'backup-1', { files: [] });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'failed', reason: 'link-refused' });
    expect(run.summary.exitCode).toBe(3);
    expect(scenario.keys()).toEqual([]);
  });

  it('whose answer names a file without a link is no archive of the rest', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 2 });
        addBackup(world, clock, { id: 'backup-1', files: 2 });
      },
    });
    scenario.cloud.fault(
      call('DescribeBackupUrl'),
      changeJson((answer) => {
        answer['BackupInfos'] = [(answer['BackupInfos'] as object[])[0], null];
      }),
    );
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'link-refused' });
    expect(scenario.keys('catalog')).toEqual([]);
  });

  it('whose files all have one name keeps them apart', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        world.addInstance({ id: INSTANCE, shards: 3 });
        addBackup(world, clock, { id: 'backup-1', files: 3 });
      },
    });
    scenario.cloud.fault(
      call('DescribeBackupUrl'),
      changeJson((answer) => {
        for (const info of answer['BackupInfos'] as { FileName: string }[]) info.FileName = 'dump.rdb';
        (answer['BackupInfos'] as object[]).reverse();
      }),
    );
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    const files = scenario.manifests().get('backup-1')?.files ?? [];
    expect(new Set(files.map(({ sha256 }) => sha256)).size).toBe(3);
    expect(files.map(({ name }) => name)).toEqual(['dump.rdb', 'dump.rdb#2', 'dump.rdb#3']);
  });

  it.each(['a/b', '..', '.', 'ключ 100%', 'a_b.json', '😀'])(
    'with the id %j is archived, found again, listed and verified under it',
    async (id) => {
      const scenario = await createScenario({
        world(world, clock) {
          world.addInstance({ id });
          addBackup(world, clock, { id, instanceId: id });
        },
      });
      expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', instanceId: id, backupId: id });
      expect(only(await scenario.run())).toMatchObject({ reason: 'already-archived' });
      for (const key of scenario.keys()) expect(key).toMatch(/^[A-Za-z0-9._%/-]+$/);
      const { signal } = new AbortController();
      const archives = await scenario.app.listArchives({ instanceId: id, signal });
      expect(archives.items).toMatchObject([{ instanceId: id, backupId: id }]);
      const verified = await scenario.app.verify({ instanceId: id, backupId: id, quick: false, signal });
      expect(verified).toMatchObject({ exitCode: 0, items: [{ result: 'ok' }] });
    },
  );
});
