/** The retention rules in the file: what is read, and which mistakes are told before they cost archives. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { showConfig } from '../../src/config/show.ts';

function load(text: string): Config {
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-retention-'));
  writeFileSync(join(cwd, 'archiver.yaml'), text);
  const env = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///nowhere' };
  return loadConfig({ flags: { config: 'archiver.yaml' }, env, cwd });
}

describe('retention', () => {
  test('is nothing where nothing is written, and the floor is three archives', () => {
    expect(load('log: { level: info }')).toMatchObject({ retention: [], keepMinimum: 3 });
  });

  test('is read as it is shown again', () => {
    const config = load(`
retention:
  - { instances: [crs-a*], tags: { env: prod }, keepWithin: 30d, keepDaily: 60 }
  - keepLast: 3
keepMinimum: 2
`);
    expect(config.retention).toEqual([
      {
        sources: [],
        instances: ['crs-a*'],
        exclude: [],
        names: [],
        tags: { env: 'prod' },
        keepWithinMs: 30 * 86_400_000,
        keepDaily: 60,
      },
      { sources: [], instances: ['*'], exclude: [], names: [], tags: {}, keepLast: 3 },
    ]);
    expect(config.keepMinimum).toBe(2);
    expect(showConfig(config)).toContain('keepWithin: 30d');
  });

  test.each([
    [
      'retention: [{ instances: [crs-a] }]',
      /retention\[0\]: expected at least one of keepLast, .*: a rule that keeps nothing is refused/,
    ],
    ['retention: [{ keepDaily: 0 }]', /keepDaily: expected a whole number from 1/],
    ['retention: [{ keepDayly: 7 }]', /keepDayly: unknown key; did you mean keepDaily\?/],
    ['retention: [{ keepWithin: 30 }]', /keepWithin: expected a duration/],
    [
      'retention: [{ keepLast: 3 }, { instances: [crs-a], keepDaily: 9 }]',
      /retention\[1\]: is never asked: rule 1 takes every instance/,
    ],
    ['keepMinimum: 0', /keepMinimum: expected a whole number from 1/],
  ])('refuses %s', (text, message) => {
    expect(() => load(text)).toThrow(message);
  });
});
