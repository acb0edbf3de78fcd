/** What a message names is there for whoever reads it: in the package and in both images as in a checkout. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { installedIn } from '../../src/version.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { files } = JSON.parse(read('package.json')) as { files: string[] };
const stages = read('Dockerfile').split(/^FROM .*$/m);
/** `docs/drill.md`, `deploy/policies/cam-source.json`: wherever the program's text has such a word. */
const named = new Set(
  globSync('src/**/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/\b(?:docs|deploy)\/[\w/-]+\.\w+/g)].map(([name]) => name),
  ),
);

test('there are pages and files that messages name', () => {
  expect(named).toContain('docs/drill.md');
  expect(named).toContain('deploy/policies/cam-source.json');
});

test.each([...named])('%s is there, and ships in the package and in both images', (name) => {
  const [folder = ''] = name.split('/');
  expect(existsSync(join(ROOT, name))).toBe(true);
  expect(files).toContain(folder);
  for (const stage of stages.slice(-2)) expect(stage).toContain(`COPY ${folder} ./${folder}\n`);
});

test('the program knows the folder that they lie in', () => {
  expect(installedIn()).toBe(ROOT);
});

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
