/** In a pipeline: a reader that has seen enough, or is not there at all, crashes nothing and stops no archive. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultWorld } from '../../src/sandbox/worlds.ts';
import { systemClock } from '../../src/system-clock.ts';
import { filesBelow, openWorkplace, type Workplace } from '../support/workplace.ts';

let work: Workplace;
beforeAll(async () => {
  work = await openWorkplace({ world: defaultWorld(systemClock) });
});
afterAll(() => work.close());

describe('a reader that goes away after the first line', () => {
  test('of a listing leaves no trace on standard error', async () => {
    const { stdout, stderr } = await work.shell('$PROGRAM list instances | head -1; echo $PIPESTATUS');
    expect(stdout).toMatch(/^INSTANCE .*\n0\n$/);
    expect(stderr).toBe('');
  });

  test('of a run does not stop it: everything is archived, exit 0', async () => {
    const { stdout, stderr } = await work.shell('$PROGRAM run | head -1; echo $PIPESTATUS', {
      ARCHIVER_DESTINATION: `file://${work.cwd}/by-head`,
    });
    expect(stdout).toMatch(/^\{.*"event":"run.begin".*\}\n0\n$/);
    expect(stderr).toBe('');
    expect(archivesIn('by-head')).toBe(10);
  });
});

test.each([
  ['standard output', '>&-'],
  ['both outputs', '>&- 2>&-'],
])('a run whose %s is closed from the start archives everything, exit 0', async (what, closing) => {
  const folder = what.replace(' ', '-');
  const { code } = await work.shell(`$PROGRAM run ${closing}`, {
    ARCHIVER_DESTINATION: `file://${work.cwd}/${folder}`,
  });
  expect(code).toBe(0);
  expect(archivesIn(folder)).toBe(10);
});

test('a full disk under its log stops no run: everything is archived, and the lost log is told, exit 1', async () => {
  const { code, stderr } = await work.shell('$PROGRAM run >/dev/full', {
    ARCHIVER_DESTINATION: `file://${work.cwd}/disk-full`,
  });
  expect(archivesIn('disk-full')).toBe(10);
  expect(stderr).toMatch(/^rdb-archiver: cannot write to standard output: ENOSPC.*\n$/);
  expect(code).toBe(1);
});

function archivesIn(folder: string): number {
  return filesBelow(join(work.cwd, folder, 'catalog')).length;
}
