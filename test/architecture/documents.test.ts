/** What is written for people stays true: links lead somewhere, variables exist, the map shows the house as it stands. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { configurationPage } from '../../src/config/documentation.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const documents = globSync(['*.md', 'docs/**/*.md', 'src/**/*.md', 'bench/**/*.md', 'deploy/**/*.md'], {
  cwd: ROOT,
});
const manifests = globSync('deploy/**/*.yaml', { cwd: ROOT });

test('there are documents to check', () => {
  expect(documents).toEqual(
    expect.arrayContaining([
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'src/README.md',
      'docs/deployment.md',
    ]),
  );
});

describe.each(documents)('%s', (document) => {
  test('links to files that are there', () => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => !existsSync(resolve(ROOT, dirname(document), target)));
    expect(broken).toEqual([]);
  });
});

test.each([...documents, ...manifests])('%s names no variable that the program does not know', (file) => {
  const known = namesIn(configurationPage());
  const unknown = namesIn(read(file)).filter(
    (name) => !known.includes(name) && !known.includes(name.replace(/_FILE$/, '')),
  );
  expect(unknown).toEqual([]);
});

test('the README tells every exit code that a command can give', () => {
  const codes = [...read('README.md').matchAll(/^\| (\d+(?:, \d+)*) \|/gm)].flatMap(([, cell = '']) =>
    cell.split(', '),
  );
  expect(codes.map(Number)).toEqual(Object.values(EXIT));
});

test('the map of the code shows every folder of src, and none that is not there', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  const shown = [...read('src/README.md').matchAll(/^([a-z]+)\/ /gm)].map(([, name = '']) => name);
  expect(shown.sort()).toEqual(folders.map(({ name }) => name).sort());
});

function namesIn(text: string): string[] {
  return [...text.matchAll(/\b(?:ARCHIVER|TENCENTCLOUD)_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) => name);
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
