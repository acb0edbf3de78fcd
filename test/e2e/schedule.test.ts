/** The long-running mode as a process: it starts, answers, archives, and ends as an orchestrator ends it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { sandboxEnvironment } from '../../src/sandbox/sandbox.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { type Cloud, call, createCloud, download } from '../support/cloud.ts';
import { type RunningCommand, runCommand, startCommand } from '../support/command.ts';
import { mountSecret } from '../support/mounted-secret.ts';
import { addBackup, INSTANCE, MiB } from '../support/scenario.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'archiver-e2e-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** A cloud with one backup of 12 MiB, and the environment that points the program at it. */
async function createSurroundings(): Promise<{ cloud: Cloud; env: Record<string, string> }> {
  const world = createWorld(systemClock);
  world.addInstance({ id: INSTANCE, name: 'orders' });
  addBackup(world, systemClock, { id: 'backup-1', size: 12 * MiB });
  const cloud = await createCloud({ world, clock: systemClock });
  onTestFinished(() => cloud.close());
  const env = {
    ...sandboxEnvironment(cloud),
    ARCHIVER_DESTINATION: pathToFileURL(join(cwd, 'kept')).href,
    ARCHIVER_HTTP_LISTEN: '127.0.0.1:0',
  };
  return { cloud, env };
}

function start(env: Record<string, string>): RunningCommand {
  const command = startCommand(['schedule'], { cwd, env });
  onTestFinished(() => void command.child.kill('SIGKILL'));
  return command;
}

async function addressOf(command: RunningCommand): Promise<string> {
  const said = await command.said(/"event":"daemon.listening","url":"[^"]+"/);
  return /"event":"daemon.listening","url":"([^"]+)"/.exec(said)?.[1] ?? '';
}

test('starts, archives at once, is ready, and shows what it did', async () => {
  const { env } = await createSurroundings();
  const command = start(env);
  const url = await addressOf(command);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const said = await command.said(/"event":"run.summary"/);
  expect(said).toMatch(/"event":"run.summary".*"archived":1,/);
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);
  await expect.poll(async () => (await fetch(url)).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('schedule_next_tick_timestamp_seconds');
  command.child.kill('SIGTERM');
  expect(await command.result).toMatchObject({ code: 143, stderr: '' });
  expect((await runCommand(['verify'], { cwd, env })).code).toBe(0);
});

test('SIGTERM in mid-run: the run is interrupted, nothing half-done is kept, exit 143; the next start archives it', async () => {
  const { cloud, env } = await createSurroundings();
  const gate = cloud.holdBodyAt(download(), 7 * MiB);
  const command = start(env);
  const url = await addressOf(command);
  await gate.reached;
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true, reasons: [] });
  command.child.kill('SIGTERM');
  const { code, stdout, stderr } = await command.result;
  gate.release();
  expect({ code, stderr }).toEqual({ code: 143, stderr: '' });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['daemon.stopping', 'run.summary']));
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'backup.outcome', outcome: 'failed', reason: 'interrupted' }),
  );
  expect(JSON.parse((await runCommand(['list', 'archives', '--json'], { cwd, env })).stdout).items).toEqual(
    [],
  );

  const again = start(env);
  expect(await again.said(/"event":"run.summary"/)).toMatch(/"event":"run.summary".*"archived":1,/);
});

test('keys in files that are exchanged in the middle of a run: it goes on with the new ones, and says nothing of any', async () => {
  const { cloud, env } = await createSurroundings();
  const secret = mountSecret({ id: cloud.credentials.secretId, key: cloud.credentials.secretKey });
  const { TENCENTCLOUD_SECRET_ID: _, TENCENTCLOUD_SECRET_KEY: __, ...rest } = env;
  const links = cloud.holdAt(call('DescribeBackupUrl'));
  const command = start({
    ...rest,
    TENCENTCLOUD_SECRET_ID_FILE: secret.path('id'),
    TENCENTCLOUD_SECRET_KEY_FILE: secret.path('key'),
  });
  await links.reached;
  cloud.exchangeKeys({ secretId: 'AKIDnext', secretKey: 'next-key-of-all' });
  secret.exchange({ id: 'AKIDnext', key: 'next-key-of-all' });
  links.release();
  const said = await command.said(/"event":"run.summary"/);
  expect(said).toMatch(/"event":"run.summary".*"archived":1,/);
  expect(said).not.toMatch(/next-key-of-all|sandbox-key/);
});
