/** No key of an encrypted backup is lost on its way, and one that opens nothing is told while the cloud can still be asked. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { HOUR_MS } from '../support/builders.ts';
import { call, download } from '../support/cloud.ts';
import { internalError } from '../support/cloud-api-faults.ts';
import { cutFile, flipBit } from '../support/cloud-download-faults.ts';
import { addEncrypted, encryptedWorld, type Holder, newHolder } from '../support/encrypted.ts';
import { createScenario, INSTANCE, only, type Scenario, type ScenarioOptions } from '../support/scenario.ts';

const signal = new AbortController().signal;
const DETAIL = call('DescribeBackupDetail');
const LOOK = { maxAgeMs: 26 * HOUR_MS, daysBack: 35, includeVanished: false, manifestReads: 0, signal };
const ANOTHER_KEY = createHash('sha256').update('another').digest('base64');

async function sealing(holder: Holder, options: ScenarioOptions = {}): Promise<Scenario> {
  const { config, ...rest } = options;
  return createScenario({
    world: encryptedWorld(),
    ...rest,
    config: { ...holder.sealing, ...holder.opening, ...config },
  });
}

function records(scenario: Scenario, kind: 'kept' | 'missing' | 'not-opened'): string[] {
  return scenario.keys().filter((key) => key.startsWith(`redis/state/keys/${kind}/`));
}

function verify(scenario: Scenario) {
  return scenario.app.verify({ quick: false, signal });
}

/** The manifest as a version to come might write it. */
function rewriteEncryption({ s3 }: Scenario, encryption: object): void {
  const [key = ''] = [...s3.objects.keys()].filter((name) => name.startsWith('redis/catalog/'));
  const object = s3.objects.get(key);
  const manifest = JSON.parse(String(s3.bytesOf(key))) as Manifest;
  if (!object) expect.unreachable('there is a manifest');
  const bytes = Buffer.from(JSON.stringify({ ...manifest, backup: { ...manifest.backup, encryption } }));
  s3.objects.set(key, { ...object, size: bytes.length, chunks: [bytes] });
}

describe('the key that the cloud handed out', () => {
  it('is tried on the first bytes, and how it opened them is in the manifest', async () => {
    const scenario = await sealing(await newHolder(), {
      world: encryptedWorld({ dumps: ['cluster-shard-1.rdb', 'cluster-shard-2.rdb'] }),
    });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', key: 'sealed' });
    expect(scenario.manifests().get('backup-1')?.backup.encryption).toMatchObject({
      opened: 'key in base64, IV in front',
    });
    expect((await scenario.app.status(LOOK)).warnings).toEqual([]);
  });

  it('and that opens nothing is kept with the archive, and told by outcome, log and status', async () => {
    const scenario = await sealing(await newHolder(), { world: encryptedWorld({ key: ANOTHER_KEY }) });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', key: 'not-opened' });
    expect(run.summary.exitCode).toBe(0);
    expect(run.of('warning')).toMatchObject([{ message: expect.stringContaining('does not open') }]);
    expect(scenario.manifests().get('backup-1')?.backup.encryption).toMatchObject({
      opened: null,
      sealedKey: expect.stringContaining('AGE'),
    });
    expect(await scenario.app.status(LOOK)).toMatchObject({
      exitCode: 0,
      instances: [{ notOpened: 1 }],
      warnings: [{ message: expect.stringContaining('did not open by the key') }],
    });
    expect((await scenario.run()).summary).toMatchObject({ skipped: 1, exitCode: 0 });
  });

  it('is told of as not opening although the record of that got lost on the way', async () => {
    const scenario = await sealing(await newHolder(), { world: encryptedWorld({ key: ANOTHER_KEY }) });
    const broken = scenario.s3.fail({
      ...{ on: 'PutObject', key: 'state/keys/not-opened' },
      ...{ effect: 'reset', times: 100 },
    });
    await scenario.run();
    expect(records(scenario, 'kept')).toEqual([]);
    const later = await sealing(await newHolder(), {
      s3: scenario.s3,
      world: encryptedWorld({ key: ANOTHER_KEY }),
    });
    broken.remove();
    await later.run();
    expect(records(later, 'not-opened')).toHaveLength(1);
    expect(await later.app.status(LOOK)).toMatchObject({ instances: [{ notOpened: 1 }] });
  });

  it('is no trouble where the first bytes came damaged once', async () => {
    const scenario = await sealing(await newHolder());
    scenario.cloud.fault(
      download(),
      (exchange, answer) => cutFile(16)(exchange, (inner) => flipBit(20)(inner, answer)),
      { times: 1 },
    );
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', key: 'sealed' });
  });

  it('of an engine that writes no dump is kept, and nobody says whether it opens anything', async () => {
    const scenario = await sealing(await newHolder(), {
      world(world, clock) {
        world.addInstance({ id: INSTANCE, engine: 'CKV', version: '3.2' });
        addEncrypted(world, clock, { key: ANOTHER_KEY });
      },
    });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived', key: 'sealed' });
    expect(scenario.manifests().get('backup-1')?.backup.encryption).not.toHaveProperty('opened');
  });

  it('is kept beside the archive of a faster run that had none', async () => {
    const holder = await newHolder();
    const slow = await sealing(holder);
    const gate = slow.cloud.holdBodyAt(download(), 40);
    const running = slow.run();
    await gate.reached;
    const fast = await createScenario({ s3: slow.s3, world: encryptedWorld() });
    expect(only(await fast.run())).toMatchObject({ outcome: 'archived', key: 'not-kept' });
    gate.release();
    expect(only(await running)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    expect(records(slow, 'kept')).toHaveLength(1);
    expect(await verify(slow)).toMatchObject({ exitCode: 0, items: [{ result: 'ok', detail: '' }] });
  });

  it('and that cannot be kept beside the archive of a faster run is told, exit 3', async () => {
    const slow = await sealing(await newHolder());
    const gate = slow.cloud.holdBodyAt(download(), 40);
    const running = slow.run();
    await gate.reached;
    const fast = await createScenario({ s3: slow.s3, world: encryptedWorld() });
    await fast.run();
    slow.s3.fail({ on: 'PutObject', key: 'state/keys/kept', effect: 'reset', times: 100 });
    gate.release();
    const run = await running;
    expect(only(run)).toMatchObject({ outcome: 'skipped', reason: 'already-archived' });
    expect(run.of('key.failed')).toMatchObject([{ backupId: 'backup-1' }]);
    expect(run.summary.exitCode).toBe(3);
  });

  it('is kept for a dump that goes to quarantine, which opens by nothing else', async () => {
    const scenario = await sealing(await newHolder(), {
      world: encryptedWorld({ announced: (size) => 2 * size }),
    });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'corrupt-source' });
    expect(scenario.keys('quarantine')).not.toEqual([]);
    expect(records(scenario, 'kept')).toHaveLength(1);
  });
});

describe('an encrypted backup', () => {
  it('is no damage where the cloud announces the size of the dump inside', async () => {
    const scenario = await sealing(await newHolder(), {
      world: encryptedWorld({ announced: (size) => size - 17 }),
    });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived', key: 'sealed' });
    expect(run.of('warning').map(({ message }) => message)).toEqual([
      expect.stringMatching(/announced \d+; so much the cloud's encryption may well add/),
    ]);
    expect(await verify(scenario)).toMatchObject({ exitCode: 0, items: [{ result: 'ok' }] });
  });

  it('whose key cannot be had is loud, is asked for by each run, and says what to do before it is deleted', async () => {
    const holder = await newHolder();
    const world = encryptedWorld({ hoursAgo: 7 * 24 - 8 });
    const scenario = await sealing(holder, { world });
    const outage = scenario.cloud.fault(DETAIL, internalError());
    for (const turn of [1, 2]) {
      const run = await scenario.run();
      expect([turn, only(run)]).toMatchObject([
        turn,
        {
          outcome: 'failed',
          reason: 'key-not-kept',
          error: { hint: expect.stringContaining('deletes the backup at') },
        },
      ]);
      expect(run.summary.exitCode).toBe(3);
      expect(scenario.keys()).toEqual([]);
    }
    expect(await scenario.app.status(LOOK)).toMatchObject({
      exitCode: 5,
      instances: [{ open: [{ backupId: 'backup-1', atRisk: true }] }],
    });

    const told = only(await scenario.run());
    const [, words = ''] =
      /(ARCHIVER_ENCRYPTED_BACKUPS=warn rdb-archiver archive \S+ [\w-]+)/.exec(JSON.stringify(told)) ?? [];
    expect(words).toBe(`ARCHIVER_ENCRYPTED_BACKUPS=warn rdb-archiver archive ${INSTANCE} backup-1`);
    const byHand = await createScenario({ s3: scenario.s3, world });
    expect(only(await byHand.archive(INSTANCE, 'backup-1'))).toMatchObject({
      outcome: 'archived',
      key: 'not-kept',
    });
    const asked = await scenario.run();
    expect(asked.of('key.failed')).toMatchObject([
      { error: { message: expect.stringContaining('opens only while the cloud has the backup') } },
    ]);
    expect(JSON.stringify(asked.of('key.failed'))).not.toContain('not archived');
    outage.remove();
    expect((await scenario.run()).of('key.sealed')).toHaveLength(1);
    expect(await verify(scenario)).toMatchObject({ exitCode: 0, items: [{ result: 'ok', detail: '' }] });
  });

  it('whose manifest tells of the key as only a newer version does is no archive without a key', async () => {
    const holder = await newHolder();
    const archived = await sealing(holder);
    await archived.run();
    for (const key of records(archived, 'kept')) archived.s3.objects.delete(key);
    rewriteEncryption(archived, { form: 'shares', shares: ['one', 'two'] });

    const warning = await createScenario({
      s3: archived.s3,
      world: encryptedWorld(),
      config: holder.opening,
    });
    expect((await warning.run()).summary.exitCode).toBe(0);
    expect(records(warning, 'missing')).toEqual([]);
    expect((await warning.app.status(LOOK)).warnings).toEqual([]);
    expect(await verify(warning)).toMatchObject({ exitCode: 3, items: [{ result: 'newer-version' }] });
    const restored = { instanceId: INSTANCE, to: { kind: 'stream', write: async () => {} }, signal } as const;
    await expect(warning.app.restore({ ...restored, decrypt: true })).rejects.toMatchObject({
      code: 'newer-version',
      exit: 3,
    });
    expect(await warning.app.restore(restored)).toMatchObject({ exitCode: 0 });

    // Who seals keeps a copy that this version can use, as long as the cloud has the key.
    const later = await sealing(holder, { s3: archived.s3 });
    expect((await later.run()).of('key.sealed')).toHaveLength(1);
    expect(await verify(later)).toMatchObject({ exitCode: 0, items: [{ result: 'ok', detail: '' }] });
  });
});
