/** A missing tool is never mistaken for a pass: skipped by name on a developer's machine, a failure in CI. */
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { available } from '../support/needs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SUPPORT = join(ROOT, 'test/support');

describe('a test that needs a program which is not there', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'needs-'));
    await writeFile(
      join(folder, 'a.test.ts'),
      `import { describeWith } from '${SUPPORT}/needs.ts';
       describeWith(['node', 'no-such-program'], 'the program', () => { throw new Error('must not be entered'); });`,
    );
    await writeFile(
      join(folder, 'vitest.config.ts'),
      `import { skippedReporter } from '${SUPPORT}/skipped-reporter.ts';
       export default { test: { reporters: ['default', skippedReporter] } };`,
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is skipped on a developer's machine, and the end of the run names it", async () => {
    const { code, output } = await vitest({ RDB_ARCHIVER_REQUIRE_ALL: '' });
    expect(code).toBe(0);
    expect(output).toContain('a.test.ts > the program > needs no-such-program');
  });

  test('fails in CI', async () => {
    const { code, output } = await vitest({ RDB_ARCHIVER_REQUIRE_ALL: '1' });
    expect(code).toBe(1);
    expect(output).toContain('needs no-such-program: install it');
  });

  function vitest(variables: Record<string, string>): Promise<{ code: number; output: string }> {
    const args = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder];
    const env = { ...process.env, ...variables };
    return new Promise((done) => {
      execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
  }
});

test('a program is there when all that were asked for are', () => {
  expect(available('node')).toBe(true);
  expect(available('node', 'no-such-program')).toBe(false);
});

test('CI installs every program that some test needs', () => {
  const table = /package_of=\(([^)]*)\)/.exec(readFileSync(join(ROOT, '.ci/run'), 'utf8'))?.[1] ?? '';
  // What Debian has, and what CI builds from `strict/go.mod`: its tools, and itself.
  const build = readFileSync(join(ROOT, 'test/deploy/strict/go.mod'), 'utf8');
  const tools = /^tool \(\n([^)]*)\)/m.exec(build)?.[1] ?? '';
  const installed = [
    // A user, and no program.
    'root',
    ...[...table.matchAll(/\[([\w-]+)\]=/g)].map(([, name]) => name),
    ...[...tools.matchAll(/([\w-]+?)(?:\/v\d+)?$/gm)].map(([, name]) => name),
    ...[...build.matchAll(/^module .*\/([\w-]+)$/gm)].map(([, name]) => name),
  ];
  // measure.ts belongs to `npm run stores`, which fetches what it needs.
  const needed = globSync('test/**/*.ts', {
    cwd: ROOT,
    exclude: ['test/architecture/needs.test.ts', 'test/stores/measure.ts'],
  })
    .flatMap((file) => [
      ...readFileSync(join(ROOT, file), 'utf8').matchAll(/\b(?:describeWith\(\[|available\()([^)\]]*)[)\]]/g),
    ])
    .flatMap(([, list = '']) => [...list.matchAll(/'([\w-]+)'/g)].map(([, name]) => name));
  expect(needed.filter((name) => !installed.includes(name))).toEqual([]);
});
