/** The settings of the long-running mode: what is taken, and what is refused before anything runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { showConfig } from '../../src/config/show.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'archiver-config-'));
  mkdirSync(join(cwd, 'config'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function load(env: Record<string, string> = {}) {
  const essentials = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///archive' };
  return loadConfig({ flags: {}, env: { ...essentials, ...env }, cwd });
}

function loadFile(text: string) {
  writeFileSync(join(cwd, 'config/archiver.yaml'), text);
  return load();
}

function problems(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    return String((error as Error).message)
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe('a schedule', () => {
  test.each([
    ['17 * * * *', '17 * * * *'],
    ['  0   */6\t* * 1-5 ', '0 */6 * * 1-5'],
    ['@daily', '@daily'],
    ['@hourly', '@hourly'],
    ['0 0 29 2 *', '0 0 29 2 *'],
  ])('%j is taken', (text, schedule) => {
    expect(load({ ARCHIVER_SCHEDULE: text }).schedule).toBe(schedule);
  });

  test.each([
    ['61 * * * *', 'expected a cron expression of five fields, for instance `17 * * * *` (minute: 61)'],
    ['*/0 * * * *', 'expected a cron expression of five fields, for instance `17 * * * *` (minute: */0)'],
    [
      '0 0 * * Funday',
      'expected a cron expression of five fields, for instance `17 * * * *` (weekday: Funday)',
    ],
    ['* * * *', 'expected a cron expression of five fields, for instance `17 * * * *`'],
    ['hourly', 'expected a cron expression of five fields, for instance `17 * * * *`'],
    ['0 17 * * * *', 'expected five fields and no seconds: leave out the first of the six'],
    ['*/10 17 * * * *', 'expected five fields and no seconds: leave out the first of the six'],
    [
      '0 0 31 2 *',
      'expected a time that comes: this one never happens, for no month named in it has such a day',
    ],
    [
      '0 0 31 4,6 *',
      'expected a time that comes: this one never happens, for no month named in it has such a day',
    ],
    ['@reboot', 'expected a time, which @reboot is none: `runOnStart` makes a run at the start'],
    [
      '@every 5m',
      'expected one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, or five fields',
    ],
  ])('%j is refused with the reason, naming the variable', (text, reason) => {
    expect(problems(() => load({ ARCHIVER_SCHEDULE: text }))).toEqual([
      `ARCHIVER_SCHEDULE: ${reason}, got "${text}"`,
    ]);
  });

  test('can be given to a source, and is refused there by its line', () => {
    const source = (cron: string) => `sources:\n  - region: sh\n    schedule: ${cron}\n`;
    expect(loadFile(source('0 3 * * *')).sources.map(({ schedule }) => schedule)).toEqual([
      '0 3 * * *',
      undefined,
    ]);
    expect(problems(() => loadFile(source('0 25 * * *')))).toEqual([
      expect.stringMatching(
        /^config\/archiver\.yaml:3: sources\[0\]\.schedule: expected a cron expression.* \(hour: 25\)/,
      ),
    ]);
  });
});

describe('a time zone', () => {
  test.each(['Asia/Shanghai', 'UTC', 'Europe/Berlin'])('%s is taken', (timezone) => {
    expect(load({ ARCHIVER_TIMEZONE: timezone }).timezone).toBe(timezone);
  });

  test('that does not exist is refused with the nearest one', () => {
    expect(problems(() => load({ ARCHIVER_TIMEZONE: 'Asia/Shangai' }))).toEqual([
      'ARCHIVER_TIMEZONE: expected a time zone, for instance Asia/Shanghai, got "Asia/Shangai"; did you mean Asia/Shanghai?',
    ]);
  });
});

describe('an address to listen on', () => {
  test.each([
    ['0.0.0.0:8080', { host: '0.0.0.0', port: 8080 }],
    ['[::]:8080', { host: '::', port: 8080 }],
    [':8080', { port: 8080 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
  ])('%s is taken, and shown as it was written', (text, expected) => {
    const config = load({ ARCHIVER_HTTP_LISTEN: text });
    expect(config.httpListen).toEqual(expected);
    expect(showConfig(config)).toMatch(new RegExp(`httpListen: "?${text.replaceAll(/[[\].]/g, '\\$&')}"?\n`));
  });

  test.each(['8080', '::1:8080', '127.0.0.1', '127.0.0.1:99999', 'http://127.0.0.1:80', '[::1]', 'a b:80'])(
    '%s is refused',
    (text) => {
      expect(problems(() => load({ ARCHIVER_HTTP_LISTEN: text }))[0]).toMatch(
        /^ARCHIVER_HTTP_LISTEN: expected HOST:PORT/,
      );
    },
  );
});

test('jitter and the run at the start stand in the file', () => {
  expect(loadFile('jitter: 10m\nrunOnStart: false\n')).toMatchObject({
    jitterMs: 600_000,
    runOnStart: false,
  });
  expect(problems(() => loadFile('jitter: 2h\n'))).toEqual([
    'config/archiver.yaml:1: jitter: expected a duration of at most 1h, for instance 30s, 5m or 6h, got "2h"',
  ]);
});

test('every problem is told at once', () => {
  const env = {
    ARCHIVER_SCHEDULE: 'x',
    ARCHIVER_TIMEZONE: 'x',
    ARCHIVER_HTTP_LISTEN: 'x',
    ARCHIVER_CONCURRENCY: 'x',
  };
  expect(problems(() => load(env)).map((line) => line.split(':')[0])).toEqual(
    expect.arrayContaining(Object.keys(env)),
  );
});
