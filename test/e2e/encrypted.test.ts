/** An encrypted backup by the command line: archived, forgotten by the cloud, opened, and loaded into a real server. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/domain/manifest.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { CommandResult } from '../support/command.ts';
import { CLOUD_KEY, encryptedWorld, type Holder, newHolder } from '../support/encrypted.ts';
import { keysLoaded } from '../support/keys-loaded.ts';
import { describeWith } from '../support/needs.ts';
import { INSTANCE } from '../support/scenario.ts';
import {
  filesBelow,
  itemsOf,
  openWorkplace,
  outcomesOf,
  summaryOf,
  type Workplace,
} from '../support/workplace.ts';

const { PATH = '' } = process.env;

let work: Workplace;
let holder: Holder;
let results: CommandResult[];
beforeEach(async () => {
  work = await openWorkplace({ fill: (world) => encryptedWorld()(world, systemClock) });
  holder = await newHolder();
  results = [];
});
afterEach(() => work.close());

const sealing = () => ({
  ARCHIVER_ENCRYPTED_BACKUPS: 'seal',
  ARCHIVER_KEY_RECIPIENTS: holder.recipient,
});
const opening = () => ({ ARCHIVER_AGE_IDENTITY: holder.identity });

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = await work.run(args, env);
  results.push(result);
  return result;
}

function manifest(): Manifest {
  const [path = ''] = filesBelow(join(work.cwd, 'kept/catalog'));
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/** Everything that was printed, and everything that lies in the destination. */
function everything(): string {
  const printed = results.flatMap(({ stdout, stderr }) => [stdout, stderr]);
  return [...printed, ...filesBelow(join(work.cwd, 'kept')).map((path) => readFileSync(path, 'latin1'))].join(
    '\n',
  );
}

describeWith(['redis-server', 'age'], 'with its key sealed', () => {
  test('it opens after the cloud has forgotten it, and a server loads every key', async () => {
    const archived = await run(['run', '--log-level', 'debug'], sealing());
    expect(archived.code).toBe(0);
    expect(outcomesOf(archived)).toMatchObject([{ outcome: 'archived', key: 'sealed' }]);

    work.cloud.world.changeBackup(INSTANCE, 'backup-1', { status: -1, key: { text: '', kmsKeyId: '' } });
    const restored = await run(['restore', INSTANCE, '--decrypt', '--to', 'out'], opening());
    expect(restored.code).toBe(0);
    expect(restored.stdout).toMatch(/decrypted: AES-256-CBC, key in base64, IV in front/);
    expect(restored.stdout).toMatch(/proved: size, SHA-256 .*, RDB \d+ and its CRC-64/);
    expect(await keysLoaded(join(work.cwd, 'out/dump.rdb'), join(work.cwd, 'server'))).toBe(118);

    const drilled = await run(['drill', INSTANCE, '--json'], { ...opening(), PATH });
    expect(drilled.code).toBe(0);
    expect(itemsOf(drilled)).toMatchObject([
      { outcome: 'passed', keys: 118, files: [{ opened: 'key in base64, IV in front' }] },
    ]);
    expect((await run(['verify'], opening())).code).toBe(0);
    expect((await run(['inspect', INSTANCE], opening())).stdout).toContain('118 keys');
    expect(everything()).not.toContain(CLOUD_KEY);
  });

  test('the age command alone gets the key out of the manifest, and `--key` writes the same', async () => {
    await run(['run'], sealing());
    const { encryption } = manifest().backup;
    const sealed = encryption && 'sealedKey' in encryption ? encryption.sealedKey : '';
    const byAge = await work.shell('printf %s "$SEALED" | age -d -i <(printf %s "$IDENTITY")', {
      SEALED: sealed,
      IDENTITY: holder.identity,
    });
    expect(byAge.stdout).toBe(CLOUD_KEY);

    const handed = await run(['restore', INSTANCE, '--key', 'backup.key'], opening());
    expect(handed.code).toBe(0);
    expect(handed.stdout).toMatch(/key: backup\.key \(AES-256-CBC, KMS key .*; fingerprint [0-9a-f]{16}\)/);
    const path = join(work.cwd, 'backup.key');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual([CLOUD_KEY, 0o600]);
    expect(everything()).not.toContain(CLOUD_KEY);
  });

  test('no identity, or another one, is exit 2 and writes nothing', async () => {
    await run(['run'], sealing());
    for (const env of [{}, { ARCHIVER_AGE_IDENTITY: (await newHolder()).identity }]) {
      for (const args of [
        ['--decrypt', '--to', 'out'],
        ['--key', 'backup.key'],
      ]) {
        const refused = await run(['restore', INSTANCE, ...args], env);
        expect([refused.code, refused.stdout]).toEqual([2, '']);
        expect(refused.stderr).toContain('ARCHIVER_AGE_IDENTITY_FILE');
      }
    }
    expect(filesBelow(join(work.cwd, 'out'))).toEqual([]);
    const drilled = await run(['drill', INSTANCE, '--json'], { PATH });
    expect(drilled.code).toBe(3);
    expect(itemsOf(drilled)).toMatchObject([{ reason: 'encrypted' }]);
  });
});

describe('without', () => {
  test('every command that a person asks says so', async () => {
    expect((await run(['plan'])).stdout).toContain('archive, key not kept');
    const archived = await run(['run']);
    expect(summaryOf(archived)).toMatchObject({ archived: 1, exitCode: 0 });
    expect(outcomesOf(archived)).toMatchObject([{ key: 'not-kept' }]);
    expect(archived.stdout).toContain('the key was not kept');
    const status = await run(['status', '--html', 'page.html']);
    expect([status.code, status.stdout]).toEqual([0, expect.stringContaining('WITHOUT KEY')]);
    expect(status.stderr).toContain('encryptedBackups: seal');
    expect(readFileSync(join(work.cwd, 'page.html'), 'utf8')).toContain('cannot be opened without the cloud');
    const refused = await run(['restore', INSTANCE, '--decrypt', '--to', 'out'], opening());
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('its key was not kept')]);
  });

  test.each([
    [{ ARCHIVER_ENCRYPTED_BACKUPS: 'seal' }, 'somebody to seal keys for'],
    [{ ARCHIVER_KEY_RECIPIENTS: 'age1nobody' }, 'expected the public key of an age identity'],
    [{ ARCHIVER_ENCRYPTED_BACKUPS: 'maybe' }, 'expected one of warn, seal, fail'],
  ])('%j is wrong configuration, exit 2', async (env, told) => {
    const { code, stderr } = await run(['run'], env);
    expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
  });
});
