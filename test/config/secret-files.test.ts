/** Secrets in files: what lies there now counts, and what lay there last in good order where nothing usable does. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { mountSecret } from '../support/mounted-secret.ts';

const ESSENTIALS = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 's3://bucket' };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'archiver-secret-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function withToken(path: string) {
  const env = {
    ...ESSENTIALS,
    TENCENTCLOUD_SECRET_ID: 'id',
    TENCENTCLOUD_SECRET_KEY: 'key',
    TENCENTCLOUD_SESSION_TOKEN_FILE: path,
  };
  const { sources, warnOfSecrets } = loadConfig({ flags: {}, env, cwd: folder() });
  const warnings: string[] = [];
  warnOfSecrets?.((message) => warnings.push(message));
  return {
    token: () => sources[0]?.credentials().token?.reveal(),
    current: sources[0]?.credentials,
    warnings,
  };
}

test('whatever becomes of the file, the secret is the last one that stood there whole, and each bad time is told once', () => {
  const state = fc.constantFrom('first', 'second', 'third', '', 'half a line', undefined);
  fc.assert(
    fc.property(fc.array(state, { maxLength: 12 }), (states) => {
      const path = join(folder(), 'token');
      writeFileSync(path, 'zeroth\n');
      const { token, warnings } = withToken(path);
      let good = 'zeroth';
      let badTimes = 0;
      let wasGood = true;
      for (const text of states) {
        if (text === undefined) rmSync(path, { force: true });
        else writeFileSync(path, `${text}\n`);
        const isGood = text !== undefined && text !== '' && !text.includes(' ');
        if (isGood) good = text;
        if (!isGood && wasGood) badTimes += 1;
        wasGood = isGood;
        expect(token()).toBe(good);
        expect(token()).toBe(good);
      }
      expect(warnings).toHaveLength(badTimes);
      for (const warning of warnings) {
        expect(warning).toContain('TENCENTCLOUD_SESSION_TOKEN_FILE');
        expect(warning).not.toMatch(/first|second|third|zeroth|half/);
      }
    }),
    { numRuns: 50 },
  );
});

test('a Secret that Kubernetes exchanges (one link to the folder of all its files) is read from the new files', () => {
  const secret = mountSecret({ token: 'old' });
  const { token, warnings } = withToken(secret.path('token'));
  expect(token()).toBe('old');
  secret.exchange({ token: 'new' });
  expect(token()).toBe('new');
  expect(warnings).toEqual([]);
});

test('as long as a file stays as it is its secret stays the same object', () => {
  const path = join(folder(), 'token');
  writeFileSync(path, 'one');
  const { current } = withToken(path);
  const before = current?.();
  expect(current?.()).toBe(before);
  writeFileSync(path, 'two');
  expect(current?.()).not.toBe(before);
});

test('what comes out of a pipe is read once, also where the file of another secret is exchanged', () => {
  const [pipe, key] = [join(folder(), 'pipe'), join(folder(), 'key')];
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', 'printf token-of-the-pipe > "$0"', pipe]);
  writeFileSync(key, 'first');
  const env = {
    ...ESSENTIALS,
    TENCENTCLOUD_SECRET_ID: 'id',
    TENCENTCLOUD_SECRET_KEY_FILE: key,
    TENCENTCLOUD_SESSION_TOKEN_FILE: pipe,
  };
  const { sources } = loadConfig({ flags: {}, env, cwd: folder() });
  writeFileSync(key, 'second');
  const { secretKey, token } = sources[0]?.credentials() ?? {};
  expect([secretKey?.reveal(), token?.reveal()]).toEqual(['second', 'token-of-the-pipe']);
});

test('a folder in the place of the file, as a mount whose source is missing makes one, is not what lies there for ever', () => {
  const path = join(folder(), 'token');
  writeFileSync(path, 'before');
  const { token, warnings } = withToken(path);
  rmSync(path);
  mkdirSync(path);
  expect(token()).toBe('before');
  expect(warnings).toEqual([expect.stringContaining('EISDIR')]);
  rmSync(path, { recursive: true });
  writeFileSync(path, 'after');
  expect(token()).toBe('after');
});
