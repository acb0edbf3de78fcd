/** Folders that are made on the way to a file. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder } from '../../src/disk/make-folder.ts';

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'archiver-make-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('tells the topmost folder that was made, which is what must be made safe on the disk', async () => {
  const above = scratch();
  expect(await makeFolder(join(above, 'a', 'b', 'c'), 0o700)).toBe(join(above, 'a'));
  expect(await makeFolder(join(above, 'a', 'b', 'd'), 0o700)).toBe(join(above, 'a', 'b', 'd'));
  expect(await makeFolder(join(above, 'a', 'b', 'd'), 0o700)).toBeUndefined();
  for (const made of ['a', 'a/b', 'a/b/c', 'a/b/d'])
    expect(statSync(join(above, made)).mode & 0o777).toBe(0o700);
});

test('two that make the same folder at once both have it', async () => {
  const above = scratch();
  // Many times over, since each finds the folders above made or not yet made by another.
  for (let round = 0; round < 100; round += 1) {
    const folder = join(above, String(round), 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 4 }, () => makeFolder(folder, 0o700)));
    expect(statSync(folder).isDirectory()).toBe(true);
  }
});

test('a folder that nobody can make is refused at once', async () => {
  await expect(makeFolder('/proc/archive/data', 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a file in the way is refused', async () => {
  const file = join(scratch(), 'file');
  writeFileSync(file, '');
  await expect(makeFolder(file, 0o700)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(file, 'below'), 0o700)).rejects.toMatchObject({ code: 'ENOTDIR' });
});
