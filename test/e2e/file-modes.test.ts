/** Who may read what the program writes to a disk: dumps are the data itself, so nobody but their owner unless somebody says otherwise. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { INSTANCE } from '../support/scenario.ts';
import { openWorkplace, type Workplace } from '../support/workplace.ts';

/** Everything that was written, by the modes it has. */
function modesBelow(folder: string): { files: string[]; folders: string[] } {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const modes = (kind: 'isFile' | 'isDirectory', more: string[] = []) => [
    ...new Set(
      [
        ...more,
        ...entries.filter((entry) => entry[kind]()).map(({ parentPath, name }) => join(parentPath, name)),
      ].map((path) => (statSync(path).mode & 0o777).toString(8)),
    ),
  ];
  return { files: modes('isFile'), folders: modes('isDirectory', [folder]) };
}

/** Archives, restores and writes a page under the umask that is the most careless of all. */
async function writeAll(work: Workplace, env: Record<string, string> = {}): Promise<void> {
  const result = await work.shell(
    `umask 0; set -e
     $PROGRAM run
     $PROGRAM verify
     $PROGRAM hold ${INSTANCE} backup-1 --reason audit
     $PROGRAM restore ${INSTANCE} --to restored/deep
     mkdir page; chmod 700 page
     $PROGRAM status --html page/status.html`,
    env,
  );
  expect(result).toMatchObject({ code: 0 });
}

describe.concurrent('under umask 0', () => {
  test('archives, restored dumps and pages are their owner’s alone', async ({ onTestFinished }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    await writeAll(work);
    const owners = { files: ['600'], folders: ['700'] };
    for (const folder of ['kept', 'restored', 'page'])
      expect({ folder, ...modesBelow(join(work.cwd, folder)) }).toEqual({ folder, ...owners });
  });

  test('ARCHIVER_FILE_ACCESS=group lets the group read, and nobody else', async ({ onTestFinished }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    await writeAll(work, { ARCHIVER_FILE_ACCESS: 'group' });
    for (const folder of ['kept', 'restored'])
      expect({ folder, ...modesBelow(join(work.cwd, folder)) }).toEqual({
        folder,
        files: ['640'],
        folders: ['750'],
      });
    expect(modesBelow(join(work.cwd, 'page')).files).toEqual(['640']);
  });

  test('the demo’s archive is its owner’s alone', async ({ onTestFinished }) => {
    const work = await openWorkplace();
    onTestFinished(work.close);
    expect(await work.shell('umask 0; $PROGRAM demo --dir made/here')).toMatchObject({ code: 0 });
    expect(modesBelow(join(work.cwd, 'made'))).toEqual({ files: ['600'], folders: ['700'] });
  });
});
