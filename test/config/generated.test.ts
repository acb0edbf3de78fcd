/**
 * What is written about the settings is made from the settings. When this fails because a setting changed, write the files anew:
 * `npx vitest run test/config/generated.test.ts -u` for the page and the example, and for the schema
 * `node src/main.ts config schema > config/archiver.schema.json && npx biome check --write config`
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { describe, expect, test } from 'vitest';
import { configurationPage, dotenvExample } from '../../src/config/documentation.ts';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { knownNames, loadConfig } from '../../src/config/load.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the files that ship beside the program', () => {
  test('config/archiver.schema.json is the schema of the file as the program reads it', () => {
    const shipped = readFileSync(join(ROOT, 'config/archiver.schema.json'), 'utf8');
    expect(JSON.parse(shipped)).toEqual(JSON.parse(jsonSchema()));
  });

  test('docs/configuration.md tells every setting as it is', async () => {
    await expect(configurationPage()).toMatchFileSnapshot(join(ROOT, 'docs/configuration.md'));
  });

  test('.env.example holds every variable as it is', async () => {
    await expect(dotenvExample()).toMatchFileSnapshot(join(ROOT, '.env.example'));
  });

  test('config/archiver.example.yaml is a valid configuration', () => {
    const env = {
      ACCOUNT_B_SECRET_ID: 'b',
      ACCOUNT_B_SECRET_KEY: 'b',
      LEGACY_SECRET_ID: 'c',
      LEGACY_SECRET_KEY: 'c',
      OPS_CHAT_URL: 'https://chat.example.com/hook',
    };
    const cwd = mkdtempSync(join(tmpdir(), 'archiver-config-'));
    const config = loadConfig({ flags: { config: join(ROOT, 'config/archiver.example.yaml') }, env, cwd });
    expect(config.sources.map(({ name, api }) => [name, api])).toEqual([
      ['ap-guangzhou', 'tencent-v3'],
      ['singapore-b', 'tencent-v3'],
      ['legacy', 'tencent-v2'],
    ]);
  });
});

test('.env.example leaves out no variable', () => {
  const listed = [...dotenvExample().matchAll(/^#?([A-Z0-9_]+)=/gm)].map(([, found]) => found);
  expect(knownNames().filter((name) => !listed.includes(name))).toEqual([]);
});

test('.env.example sets nothing by itself but what is required, and that to nothing', () => {
  expect(parse(dotenvExample())).toEqual({ ARCHIVER_SOURCE_REGIONS: '', ARCHIVER_DESTINATION: '' });
});

test('every variable and every key of the file is in docs/configuration.md', () => {
  const page = configurationPage();
  for (const name of knownNames()) expect(page).toContain(`\`${name}\``);
  const { properties } = JSON.parse(jsonSchema());
  for (const key of Object.keys(properties)) expect(page).toMatch(new RegExp(`\`${key}(\\[\\])?[.\`]`));
});
