/** A backup's key is sealed so that only its recipients read it, with `age` itself if they like. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKeyVault } from '../../src/codec/key-vault.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import { describeWith } from '../support/needs.ts';
import { newAgeKeys } from './setup.ts';

const KEY = 'mPz0n1RX3JvKJbNY1uMYJ5yHc0aQyP4zq3v9t2b8s7E=';
const backupKey = { key: new Secret(KEY), algorithm: 'AES-256-CBC', kmsKeyId: '1b2c-3d4e' };

async function openVault() {
  const [keys, others] = [await newAgeKeys(), await newAgeKeys()];
  const vault = createKeyVault({
    keyRecipients: [keys.recipient, others.recipient],
    ageIdentities: fixed([new Secret(keys.identity)]),
  });
  return { vault, keys, others };
}

describe('a sealed key', () => {
  test('opens for each of its recipients, and shows nothing but what may be known', async () => {
    const { vault, others } = await openVault();
    const sealed = await vault.seal(backupKey);
    expect(sealed).toEqual({
      algorithm: 'AES-256-CBC',
      kmsKeyId: '1b2c-3d4e',
      keyFingerprint: '3ff31defe80d5a1f',
      sealedKey: expect.stringMatching(/^-----BEGIN AGE ENCRYPTED FILE-----\n/),
    });
    expect(JSON.stringify(sealed)).not.toContain(KEY);
    expect((await vault.unseal(sealed, 'x')).reveal()).toBe(KEY);
    const other = createKeyVault({ keyRecipients: [], ageIdentities: fixed([new Secret(others.identity)]) });
    expect((await other.unseal(sealed, 'x')).reveal()).toBe(KEY);
  });

  test.each([
    ['no identity', [] as string[], 'config'],
    ['an identity of somebody else', ['stranger'], 'config'],
  ])('with %s says what to set', async (_what, identities, code) => {
    const { vault } = await openVault();
    const strangers = await Promise.all(
      identities.map(async () => new Secret((await newAgeKeys()).identity)),
    );
    const other = createKeyVault({ keyRecipients: [], ageIdentities: fixed(strangers) });
    await expect(other.unseal(await vault.seal(backupKey), 'backup 1 of crs-a')).rejects.toMatchObject({
      code,
      exit: 2,
      message: expect.stringContaining('the key of backup 1 of crs-a is sealed'),
      hint: expect.stringContaining('ARCHIVER_AGE_IDENTITY_FILE'),
    });
  });

  test('that was cut off, or stands for another, is damage', async () => {
    const { vault } = await openVault();
    const sealed = await vault.seal(backupKey);
    const cut = { ...sealed, sealedKey: sealed.sealedKey.slice(0, 150) };
    await expect(vault.unseal(cut, 'x')).rejects.toMatchObject({ code: 'archive-damaged' });
    const swapped = {
      ...(await vault.seal({ key: new Secret('other') })),
      keyFingerprint: sealed.keyFingerprint,
    };
    await expect(vault.unseal(swapped, 'x')).rejects.toMatchObject({ code: 'archive-damaged' });
  });

  test('for a recipient that is none is refused', async () => {
    const vault = createKeyVault({ keyRecipients: ['age1nobody'], ageIdentities: fixed([]) });
    await expect(vault.seal(backupKey)).rejects.toMatchObject({ code: 'config' });
  });
});

describeWith(['age'], 'the age command', () => {
  test('reads a sealed key', async () => {
    const { vault, keys } = await openVault();
    const folder = mkdtempSync(join(tmpdir(), 'sealed-key-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'identity'), keys.identity);
    const { sealedKey } = await vault.seal(backupKey);
    const input = { input: sealedKey, encoding: 'utf8' } as const;
    expect(execFileSync('age', ['-d', '-i', join(folder, 'identity')], input)).toBe(KEY);
  });
});
