/** The settings of restore tests: what they come out as, and how mistakes are told. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { showConfig } from '../../src/config/show.ts';

const essentials = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///kept' };

function load(yaml: string, env: Record<string, string> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-config-'));
  const path = join(cwd, 'archiver.yaml');
  writeFileSync(path, yaml);
  return loadConfig({ flags: { config: path }, env: { ...essentials, ...env }, cwd });
}

describe('restore tests', () => {
  test('need nothing configured', () => {
    expect(load('{}', { PATH: '/usr/bin' }).drill).toEqual({
      servers: [],
      rules: [],
      searchPath: '/usr/bin',
    });
  });

  test('take the server and the folder from the environment too', () => {
    const env = { ARCHIVER_DRILL_SERVER: 'valkey-server', ARCHIVER_DRILL_DIRECTORY: '/scratch' };
    expect(load('{}', env).drill).toMatchObject({ server: 'valkey-server', directory: '/scratch' });
  });

  test('choose among several servers, from the file or from the environment', () => {
    const several = ['/opt/valkey/bin/valkey-server', 'redis-server-8'];
    expect(load(`drill: { servers: [${several.join(', ')}] }`).drill.servers).toEqual(several);
    expect(load('{}', { ARCHIVER_DRILL_SERVERS: several.join(', ') }).drill.servers).toEqual(several);
  });

  test('take one server alone, or several to choose from, and not both', () => {
    const both = { ARCHIVER_DRILL_SERVER: 'redis-server' };
    expect(() => load('drill: { servers: [valkey-server] }', both)).toThrow(
      /ARCHIVER_DRILL_SERVER: does not go with `drill.servers`/,
    );
  });

  test('demand what the rules say', () => {
    const { drill } = load(`drill:
  rules:
    - instances: ['crs-a*']
      minimumKeys: 5
      ttl: [{ key: a, atLeast: 1h }]
      scripts: [{ name: n, lua: return 1 }]
`);
    expect(drill.rules).toEqual([
      {
        instances: ['crs-a*'],
        exclude: [],
        names: [],
        tags: {},
        database: 0,
        minimumKeys: 5,
        exists: [],
        ttl: [{ key: 'a', atLeast: 3_600_000 }],
        scripts: [{ name: 'n', lua: 'return 1' }],
      },
    ]);
  });

  test.each([
    ['drill: { rules: [{ exist: [a] }] }', /exist: unknown key; did you mean exists\?/],
    ['drill: { serves: a }', /serves: unknown key; did you mean servers?\?/],
    ['drill: { servers: a }', /servers: expected a list of paths or names of programs/],
    ['drill: { rules: [{ minimumKeys: many }] }', /minimumKeys: expected a whole number/],
    ['drill: { rules: [{ ttl: [a] }] }', /expected a mapping with `key`/],
    ['drill: { rules: [{ scripts: [{ name: a }] }] }', /lua: expected a Lua script/],
    ['drill: { directory: scratch }', /directory: expected an absolute path/],
  ])('tell what is wrong with %s', (yaml, message) => {
    expect(() => load(yaml)).toThrow(message);
  });

  test('are shown as they were written', () => {
    const yaml = 'drill: { server: redis-server, rules: [{ ttl: [{ key: a, atMost: 90m }] }] }';
    const shown = showConfig(load(yaml, { PATH: '/usr/bin' }));
    expect(shown).toMatch(/server: redis-server/);
    expect(shown).toMatch(/atMost: 90m/);
    expect(shown).not.toContain('/usr/bin');
  });
});
