/** What the cloud encrypted comes out as the dump that it was, whichever of the usual layouts it has; `openssl` is the witness. */
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createKeyVault } from '../../src/codec/key-vault.ts';
import { fixed } from '../../src/domain/current.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import { realDumpPath } from '../../src/sandbox/real-dumps.ts';
import { collect, streamOf } from '../support/bodies.ts';
import { describeWith } from '../support/needs.ts';

const KEY = createHash('sha256').update('a key').digest();
const IV = createHash('md5').update('a vector').digest();
const ZEROS = Buffer.alloc(16);
const DUMP = readFileSync(realDumpPath('standard-2.rdb'));
const HEX = KEY.toString('hex');
const PASSWORD = 'correct horse battery staple';

const vault = createKeyVault({ keyRecipients: [], ageIdentities: fixed([]) });

async function opened(encrypted: Uint8Array, key: string, chunkSize = 1000) {
  const layouts: string[] = [];
  const body = vault.open(streamOf(encrypted, { chunkSize }), new Secret(key), {
    what: 'dump.rdb',
    onLayout: (layout) => layouts.push(layout),
  });
  return { dump: (await collect(body)) ?? Buffer.alloc(0), layouts };
}

function openssl(...args: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'cloud-cipher-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'dump'), DUMP);
  const files = ['-in', join(folder, 'dump'), '-out', join(folder, 'out')];
  execFileSync('openssl', ['enc', '-aes-256-cbc', ...files, ...args], { stdio: 'pipe' });
  return readFileSync(join(folder, 'out'));
}

describeWith(['openssl'], 'a dump that openssl encrypted', () => {
  const key = ['-K', HEX];
  const text = 'abcdefghijklmnopqrstuvwxyz012345';
  test.each<[layout: string, key: string, encrypt: () => Buffer]>([
    ['key in hex, IV in front', HEX, () => Buffer.concat([IV, openssl(...key, '-iv', IV.toString('hex'))])],
    ['key in hex, IV of zeros', HEX, () => openssl(...key, '-iv', '00'.repeat(16))],
    ['key in hex, IV of zeros', HEX.toUpperCase(), () => openssl(...key, '-iv', '00'.repeat(16))],
    ['key in base64, IV of zeros', KEY.toString('base64'), () => openssl(...key, '-iv', '00'.repeat(16))],
    ['key in base64, IV of zeros', KEY.toString('base64url'), () => openssl(...key, '-iv', '00'.repeat(16))],
    [
      'key as text, IV in front',
      text,
      () => Buffer.concat([IV, openssl('-K', Buffer.from(text).toString('hex'), '-iv', IV.toString('hex'))]),
    ],
    ['password of openssl enc, PBKDF2', PASSWORD, () => openssl('-pbkdf2', '-pass', `pass:${PASSWORD}`)],
    [
      'password of openssl enc, PBKDF2, no salt',
      PASSWORD,
      () => openssl('-pbkdf2', '-nosalt', '-pass', `pass:${PASSWORD}`),
    ],
    [
      'password of openssl enc, SHA-256',
      PASSWORD,
      () => openssl('-md', 'sha256', '-pass', `pass:${PASSWORD}`),
    ],
    [
      'password of openssl enc, SHA-256, no salt',
      PASSWORD,
      () => openssl('-md', 'sha256', '-nosalt', '-pass', `pass:${PASSWORD}`),
    ],
    ['password of openssl enc, MD5', PASSWORD, () => openssl('-md', 'md5', '-pass', `pass:${PASSWORD}`)],
    [
      'password of openssl enc, MD5, no salt',
      PASSWORD,
      () => openssl('-md', 'md5', '-nosalt', '-pass', `pass:${PASSWORD}`),
    ],
    // A key that is 32 bytes in base64 may also have been used as a password.
    [
      'password of openssl enc, PBKDF2',
      KEY.toString('base64'),
      () => openssl('-pbkdf2', '-pass', `pass:${KEY.toString('base64')}`),
    ],
  ])('comes out again: %s', async (layout, secret, encrypt) => {
    const { dump, layouts } = await opened(encrypt(), secret);
    expect(dump.equals(DUMP)).toBe(true);
    expect(layouts).toEqual([layout]);
  });
});

function encrypted(plain: Uint8Array, { iv = IV, front = true, padding = true } = {}): Buffer {
  const cipher = createCipheriv('aes-256-cbc', KEY, iv).setAutoPadding(padding);
  return Buffer.concat([front ? iv : Buffer.alloc(0), cipher.update(plain), cipher.final()]);
}

describe('what the cloud encrypted', () => {
  test('comes out whole from pieces of any size, and of any length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(200), fc.integer({ min: 1, max: 70 }), async (length, chunkSize) => {
        const plain = Buffer.concat([Buffer.from('REDIS0011'), randomBytes(length)]);
        const { dump } = await opened(encrypted(plain), HEX, chunkSize);
        expect(dump.equals(plain)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('that is no longer than the shortest dump comes out too', async () => {
    const plain = readFileSync(realDumpPath('empty.rdb')).subarray(0, 15);
    const { dump } = await opened(encrypted(plain, { iv: ZEROS, front: false }), HEX);
    expect(dump.equals(plain)).toBe(true);
  });

  test('without padding keeps every byte', async () => {
    const plain = Buffer.concat([Buffer.from('VALKEY080'), Buffer.alloc(23, 0xaa)]);
    const { dump } = await opened(encrypted(plain, { padding: false }), HEX);
    expect(dump.equals(plain)).toBe(true);
  });

  test.each([
    ['another key', encrypted(DUMP), createHash('sha256').update('other').digest('hex')],
    ['a vector that stands nowhere', encrypted(DUMP, { front: false }), HEX],
    ['no dump inside', encrypted(randomBytes(100)), HEX],
    ['nothing at all', Buffer.alloc(0), HEX],
    ['an end within a block', encrypted(DUMP).subarray(0, -5), HEX],
  ])('with %s is told as not opened, and no secret with it', async (_what, bytes, key) => {
    const error = await opened(bytes, key).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArchiverError);
    expect(error).toMatchObject({ code: 'not-opened', exit: 3 });
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(key);
  });

  test('gives nothing out before a layout has fitted', async () => {
    const seen: Uint8Array[] = [];
    const body = vault.open(streamOf(randomBytes(5000)), new Secret(HEX), { what: 'x', onLayout: () => {} });
    await expect(
      (async () => {
        for await (const chunk of body) seen.push(chunk);
      })(),
    ).rejects.toMatchObject({ code: 'not-opened' });
    expect(seen).toEqual([]);
  });
});
