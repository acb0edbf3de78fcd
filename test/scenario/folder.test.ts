/** The main job with a folder as the destination. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { breakDisk } from '../support/broken-disk.ts';
import { download } from '../support/cloud.ts';
import { cutAt, flipBit } from '../support/cloud-download-faults.ts';
import { addBackup, createScenario, INSTANCE, MiB, only, type ScenarioOptions } from '../support/scenario.ts';
import { pretendShare } from '../support/share.ts';

const SIZE = 3 * MiB;
const { signal } = new AbortController();

async function withFolder(options: ScenarioOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-scenario-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const scenario = await createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1', size: SIZE });
    },
    ...options,
    config: { destination: { kind: 'file', directory }, ...options.config },
  });
  const files = async () => {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  };
  return { ...scenario, directory, files };
}

describe('a folder', () => {
  it('holds the cloud’s bytes and a manifest whose digest `sha256sum` gives', async () => {
    const scenario = await withFolder();
    scenario.cloud.fault(download(), cutAt(1_000_000), { times: 1 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', resumes: 1 });
    const names = await scenario.files();
    expect(names).toHaveLength(2);
    const manifestName = names.find((name) => name.endsWith('.json')) ?? '';
    const manifest = JSON.parse(await readFile(join(scenario.directory, manifestName), 'utf8')) as Manifest;
    const [file] = manifest.files;
    const bytes = await readFile(join(scenario.directory, file?.key ?? ''));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file?.sha256);
    expect(only(await scenario.run())).toMatchObject({ reason: 'already-archived' });
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  });

  it('gets one archive from two runs at once', async () => {
    const scenario = await withFolder();
    const runs = await Promise.all([scenario.run(), (await scenario.secondWorker()).run()]);
    expect(runs.map((run) => only(run).outcome)).not.toContain('failed');
    expect(await scenario.files()).toHaveLength(2);
  });

  it('gets a damaged dump into quarantine only', async () => {
    const scenario = await withFolder();
    scenario.cloud.fault(download(), flipBit(100_000));
    expect(only(await scenario.run())).toMatchObject({ reason: 'corrupt-source' });
    for (const name of await scenario.files()) expect(name).toMatch(/^quarantine\//);
  });

  it('that is damaged afterwards is found out by verify', async () => {
    const scenario = await withFolder();
    await scenario.run();
    const dump = (await scenario.files()).find((name) => name.endsWith('.rdb')) ?? '';
    const bytes = await readFile(join(scenario.directory, dump));
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(join(scenario.directory, dump), bytes);
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 4,
      items: [{ result: 'digest-differs' }],
    });
  });
});

describe('a folder on a share', () => {
  it.each(['EPERM', 'EINVAL', 'EOPNOTSUPP', 'EMLINK'])(
    'that answers a hard link with %s gets one archive from two runs at once, and nothing else is left',
    async (link) => {
      pretendShare({ link, syncFolder: 'EINVAL' });
      const scenario = await withFolder();
      const runs = await Promise.all([scenario.run(), (await scenario.secondWorker()).run()]);
      expect(runs.map((run) => only(run).outcome)).not.toContain('failed');
      expect(await scenario.files()).toHaveLength(2);
      expect(only(await scenario.run())).toMatchObject({ reason: 'already-archived' });
      expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
      const to = { kind: 'folder', directory: join(scenario.directory, 'restored') } as const;
      expect(await scenario.app.restore({ instanceId: INSTANCE, to, signal })).toMatchObject({ exitCode: 0 });
      const { items } = await scenario.app.check({ signal });
      expect(items.find(({ check }) => check === 'put-if-absent')).toMatchObject({
        verdict: 'ok',
        facts: { hardLinks: false },
      });
      expect(items.find(({ check }) => check === 'fsync')).toMatchObject({ verdict: 'warning' });
    },
  );
});

describe('a folder that cannot hold an archive', () => {
  it.each([
    ['is mounted read-only', () => breakDisk({ code: 'EROFS', after: 0, times: 1000 }), 'mounted read-only'],
    [
      'can be made nowhere',
      () => breakDisk({ code: 'ENOENT', after: 0, times: 1000 }),
      'can be made nowhere',
    ],
    ['does not sync files', () => pretendShare({ syncFile: 'EINVAL' }), 'fsync'],
  ])(
    'since it %s is told once, with the reason, before anything is downloaded: exit 11',
    async (_, harm, why) => {
      const scenario = await withFolder();
      harm();
      const run = await scenario.run();
      expect(run.summary).toMatchObject({ considered: 0, exitCode: 11 });
      const [failure] = run.of('run.failed');
      expect(`${failure?.error.message} ${failure?.error.hint}`).toContain(why);
      expect(scenario.cloud.requests).toEqual([]);
    },
  );
});
