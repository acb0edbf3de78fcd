/** An archive of what the cloud encrypted opens after the cloud has forgotten it, or everybody is told that it does not. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fixed } from '../../src/domain/current.ts';
import { interruption } from '../../src/domain/errors.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { createLog } from '../../src/report/log.ts';
import { realDumpPath } from '../../src/sandbox/real-dumps.ts';
import { DAY_MS } from '../support/builders.ts';
import { call } from '../support/cloud.ts';
import {
  backupGone,
  backupNotReady,
  changeJson,
  denied,
  internalError,
  before as whileAnswering,
} from '../support/cloud-api-faults.ts';
import {
  addEncrypted,
  CLOUD_KEY,
  encryptedWorld,
  type Holder,
  KMS_KEY,
  newHolder,
} from '../support/encrypted.ts';
import {
  addBackup,
  createScenario,
  INSTANCE,
  only,
  type Run,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';
import { aRule } from '../support/shelf.ts';

const signal = new AbortController().signal;
const DETAIL = call('DescribeBackupDetail');
const DUMP = readFileSync(realDumpPath('standard-2.rdb'));
const RECORDS = 'redis/state/keys/';

const LOOK = { maxAgeMs: 26 * 3_600_000, daysBack: 35, includeVanished: false, manifestReads: 0, signal };

function manifestOf(scenario: Scenario, id = 'backup-1'): Manifest {
  const manifest = scenario.manifests().get(id);
  if (!manifest) throw new Error(`there is no manifest of ${id}`);
  return manifest;
}

function records(scenario: Scenario): string[] {
  return scenario.keys().filter((key) => key.startsWith(RECORDS));
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'encrypted-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function sealed(holder: Holder, options: ScenarioOptions = {}): Promise<Scenario> {
  const { config, ...rest } = options;
  return createScenario({
    world: encryptedWorld(),
    ...rest,
    config: { ...holder.sealing, ...holder.opening, ...config },
  });
}

function restoreTo(scenario: Scenario, directory: string, more: object = {}) {
  return scenario.app.restore({
    instanceId: INSTANCE,
    to: { kind: 'folder', directory },
    decrypt: true,
    signal,
    ...more,
  });
}

/** Everything that was told of a run, and everything that lies in the bucket. */
function said(scenario: Scenario, runs: readonly Run[], more: readonly unknown[] = []): string {
  const lines: string[] = [];
  const log = createLog({
    write: (line) => void lines.push(line),
    clock: scenario.clock,
    level: 'debug',
    skipped: true,
  });
  for (const run of runs) for (const event of run.events) log(event);
  const events = runs.flatMap(({ events: told }) => told.map((event) => inspect(event, { depth: 12 })));
  const objects = [...scenario.s3.objects.keys()].map((key) => String(scenario.s3.bytesOf(key)));
  return [...lines, ...events, ...objects, ...more.map((value) => inspect(value, { depth: 12 }))].join('\n');
}

describe('an encrypted backup whose key is sealed', () => {
  it('opens when the cloud has forgotten it, byte for byte', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', key: 'sealed' });
    expect(manifestOf(scenario).backup.encryption).toEqual({
      algorithm: 'AES-256-CBC',
      kmsKeyId: KMS_KEY,
      keyFingerprint: createHash('sha256').update(CLOUD_KEY).digest('hex').slice(0, 16),
      sealedKey: expect.stringContaining('BEGIN AGE ENCRYPTED FILE'),
      opened: 'key in base64, IV in front',
    });

    scenario.clock.advance(8 * DAY_MS);
    const directory = folder();
    const report = await restoreTo(scenario, directory);
    expect(report).toMatchObject({
      exitCode: 0,
      items: [{ result: 'restored', opened: 'key in base64, IV in front', rdb: { checksum: 'verified' } }],
    });
    expect(readFileSync(join(directory, 'dump.rdb')).equals(DUMP)).toBe(true);
    expect(report.items[0]?.sha256).toBe(createHash('sha256').update(DUMP).digest('hex'));
  });

  it('is asked for its key once, and for nothing where the cloud did not encrypt', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder, {
      world(world, clock) {
        encryptedWorld()(world, clock);
        addBackup(world, clock, { id: 'plain', hoursAgo: 30 });
      },
    });
    expect((await scenario.run()).summary).toMatchObject({ archived: 2, exitCode: 0 });
    expect(scenario.cloud.calls('DescribeBackupDetail')).toBe(1);
    expect(manifestOf(scenario, 'plain').backup).toMatchObject({ encrypted: false });
    expect((await scenario.run()).summary).toMatchObject({ skipped: 2, exitCode: 0 });
    expect(scenario.cloud.calls('DescribeBackupDetail')).toBe(1);
  });

  it('of several shards has one key for all', async () => {
    const holder = await newHolder();
    const dumps = ['cluster-shard-1.rdb', 'cluster-shard-2.rdb'] as const;
    const scenario = await sealed(holder, { world: encryptedWorld({ dumps }) });
    await scenario.run();
    const directory = folder();
    expect(await restoreTo(scenario, directory)).toMatchObject({ exitCode: 0, files: 2 });
    for (const [index, name] of dumps.entries())
      expect(
        readFileSync(join(directory, `dump-${index + 1}-of-2.rdb`)).equals(readFileSync(realDumpPath(name))),
      ).toBe(true);
  });

  it('is stored compressed and encrypted for age like any other, and opens all the same', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder, {
      config: { compression: 'zstd', ageRecipients: [holder.recipient] },
    });
    await scenario.run();
    const directory = folder();
    expect(await restoreTo(scenario, directory)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(directory, 'dump.rdb')).equals(DUMP)).toBe(true);
  });

  it('is committed once although the answer to its commit is lost: what is sealed differs each time', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder, { retryWaitMs: 1 });
    scenario.s3.fail({ on: 'PutObject', key: 'redis/catalog/', effect: 'lose-reply', times: 1 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', key: 'sealed' });
  });

  it('is told as archived although a signal comes behind its commit, and is found as that', async () => {
    const scenario = await sealed(await newHolder());
    const controller = new AbortController();
    const gate = scenario.s3.holdAt(({ key }) => key.startsWith(RECORDS));
    const running = scenario.run(controller.signal);
    await gate.arrived;
    controller.abort(interruption('SIGTERM'));
    const run = await running;
    gate.release();
    expect(only(run)).toMatchObject({ outcome: 'archived', key: 'sealed' });
    expect(run.summary.exitCode).toBe(143);
  });

  it.each([
    ['refused', denied(), 'key-not-kept', 'cam-source-sealing.json'],
    ['not to be had for now', internalError(), 'key-not-kept', 'next run asks again'],
    [
      'not in the answer',
      changeJson((answer) => void delete answer['DecryptKey']),
      'key-not-kept',
      'DecryptKey',
    ],
    ['gone with its backup', backupGone(), 'backup-gone', ''],
  ])('and is %s is no archive, and nothing of it was moved', async (_what, fault, reason, told) => {
    const scenario = await sealed(await newHolder());
    scenario.cloud.fault(DETAIL, fault);
    const run = await scenario.run();
    const outcome = only(run);
    expect(outcome).toMatchObject({ outcome: 'failed', reason });
    expect(JSON.stringify(outcome).toLowerCase()).toContain(told.toLowerCase());
    expect(run.summary.exitCode).toBe(3);
    expect(scenario.keys()).toEqual([]);
    expect(scenario.cloud.downloads()).toEqual([]);
  });

  it('and is being worked on is left to the next run', async () => {
    const scenario = await sealed(await newHolder());
    scenario.cloud.fault(DETAIL, backupNotReady());
    expect(only(await scenario.run())).toMatchObject({ outcome: 'skipped', reason: 'not-ready' });
  });

  it('is kept although the cloud deletes the backup while it is fetched', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    const { world } = scenario.cloud;
    scenario.cloud.fault(
      call('DescribeBackupUrl'),
      whileAnswering(() => {}),
      { times: 1 },
    );
    scenario.cloud.fault(
      ({ kind }) => kind === 'download',
      whileAnswering(
        () => void world.changeBackup(INSTANCE, 'backup-1', { key: { text: '', kmsKeyId: '' } }),
      ),
    );
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', key: 'sealed' });
  });

  it('never shows its key, whatever is asked and whatever goes wrong', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    const quoting = scenario.cloud.fault(
      DETAIL,
      changeJson((answer) => {
        const { DecryptKey } = answer;
        for (const name of Object.keys(answer)) if (name !== 'RequestId') delete answer[name];
        answer['Error'] = {
          Code: 'FailedOperation.SystemError',
          Message: `no: {"DecryptKey":"${DecryptKey}"}`,
        };
      }),
    );
    const refused = await scenario.run();
    expect(only(refused)).toMatchObject({ outcome: 'failed' });
    quoting.remove();
    const run = await scenario.run();
    const directory = folder();
    const answers = [
      await restoreTo(scenario, directory),
      await scenario.app.verify({ quick: false, signal }),
      await scenario.app.inspect({ instanceId: INSTANCE, top: 5, signal }),
      await scenario.app.status(LOOK),
      await scenario.app.listArchives({ signal }),
      await scenario.app.plan({ signal }),
      await scenario.app.check({ signal }),
    ];
    const everything = said(scenario, [refused, run], answers);
    expect(everything).not.toContain(CLOUD_KEY);
    expect(everything).not.toContain(Buffer.from(CLOUD_KEY, 'base64').toString('hex'));
  });
});

describe('who holds the identity', () => {
  it('proves an encrypted archive like any other: verify, inspect', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    await scenario.run();
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok', detail: '' }],
    });
    expect(await scenario.app.inspect({ instanceId: INSTANCE, top: 1, signal })).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok', opened: 'key in base64, IV in front', checksum: 'verified' }],
      total: { keys: 118 },
    });
  });

  it('is told where the cloud handed out another key than that of the dump, and gets the key itself', async () => {
    const holder = await newHolder();
    const wrong = createHash('sha256').update('another').digest('base64');
    const scenario = await sealed(holder, { world: encryptedWorld({ key: wrong }) });
    await scenario.run();
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 3,
      items: [{ result: 'not-opened', hint: expect.stringContaining('restore --key') }],
    });
    expect(await scenario.app.inspect({ instanceId: INSTANCE, top: 1, signal })).toMatchObject({
      exitCode: 3,
      items: [{ result: 'not-opened' }],
    });
    const directory = folder();
    expect(await restoreTo(scenario, directory)).toMatchObject({
      exitCode: 3,
      items: [{ result: 'not-opened', path: null }],
    });
    expect(readdirSync(directory)).toEqual([]);

    const keyFile = join(directory, 'backup.key');
    const report = await scenario.app.restore({ instanceId: INSTANCE, keyFile, signal });
    expect(report).toMatchObject({ exitCode: 0, items: [], key: { path: keyFile, kmsKeyId: KMS_KEY } });
    expect(readFileSync(keyFile, 'utf8')).toBe(wrong);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    await expect(scenario.app.restore({ instanceId: INSTANCE, keyFile, signal })).rejects.toMatchObject({
      code: 'usage',
      exit: 2,
    });
  });

  it('is told of damage where the stored bytes are not those of the cloud, wherever the flipped bit is', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    await scenario.run();
    const [key = ''] = scenario.keys('data');
    for (const at of [3, 20, 600]) {
      const bytes = Buffer.from(scenario.s3.bytesOf(key) ?? []);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const damaged = await sealed(holder);
      await damaged.run();
      const object = damaged.s3.objects.get(key);
      if (!object) expect.unreachable(`there is ${key}`);
      damaged.s3.objects.set(key, { ...object, chunks: [bytes] });
      expect(await damaged.app.verify({ quick: false, signal })).toMatchObject({
        exitCode: 4,
        items: [{ result: 'digest-differs' }],
      });
      const directory = folder();
      expect(await restoreTo(damaged, directory)).toMatchObject({ exitCode: 4 });
      expect(readdirSync(directory)).toEqual([]);
      const to = { kind: 'stream', write: async () => {} } as const;
      expect(await restoreTo(damaged, '', { to })).toMatchObject({ exitCode: 4 });
      expect(await damaged.app.inspect({ instanceId: INSTANCE, top: 1, signal })).toMatchObject({
        exitCode: 4,
        items: [{ result: 'damaged' }],
      });
    }
  });

  it('may restore twice, and is refused where another file has the name', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    await scenario.run();
    const directory = folder();
    await restoreTo(scenario, directory);
    expect(await restoreTo(scenario, directory)).toMatchObject({ items: [{ result: 'already-there' }] });
    expect(readdirSync(directory)).toEqual(['dump.rdb']);
    await expect(restoreTo(scenario, directory, { decrypt: false })).rejects.toMatchObject({ code: 'usage' });
  });

  it('gets the dump on standard output too', async () => {
    const holder = await newHolder();
    const scenario = await sealed(holder);
    await scenario.run();
    const chunks: Buffer[] = [];
    const to = {
      kind: 'stream',
      write: async (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk)),
    } as const;
    expect(await restoreTo(scenario, '', { to })).toMatchObject({ exitCode: 0 });
    expect(Buffer.concat(chunks).equals(DUMP)).toBe(true);
  });
});

describe('who does not', () => {
  it.each([
    ['no identity', async () => ({})],
    ['the identity of somebody else', async () => (await newHolder()).opening],
  ])('with %s, is told what to set, exit 2, and nothing is written', async (_what, identities) => {
    const scenario = await sealed(await newHolder(), {
      config: { ageIdentities: fixed([]), ...(await identities()) },
    });
    await scenario.run();
    const directory = join(folder(), 'out');
    await expect(restoreTo(scenario, directory)).rejects.toMatchObject({
      code: 'config',
      exit: 2,
      hint: expect.stringContaining('ARCHIVER_AGE_IDENTITY_FILE'),
    });
    await expect(
      scenario.app.restore({ instanceId: INSTANCE, keyFile: `${directory}.key`, signal }),
    ).rejects.toMatchObject({ code: 'config', exit: 2 });
    expect(readdirSync(join(directory, '..'))).toEqual([]);
    // The bytes can be compared all the same, and looked into by nobody.
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok', detail: expect.stringContaining('identity') }],
    });
    expect(await scenario.app.inspect({ instanceId: INSTANCE, top: 1, signal })).toMatchObject({
      exitCode: 3,
    });
  });
});

describe('without recipients', () => {
  it('an encrypted backup is archived, and every place says that only the cloud can open it', async () => {
    const scenario = await createScenario({ world: encryptedWorld() });
    expect(await scenario.app.plan({ signal })).toMatchObject({
      items: [{ action: 'archive', key: 'not-kept' }],
    });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', key: 'not-kept' });
    expect(run.summary.exitCode).toBe(0);
    expect(run.of('warning')).toMatchObject([{ message: expect.stringContaining('the key was not kept') }]);
    expect(scenario.cloud.calls('DescribeBackupDetail')).toBe(0);
    expect(manifestOf(scenario).backup).toMatchObject({ encrypted: true, encryption: { key: 'not-kept' } });

    const status = await scenario.app.status(LOOK);
    expect(status).toMatchObject({
      exitCode: 0,
      instances: [{ keyless: { archives: 1, savable: 1 } }],
      warnings: [
        {
          message: expect.stringContaining('still has all of these backups'),
          hint: expect.stringContaining('seal'),
        },
      ],
    });
    await expect(restoreTo(scenario, folder())).rejects.toMatchObject({ code: 'key-not-kept', exit: 3 });
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok', detail: expect.stringContaining('was not kept') }],
    });

    scenario.clock.advance(8 * DAY_MS);
    expect(await scenario.app.status(LOOK)).toMatchObject({
      instances: [{ keyless: { archives: 1, savable: 0 } }],
      warnings: [{ hint: expect.stringContaining('lost') }],
    });
  });

  it('turning sealing on saves what the cloud still has, and tells nothing twice', async () => {
    const holder = await newHolder();
    const scenario = await createScenario({ world: encryptedWorld() });
    await scenario.run();
    expect(records(scenario)).toEqual([expect.stringContaining('/missing/')]);

    const later = await sealed(holder, { s3: scenario.s3 });
    const run = await later.run();
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    expect(run.summary.exitCode).toBe(0);
    expect(run.of('key.sealed')).toMatchObject([{ instanceId: INSTANCE, backupId: 'backup-1' }]);
    expect(records(later).map((key) => key.slice(RECORDS.length).split('/')[0])).toEqual(['kept', 'missing']);
    expect(manifestOf(later).backup.encryption).toEqual({ key: 'not-kept' });
    expect((await later.run()).of('key.sealed')).toEqual([]);
    expect(later.cloud.calls('DescribeBackupDetail')).toBe(1);

    const status = await later.app.status(LOOK);
    expect(status.warnings).toEqual([]);
    expect(status.instances[0]).not.toHaveProperty('keyless');
    const directory = folder();
    expect(await restoreTo(later, directory)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(directory, 'dump.rdb')).equals(DUMP)).toBe(true);
  });

  it('archives of before anybody wrote down their keys are found and saved too', async () => {
    const holder = await newHolder();
    const scenario = await createScenario({ world: encryptedWorld() });
    await scenario.run();
    for (const key of records(scenario)) scenario.s3.objects.delete(key);
    await scenario.run();
    expect(records(scenario)).toEqual([expect.stringContaining('/missing/')]);
    for (const key of records(scenario)) scenario.s3.objects.delete(key);
    const later = await sealed(holder, { s3: scenario.s3 });
    expect((await later.archive(INSTANCE, 'backup-1')).of('key.sealed')).toHaveLength(1);
    for (const key of records(later)) if (key.includes('/missing/')) later.s3.objects.delete(key);
    expect((await later.run()).of('key.sealed')).toEqual([]);
  });

  it('a key that cannot be saved is a failure, exit 3, and stops no other', async () => {
    const scenario = await createScenario({
      world(world, clock) {
        encryptedWorld()(world, clock);
        addEncrypted(world, clock, { id: 'backup-2', hoursAgo: 30 });
      },
    });
    await scenario.run();
    const later = await sealed(await newHolder(), {
      s3: scenario.s3,
      world(world, clock) {
        encryptedWorld()(world, clock);
        addEncrypted(world, clock, { id: 'backup-2', hoursAgo: 30 });
      },
    });
    later.cloud.fault(call('DescribeBackupDetail', { backupId: 'backup-1' }), denied());
    const run = await later.run();
    expect(run.of('key.failed')).toMatchObject([{ backupId: 'backup-1', error: { code: 'key-not-kept' } }]);
    expect(run.of('key.sealed')).toMatchObject([{ backupId: 'backup-2' }]);
    expect(run.summary.exitCode).toBe(3);
  });

  it('a key that a newer version has kept is no damage: exit 3, and what to use', async () => {
    const holder = await newHolder();
    const scenario = await createScenario({ world: encryptedWorld() });
    await scenario.run();
    const later = await sealed(holder, { s3: scenario.s3 });
    await later.run();
    const [key = ''] = records(later).filter((record) => record.includes('/kept/'));
    const object = later.s3.objects.get(key);
    if (!object) expect.unreachable('the record is there');
    const bytes = Buffer.from(String(later.s3.bytesOf(key)).replace('backup-key@1', 'backup-key@2'));
    later.s3.objects.set(key, { ...object, chunks: [bytes] });
    await expect(restoreTo(later, folder())).rejects.toMatchObject({ code: 'newer-version', exit: 3 });
    expect(await later.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 3,
      items: [{ result: 'newer-version' }],
    });
  });

  /** One archive without its key, one backup that nobody has archived, and sealing turned on. */
  async function sealingLate(config: ScenarioOptions['config'] = {}): Promise<Scenario> {
    const scenario = await createScenario({ world: encryptedWorld() });
    await scenario.run();
    return sealed(await newHolder(), {
      s3: scenario.s3,
      config,
      world(world, clock) {
        encryptedWorld()(world, clock);
        addBackup(world, clock, { id: 'plain', hoursAgo: 30 });
      },
    });
  }

  it('keys that the cloud is slow to hand out keep no backup waiting', async () => {
    const { promise: begun, resolve: planned } = Promise.withResolvers<void>();
    const later = await sealingLate();
    const gate = later.cloud.holdAt(DETAIL);
    const running = later.app.run({ signal, planned });
    await gate.reached;
    await begun;
    await expect.poll(() => [...later.manifests().keys()]).toContain('plain');
    gate.release();
    expect(await running).toMatchObject({ archived: 1, failed: 0, exitCode: 0 });
  });

  it('keys that nobody hands out until the deadline are told, exit 3, and fail no backup', async () => {
    const later = await sealingLate({ runDeadlineMs: 3000 });
    const gate = later.cloud.holdAt(DETAIL);
    const run = await later.run();
    expect(run.summary).toMatchObject({ archived: 1, failed: 0, exitCode: 3 });
    expect(run.of('run.failed')).toEqual([]);
    expect(run.of('warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/not all keys .* deadline/),
    ]);
    gate.release();
    expect((await later.run()).of('key.sealed')).toHaveLength(1);
  });

  it('a key whose record does not reach the store is told, exit 3, and fails no backup', async () => {
    const later = await sealingLate();
    later.s3.fail({ on: 'PutObject', key: 'state/keys/kept', effect: 'reset', times: 100 });
    const run = await later.run();
    expect(run.summary).toMatchObject({ archived: 1, failed: 0, exitCode: 3 });
    expect(run.of('warning')).toMatchObject([{ message: expect.stringContaining('not all keys') }]);
  });

  it('fails where that is wanted, before a byte is moved', async () => {
    const scenario = await createScenario({ world: encryptedWorld(), config: { encryptedBackups: 'fail' } });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({
      outcome: 'failed',
      reason: 'key-not-kept',
      error: { code: 'key-not-kept' },
    });
    expect(run.summary.exitCode).toBe(3);
    expect(await scenario.app.plan({ signal })).toMatchObject({
      items: [{ action: 'fail', reason: 'key-not-kept' }],
    });
    expect((await scenario.archive(INSTANCE)).summary.exitCode).toBe(3);
    expect(scenario.keys()).toEqual([]);
    expect(scenario.cloud.downloads()).toEqual([]);
  });
});

describe('expire', () => {
  const fiveOfWhichTwoStay = async () => {
    const scenario = await sealed(await newHolder(), {
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        for (const [index, id] of ['a', 'b', 'c', 'd', 'e'].entries())
          addEncrypted(world, clock, { id, hoursAgo: 3 + 24 * index });
      },
      config: {
        keepMinimum: 1,
        retention: [aRule({ keepLast: 2 })],
      },
    });
    await scenario.run();
    return scenario;
  };

  it('takes the records of a key away with its archive', async () => {
    const scenario = await fiveOfWhichTwoStay();
    expect(records(scenario)).toHaveLength(5);
    scenario.clock.advance(20 * DAY_MS);
    await scenario.app.expire({ confirm: true, signal });
    expect(scenario.keys('catalog')).toHaveLength(2);
    expect(records(scenario)).toHaveLength(2);
  });

  it('keeps an archive whose key is locked, for the bucket would only hide it', async () => {
    const scenario = await fiveOfWhichTwoStay();
    const key = records(scenario).find((record) => record.endsWith('_e.json')) ?? '';
    const object = scenario.s3.objects.get(key);
    if (object) scenario.s3.objects.set(key, { ...object, storage: { legalHold: true } });
    scenario.clock.advance(20 * DAY_MS);
    await scenario.app.expire({ confirm: true, signal });
    expect([...scenario.manifests().keys()].sort()).toEqual(['a', 'b', 'e']);
    expect(records(scenario)).toContain(key);
  });
});
