/** The settings of compression and encryption, and the keys of age as people paste them. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAgeRecipient } from '../../src/config/age-keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { showConfig } from '../../src/config/show.ts';
import { ArchiverError } from '../../src/domain/errors.ts';

const identity = await generateX25519Identity();
const other = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

function load(variables: Record<string, string>, file?: string) {
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-config-'));
  if (file !== undefined) writeFileSync(join(cwd, 'archiver.yaml'), file);
  const env = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 's3://bucket', ...variables };
  return loadConfig({ flags: file === undefined ? {} : { config: 'archiver.yaml' }, env, cwd });
}

/** The message of the refusal; it never holds a private key. */
function refusal(variables: Record<string, string>, file?: string): string {
  try {
    load(variables, file);
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    expect(error).toMatchObject({ code: 'config', exit: 2 });
    expect(error.message).not.toContain(identity.slice(20, 60));
    return error.message;
  }
  throw new Error('the configuration was taken');
}

function keyFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'archiver-age-')), 'identity.txt');
  writeFileSync(path, text);
  return path;
}

test('both are off unless they are asked for', () => {
  expect(load({})).toMatchObject({ compression: 'none', ageRecipients: [] });
  expect(load({}).ageIdentities()).toEqual([]);
});

test('come from the file, or from variables over it', () => {
  const file = `compression: zstd\ncompressionLevel: 9\nageRecipients: [${recipient}]\n`;
  expect(load({}, file)).toMatchObject({
    compression: 'zstd',
    compressionLevel: 9,
    ageRecipients: [recipient],
  });
  const variables = {
    ARCHIVER_COMPRESSION: 'none',
    ARCHIVER_COMPRESSION_LEVEL: '19',
    ARCHIVER_AGE_RECIPIENTS: `${recipient}, ${recipient},`,
  };
  expect(load(variables, file)).toMatchObject({
    compression: 'none',
    compressionLevel: 19,
    ageRecipients: [recipient, recipient],
  });
});

test.each([
  [{ ARCHIVER_COMPRESSION: 'gzip' }, 'ARCHIVER_COMPRESSION: expected one of none, zstd'],
  [{ ARCHIVER_COMPRESSION_LEVEL: '20' }, 'ARCHIVER_COMPRESSION_LEVEL: expected a whole number from 1 to 19'],
  [{ ARCHIVER_AGE_RECIPIENTS: 'age1nonsense' }, 'ARCHIVER_AGE_RECIPIENTS: expected the public key'],
  [{ ARCHIVER_AGE_RECIPIENTS: 'ssh-ed25519 AAAA' }, 'ARCHIVER_AGE_RECIPIENTS: expected the public key'],
  [{ ARCHIVER_AGE_RECIPIENTS: identity }, 'ARCHIVER_AGE_RECIPIENTS: expected the public key'],
  [
    { ARCHIVER_AGE_IDENTITY: recipient },
    'ARCHIVER_AGE_IDENTITY: line 1 is no age identity: it is a recipient',
  ],
  [{ ARCHIVER_AGE_IDENTITY: identity.slice(0, -1) }, 'ARCHIVER_AGE_IDENTITY: line 1 is no age identity'],
  [{ ARCHIVER_AGE_IDENTITY: identity.toLowerCase() }, 'ARCHIVER_AGE_IDENTITY: line 1 is no age identity'],
  [{ ARCHIVER_AGE_IDENTITY: '# only a comment' }, 'ARCHIVER_AGE_IDENTITY: holds no age identity'],
] as const)('%o is refused where it stands', (variables, message) => {
  expect(refusal(variables)).toContain(message);
});

test('a recipient in the file is refused by its line', () => {
  expect(refusal({}, `ageRecipients:\n  - ${recipient}\n  - age1x\n`)).toContain(
    'archiver.yaml:3: ageRecipients[1]',
  );
});

describe('an identity', () => {
  test('is what `age-keygen` wrote, comments and empty lines and all; several are fine', () => {
    const path = keyFile(
      `# created: 2026-11-24T02:15:00Z\n# public key: ${recipient}\n${identity}\r\n\n${other}\n`,
    );
    const { ageIdentities } = load({ ARCHIVER_AGE_IDENTITY_FILE: path });
    expect(ageIdentities().map((secret) => secret.reveal())).toEqual([identity, other]);
  });

  test('that is wrong is named by the variable of its file and its line', () => {
    const path = keyFile(`# a comment\n${identity}\n${recipient}\n`);
    expect(refusal({ ARCHIVER_AGE_IDENTITY_FILE: path })).toContain('ARCHIVER_AGE_IDENTITY_FILE: line 3');
  });

  test('that lies in no readable file is told with its path', () => {
    const message = refusal({ ARCHIVER_AGE_IDENTITY_FILE: '/nowhere/identity.txt' });
    expect(message).toContain('ARCHIVER_AGE_IDENTITY_FILE: the file /nowhere/identity.txt cannot be read');
  });

  test('is not shown by `config show`, nor by printing the configuration', () => {
    const config = load({ ARCHIVER_AGE_IDENTITY: identity, ARCHIVER_AGE_RECIPIENTS: recipient });
    const shown = showConfig(config);
    expect(shown).toContain(recipient);
    expect(shown + JSON.stringify(config)).not.toContain(identity.slice(20));
  });
});

test('a recipient with any letter changed is no recipient', () => {
  const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
  fc.assert(
    fc.property(fc.integer({ min: 5, max: recipient.length - 1 }), fc.nat(31), (position, letter) => {
      const changed = recipient.slice(0, position) + letters.charAt(letter) + recipient.slice(position + 1);
      expect(isAgeRecipient(changed)).toBe(changed === recipient);
    }),
  );
});
