/** What `check` finds out of a folder. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UPLOADS_FOLDER } from '../../../src/store/file/key.ts';
import { createFileProbe } from '../../../src/store/file/probe.ts';
import { breakDisk } from '../../support/broken-disk.ts';
import { findingsOf } from '../../support/probe.ts';

async function folder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rdb-archiver-probe-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test('a folder passes every probe, made where it is not there, and keeps nothing of the check', async () => {
  const directory = await folder();
  const found = await findingsOf(createFileProbe({ directory: join(directory, 'made', 'when needed') }));
  expect(found.troubles).toEqual([]);
  expect(found.all.map(({ check }) => check)).toEqual([
    'write-and-read',
    'put-if-absent',
    'fsync',
    'free-space',
    'delete',
  ]);
  expect(found.of('put-if-absent').facts).toEqual({ hardLinks: true });
  expect(Number(found.of('free-space').facts['bytes'])).toBeGreaterThan(0);
  expect(await filesIn(directory)).toEqual([]);
});

test('what lies in the folder already is not touched', async () => {
  const directory = await folder();
  await mkdir(join(directory, 'redis', 'state', 'probe'), { recursive: true });
  await writeFile(join(directory, 'redis', 'state', 'probe', 'of-somebody-else'), 'kept');
  await writeFile(join(directory, 'redis', 'state', 'holds.json'), 'kept');
  await findingsOf(createFileProbe({ directory }));
  expect((await filesIn(directory)).sort()).toEqual(['holds.json', 'of-somebody-else']);
});

test.each([
  ['EROFS', 'store-refused', 'read-only'],
  ['ENOSPC', 'store-failed', 'disk is full'],
] as const)(
  'a disk that says %s fails the first probe, and the others are not tried',
  async (code, errorCode, hint) => {
    const directory = await folder();
    breakDisk({ code, after: 0, times: 100 });
    const found = await findingsOf(createFileProbe({ directory }));
    expect(found.of('write-and-read')).toMatchObject({
      verdict: 'failed',
      facts: { code: errorCode },
      hint: expect.stringContaining(hint),
    });
    expect(found.of('put-if-absent').verdict).toBe('not-tried');
  },
);

test('a file where the folder should be is told as one', async () => {
  const directory = join(await folder(), 'file');
  await writeFile(directory, 'x');
  const found = await findingsOf(createFileProbe({ directory }));
  expect(found.of('write-and-read')).toMatchObject({
    verdict: 'failed',
    hint: expect.stringContaining('A file lies where a folder is needed'),
  });
});

test('an interruption ends it', async () => {
  const directory = await folder();
  const stopped = AbortSignal.abort(new Error('stop'));
  await expect(findingsOf(createFileProbe({ directory }), stopped)).rejects.toThrow('stop');
  expect(await readdir(directory)).not.toContain(UPLOADS_FOLDER);
});
