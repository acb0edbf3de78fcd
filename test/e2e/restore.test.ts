/** Getting a dump back as an operator does: killed and run again, in a pipe, and into a real server. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RestoreReport } from '../../src/restore/report.ts';
import { REAL_DUMPS, realDump } from '../../src/sandbox/real-dumps.ts';
import type { World } from '../../src/sandbox/world.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import { startCommand } from '../support/command.ts';
import { describeWith } from '../support/needs.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { addBackup, INSTANCE, MiB } from '../support/scenario.ts';
import { openWorkplace, type Workplace } from '../support/workplace.ts';

const SIZE = 12 * MiB;
const REAL = 'standard-1.rdb';

function fill(world: World): void {
  world.addInstance({ id: INSTANCE });
  addBackup(world, systemClock, { id: 'large', size: SIZE, hoursAgo: 20 });
  addBackup(world, systemClock, { id: 'small', hoursAgo: 30 });
  world.addInstance({ id: 'crs-real0001' });
  const files = [{ name: REAL, dump: realDump(REAL) }];
  world.addBackup('crs-real0001', { id: 'real', startedAt: systemClock.now() - 10 * HOUR_MS, files });
}

let s3: S3Server;
let work: Workplace;
/** Of the large dump, as the manifest records it. */
let digest: string;
beforeAll(async () => {
  s3 = await startS3();
  work = await openWorkplace({ bucket: s3, fill });
  expect((await work.run(['run'])).code).toBe(0);
  const key = [...s3.objects.keys()].find((one) => one.endsWith('_large/dump.rdb')) ?? '';
  digest = createHash('sha256')
    .update(s3.bytesOf(key) ?? '')
    .digest('hex');
});
afterAll(async () => {
  await work.close();
  await s3.close();
});

const restore = (to: string, ...more: string[]) => work.start(['restore', INSTANCE, '--to', to, ...more]);
const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const partialIn = (folder: string) => `${folder}/dump.rdb.${digest.slice(0, 16)}.partial`;

/** Starts a restore whose connection stands still in the middle of the dump, and waits until that much lies on the disk. */
async function restoreIntoStandstill(name: string) {
  const folder = join(work.cwd, name);
  const fault = s3.fail({ on: 'GetObject', key: '_large/dump.rdb', effect: 'stall' });
  onTestFinished(() => fault.remove());
  const command = restore(folder);
  const kept = () => (existsSync(partialIn(folder)) ? statSync(partialIn(folder)).size : 0);
  await expect.poll(kept, { timeout: 20_000, interval: 20 }).toBe(SIZE / 2);
  return { folder, command };
}

/** The restore that is run again: reads only the other half, and ends with the whole dump. */
async function expectToGoOn(folder: string) {
  const before = s3.requests.length;
  const again = await work.run(['restore', INSTANCE, '--to', folder, '--json']);
  expect(again.stderr).toBe('');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout) as RestoreReport).toMatchObject({
    backupId: 'large',
    items: [{ result: 'restored', resumedAt: SIZE / 2, bytesRead: SIZE / 2 }],
  });
  const ranges = s3.requests
    .slice(before)
    .filter(({ operation, key }) => operation === 'GetObject' && key.endsWith('.rdb'))
    .map(({ headers }) => headers['range']);
  expect(ranges).toEqual([`bytes=${SIZE / 2}-`]);
  expect(readdirSync(folder)).toEqual(['dump.rdb']);
  expect(sha256(join(folder, 'dump.rdb'))).toBe(digest);
}

describe('a restore in mid-file', () => {
  test('that is killed with -9 leaves no dump, and the next goes on at the same byte', async () => {
    const { folder, command } = await restoreIntoStandstill('killed');
    command.child.kill('SIGKILL');
    expect((await command.result).code).toBeNull();
    expect(existsSync(join(folder, 'dump.rdb'))).toBe(false);
    await expectToGoOn(folder);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that gets %s ends with %i and says that it can be gone on with', async (signal, code) => {
    const { folder, command } = await restoreIntoStandstill(signal);
    command.child.kill(signal);
    const result = await command.result;
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(/interrupted by SIG.*\n.*same command.*goes on/);
    await expectToGoOn(folder);
  });
});

describe('in a pipe', () => {
  test('the dump alone comes through', async () => {
    const { code, stdout, stderr } = await work.shell(
      `set -o pipefail; $PROGRAM restore ${INSTANCE} --to - | sha256sum`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${digest}  -\n` });
    expect(stderr).toMatch(
      /^crs-orders01 large, started .* \+08:00\n {2}restored: dump\.rdb, 12\.0 MiB\n {4}proved: size, SHA-256 /,
    );
  });

  test('a reader that takes it in two pieces gets every byte', async () => {
    const { stdout } = await work.shell(
      `$PROGRAM restore ${INSTANCE} --to - | { head -c 1000000; cat; } | sha256sum`,
    );
    expect(stdout).toBe(`${digest}  -\n`);
  });

  test('a reader that goes away is told in one sentence, exit 3', async () => {
    const { stdout, stderr } = await work.shell(
      `$PROGRAM restore ${INSTANCE} --to - | head -c 5; echo " $PIPESTATUS"`,
    );
    expect(stdout).toBe('REDIS 3\n');
    expect(stderr).toMatch(/^rdb-archiver: whoever read standard output went away.*\n {2}.*\n$/);
  });

  test('a full disk behind it is no success', async () => {
    const { code, stderr } = await work.shell(`$PROGRAM restore ${INSTANCE} --to - > /dev/full`);
    expect(code).toBe(3);
    expect(stderr).toContain('ENOSPC');
  });
});

test('the newest before a moment is what comes', async () => {
  const at = new Date(systemClock.now() - 25 * HOUR_MS).toISOString();
  const folder = join(work.cwd, 'at');
  const { code, stdout, stderr } = await restore(folder, '--at', at).result;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^crs-orders01 small, started /);
  expect(stderr).toMatch(
    /^--at \S+: backup small of crs-orders01, started [\d-]{10} [\d:]{5} \+08:00; the next newer one was started [\d-]{10} [\d:]{5} \+08:00$/m,
  );
});

test('what is not there is told with where to look, exit 3', async () => {
  const { code, stderr } = await restore('x', '--at', '2020-01-01').result;
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /no archive of crs-orders01 that was started at 2020-01-01T15:59:59Z or before.*\n.*list archives/,
  );
});

describeWith(['redis-server', 'redis-check-rdb'], 'a real redis-server', () => {
  test('loads what was restored by the very command that is advised, with every key', async () => {
    const folder = join(work.cwd, 'real');
    const { stdout } = await work.run(['restore', 'crs-real0001', '--to', folder]);
    const advised = /^ {2}redis-server .*$/m.exec(stdout)?.[0].trim() ?? '';
    const checked = await work.shell(/^ {2}redis-check-rdb .*$/m.exec(stdout)?.[0] ?? 'false');
    expect(checked.stdout).toContain('RDB looks OK!');

    const socket = join(folder, 'socket');
    const program = [...advised.replace('--port 6380', '--port 0').split(' '), '--unixsocket', socket];
    const environment = { PATH: process.env['PATH'] ?? '' };
    const server = startCommand([], { cwd: work.cwd, program, env: environment });
    onTestFinished(async () => {
      server.child.kill('SIGKILL');
      await server.result;
    });
    await server.said(/ready to accept connections/i);
    const client = connect(socket);
    client.write('INFO keyspace\r\nQUIT\r\n');
    const answer = await text(client);
    const keys = [...answer.matchAll(/^db\d+:keys=(\d+)/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
    expect(keys).toBe(REAL_DUMPS[REAL]);
  });
});
