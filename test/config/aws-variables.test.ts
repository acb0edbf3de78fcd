/** No variable of the AWS SDK works behind our back: each that it reads is told of, and what becomes of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage } from '../../src/config/documentation.ts';

const PACKAGES = ['@aws-sdk', '@smithy'].map((scope) =>
  resolve(import.meta.dirname, '../../node_modules', scope),
);
/** Storage classes of another service, spelt like variables. */
const NO_VARIABLE = /^AWS_BACKUP_/;

test('docs/configuration.md names every variable that the SDK can read', () => {
  const files = PACKAGES.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const names = new Set<string>();
  for (const file of files.filter((path) => /dist-es.*\.js$/.test(path)))
    for (const [, quoted, member] of readFileSync(file, 'utf8').matchAll(
      /["'`](AWS_[A-Z0-9_]+)|\benv\??\.(AWS_[A-Z0-9_]+)/g,
    ))
      names.add(quoted ?? member ?? '');
  const read = [...names].filter((name) => !NO_VARIABLE.test(name));
  expect(read.length).toBeGreaterThan(40);
  const page = configurationPage();
  expect(read.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
