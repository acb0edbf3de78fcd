/** Signed manifests: what was signed can be told from what somebody else wrote, and without a key nothing is different. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SigningConfig } from '../../src/config/schema.ts';
import { signingOf } from '../../src/config/signing.ts';
import { fixed } from '../../src/domain/current.ts';
import { addBackup, createScenario, INSTANCE, type Scenario } from '../support/scenario.ts';

const { signal } = new AbortController();

interface Keys {
  readonly signer: SigningConfig;
  readonly reader: SigningConfig;
}

function newKeys(since?: string): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const read = (name: string, pem: string) =>
    signingOf(
      {
        variables: {},
        get: (asked) => (asked === 'ARCHIVER_SIGNING_SINCE' ? since : undefined),
        secret: () => undefined,
        lines: (asked) => (asked === name ? pem : undefined),
        has: () => true,
      },
      [],
    );
  const signer = read('ARCHIVER_SIGNING_KEY', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const reader = read(
    'ARCHIVER_SIGNING_PUBLIC_KEY',
    publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  );
  if (!signer || !reader) throw new Error('the keys should be taken');
  return { signer, reader };
}

async function archived(
  signing: SigningConfig | undefined,
  s3?: Scenario['s3'],
  run = true,
): Promise<Scenario> {
  const scenario = await createScenario({
    config: signing ? { signing: fixed(signing) } : {},
    ...(s3 && { s3 }),
    world(world, clock) {
      world.addInstance({ id: INSTANCE });
      addBackup(world, clock, { id: 'older', hoursAgo: 30 });
      addBackup(world, clock, { id: 'newer' });
    },
  });
  if (run) await scenario.run();
  return scenario;
}

const manifestKey = (scenario: Scenario, id: string) =>
  scenario.keys('catalog').find((key) => key.endsWith(`_${id}.json`)) ?? '';

function rewrite(scenario: Scenario, id: string, change: (text: string) => string): void {
  const key = manifestKey(scenario, id);
  const object = scenario.s3.objects.get(key);
  if (!object) expect.unreachable(`there is ${key}`);
  const bytes = Buffer.from(change(String(scenario.s3.bytesOf(key))));
  scenario.s3.objects.set(key, { ...object, size: bytes.length, chunks: [bytes] });
}

const verify = async ({ app }: Pick<Scenario, 'app'>, quick = false) => {
  const report = await app.verify({ quick, signal });
  return { ...report, results: report.items.map(({ result }) => result) };
};

describe('a signed archive', () => {
  it('is found genuine by its public key alone, in every depth', async () => {
    const { signer, reader } = newKeys();
    const written = await archived(signer);
    expect(written.manifests().get('newer')?.signature).toMatchObject({ keyId: signer.signing?.id });
    const other = await archived(reader, written.s3, false);
    for (const quick of [true, false]) expect(await verify(other, quick)).toMatchObject({ exitCode: 0 });
  });

  it('is an archive like any other for who has no key', async () => {
    const written = await archived(newKeys().signer);
    const other = await archived(undefined, written.s3, false);
    expect(await verify(other)).toMatchObject({ exitCode: 0 });
    expect((await other.app.listArchives({ signal })).items).toHaveLength(2);
    expect((await other.run()).summary).toMatchObject({ archived: 0, skipped: 2, exitCode: 0 });
  });

  it('whose manifest and dump were changed to fit each other is found out', async () => {
    const scenario = await archived(newKeys().signer);
    const digest = scenario.manifests().get('older')?.files[0]?.sha256 ?? '';
    rewrite(scenario, 'older', (text) => text.replace(digest, 'f'.repeat(64)));
    const report = await verify(scenario, true);
    expect(report).toMatchObject({ exitCode: 4, results: ['bad-signature', 'ok'] });
    expect(report.items[0]).toMatchObject({
      detail: expect.stringContaining('was changed since'),
      hint: expect.stringContaining('Restore nothing from it'),
      bytesRead: 0,
    });
  });

  it('by an algorithm that only a newer version knows is `newer-version`, exit 3, and not restored', async () => {
    const scenario = await archived(newKeys().signer);
    rewrite(scenario, 'newer', (text) => text.replace('"Ed25519"', '"ML-DSA-65"'));
    expect(await verify(scenario)).toMatchObject({ exitCode: 3, results: ['ok', 'newer-version'] });
    const above = mkdtempSync(join(tmpdir(), 'archiver-signed-'));
    onTestFinished(() => rmSync(above, { recursive: true }));
    const to = { kind: 'folder', directory: join(above, 'out') } as const;
    const wanted = { instanceId: INSTANCE, backupId: 'newer', to };
    await expect(scenario.app.restore({ ...wanted, signal })).rejects.toMatchObject({
      code: 'newer-version',
      exit: 3,
    });
  });

  it('whose manifest was changed is neither restored nor inspected', async () => {
    const scenario = await archived(newKeys().signer);
    rewrite(scenario, 'newer', (text) => text.replace('"archivedAt": "2', '"archivedAt": "3'));
    const above = mkdtempSync(join(tmpdir(), 'archiver-signed-'));
    onTestFinished(() => rmSync(above, { recursive: true }));
    const directory = join(above, 'out');
    const one = { instanceId: INSTANCE, signal };
    for (const work of [
      scenario.app.restore({ ...one, to: { kind: 'folder', directory } }),
      scenario.app.inspect({ ...one, top: 10 }),
    ])
      await expect(work).rejects.toMatchObject({ exit: 4, hint: expect.stringContaining('who wrote it') });
    expect(existsSync(directory)).toBe(false);
  });

  it.each<[string, (text: string) => string]>([
    [
      'with a line slipped in behind the signature',
      (text) => text.replace(' },\n', ' }, "archivedAt": "2020-01-01T00:00:00Z",\n'),
    ],
    ['laid out anew', (text) => JSON.stringify(JSON.parse(text))],
    ['with one more field', (text) => text.replace(/\n}\n$/, ',\n  "more": 1\n}\n')],
    ['with another signature', (text) => text.replace(/"value": "..../, '"value": "AAAA')],
    [
      'with a signature that is no object',
      (text) => text.replace(/"signature": \{.*\}/, '"signature": true'),
    ],
  ])('%s is not genuine any more', async (_, change) => {
    const scenario = await archived(newKeys().signer);
    rewrite(scenario, 'older', change);
    expect(await verify(scenario)).toMatchObject({ exitCode: 4, results: ['bad-signature', 'ok'] });
    expect((await scenario.app.listArchives({ signal })).items).toHaveLength(2);
  });

  it('with somebody else’s signature is not genuine, and both keys are named', async () => {
    const [mine, theirs] = [newKeys(), newKeys()];
    const written = await archived(theirs.signer);
    const report = await verify(await archived(mine.reader, written.s3, false));
    expect(report).toMatchObject({ exitCode: 4, results: ['bad-signature', 'bad-signature'] });
    expect(report.items[0]?.detail).toContain(theirs.signer.signing?.id);
    expect(report.items[0]?.detail).toContain(mine.reader.trusted[0]?.id);
  });

  it('is genuine by any of several keys, so that a key can be replaced', async () => {
    const [old, current] = [newKeys(), newKeys()];
    const written = await archived(old.signer);
    const trusted = [...old.reader.trusted, ...current.reader.trusted];
    expect(await verify(await archived({ trusted }, written.s3, false))).toMatchObject({ exitCode: 0 });
  });
});

describe('an archive without a signature', () => {
  it('where all need one is told as unsigned, 4, and its dump is looked at all the same', async () => {
    const written = await archived(undefined);
    const report = await verify(await archived(newKeys().reader, written.s3, false));
    expect(report).toMatchObject({
      exitCode: 4,
      results: ['unsigned', 'unsigned'],
      summary: { bytesRead: 8000, damaged: 2 },
    });
    expect(report.items[0]?.hint).toContain('ARCHIVER_SIGNING_SINCE');
  });

  it('that lost it is found out', async () => {
    const scenario = await archived(newKeys().signer);
    rewrite(scenario, 'older', (text) => text.replace(/ {2}"signature".*\n/, ''));
    expect(await verify(scenario)).toMatchObject({ exitCode: 4, results: ['unsigned', 'ok'] });
  });

  it('is fine where its backup is older than signing, and no later one is', async () => {
    // `older` was started the day before, `newer` on the 24th.
    const { reader } = newKeys('2026-11-24');
    const written = await archived(undefined);
    expect(await verify(await archived(reader, written.s3, false))).toMatchObject({
      exitCode: 4,
      results: ['ok', 'unsigned'],
    });
  });
});

describe('check', () => {
  it('names the key that manifests are signed with', async () => {
    const { signer } = newKeys();
    const { items } = await (await archived(signer)).app.check({ signal });
    expect(items.find(({ check }) => check === 'signatures')).toMatchObject({
      verdict: 'ok',
      detail: expect.stringContaining(signer.signing?.id ?? ''),
    });
  });

  it('has nothing to say of signatures where there is no key', async () => {
    const { items } = await (await archived(undefined)).app.check({ signal });
    expect(items.some(({ check }) => check === 'signatures')).toBe(false);
  });
});

it('two runs at once with one key write one manifest, and it is genuine', async () => {
  const { signer } = newKeys();
  const scenario = await archived(signer, undefined, false);
  const other = await scenario.secondWorker();
  await Promise.all([scenario.run(), other.run()]);
  expect(await verify(scenario)).toMatchObject({ exitCode: 0, summary: { archives: 2 } });
});
