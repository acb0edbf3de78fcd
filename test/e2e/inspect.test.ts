/** Looking into dumps as a user does: a file with nothing configured, standard input, an archive. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InspectReport } from '../../src/inspect/report.ts';
import { REAL_DUMPS, realDump, realDumpPath } from '../../src/sandbox/real-dumps.ts';
import { systemClock } from '../../src/system-clock.ts';
import { HOUR_MS } from '../support/builders.ts';
import { runCommand } from '../support/command.ts';
import { filesBelow, openWorkplace, type Workplace } from '../support/workplace.ts';

const NAME = 'standard-1.rdb';
const REAL = fileURLToPath(realDumpPath(NAME));

let work: Workplace;
beforeAll(async () => {
  work = await openWorkplace({
    fill(world) {
      world.addInstance({ id: 'crs-real' });
      const files = [{ name: NAME, dump: realDump(NAME) }];
      world.addBackup('crs-real', { id: 'backup-1', startedAt: systemClock.now() - HOUR_MS, files });
    },
  });
});
afterAll(() => work.close());

/** With nothing in the environment. */
const bare = (...args: string[]) => runCommand(args, { cwd: work.cwd });

describe('inspect', () => {
  test('shows a file with nothing configured', async () => {
    const { code, stdout, stderr } = await bare('inspect', REAL);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('38 keys, 20 of them with an expiry');
    for (const line of stdout.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('shows what comes on standard input', async () => {
    const { code, stdout } = await work.shell(`$PROGRAM inspect - --json < ${REAL}`);
    expect(code).toBe(0);
    const { items, total } = JSON.parse(stdout) as InspectReport;
    expect(items).toMatchObject([{ name: 'standard input', result: 'ok' }]);
    expect(total.keys).toBe(REAL_DUMPS[NAME]);
  });

  test('shows an archive of a run that counted its keys, and the manifest has the same number', async () => {
    expect((await work.run(['run', '--inspect'])).code).toBe(0);
    const { code, stdout } = await work.run(['inspect', 'crs-real', '--json']);
    expect(code).toBe(0);
    const { archive, total } = JSON.parse(stdout) as InspectReport;
    expect(archive).toMatchObject({ instanceId: 'crs-real', backupId: 'backup-1' });
    const [path = ''] = filesBelow(join(work.cwd, 'kept', 'catalog'));
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
      files: { rdb: { contents: { keys: number } } }[];
    };
    expect(manifest.files[0]?.rdb.contents.keys).toBe(total.keys);
  });

  test('tells with 2 what cannot be read, with 4 what is damaged', async () => {
    mkdirSync(join(work.cwd, 'folder.rdb'));
    for (const path of ['missing.rdb', 'folder.rdb']) {
      const { code, stderr } = await bare('inspect', path);
      expect(code, path).toBe(2);
      expect(stderr).toContain(`cannot read ${path}`);
    }
    const [cut, flipped, page] = ['cut.rdb', 'flipped.rdb', 'page.rdb'].map((name) =>
      join(work.cwd, name),
    ) as [string, string, string];
    const real = readFileSync(REAL);
    writeFileSync(cut, real.subarray(0, 50_000));
    copyFileSync(REAL, flipped);
    real.writeUInt8(real.readUInt8(60_000) ^ 1, 60_000);
    writeFileSync(flipped, real);
    writeFileSync(page, '<html>please sign in</html>');
    for (const path of [cut, flipped, page]) expect((await bare('inspect', path)).code, path).toBe(4);
    // What could be read of it is shown all the same.
    expect((await bare('inspect', cut)).stdout).toContain('LARGEST KEYS');
  });
});
