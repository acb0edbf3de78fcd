/** The keys of signatures: a bad one ends every command before anything happens, and none of them is ever shown. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { showConfig } from '../../src/config/show.ts';
import { ArchiverError } from '../../src/domain/errors.ts';

const cwd = mkdtempSync(join(tmpdir(), 'archiver-signing-'));
const base = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///archive' };

function load(env: Record<string, string>) {
  return loadConfig({ flags: {}, env: { ...base, ...env }, cwd });
}

function refusalOf(env: Record<string, string>): string {
  try {
    load(env);
  } catch (error) {
    if (error instanceof ArchiverError && error.code === 'config') return `${error.message}\n${error.hint}`;
    throw error;
  }
  return expect.unreachable('the configuration should be refused');
}

function file(name: string, content: string): string {
  const path = join(cwd, name);
  writeFileSync(path, content);
  return path;
}

const pems = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    open: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
};

const mine = pems();
const theirs = pems();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe('signing', () => {
  test('is off where nobody set a key', () => {
    expect(load({}).signing).toBeUndefined();
  });

  test('takes a private key out of a variable or a file, and believes its own public key', () => {
    const inline = load({ ARCHIVER_SIGNING_KEY: mine.secret }).signing?.();
    expect(inline?.signing?.id).toMatch(/^[0-9a-f]{16}$/);
    expect(inline?.trusted.map(({ id }) => id)).toEqual([inline?.signing?.id]);
    const path = file('key.pem', mine.secret);
    expect(load({ ARCHIVER_SIGNING_KEY_FILE: path }).signing?.().signing?.id).toBe(inline?.signing?.id);
    const escaped = mine.secret.replaceAll('\n', '\\n');
    expect(load({ ARCHIVER_SIGNING_KEY: escaped }).signing?.().signing?.id).toBe(inline?.signing?.id);
  });

  test('checks by several public keys out of one file, none of them twice', () => {
    const path = file('public.pem', `# ours\n${mine.open}\n# the old one\n${theirs.open}`);
    const { signing, trusted } = load({ ARCHIVER_SIGNING_PUBLIC_KEY_FILE: path }).signing?.() ?? {
      trusted: [],
    };
    expect(signing).toBeUndefined();
    expect(trusted).toHaveLength(2);
    const both = load({
      ARCHIVER_SIGNING_KEY: mine.secret,
      ARCHIVER_SIGNING_PUBLIC_KEY_FILE: path,
    }).signing?.();
    expect(both?.trusted.map(({ id }) => id)).toEqual([both?.signing?.id, trusted[1]?.id]);
  });

  test('knows a day, or a time, from which on it is wanted', () => {
    const since = (text: string) =>
      load({ ARCHIVER_SIGNING_KEY: mine.secret, ARCHIVER_SIGNING_SINCE: text }).signing?.().since;
    expect(since('2026-11-24')).toBe('2026-11-24T00:00:00Z');
    expect(since('2026-11-24T02:15:00Z')).toBe('2026-11-24T02:15:00Z');
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'no key at all',
      { ARCHIVER_SIGNING_KEY: 'HUSH' },
      'ARCHIVER_SIGNING_KEY: expected one private Ed25519 key',
    ],
    ['a public key to sign with', { ARCHIVER_SIGNING_KEY: mine.open }, 'ARCHIVER_SIGNING_KEY: '],
    [
      'a key of another kind',
      { ARCHIVER_SIGNING_KEY: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      'openssl genpkey -algorithm ed25519',
    ],
    ['two private keys', { ARCHIVER_SIGNING_KEY: mine.secret + theirs.secret }, 'expected one private'],
    [
      'a private key to check by',
      { ARCHIVER_SIGNING_PUBLIC_KEY: mine.secret },
      'ARCHIVER_SIGNING_PUBLIC_KEY: ',
    ],
    [
      'one of two public keys that is none',
      {
        ARCHIVER_SIGNING_PUBLIC_KEY:
          mine.open + rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
      'key 2 is none',
    ],
    ['a file that is not there', { ARCHIVER_SIGNING_KEY_FILE: join(cwd, 'none') }, 'cannot be read'],
    [
      'both a key and a file',
      { ARCHIVER_SIGNING_KEY: mine.secret, ARCHIVER_SIGNING_KEY_FILE: file('again.pem', mine.secret) },
      'unset one of them',
    ],
    [
      'a day that is none',
      { ARCHIVER_SIGNING_KEY: mine.secret, ARCHIVER_SIGNING_SINCE: '2026-02-30' },
      'expected a date',
    ],
    ['a beginning of nothing', { ARCHIVER_SIGNING_SINCE: '2026-11-24' }, 'means nothing without'],
  ])('is refused by %s, which is not shown', (_, env, said) => {
    const refusal = refusalOf(env);
    expect(refusal).toContain(said);
    expect(refusal).not.toMatch(/BEGIN|HUSH|MC4C/);
  });

  test('shows ids of keys, and never a key', () => {
    const config = load({ ARCHIVER_SIGNING_KEY: mine.secret, ARCHIVER_SIGNING_SINCE: '2026-11-24' });
    const shown = showConfig(config);
    expect(shown).toContain(`signsWith: key ${config.signing?.().signing?.id}`);
    expect(shown).toContain('since: 2026-11-24T00:00:00Z');
    expect(shown + JSON.stringify(config)).not.toContain(mine.secret.split('\n')[1]);
  });
});
