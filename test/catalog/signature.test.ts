/** The signature in a manifest: checked by us, and by openssl alone as docs/security.md says. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../src/catalog/catalog.ts';
import { decodeManifest, encodeManifest } from '../../src/catalog/manifest-codec.ts';
import { createSignatures } from '../../src/catalog/signature.ts';
import { signingOf } from '../../src/config/signing.ts';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { fixed } from '../../src/domain/current.ts';
import { MANIFEST_SCHEMA, type Manifest } from '../../src/domain/manifest.ts';
import { createFileStore } from '../../src/store/file/file-store.ts';
import { systemClock } from '../../src/system-clock.ts';
import { describeWith } from '../support/needs.ts';

const STARTED = '2026-11-24T02:15:00Z';

const manifest: Manifest = {
  schema: MANIFEST_SCHEMA,
  source: { name: 'ap-guangzhou', api: 'tencent-v3', region: 'ap-guangzhou' },
  instance: { id: 'crs-1', name: 'orders – 订单', engine: 'Redis', version: '7.0', shards: 1, tags: {} },
  backup: { id: '1-2-3', type: '1', startedAt: STARTED, encrypted: false },
  files: [{ name: 'dump.rdb', key: 'data/dump.rdb', size: 9, sha256: '0'.repeat(64) }],
  archivedAt: STARTED,
  archiver: { version: '1.2.3', runId: 'run-1' },
};

function keyPair(): { readonly id: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return { id: '0123456789abcdef', ...generateKeyPairSync('ed25519') };
}

function signaturesOf({ id, privateKey, publicKey }: ReturnType<typeof keyPair>) {
  return createSignatures(fixed({ signing: { id, key: privateKey }, trusted: [{ id, key: publicKey }] }));
}

describe('a signed manifest', () => {
  it('is the unsigned one with one line more, and reads as before', () => {
    const plain = encodeManifest(manifest);
    const signed = signaturesOf(keyPair()).sign(plain);
    const lines = String(signed).split('\n');
    expect(lines[1]).toMatch(/^ {2}"signature": \{ "algorithm": "Ed25519", "keyId": "0123456789abcdef", /);
    expect(lines.toSpliced(1, 1).join('\n')).toBe(String(plain));
    const { signature, ...rest } = decodeManifest(signed, 'key');
    expect(rest).toEqual(manifest);
    expect(signature?.value).toHaveLength(88);
    expect(encodeManifest(decodeManifest(signed, 'key'))).toEqual(plain);
  });

  it('is genuine as it is, and with any byte of it changed it is not', () => {
    const signatures = signaturesOf(keyPair());
    const signed = Buffer.from(signatures.sign(encodeManifest(manifest)));
    expect(signatures.check(signed, STARTED)).toEqual({ result: 'valid' });
    fc.assert(
      fc.property(fc.nat({ max: signed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(signed);
        changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
        expect(signatures.check(changed, STARTED).result).not.toBe('valid');
      }),
    );
  });

  it('with any text slipped in anywhere is not', () => {
    const signatures = signaturesOf(keyPair());
    const signed = String(signatures.sign(encodeManifest(manifest)));
    fc.assert(
      fc.property(fc.nat({ max: signed.length }), fc.string({ minLength: 1 }), (at, text) => {
        const changed = Buffer.from(signed.slice(0, at) + text + signed.slice(at));
        expect(signatures.check(changed, STARTED).result).not.toBe('valid');
      }),
    );
  });

  it('is made with the key in force, and believed by the keys in force', () => {
    const [old, next] = [keyPair(), { ...keyPair(), id: 'fedcba9876543210' }];
    const inForce = ({ id, privateKey, publicKey }: typeof old) => ({
      signing: { id, key: privateKey },
      trusted: [{ id, key: publicKey }],
    });
    let settings = inForce(old);
    const signatures = createSignatures(() => settings);
    const before = signatures.sign(encodeManifest(manifest));
    settings = inForce(next);
    const after = signatures.sign(encodeManifest(manifest));
    expect(signatures.check(after, STARTED).result).toBe('valid');
    expect(signatures.check(before, STARTED).result).toBe('bad');
    settings = { ...settings, trusted: [...settings.trusted, ...inForce(old).trusted] };
    expect(signatures.check(before, STARTED).result).toBe('valid');
  });

  it('by an algorithm that only a newer version knows is no forgery, and no proof', () => {
    const signatures = signaturesOf(keyPair());
    const signed = String(signatures.sign(encodeManifest(manifest)));
    expect(signatures.check(Buffer.from(signed.replace('"Ed25519"', '"ML-DSA-65"')), STARTED)).toEqual({
      result: 'unknown',
      detail: 'is signed by ML-DSA-65, which this version cannot check',
    });
    for (const name of ['', 'x'.repeat(50), '\u001b[31m'])
      expect(
        signatures.check(Buffer.from(signed.replace('"Ed25519"', JSON.stringify(name))), STARTED).result,
      ).toBe('bad');
  });

  it('is not looked at where no key is to be believed', () => {
    const signed = signaturesOf(keyPair()).sign(encodeManifest(manifest));
    expect(createSignatures(fixed({ trusted: [] })).check(signed, STARTED)).toEqual({ result: 'unchecked' });
  });
});

it('what is about to be used is refused where it is not genuine', async () => {
  const store = createFileStore({ directory: mkdtempSync(join(tmpdir(), 'archiver-signed-')) });
  const layout = archiveLayout('');
  const options = { signal: new AbortController().signal };
  const mine = createCatalog(store, layout, systemClock, signaturesOf(keyPair()));
  await mine.commit(manifest, options);
  const key = layout.manifestKey({
    source: 'ap-guangzhou',
    instanceId: 'crs-1',
    backupId: '1-2-3',
    startedAt: STARTED,
  });
  expect((await mine.readGenuine(key, options))?.backup.id).toBe('1-2-3');
  const other = createCatalog(store, layout, systemClock, signaturesOf(keyPair()));
  await expect(other.readGenuine(key, options)).rejects.toMatchObject({ code: 'archive-damaged' });
  expect((await other.read(key, options))?.backup.id).toBe('1-2-3');
  expect(await mine.readGenuine(`${key}x`, options)).toBeUndefined();
});

describeWith(['openssl'], 'with standard tools alone', () => {
  /** The block of commands below a heading of docs/security.md. */
  function commandsOf(heading: string): string {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/security.md'), 'utf8');
    const [, commands] = new RegExp(`### ${heading}\\n[^#]*?\`\`\`sh\\n([^]*?)\`\`\``).exec(page) ?? [];
    return commands ?? expect.unreachable(`docs/security.md has commands below ${heading}`);
  }

  const folder = mkdtempSync(join(tmpdir(), 'archiver-openssl-'));
  const shell = (commands: string) =>
    execFileSync('sh', ['-euc', commands], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
    });

  it('keys are made as documented, their id is what we call them, and a changed manifest is found out', () => {
    const printed = shell(commandsOf('Make the keys'));
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const config = signingOf(
      {
        variables: {},
        get: () => undefined,
        secret: () => undefined,
        has: () => true,
        lines: (name) => (name === 'ARCHIVER_SIGNING_KEY' ? read('signing-key.pem') : undefined),
      },
      [],
    );
    expect(printed.trim()).toBe(config?.signing?.id);

    const key = createPrivateKey(read('signing-key.pem'));
    const id = config?.signing?.id ?? '';
    const signatures = createSignatures(
      fixed({ signing: { id, key }, trusted: [{ id, key: createPublicKey(read('signing-public.pem')) }] }),
    );
    writeFileSync(join(folder, 'manifest.json'), signatures.sign(encodeManifest(manifest)));
    expect(shell(commandsOf('Check one by hand'))).toContain('Signature Verified Successfully');

    const text = readFileSync(join(folder, 'manifest.json'), 'utf8');
    writeFileSync(join(folder, 'manifest.json'), text.replace('"size": 9', '"size": 8'));
    expect(() => shell(commandsOf('Check one by hand'))).toThrow();
  });
});
