/** The installed command: on any Node that can read it, it runs the program or says what it needs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand, startCommand } from '../support/command.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A Node on this machine that is too old for the program, if there is one. */
function oldNode(): string | undefined {
  return ['/usr/bin/node', '/usr/local/bin/node', '/bin/node'].find((path) => {
    try {
      const major = Number(
        execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.')[0],
      );
      return major >= 20 && major < 24;
    } catch {
      return false;
    }
  });
}

const old = oldNode();

/** A package as npm would install it, its program one that tells who runs it. */
let home: string;
let bin: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'archiver-bin-'));
  mkdirSync(join(home, 'dist'));
  writeFileSync(join(home, 'package.json'), '{"type":"module"}');
  const source = readFileSync(join(ROOT, 'src/bin.ts'), 'utf8').replaceAll('./main.ts', './main.js');
  bin = join(home, 'dist/bin.js');
  writeFileSync(bin, stripTypeScriptTypes(source));
  writeFileSync(
    join(home, 'dist/main.js'),
    `process.on('SIGTERM', () => process.exit(143));
     console.log(process.versions.node.split('.')[0], ...process.argv.slice(2));
     if (process.argv[2] === 'wait') setInterval(() => undefined, 1000);
     else process.exitCode = 3;`,
  );
});
afterAll(() => rmSync(home, { recursive: true }));

test('runs the program in the same process where Node is new enough', async () => {
  const { code, stdout } = await runCommand(['run', '--x'], { cwd: home, program: [process.execPath, bin] });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '24 run --x\n' });
});

describe.skipIf(old === undefined)('on an old Node', () => {
  const program = () => [old ?? '', bin];

  test('says which one is needed where there is none, exit 2', async () => {
    const { code, stdout, stderr } = await runCommand(['run'], { cwd: home, program: program() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^rdb-archiver: needs Node 24 or newer, and this is Node 2\d\.\d+\.\d+\n/);
  });

  describe('with the node package beside it', () => {
    beforeAll(() => {
      mkdirSync(join(home, 'node_modules/node/bin'), { recursive: true });
      symlinkSync(process.execPath, join(home, 'node_modules/node/bin/node'));
    });
    afterAll(() => rmSync(join(home, 'node_modules'), { recursive: true }));

    test('runs the program in that one, and keeps its exit status', async () => {
      const { code, stdout } = await runCommand(['run', '--x'], { cwd: home, program: program() });
      expect({ code, stdout }).toEqual({ code: 3, stdout: '24 run --x\n' });
    });

    test('hands signals on', async () => {
      const command = startCommand(['wait'], { cwd: home, program: program() });
      await command.said(/24 wait/);
      command.child.kill('SIGTERM');
      expect((await command.result).code).toBe(143);
    });
  });
});
