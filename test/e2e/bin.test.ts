/** The installed command: on any Node that can read it, it runs the program or says what it needs. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { STOP_SIGNAL_NAMES, STOP_SIGNALS } from '../../src/domain/stop-signals.ts';
import { runCommand, startCommand } from '../support/command.ts';
import { OLD_VERSION, oldNode } from '../support/old-node.ts';

const SRC = resolve(import.meta.dirname, '../../src');

/** A package as npm would install it, its program one that tells who runs it; alone in a folder, as in a node_modules. */
let folder: string;
let home: string;
let program: readonly string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'archiver-bin-'));
  home = join(folder, 'node_modules/@rdb-archiver/cli');
  mkdirSync(join(home, 'dist'), { recursive: true });
  writeFileSync(join(home, 'package.json'), '{"type":"module"}');
  for (const file of ['node-version.js', 'require-node.js'])
    copyFileSync(join(SRC, file), join(home, 'dist', file));
  const bin = join(home, 'dist/bin.js');
  program = [process.execPath, bin];
  const source = readFileSync(join(SRC, 'bin.ts'), 'utf8').replaceAll('./main.ts', './main.js');
  writeFileSync(bin, stripTypeScriptTypes(source));
  writeFileSync(
    join(home, 'dist/main.js'),
    `for (const [signal, code] of Object.entries(${JSON.stringify(STOP_SIGNALS)})) process.on(signal, () => process.exit(code));
     console.log(process.argv0, ...process.argv.slice(2));
     if (process.argv[2] === 'wait') setInterval(() => undefined, 1000);
     else process.exitCode = 3;`,
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

test('runs the program in the same process where Node is new enough', async () => {
  packagedNode({ version: process.versions.node });
  const { code, stdout } = await runCommand(['run', '--x'], { cwd: home, program });
  expect({ code, stdout }).toEqual({ code: 3, stdout: `${process.execPath} run --x\n` });
});

describe('on an old Node', () => {
  const run = () => runCommand(['run', '--x'], { cwd: home, program, env: oldNode });

  test('says which one is needed where there is none, exit 2', async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(
        RegExp(`^rdb-archiver: needs Node \\d+ or newer, and this is Node ${OLD_VERSION}$`),
      ),
      expect.stringMatching(/Install Node/),
      '',
    ]);
  });

  test.each(['node_modules/node', '../../node'])(
    'runs the program in the one that npm put at %s, and keeps its exit status',
    async (place) => {
      const path = packagedNode({ version: process.versions.node, place });
      const { code, stdout } = await run();
      expect({ code, stdout }).toEqual({ code: 3, stdout: `${path} run --x\n` });
    },
  );

  test.each(STOP_SIGNAL_NAMES)('hands %s on to the one that came along', async (signal) => {
    packagedNode({ version: process.versions.node });
    const command = startCommand(['wait'], { cwd: home, program, env: oldNode });
    await command.said(/ wait/);
    command.child.kill(signal);
    expect((await command.result).code).toBe(STOP_SIGNALS[signal]);
  });

  test('does not go on with one that came along and is too old itself, exit 2', async () => {
    packagedNode({ version: '22.22.2' });
    expect(await run()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(OLD_VERSION) });
  });

  test('says how to fetch the one that should have come along and did not, exit 2', async () => {
    rmSync(packagedNode({ version: process.versions.node }));
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toContain('npm rebuild node');
  });

  test('says why the one that came along cannot be started, exit 2', async () => {
    const path = packagedNode({ version: process.versions.node });
    rmSync(path);
    writeFileSync(path, 'no program', { mode: 0o600 });
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toContain(`spawn ${path} EACCES`);
    expect(stderr).toContain(`this is Node ${OLD_VERSION}`);
  });
});

/** The package `node` as npm puts it below or beside us; gives the path of its program. */
function packagedNode({ version, place = 'node_modules/node' }: { version: string; place?: string }): string {
  const folder = resolve(home, place);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version }));
  const path = join(folder, 'bin/node');
  symlinkSync(process.execPath, path);
  return path;
}
