/** Where metrics go, as it is configured. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const load = (variables: Readonly<Record<string, string>>) =>
  loadConfig({
    flags: {},
    env: { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///x', ...variables },
    cwd: mkdtempSync(join(tmpdir(), 'archiver-config-')),
  }).metrics;

test('nobody is handed metrics unless that was asked for', () => {
  expect(load({})).toEqual({});
});

test('both receivers can come from variables', () => {
  const variables = {
    ARCHIVER_PUSHGATEWAY_URL: 'http://pushgateway:9091/',
    ARCHIVER_METRICS_TEXTFILE: '/var/lib/node-exporter/rdb-archiver.prom',
  };
  expect(load(variables)).toEqual({
    pushgateway: 'http://pushgateway:9091',
    textfile: '/var/lib/node-exporter/rdb-archiver.prom',
  });
});

test.each([
  ['ARCHIVER_PUSHGATEWAY_URL', 'pushgateway:9091'],
  ['ARCHIVER_PUSHGATEWAY_URL', 'http://user:HUSH@pushgateway'],
  ['ARCHIVER_METRICS_TEXTFILE', '/var/lib/node-exporter/rdb-archiver.txt'],
])('%s=%s is refused by its name', (name, value) => {
  expect(() => load({ [name]: value })).toThrow(name);
});
