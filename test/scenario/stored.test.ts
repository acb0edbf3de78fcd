/** Archives that are compressed and encrypted on their way: everything that holds for plain ones, and no byte of them readable without the key. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { fixed } from '../../src/domain/current.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Dump } from '../../src/sandbox/dump.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import { download, type Where } from '../support/cloud.ts';
import { chunked, cutAt, flipBit } from '../support/cloud-download-faults.ts';
import { denseDump } from '../support/dense-dump.ts';
import {
  addBackup,
  createScenario,
  digestOf,
  INSTANCE,
  MiB,
  only,
  type Scenario,
  type ScenarioOptions,
} from '../support/scenario.ts';

const SIZE = 6 * MiB + 7;
const { signal } = new AbortController();
const identity = await generateX25519Identity();
const keys = {
  ageRecipients: [await identityToRecipient(identity)],
  ageIdentities: fixed([new Secret(identity)]),
};
const FORMS = {
  zstd: { compression: 'zstd' },
  age: keys,
  'zstd+age': { ...keys, compression: 'zstd' },
} satisfies Record<string, Partial<Config>>;
const BOTH = FORMS['zstd+age'];

function storing(config: Partial<Config>, { size = SIZE, files: count = 1, ...options }: Options = {}) {
  return createScenario({
    world(world, clock) {
      world.addInstance({ id: INSTANCE, shards: count });
      const files = Array.from({ length: count }, (_, index) => ({
        name: `redis-${index + 1}.rdb`,
        dump: dumpOf(size, index + 1),
      }));
      world.addBackup(INSTANCE, { id: 'backup-1', startedAt: clock.now() - 3 * HOUR_MS, files });
    },
    ...options,
    config: { ...config, ...options.config },
  });
}

/** Each is made once: its checksum takes longer than all the rest. */
const dumps = new Map<string, Dump>();
function dumpOf(size: number, seed: number): Dump {
  const name = `${size}/${seed}`;
  const dump = dumps.get(name) ?? denseDump(size, seed);
  dumps.set(name, dump);
  return dump;
}
type Options = ScenarioOptions & { readonly size?: number; readonly files?: number };

/** The same bucket and cloud as another configuration sees them. */
async function seenBy(scenario: Scenario, config: Partial<Config>): Promise<Scenario> {
  return createScenario({ s3: scenario.s3, config });
}

function theManifest(scenario: Scenario): Manifest {
  const [manifest, other] = scenario.manifests().values();
  if (!manifest || other) throw new Error('one manifest was expected');
  return manifest;
}

function firstOf(where: Where): Where {
  let met = false;
  return (exchange) => {
    const meets = !met && where(exchange);
    met ||= meets;
    return meets;
  };
}

/** Everything that lies there belongs to the one archive. */
function expectNoOrphan(scenario: Scenario): void {
  const named = theManifest(scenario).files.map(({ key }) => key);
  expect(scenario.keys('data')).toEqual(named.toSorted());
  expect(scenario.keys('quarantine')).toEqual([]);
  expect(scenario.s3.uploads.size).toBe(0);
}

describe.each(Object.entries(FORMS))('an archive stored as %s', (encoding, config) => {
  it('records the cloud’s bytes and the stored ones, and verify opens and finds them right', async () => {
    const scenario = await storing(config);
    const run = await scenario.run();
    const { runId } = run.summary;
    const manifest = theManifest(scenario);
    const [file] = manifest.files;
    const bytes = scenario.s3.bytesOf(file?.key ?? '') ?? Buffer.alloc(0);
    const suffix = { zstd: '.zst', age: '.age', 'zstd+age': '.zst.age' }[encoding];
    expect(file).toMatchObject({
      key: expect.stringMatching(
        new RegExp(`^redis/data/ap-guangzhou/${INSTANCE}/[0-9TZ]+_backup-1/${runId}-1/dump\\.rdb${suffix}$`),
      ),
      size: SIZE,
      sha256: await digestOf(scenario),
      stored: {
        encoding,
        size: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
      rdb: { checksum: 'verified' },
    });
    expect(bytes.includes('REDIS00')).toBe(encoding === 'zstd');
    expect(only(run)).toMatchObject({
      outcome: 'archived',
      bytes: SIZE,
      files: [{ key: file?.key, size: SIZE, sha256: file?.sha256 }],
    });
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 0,
      items: [{ result: 'ok', detail: '', bytesRead: bytes.length }],
    });
    expect(await scenario.app.verify({ quick: true, signal })).toMatchObject({ exitCode: 0 });
    expectNoOrphan(scenario);
  });

  it('is left alone by the next run, whatever form that would store', async () => {
    const scenario = await storing(config, { size: 4000 });
    await scenario.run();
    const before = scenario.keys();
    expect(only(await scenario.run())).toMatchObject({ reason: 'already-archived' });
    expect(scenario.keys()).toEqual(before);
  });

  it('comes whole out of a download that breaks and one that does not say how long it is', async () => {
    const scenario = await storing(config);
    scenario.cloud.fault(download(), chunked());
    scenario.cloud.fault(download(), cutAt(3 * MiB), { times: 1 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
    expectNoOrphan(scenario);
  });

  it('never becomes visible when its dump is damaged: it lies in quarantine, in the same form', async () => {
    const scenario = await storing(config);
    scenario.cloud.fault(download(), flipBit(SIZE - 1000));
    expect(only(await scenario.run())).toMatchObject({ reason: 'corrupt-source' });
    expect(scenario.keys('data')).toEqual([]);
    const recordKey = scenario.keys('quarantine').find((key) => key.endsWith('record.json')) ?? '';
    const record = JSON.parse(String(scenario.s3.bytesOf(recordKey))) as Pick<Manifest, 'files'>;
    const [file] = record.files;
    expect(file).toMatchObject({ size: SIZE, stored: { encoding } });
    expect(scenario.keys('quarantine')).toEqual([file?.key, recordKey].toSorted());
    expect(scenario.s3.bytesOf(file?.key ?? '')?.includes('REDIS00')).toBe(encoding === 'zstd');
  });

  it('is one archive and no orphan when two runs make it at once', async () => {
    const scenario = await storing(config, { files: 2 });
    const gate = scenario.s3.holdAt(
      ({ operation, key }) => operation === 'PutObject' && key.includes('catalog'),
    );
    const slow = scenario.run();
    await gate.arrived;
    const fast = await (await scenario.secondWorker()).run();
    gate.release();
    expect(only(fast)).toMatchObject({ outcome: 'archived' });
    expect(only(await slow)).toMatchObject({ reason: 'already-archived', by: fast.summary.runId });
    expectNoOrphan(scenario);
    expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  });

  it('is given up in mid-upload when another run has made it', async () => {
    const scenario = await storing(config);
    const gate = scenario.cloud.holdBodyAt(firstOf(download()), SIZE - 100);
    const slow = scenario.run();
    await gate.reached;
    const fast = await (await scenario.secondWorker()).run();
    gate.release();
    expect(only(fast)).toMatchObject({ outcome: 'archived' });
    expect(only(await slow)).toMatchObject({ reason: 'already-archived' });
    expectNoOrphan(scenario);
  });

  it('leaves nothing behind when the bucket fails in mid-upload, and the next run has it', async () => {
    const scenario = await storing(config);
    const parts = { on: 'UploadPart', effect: 'answer', status: 500, code: 'InternalError' } as const;
    const fault = scenario.s3.fail({ ...parts, nth: 2, times: 1000 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    expect(fault.strikes).toBeGreaterThan(0);
    expect(scenario.keys()).toEqual([]);
    expect(scenario.s3.uploads.size).toBe(0);
    fault.remove();
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expectNoOrphan(scenario);
  });

  it('whose bytes were changed in the bucket is damaged, with the key and without', async () => {
    const scenario = await storing(config, { size: 4000 });
    await scenario.run();
    const [{ key } = { key: '' }] = theManifest(scenario).files;
    const object = scenario.s3.objects.get(key);
    const bytes = Buffer.from(scenario.s3.bytesOf(key) ?? '');
    if (!object) expect.unreachable('the object is there');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 30) ^ 1, bytes.length - 30);
    scenario.s3.objects.set(key, { ...object, chunks: [bytes] });
    const blind = await seenBy(scenario, {});
    for (const { app } of [scenario, blind])
      expect(await app.verify({ quick: false, signal })).toMatchObject({
        exitCode: 4,
        items: [{ result: 'digest-differs' }],
      });
  });
});

describe('of a backup that is stored encrypted', () => {
  it('nothing is left when one of its files cannot be had', async () => {
    const scenario = await storing(BOTH, { files: 3, size: 4000 });
    scenario.cloud.fault(download({ file: 'redis-3.rdb' }), cutAt(100));
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
    expect(scenario.keys()).toEqual([]);
  });

  it('each attempt has a folder of its own, and only that of the archive stays', async () => {
    const scenario = await storing({ ...BOTH, readback: 'always' }, { files: 2, size: 4000 });
    scenario.s3.behaviour.encryption = 'aws:kms';
    scenario.s3.fail({ on: 'PutObject', key: 'dump-2', effect: 'corrupt' });
    const run = await scenario.run();
    const { attempts } = only(run);
    expect(only(run)).toMatchObject({ outcome: 'archived', attempts: 2 });
    for (const { key } of theManifest(scenario).files)
      expect(key).toContain(`/${run.summary.runId}-${attempts}/`);
    expectNoOrphan(scenario);
  });

  it('no dump is taken away from a manifest whose answer was lost', async () => {
    const scenario = await storing(BOTH, { size: 4000 });
    scenario.s3.fail({ on: 'PutObject', key: 'catalog', effect: 'lose-reply', times: 3 });
    const run = await scenario.run();
    expect(only(run)).toMatchObject({ outcome: 'archived' });
    expectNoOrphan(scenario);
    expect(only(run).files.map(({ key }) => key)).toEqual(scenario.keys('data'));
  });

  it('no dump is taken away while nobody knows whether its manifest lies there', async () => {
    const scenario = await storing(BOTH, { size: 4000 });
    scenario.s3.fail({ on: 'PutObject', key: 'catalog', effect: 'lose-reply', times: 1000 });
    scenario.s3.fail({ on: 'GetObject', key: 'catalog', effect: 'reset', nth: 2, times: 1000 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    const [file] = theManifest(scenario).files;
    expect(scenario.keys('data')).toContain(file?.key);
  });

  it('nothing is left when its manifest is refused', async () => {
    const scenario = await storing(BOTH, { size: 4000 });
    const denied = { on: 'PutObject', effect: 'answer', status: 403, code: 'AccessDenied' } as const;
    scenario.s3.fail({ ...denied, key: 'catalog', times: 1000 });
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed' });
    expect(scenario.keys()).toEqual([]);
  });

  it('nothing is left when the run is stopped, and a bucket that refuses to delete does not hold it up', async () => {
    const scenario = await storing(BOTH, { files: 2, size: 4000 });
    const gate = scenario.cloud.holdBodyAt(download({ file: 'redis-2.rdb' }), 2000);
    const stop = new AbortController();
    const run = scenario.run(stop.signal);
    await gate.reached;
    await expect.poll(() => scenario.keys('data')).toHaveLength(1);
    stop.abort(new Error('stopped'));
    gate.release();
    expect(only(await run)).toMatchObject({ outcome: 'failed' });
    expect(scenario.keys()).toEqual([]);

    scenario.s3.denied.add('DeleteObject');
    scenario.cloud.fault(download({ file: 'redis-2.rdb' }), cutAt(100));
    expect(only(await scenario.run())).toMatchObject({ outcome: 'failed', reason: 'download-failed' });
  });

  it('the intact shards beside a damaged one are kept once, however often it is tried again', async () => {
    const scenario = await storing(BOTH, { files: 2, size: 4000 });
    scenario.cloud.fault(download({ file: 'redis-1.rdb' }), flipBit(1000));
    await scenario.run();
    scenario.clock.advance(DAY_MS + HOUR_MS);
    expect(only(await scenario.run())).toMatchObject({ reason: 'corrupt-source' });
    expect(scenario.keys('data')).toHaveLength(1);
    const recordKey = scenario.keys('quarantine').find((key) => key.endsWith('record.json')) ?? '';
    const record = JSON.parse(String(scenario.s3.bytesOf(recordKey))) as Pick<Manifest, 'files'>;
    for (const { key } of record.files) expect(scenario.s3.objects.has(key), key).toBe(true);
  });

  it('what the store cannot prove is read back as it was stored', async () => {
    const scenario = await storing(BOTH, { size: 4000 });
    scenario.s3.behaviour.encryption = 'aws:kms';
    expect(only(await scenario.run())).toMatchObject({ outcome: 'archived' });
    expect(scenario.s3.counts.get('GetObject') ?? 0).toBeGreaterThan(0);
    const corrupt = await storing({ ...BOTH, readback: 'always' }, { size: 4000 });
    corrupt.s3.behaviour.encryption = 'aws:kms';
    corrupt.s3.fail({ on: 'PutObject', key: 'data', effect: 'corrupt', times: 100 });
    expect(only(await corrupt.run())).toMatchObject({ outcome: 'failed', reason: 'store-failed' });
    expect(corrupt.keys('data')).toEqual([]);
  });
});

describe('verify', () => {
  it('holds encrypted archives against what was stored where no key opens them, and says so', async () => {
    const scenario = await storing(BOTH, { size: 4000 });
    await scenario.run();
    const stranger = { ageIdentities: fixed([new Secret(await generateX25519Identity())]) };
    for (const config of [{}, stranger]) {
      const { app } = await seenBy(scenario, config);
      expect(await app.verify({ quick: false, signal })).toMatchObject({
        exitCode: 0,
        items: [{ result: 'ok', detail: expect.stringContaining('as stored') }],
      });
    }
  });

  it('reads each archive in its own form, whatever new ones get', async () => {
    const scenario = await createScenario({ config: {} });
    await scenario.run();
    const later = await createScenario({
      s3: scenario.s3,
      config: BOTH,
      world(world, clock) {
        world.addInstance({ id: INSTANCE });
        addBackup(world, clock, { id: 'backup-2' });
      },
    });
    await later.run();
    expect(await later.app.verify({ quick: false, signal })).toMatchObject({
      exitCode: 0,
      items: [
        { result: 'ok', detail: '' },
        { result: 'ok', detail: '' },
      ],
    });
  });
});

describe('check', () => {
  const formOf = async ({ app }: Scenario) =>
    (await app.check({ signal })).items.find(({ check }) => check === 'stored-form');

  it('says in which form archives will be stored, and whether this machine could read them', async () => {
    expect(await formOf(await storing({}, { size: 4000 }))).toMatchObject({
      verdict: 'ok',
      facts: { compression: 'none' },
    });
    expect(await formOf(await storing(BOTH, { size: 4000 }))).toMatchObject({
      verdict: 'ok',
      facts: { readable: true },
    });
    expect(await formOf(await storing({ ageRecipients: keys.ageRecipients }, { size: 4000 }))).toMatchObject({
      verdict: 'ok',
      facts: { readable: false },
      hint: expect.stringContaining('ARCHIVER_AGE_IDENTITY_FILE'),
    });
  });

  it('warns of an identity that would not open what is stored', async () => {
    const ageIdentities = fixed([new Secret(await generateX25519Identity())]);
    expect(await formOf(await storing({ ...BOTH, ageIdentities }, { size: 4000 }))).toMatchObject({
      verdict: 'warning',
    });
  });
});

it('a folder holds encrypted archives as a bucket does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-stored-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const scenario = await storing({ ...BOTH, destination: { kind: 'file', directory } }, { size: 4000 });
  const runs = await Promise.all([scenario.run(), (await scenario.secondWorker()).run()]);
  expect(runs.map((run) => only(run).outcome)).not.toContain('failed');
  expect(await scenario.app.verify({ quick: false, signal })).toMatchObject({ exitCode: 0 });
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const dumps = entries.filter((entry) => entry.isFile() && entry.name.startsWith('dump'));
  expect(dumps.map(({ name }) => name)).toEqual(['dump.rdb.zst.age']);
});
