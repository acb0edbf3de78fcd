/** Object lock and storage classes as a configuration asks for them. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { showConfig } from '../../src/config/show.ts';
import { ArchiverError } from '../../src/domain/errors.ts';

function load(yaml: string, env: Record<string, string> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-storage-'));
  mkdirSync(join(cwd, 'config'));
  writeFileSync(join(cwd, 'config/archiver.yaml'), yaml);
  const essentials = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 's3://archive' };
  return loadConfig({ flags: {}, env: { ...essentials, ...env }, cwd });
}

function problemsOf(yaml: string, env: Record<string, string> = {}): string {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof ArchiverError) return error.message;
    throw error;
  }
  return '';
}

describe('nothing said', () => {
  test('locks nothing, and leaves the storage class to the bucket', () => {
    const { objectLock, storageClasses, destination } = load('');
    expect([objectLock, storageClasses]).toEqual([[], []]);
    expect(destination).not.toHaveProperty('storageClass');
  });
});

describe('a rule of object lock', () => {
  test('needs a mode and days, and is for every instance where it does not say', () => {
    expect(load('objectLock: [{ mode: governance, days: 30 }]').objectLock).toEqual([
      {
        sources: [],
        instances: ['*'],
        exclude: [],
        names: [],
        tags: {},
        mode: 'governance',
        days: 30,
        legalHold: false,
      },
    ]);
  });

  test('may make an exception, which has no days', () => {
    const yaml = 'objectLock: [{ mode: none, instances: [crs-scratch*] }, { mode: compliance, days: 365 }]';
    expect(load(yaml).objectLock.map(({ mode, days }) => [mode, days])).toEqual([
      ['none', undefined],
      ['compliance', 365],
    ]);
  });

  test.each([
    ['{ days: 30 }', /objectLock\[0\].mode: expected one of governance, compliance, none/],
    ['{ mode: governance }', /objectLock\[0\].days: expected a whole number from 1 to 36500/],
    ['{ mode: none, days: 3 }', /objectLock\[0\].days: .*nothing beside none, got 3/],
    ['{ mode: governance, days: 0 }', /objectLock\[0\].days/],
    ['{ mode: governance, days: 36501 }', /objectLock\[0\].days/],
    ['{ mode: governance, days: 1, legalhold: true }', /legalhold: unknown key.*legalHold/],
  ])('is refused as %s', (rule, message) => {
    expect(problemsOf(`objectLock: [${rule}]`)).toMatch(message);
  });

  test('behind one that takes every instance is never asked, and refused', () => {
    const yaml = 'objectLock: [{ mode: governance, days: 1 }, { mode: governance, days: 2, tags: { a: b } }]';
    expect(problemsOf(yaml)).toMatch(/objectLock\[1\]: is never asked: rule 1 takes every instance/);
  });
});

describe('a storage class', () => {
  test('comes from a variable, and passes as it is written', () => {
    const { destination } = load('', { ARCHIVER_S3_STORAGE_CLASS: 'MAZ_STANDARD' });
    expect(destination).toMatchObject({ storageClass: 'MAZ_STANDARD' });
  });

  test('can be another one for some instances', () => {
    const yaml = 'storageClasses: [{ tags: { env: test }, storageClass: DEEP_ARCHIVE }]';
    expect(load(yaml).storageClasses).toMatchObject([
      { tags: { env: 'test' }, instances: ['*'], storageClass: 'DEEP_ARCHIVE' },
    ]);
  });

  test.each(['two words', '', '-x'])('is no %j', (name) => {
    const yaml = `storageClasses: [{ storageClass: "${name}" }]`;
    expect(problemsOf(yaml)).toMatch(/storageClass: expected one of the store's storage classes/);
  });
});

test('a folder has neither: each setting that asks for one is refused', () => {
  const yaml = 'objectLock: [{ mode: governance, days: 1 }]\nstorageClasses: [{ storageClass: GLACIER }]\n';
  const env = { ARCHIVER_DESTINATION: 'file:///mnt/archive', ARCHIVER_S3_STORAGE_CLASS: 'GLACIER' };
  const told = problemsOf(yaml, env);
  for (const where of [/objectLock: means/, /storageClasses: means/, /ARCHIVER_S3_STORAGE_CLASS: means/])
    expect(told).toMatch(where);
});

test('what is in force is shown', () => {
  const yaml = 'objectLock: [{ mode: compliance, days: 90 }]\n';
  const shown = showConfig(load(yaml, { ARCHIVER_S3_STORAGE_CLASS: 'STANDARD_IA' }));
  expect(shown).toMatch(/objectLock:\n +- sources: \[\]/);
  expect(shown).toMatch(/mode: compliance\n +days: 90/);
  expect(shown).toMatch(/storageClass: STANDARD_IA/);
});
