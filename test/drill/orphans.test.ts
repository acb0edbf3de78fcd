/** A drill that was killed leaves a server and a dump; the next drill ends the one and removes the other, and touches nothing else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeOrphans } from '../../src/drill/orphans.ts';
import { openScratch } from '../../src/drill/scratch.ts';
import { serverOptions } from '../../src/drill/server-process.ts';
import { systemClock } from '../../src/system-clock.ts';
import { describeWith } from '../support/needs.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'left-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const machine = hostname()
  .replaceAll(/[^A-Za-z0-9]/g, '')
  .slice(0, 16);

/** A folder as a drill of that process makes it. */
function folderOf(pid: number, host = machine): string {
  const path = join(directory, `rdb-archiver-drill-${host}-${pid}-abcDEF`);
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, 'dump.rdb'), 'x');
  return path;
}

/** A number that no process has any more. */
async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'close');
  return child.pid ?? 0;
}

test('what a dead drill left goes, and what is not surely dead and ours stays', async () => {
  const dead = await deadPid();
  const gone = folderOf(dead);
  const alive = folderOf(process.ppid);
  const elsewhere = folderOf(dead, 'another');
  const open = folderOf(dead + 1_000_000);
  chmodSync(open, 0o755);
  const mine = openScratch(directory);
  await removeOrphans(directory, systemClock);
  expect([gone, alive, elsewhere, open, mine.folder].map((path) => existsSync(path))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
  mine.remove();
  expect(existsSync(mine.folder)).toBe(false);
});

test('what another drill is removing at this moment, or what cannot be removed, is no reason not to drill', async () => {
  const folder = folderOf(await deadPid());
  const { rmSync: remove } = fs;
  fs.rmSync = () => {
    throw Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' });
  };
  syncBuiltinESMExports();
  try {
    await removeOrphans(directory, systemClock);
  } finally {
    fs.rmSync = remove;
    syncBuiltinESMExports();
  }
  expect(existsSync(folder)).toBe(true);
});

test('a folder for a drill is nobody else’s business, and must be short enough for a socket', () => {
  const scratch = openScratch(directory);
  expect(scratch.folder).toMatch(/rdb-archiver-drill-/);
  scratch.remove();
  const long = join(directory, 'x'.repeat(100));
  mkdirSync(long);
  expect(() => openScratch(long)).toThrow(/too long a path/);
  expect(() => openScratch(join(directory, 'missing'))).toThrow(/no folder for the drill can be made/);
});

describeWith(['redis-server'], 'a server that lives on', () => {
  test('is ended before its folder goes', async () => {
    const folder = folderOf(await deadPid());
    rmSync(join(folder, 'dump.rdb'));
    const server: ChildProcess = spawn('redis-server', serverOptions({ folder, databases: 1 }), {
      stdio: 'ignore',
    });
    const ended = once(server, 'close');
    const until = systemClock.now() + 10_000;
    while (!existsSync(join(folder, 'socket')) && systemClock.now() < until)
      await systemClock.sleep(20, new AbortController().signal);
    await removeOrphans(directory, systemClock);
    await ended;
    expect(existsSync(folder)).toBe(false);
  });
});
