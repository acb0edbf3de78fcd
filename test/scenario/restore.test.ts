/** Archives come back: whole or not at all, from where a broken try stopped, and never over something else. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import type { ManifestFile } from '../../src/domain/manifest.ts';
import type { RestoreProgress } from '../../src/restore/report.ts';
import type { RestoreRequest } from '../../src/restore/restore.ts';
import { breakDisk } from '../support/broken-disk.ts';
import {
  addBackup,
  createScenario,
  digestOf,
  INSTANCE,
  MiB,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const { signal } = new AbortController();
const SIZE = 3 * MiB;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'archiver-restore-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return join(made, 'made', 'when needed');
}

async function archived(options: ScenarioOptions = {}): Promise<Scenario> {
  const scenario = await createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE, name: 'orders' });
      addBackup(world, clock, { id: 'backup-1', size: SIZE });
    },
    ...options,
  });
  expect((await scenario.run()).summary.exitCode).toBe(0);
  scenario.s3.counts.clear();
  return scenario;
}

const sharded: ScenarioOptions = {
  world(world, clock) {
    world.addInstance({ id: INSTANCE, shards: 3 });
    addBackup(world, clock, { id: 'backup-1', files: 3, size: MiB });
  },
};

const restoreTo = (scenario: Scenario, directory: string, more: Partial<RestoreRequest> = {}) =>
  scenario.app.restore({ instanceId: INSTANCE, to: { kind: 'folder', directory }, signal, ...more });

/** To a stream: everything that was written, and the report. */
async function restoreToStream(scenario: Scenario, more: Partial<RestoreRequest> = {}) {
  const chunks: Buffer[] = [];
  const write = async (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk));
  const report = await scenario.app.restore({
    instanceId: INSTANCE,
    to: { kind: 'stream', write },
    signal,
    ...more,
  });
  return { report, bytes: Buffer.concat(chunks) };
}

async function failureOf(work: Promise<unknown>): Promise<ArchiverError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  return error instanceof ArchiverError ? error : expect.unreachable(`failed with ${String(error)}`);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function fileOf(scenario: Scenario, index = 0): ManifestFile {
  return (
    scenario.manifests().get('backup-1')?.files[index] ?? expect.unreachable('the archive has that file')
  );
}

/** The ranges that were asked for of the dumps themselves. */
function rangesAsked({ s3 }: Scenario): (string | string[] | undefined)[] {
  return s3.requests
    .filter(({ operation, key }) => operation === 'GetObject' && key.includes('/data/'))
    .map(({ headers }) => headers['range']);
}

/** Flips a bit of the stored dump, as a bad disk does. */
function damage(scenario: Scenario, index = 0): void {
  const { key } = fileOf(scenario, index);
  const object = scenario.s3.objects.get(key) ?? expect.unreachable('there is the dump');
  const bytes = Buffer.concat(object.chunks);
  bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
  scenario.s3.objects.set(key, { ...object, chunks: [bytes] });
}

describe('a restored dump', () => {
  it('is the cloud’s dump, byte for byte, and lies in the folder alone', async () => {
    const scenario = await archived();
    const directory = folder();
    const report = await restoreTo(scenario, directory);
    expect(report).toMatchObject({
      backupId: 'backup-1',
      exitCode: 0,
      problems: [],
      items: [{ result: 'restored', path: join(directory, 'dump.rdb'), bytesRead: SIZE, resumedAt: 0 }],
    });
    expect(sha256(readFileSync(join(directory, 'dump.rdb')))).toBe(await digestOf(scenario));
    expect(readdirSync(directory)).toEqual(['dump.rdb']);
  });

  it('that lies there already is proved, and not fetched again', async () => {
    const scenario = await archived();
    const directory = folder();
    await restoreTo(scenario, directory);
    const again = await restoreTo(scenario, directory);
    expect(again.items).toMatchObject([{ result: 'already-there', bytesRead: 0 }]);
    expect(rangesAsked(scenario)).toHaveLength(1);
  });

  it.each([
    ['of another length', Buffer.from('precious')],
    ['of the same length', Buffer.alloc(SIZE)],
  ])('never overwrites a file %s', async (_, precious) => {
    const scenario = await archived();
    const directory = folder();
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'dump.rdb'), precious);
    const error = await failureOf(restoreTo(scenario, directory));
    expect(error).toMatchObject({ code: 'usage', exit: 2 });
    expect(readFileSync(join(directory, 'dump.rdb')).equals(precious)).toBe(true);
    expect(rangesAsked(scenario)).toEqual([]);
  });

  it('never overwrites a file that came to lie there while the dump was on its way', async () => {
    const scenario = await archived();
    const directory = folder();
    const path = join(directory, 'dump.rdb');
    const onProgress = ({ position }: RestoreProgress) => position > 0 && writeFileSync(path, 'precious');
    const error = await failureOf(restoreTo(scenario, directory, { onProgress }));
    expect(error).toMatchObject({ code: 'restore-failed', hint: expect.stringContaining('.partial') });
    expect(error.message).toContain(path);
    expect(readFileSync(path, 'utf8')).toBe('precious');
    rmSync(path);
    expect(await restoreTo(scenario, directory)).toMatchObject({ items: [{ resumedAt: SIZE }] });
    expect(readdirSync(directory)).toEqual(['dump.rdb']);
  });

  it('never takes the place of a link, even of one that leads nowhere', async () => {
    const scenario = await archived();
    const directory = folder();
    mkdirSync(directory, { recursive: true });
    symlinkSync('/nowhere', join(directory, 'dump.rdb'));
    expect(await failureOf(restoreTo(scenario, directory))).toMatchObject({ code: 'usage' });
    expect(readlinkSync(join(directory, 'dump.rdb'))).toBe('/nowhere');
    expect(rangesAsked(scenario)).toEqual([]);
  });

  it('tells how far it is', async () => {
    const scenario = await archived();
    const told: RestoreProgress[] = [];
    await restoreTo(scenario, folder(), { onProgress: (progress) => told.push(progress) });
    expect(told[0]).toEqual({ index: 1, file: 'dump.rdb', size: SIZE, position: 0, ended: false });
    expect(told.at(-1)).toMatchObject({ position: SIZE, ended: true });
    expect(told.map(({ position }) => position)).toEqual(
      told.map(({ position }) => position).toSorted((a, b) => a - b),
    );
  });
});

describe('a line that breaks', () => {
  it('costs no byte twice: the same restore goes on', async () => {
    const scenario = await archived();
    scenario.s3.fail({ on: 'GetObject', key: '/data/', effect: 'cut', times: 2 });
    const directory = folder();
    expect(await restoreTo(scenario, directory)).toMatchObject({ exitCode: 0, items: [{ bytesRead: SIZE }] });
    expect(rangesAsked(scenario)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=/),
      expect.stringMatching(/^bytes=/),
    ]);
  });

  it('for good keeps what came: the next restore goes on there, and reads only the rest', async () => {
    const scenario = await archived();
    const { s3 } = scenario;
    s3.fail({ on: 'GetObject', key: '/data/', effect: 'cut' });
    const down = s3.fail({
      on: 'GetObject',
      key: '/data/',
      effect: 'answer',
      status: 500,
      code: 'InternalError',
      nth: 2,
      times: 99,
    });
    const directory = folder();
    expect(await failureOf(restoreTo(scenario, directory))).toMatchObject({ code: 'store-failed', exit: 3 });
    const [partial = '', ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    expect(partial).toBe(`dump.rdb.${fileOf(scenario).sha256.slice(0, 16)}.partial`);
    const kept = readFileSync(join(directory, partial)).length;
    expect(kept).toBeGreaterThan(0);

    down.remove();
    const report = await restoreTo(scenario, directory);
    expect(report).toMatchObject({ exitCode: 0, items: [{ resumedAt: kept, bytesRead: SIZE - kept }] });
    expect(rangesAsked(scenario).at(-1)).toBe(`bytes=${kept}-`);
    expect(sha256(readFileSync(join(directory, 'dump.rdb')))).toBe(await digestOf(scenario));
    expect(readdirSync(directory)).toEqual(['dump.rdb']);
  });

  it('fails a restore whose object is replaced meanwhile, instead of mixing two', async () => {
    const scenario = await archived();
    const { s3 } = scenario;
    s3.fail({ on: 'GetObject', key: '/data/', effect: 'cut' });
    const gate = s3.holdAt(({ key, headers }) => key.includes('/data/') && headers['range'] !== undefined);
    const directory = folder();
    const restoring = failureOf(restoreTo(scenario, directory));
    await gate.arrived;
    const { key } = fileOf(scenario);
    const object = s3.objects.get(key) ?? expect.unreachable('there is the dump');
    s3.objects.set(key, { ...object, etag: 'f'.repeat(32) });
    gate.release();
    expect(await restoring).toMatchObject({ code: 'object-replaced', exit: 3 });
    // The bytes are the same after all: the next one proves it by their digest.
    expect(await restoreTo(scenario, directory)).toMatchObject({ exitCode: 0 });
  });
});

describe('what an interrupted restore has left', () => {
  const leave = (scenario: Scenario, directory: string, bytes: Uint8Array, sha = fileOf(scenario).sha256) => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `dump.rdb.${sha.slice(0, 16)}.partial`), bytes);
  };

  it.each([
    ['damaged (a power cut leaves holes)', Buffer.alloc(MiB)],
    ['longer than the dump', Buffer.alloc(SIZE + 1)],
    ['empty', Buffer.alloc(0)],
  ])('is begun anew where it is %s', async (_, bytes) => {
    const scenario = await archived();
    const directory = folder();
    leave(scenario, directory, bytes);
    const report = await restoreTo(scenario, directory);
    expect(report).toMatchObject({ exitCode: 0, items: [{ result: 'restored', resumedAt: 0 }] });
    expect(sha256(readFileSync(join(directory, 'dump.rdb')))).toBe(await digestOf(scenario));
  });

  it('is only given its name where all of it was written', async () => {
    const scenario = await archived();
    const directory = folder();
    leave(scenario, directory, scenario.s3.bytesOf(fileOf(scenario).key) ?? Buffer.alloc(0));
    const report = await restoreTo(scenario, directory);
    expect(report).toMatchObject({ exitCode: 0, items: [{ resumedAt: SIZE, bytesRead: 0 }] });
    expect(readdirSync(directory)).toEqual(['dump.rdb']);
  });

  it('is not written through, where a link lies in its place', async () => {
    const scenario = await archived();
    const directory = folder();
    const precious = join(directory, '..', 'precious');
    mkdirSync(directory, { recursive: true });
    writeFileSync(precious, 'precious');
    symlinkSync(precious, join(directory, `dump.rdb.${fileOf(scenario).sha256.slice(0, 16)}.partial`));
    expect(await failureOf(restoreTo(scenario, directory))).toMatchObject({
      code: 'restore-failed',
      hint: expect.stringContaining('link'),
    });
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  it('of another archive is neither gone on with nor touched', async () => {
    const scenario = await archived();
    const directory = folder();
    leave(scenario, directory, Buffer.from('of another'), '0'.repeat(64));
    expect(await restoreTo(scenario, directory)).toMatchObject({ items: [{ resumedAt: 0 }] });
    expect(readdirSync(directory)).toEqual([`dump.rdb.${'0'.repeat(16)}.partial`, 'dump.rdb'].toSorted());
  });
});

describe('a damaged archive', () => {
  it('never gets the dump’s name: it is kept under one that warns, exit 4', async () => {
    const scenario = await archived();
    damage(scenario);
    const directory = folder();
    const report = await restoreTo(scenario, directory);
    const [name = ''] = readdirSync(directory);
    expect(name).toMatch(/^dump\.rdb\.[0-9a-f]{16}\.damaged$/);
    expect(report).toMatchObject({
      exitCode: 4,
      items: [{ result: 'digest-differs', path: join(directory, name) }],
      problems: [{ message: expect.stringContaining('SHA-256'), hint: expect.stringContaining(name) }],
    });
    expect(readFileSync(join(directory, name))).toHaveLength(SIZE);
  });

  it('whose dump is gone leaves nothing behind, exit 4', async () => {
    const scenario = await archived();
    scenario.s3.objects.delete(fileOf(scenario).key);
    const directory = folder();
    expect(await restoreTo(scenario, directory)).toMatchObject({
      exitCode: 4,
      items: [{ result: 'missing', path: null }],
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is told after its bytes on a stream, which nobody can take back', async () => {
    const scenario = await archived();
    damage(scenario);
    const { report, bytes } = await restoreToStream(scenario);
    expect(bytes).toHaveLength(SIZE);
    expect(report).toMatchObject({
      exitCode: 4,
      problems: [{ hint: expect.stringContaining('do not use it') }],
    });
  });
});

describe('a backup of several shards', () => {
  it('comes back as one file each', async () => {
    const scenario = await archived(sharded);
    const directory = folder();
    const report = await restoreTo(scenario, directory);
    const names = ['dump-1-of-3.rdb', 'dump-2-of-3.rdb', 'dump-3-of-3.rdb'];
    expect(report).toMatchObject({ exitCode: 0, files: 3, items: names.map((file) => ({ file })) });
    expect(readdirSync(directory).toSorted()).toEqual(names);
    for (const [index, name] of names.entries())
      expect(sha256(readFileSync(join(directory, name)))).toBe(
        await digestOf(scenario, 'backup-1', `redis-${index + 1}.rdb`),
      );
  });

  it('of which one is damaged gives the others, and names it', async () => {
    const scenario = await archived(sharded);
    damage(scenario, 1);
    const directory = folder();
    const report = await restoreTo(scenario, directory);
    expect(report.items.map(({ result }) => result)).toEqual(['restored', 'digest-differs', 'restored']);
    expect(report.exitCode).toBe(4);
    expect(readdirSync(directory).filter((name) => name.endsWith('.rdb'))).toHaveLength(2);
  });

  it('gives one of them where one is asked for, to a folder or a stream', async () => {
    const scenario = await archived(sharded);
    const directory = folder();
    expect(await restoreTo(scenario, directory, { shard: 2 })).toMatchObject({
      items: [{ result: 'restored' }],
    });
    expect(readdirSync(directory)).toEqual(['dump-2-of-3.rdb']);
    const { bytes } = await restoreToStream(scenario, { shard: 3 });
    expect(sha256(bytes)).toBe(fileOf(scenario, 2).sha256);
  });

  it('is refused on a stream, and so is a shard that it has not', async () => {
    const scenario = await archived(sharded);
    const all = await failureOf(restoreToStream(scenario));
    expect(all).toMatchObject({ code: 'usage', hint: expect.stringContaining('--shard') });
    expect(await failureOf(restoreTo(scenario, folder(), { shard: 4 }))).toMatchObject({ code: 'usage' });
  });

  it('has nothing fetched where one has no place', async () => {
    const scenario = await archived(sharded);
    const directory = folder();
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'dump-3-of-3.rdb'), 'precious');
    expect(await failureOf(restoreTo(scenario, directory))).toMatchObject({ code: 'usage' });
    expect(readdirSync(directory)).toEqual(['dump-3-of-3.rdb']);
  });
});

describe('a stream', () => {
  it('gets the bytes in order, each before the next is asked for', async () => {
    const scenario = await archived();
    scenario.s3.fail({ on: 'GetObject', key: '/data/', effect: 'cut' });
    const { report, bytes } = await restoreToStream(scenario);
    expect(report).toMatchObject({ exitCode: 0, items: [{ result: 'restored', path: null }] });
    expect(sha256(bytes)).toBe(await digestOf(scenario));
  });

  it('that is closed by its reader ends the restore with the reader’s error', async () => {
    const scenario = await archived();
    const gone = new ArchiverError('restore-failed', 'gone');
    const write = () => Promise.reject(gone);
    expect(await failureOf(restoreTo(scenario, '', { to: { kind: 'stream', write } }))).toBe(gone);
  });
});

describe('a disk', () => {
  it.each([
    ['full', 'ENOSPC', /disk is full.*same command again/],
    ['read-only', 'EROFS', /read-only/],
  ] as const)('that is %s is told with the file and what to do', async (_, code, hint) => {
    const scenario = await archived();
    const directory = folder();
    const disk = breakDisk({ code, after: 0, room: MiB, times: 1 });
    const error = await failureOf(restoreTo(scenario, directory));
    expect(error).toMatchObject({ code: 'restore-failed', exit: 3, hint: expect.stringMatching(hint) });
    expect(error.message).toContain(directory);
    disk.remove();
    const report = await restoreTo(scenario, directory);
    expect(report.exitCode).toBe(0);
    if (code === 'ENOSPC') expect(report.items).toMatchObject([{ resumedAt: MiB }]);
  });

  it('without room for the dump is told before the first byte', async () => {
    const scenario = await archived();
    const { key } = fileOf(scenario);
    const manifestKey = scenario.keys('catalog')[0] ?? '';
    const object = scenario.s3.objects.get(manifestKey) ?? expect.unreachable('there is the manifest');
    const text = String(scenario.s3.bytesOf(manifestKey)).replaceAll(`${SIZE}`, '900000000000000');
    const chunks = [Buffer.from(text)];
    scenario.s3.objects.set(manifestKey, { ...object, size: Buffer.byteLength(text), chunks });
    const error = await failureOf(restoreTo(scenario, folder()));
    expect(error).toMatchObject({
      code: 'restore-failed',
      hint: expect.stringContaining('Nothing has been written'),
    });
    expect(error.message).toMatch(/\d+ MiB free, and 858306885 MiB are still to be written/);
    expect(
      scenario.s3.requests.filter((request) => request.key === key && request.operation === 'GetObject'),
    ).toEqual([]);
  });

  it('on which nobody can make a folder is told, and not asked for ever', async () => {
    const scenario = await archived();
    expect(await failureOf(restoreTo(scenario, '/proc/no/such'))).toMatchObject({ code: 'restore-failed' });
  });

  it('whose folder is a file is told', async () => {
    const scenario = await archived();
    const directory = folder();
    mkdirSync(join(directory, '..'), { recursive: true });
    writeFileSync(directory, 'a file');
    expect(await failureOf(restoreTo(scenario, directory))).toMatchObject({
      code: 'restore-failed',
      hint: expect.stringContaining('A file lies where a folder is needed'),
    });
  });
});

it('a destination that cannot be reached is 11', async () => {
  const scenario = await archived();
  await scenario.s3.close();
  expect(await failureOf(restoreTo(scenario, folder()))).toMatchObject({
    code: 'store-unreachable',
    exit: 11,
  });
});

it('a backup that the cloud encrypted comes back as it is, without a check of its format', async () => {
  const scenario = await archived({
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'backup-1' });
      const backup = world.backups('ap-guangzhou').find(({ id }) => id === 'backup-1');
      if (backup) Object.assign(backup, { encrypted: true });
    },
  });
  const report = await restoreTo(scenario, folder());
  expect(report).toMatchObject({ encrypted: true, exitCode: 0, items: [{ result: 'restored', rdb: null }] });
});
