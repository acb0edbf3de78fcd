/** The product in one's hands: the demo, the sandbox with the real commands against it, and how it stops. */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningCommand, runCommand, startCommand } from '../support/command.ts';

let cwd: string;
const running: RunningCommand[] = [];
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'archiver-e2e-'));
});
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  rmSync(cwd, { recursive: true });
});

/** The sandbox as a process of its own, and the variables that it prints. */
async function sandbox(): Promise<Record<string, string>> {
  const command = startCommand(['sandbox'], { cwd });
  running.push(command);
  const said = await command.said(/ARCHIVER_SOURCE_NETWORK=\w+\n/);
  const variables = [...said.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  return { ...Object.fromEntries(variables), ARCHIVER_DESTINATION: pathToFileURL(join(cwd, 'kept')).href };
}

test('the demo archives real dumps, verifies them and tells where they lie', async () => {
  const { code, stdout } = await runCommand(['demo', '--dir', 'kept'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/archived {2}10 backups/);
  expect(stdout).toMatch(/10 archives verified, .* read: all ok/);
  expect(existsSync(join(cwd, 'kept/catalog/ap-guangzhou'))).toBe(true);
  const [, shown = ''] = /^ {2}redis-check-rdb (.*)$/m.exec(stdout) ?? [];
  const dumps = globSync(shown, { cwd });
  expect(dumps.length, shown).toBeGreaterThan(0);
  for (const dump of dumps) expect(String(readFileSync(join(cwd, dump)).subarray(0, 5)), dump).toBe('REDIS');
});

describe('against the sandbox', () => {
  test('run logs one JSON line a backup and the summary last; the second run moves nothing', async () => {
    const env = await sandbox();
    const first = await runCommand(['run'], { cwd, env });
    const second = await runCommand(['run'], { cwd, env });
    expect([first.code, first.stderr, second.code, second.stderr]).toEqual([0, '', 0, '']);

    const lines = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const outcomes = lines.filter(({ event }) => event === 'backup.outcome');
    const summary = lines.at(-1);
    expect(summary).toMatchObject({
      event: 'run.summary',
      considered: outcomes.length,
      archived: 10,
      failed: 0,
      exitCode: 0,
    });
    expect(outcomes.filter(({ outcome }) => outcome === 'archived')).toHaveLength(10);
    expect(JSON.parse(second.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      archived: 0,
      bytes: 0,
      exitCode: 0,
    });
    expect(first.stdout).not.toMatch(/[?&](q-)?sign|sandbox-key/);
  });

  test('plan, list and verify answer in JSON', async () => {
    const env = await sandbox();
    const ask = async (...args: string[]) => {
      const { code, stdout } = await runCommand([...args, '--json'], { cwd, env });
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    expect(
      (await ask('plan')).items.filter(({ action }: { action: string }) => action === 'archive'),
    ).toHaveLength(10);
    expect((await runCommand(['archive', 'crs-orders01'], { cwd, env })).code).toBe(0);
    expect((await ask('list', 'archives')).items).toMatchObject([{ instanceId: 'crs-orders01', files: 1 }]);
    expect((await ask('list', 'instances')).items.length).toBeGreaterThan(3);
    expect((await ask('list', 'backups', 'crs-orders01')).items.length).toBeGreaterThan(3);
    expect((await ask('verify', '--quick')).items).toMatchObject([{ result: 'ok', bytesRead: 0 }]);
  });

  test('a wrong key is exit 10, and an instance that is not there exit 3', async () => {
    const env = await sandbox();
    const wrong = await runCommand(['run'], { cwd, env: { ...env, TENCENTCLOUD_SECRET_KEY: 'wrong' } });
    expect(wrong.code).toBe(10);
    expect((await runCommand(['archive', 'crs-nowhere'], { cwd, env })).code).toBe(3);
  });
});

describe('a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the sandbox with %d', async (signal, code) => {
    const command = startCommand(['sandbox'], { cwd });
    running.push(command);
    await command.said(/ARCHIVER_SOURCE_NETWORK/);
    command.child.kill(signal);
    expect((await command.result).code).toBe(code);
  });
});
