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
  test.each([
    ...Intl.supportedValuesOf('timeZone'),
    'UTC',
    'GMT',
    'utc',
    'Etc/UTC',
    '+08:00',
    'asia/shanghai',
  ])('%s is taken', (timezone) => {
    expect(load({ ARCHIVER_TIMEZONE: timezone }).timezone).toBe(timezone);
  });

  test('that does not exist is refused with the nearest one', () => {
    expect(problems(() => load({ ARCHIVER_TIMEZONE: 'Asia/Shangai' }))).toEqual([
      `ARCHIVER_TIMEZONE: ${expected}, got "Asia/Shangai"; did you mean Asia/Shanghai?`,
    ]);
  });

  test('that may be one of several is refused with those that it may be', () => {
    expect(problems(() => load({ ARCHIVER_TIMEZONE: 'PRC' }))).toEqual([
      `ARCHIVER_TIMEZONE: ${expected} (for PRC perhaps Asia/Shanghai), got "PRC"`,
    ]);
    expect(problems(() => load({ ARCHIVER_TIMEZONE: 'CST' }))).toEqual([
      `ARCHIVER_TIMEZONE: ${expected} (for CST perhaps Asia/Shanghai or America/Chicago), got "CST"`,
    ]);
  });

  // Whatever of two to nine letters or digits a runtime takes for a zone: those of the IANA database, and ICU's own.
  test.each(runtimesOwnNames())('%s, which says no place, is refused although Node would take it', (name) => {
    const told = problems(() => load({ ARCHIVER_TIMEZONE: name }));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(`ARCHIVER_TIMEZONE: ${expected}`);
    for (const [zone] of told[0]?.slice(expected.length + 20).matchAll(/[A-Z][a-z]+\/[A-Za-z_]+/g) ?? [])
      expect(load({ ARCHIVER_TIMEZONE: zone }).timezone).toBe(zone);
  });

  test.each([
    ['Asia/Shanghai', '2026-11-24T00:00:00Z', '+08:00'],
    ['America/New_York', '2026-11-24T00:00:00Z', '-05:00'],
    ['America/New_York', '2026-07-24T00:00:00Z', '-04:00'],
    ['Asia/Kathmandu', '2026-07-24T00:00:00Z', '+05:45'],
    ['+08:00', '2026-07-24T00:00:00Z', '+08:00'],
  ])('%s is shown with its offset, which at %s is %s', (timezone, now, offset) => {
    const shown = showConfig(load({ ARCHIVER_TIMEZONE: timezone }), { now: Date.parse(now) });
    expect(shown).toMatch(new RegExp(`^timezone: "?\\+?[\\w/:]+"? # UTC\\${offset} now$`, 'm'));
  });
});

const expected = 'expected a time zone by its region and city, for instance Asia/Shanghai, or UTC';

function runtimesOwnNames(): string[] {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const three = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
  const longer = [
    'Cuba',
    'Egypt',
    'Eire',
    'EST5EDT',
    'CST6CDT',
    'GB-Eire',
    'GMT0',
    'GMT+0',
    'Hongkong',
    'Iran',
    'Israel',
    'Japan',
  ];
  const more = [
    'NZ',
    'NZ-CHAT',
    'Poland',
    'PST8PDT',
    'Singapore',
    'Turkey',
    'Universal',
    'W-SU',
    'Zulu',
    'cst',
  ];
  return [...three, ...longer, ...more].filter((name) => name !== 'UTC' && name !== 'GMT' && isTaken(name));
}

function isTaken(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}

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
