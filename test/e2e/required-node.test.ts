/** Whatever starts from the sources says at once that its Node is too old, and does not go on with it. */
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isNewEnough } from '../../src/node-version.js';
import { runCommand } from '../support/command.ts';
import { OLD_VERSION, oldNode } from '../support/old-node.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { scripts, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package;
/** The scripts that run code of ours; what some of them build before does not matter here. */
const ours = Object.entries(scripts)
  .map(([name, line]): [string, string] => [`npm run ${name}`, line.replace('npm run build && ', '')])
  .filter(([, line]) => /\.ts\b|^vitest\b/.test(line));

describe('on an old Node', () => {
  test('there are scripts to try', () => {
    expect(ours.map(([name]) => name)).toEqual(
      expect.arrayContaining(['npm run start', 'npm run demo', 'npm run test', 'npm run soak']),
    );
  });

  test.each([...ours, ['the program without npm', 'node src/main.ts demo']])(
    '%s says which one is needed, exit 2',
    async (_name, line) => {
      const folders = [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), '/usr/bin', '/bin'];
      const env = { PATH: folders.join(delimiter), ...oldNode };
      expect(await runCommand(['-c', line], { cwd: ROOT, env, program: ['sh'] })).toEqual({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(`or newer, and this is Node ${OLD_VERSION}\n`),
      });
    },
  );
});

test('the Node that comes along runs the program', () => {
  expect(isNewEnough(devDependencies['node'] ?? '')).toBe(true);
});
