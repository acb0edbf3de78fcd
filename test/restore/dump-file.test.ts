/** A dump on its way to the disk, while somebody else restores the same one: what gets the dump's name is whole all the same. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDumpFile } from '../../src/restore/dump-file.ts';

const DUMP = Buffer.from('REDIS0009 and so on');

function paths(keep: number) {
  const folder = mkdtempSync(join(tmpdir(), 'archiver-dump-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const named = (suffix: string) => join(folder, `dump.rdb${suffix}`);
  return {
    folder,
    path: named(''),
    partial: named('.partial'),
    damaged: named('.damaged'),
    keep,
    mode: 0o600,
  };
}

async function* bytes(from = 0, to = DUMP.length) {
  yield DUMP.subarray(from, to);
}
const nobody = () => undefined;

it.each([
  ['begins it anew', 0],
  ['goes on with it, and finds what was kept damaged', DUMP.length],
])('is never published with holes, when another restore %s', async (_, keep) => {
  const where = paths(keep);
  const ours = await openDumpFile(where);
  await ours.write(bytes(), nobody);
  const theirs = await openDumpFile(where);
  if (keep > 0) await theirs.restart();
  await theirs.write(bytes(0, 5), nobody);
  await expect(ours.publish()).rejects.toMatchObject({
    code: 'restore-failed',
    hint: expect.stringContaining('run the same command again'),
  });
  await ours.close();
  expect(existsSync(where.path)).toBe(false);
  await theirs.write(bytes(5), nobody);
  expect(await theirs.publish()).toBe(where.path);
  await theirs.close();
  expect(readFileSync(where.path)).toEqual(DUMP);
  expect(readdirSync(where.folder)).toEqual(['dump.rdb']);
});

it('is published once, when two restores have written it whole', async () => {
  const where = paths(DUMP.length);
  const [ours, theirs] = [await openDumpFile(where), await openDumpFile(where)];
  for (const one of [ours, theirs]) await one.write(bytes(), nobody);
  await ours.publish();
  await expect(theirs.publish()).rejects.toMatchObject({ code: 'restore-failed' });
  for (const one of [ours, theirs]) await one.close();
  expect(readdirSync(where.folder)).toEqual(['dump.rdb']);
  expect(readFileSync(where.path)).toEqual(DUMP);
});
