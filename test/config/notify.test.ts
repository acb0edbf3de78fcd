/** The receivers of notifications and the heartbeat as a configuration names them. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { showConfig } from '../../src/config/show.ts';
import { ArchiverError } from '../../src/domain/errors.ts';

const URL_SECRET = 'https://hooks.slack.com/services/T0/B0/Hk3vTq9zPw';

function load(env: Record<string, string>, yaml = '') {
  const cwd = mkdtempSync(join(tmpdir(), 'archiver-notify-'));
  mkdirSync(join(cwd, 'config'));
  writeFileSync(join(cwd, 'config/archiver.yaml'), yaml);
  writeFileSync(join(cwd, 'url'), `${URL_SECRET}\n`);
  const essentials = { ARCHIVER_SOURCE_REGIONS: 'gz', ARCHIVER_DESTINATION: 'file:///nowhere' };
  const located = Object.entries(env).map(([name, value]) => [name, value.replace('$CWD', cwd)]);
  return loadConfig({ flags: {}, env: { ...essentials, ...Object.fromEntries(located) }, cwd });
}

function problemsOf(env: Record<string, string>, yaml = ''): string {
  try {
    load(env, yaml);
  } catch (error) {
    if (error instanceof ArchiverError) return error.message;
    throw error;
  }
  return '';
}

describe('one receiver', () => {
  test('needs no more than its address in a variable', () => {
    const { notify } = load({ ARCHIVER_NOTIFY_URL: URL_SECRET });
    expect(notify).toMatchObject([
      {
        name: 'ARCHIVER_NOTIFY',
        preset: 'auto',
        events: ['failure', 'recovery', 'risk', 'warning'],
        intervalMs: 6 * 3_600_000,
        method: 'POST',
        headers: {},
      },
    ]);
    expect(notify[0]?.secrets().url.reveal()).toBe(URL_SECRET);
  });

  test('can have its address in a file, and everything else in variables', () => {
    const { notify } = load({
      ARCHIVER_NOTIFY_URL_FILE: '$CWD/url',
      ARCHIVER_NOTIFY_SECRET: 'SEC1',
      ARCHIVER_NOTIFY_TOKEN: 'token-1',
      ARCHIVER_NOTIFY_PRESET: 'feishu',
      ARCHIVER_NOTIFY_ON: 'risk, recovery',
      ARCHIVER_NOTIFY_INTERVAL: '1d',
    });
    expect(notify).toMatchObject([
      { preset: 'feishu', events: ['risk', 'recovery'], intervalMs: 86_400_000 },
    ]);
    expect(notify[0]?.secrets().url.reveal()).toBe(URL_SECRET);
    expect(notify[0]?.secrets().secret?.reveal()).toBe('SEC1');
    expect(notify[0]?.secrets().token?.reveal()).toBe('token-1');
  });

  test('is not half set up without a word', () => {
    expect(problemsOf({ ARCHIVER_NOTIFY_PRESET: 'slack' })).toContain(
      'ARCHIVER_NOTIFY_PRESET: means nothing without ARCHIVER_NOTIFY_URL',
    );
    expect(problemsOf({ ARCHIVER_NOTIFY_URL: URL_SECRET, ARCHIVER_NOTIFY_PRESET: 'slak' })).toContain(
      'ARCHIVER_NOTIFY_PRESET: expected one of auto, json, slack, feishu, wecom, dingtalk',
    );
  });

  test('whose address is none is refused without showing it', () => {
    const problem = problemsOf({ ARCHIVER_NOTIFY_URL: 'hooks.slack.com/services/Hk3vTq9zPw' });
    expect(problem).toContain('ARCHIVER_NOTIFY_URL: expected an http:// or https:// address');
    expect(problem).not.toContain('Hk3vTq9zPw');
  });
});

describe('the receivers of the file', () => {
  const yaml = `
notify:
  - name: ops
    credentialsEnv: OPS_CHAT
    preset: wecom
    template: { text: '{title}', extra: ['{runId}', 1] }
  - credentialsEnv: PAGER
    events: [risk]
    headers: { x-team: redis }
`;

  test('add to the one of the environment, each with its own variables', () => {
    const env = { OPS_CHAT_URL: URL_SECRET, PAGER_URL: 'http://pager', ARCHIVER_NOTIFY_URL: 'http://hook' };
    const { notify } = load(env, yaml);
    expect(notify.map(({ name, secrets }) => [name, secrets().url.reveal()])).toEqual([
      ['ops', URL_SECRET],
      ['PAGER', 'http://pager'],
      ['ARCHIVER_NOTIFY', 'http://hook'],
    ]);
    expect(notify[0]?.template).toEqual({ text: '{title}', extra: ['{runId}', 1] });
  });

  test('need their addresses, and names of their own', () => {
    expect(problemsOf({}, yaml)).toMatch(/OPS_CHAT_URL: required.*\n.*PAGER_URL: required/);
    const twins = 'notify: [{credentialsEnv: A}, {credentialsEnv: B, name: A}]';
    expect(problemsOf({ A_URL: 'http://a', B_URL: 'http://b' }, twins)).toContain('is called A already');
  });

  test.each([
    ['secrets in headers', 'headers: {Authorization: Bearer x}', 'expected no secret'],
    ['an address', 'url: https://x', 'unknown key'],
    ['placeholders that mean nothing', "template: {text: '{titel}'}", 'placeholders'],
    ['nothing to be told of', 'events: []', 'expected at least one of'],
    ['a kind that there is not', 'events: [success]', 'expected one of failure'],
    ['a former name beside the new one', 'on: [risk]\n    events: [risk]', '`events`, which is set too'],
    [
      'what Helm makes of `on`',
      'true: [risk]',
      "as Helm's is, takes on, off, yes, no, y and n for true: write `events`",
    ],
    ['an interval of no time', 'interval: 1s', 'expected a duration from 1m'],
  ])('are refused with %s', (_what, setting, expected) => {
    const yamlOfOne = `notify:\n  - credentialsEnv: A\n    ${setting}\n`;
    expect(problemsOf({ A_URL: 'http://a' }, yamlOfOne)).toContain(expected);
  });
});

test('`on`, the former name of `events`, is still taken, and a fault told where it was written', () => {
  const written = (kinds: string) => `notify:\n  - credentialsEnv: A\n    on: ${kinds}\n`;
  expect(load({ A_URL: 'http://a' }, written('[risk]')).notify).toMatchObject([{ events: ['risk'] }]);
  expect(problemsOf({ A_URL: 'http://a' }, written('[success]'))).toMatch(
    /archiver\.yaml:3: notify\[0\]\.on\S*: expected one of failure/,
  );
});

describe('the heartbeat', () => {
  const HEARTBEAT = 'https://hc-ping.com/Hk3vTq9zPw';

  test('is one variable', () => {
    expect(load({ ARCHIVER_HEARTBEAT_URL: HEARTBEAT }).heartbeat?.().reveal()).toBe(HEARTBEAT);
    expect(load({}).heartbeat).toBeUndefined();
  });

  test('of one share must not speak for the others', () => {
    const env = { ARCHIVER_SHARD: '2/4', ARCHIVER_HEARTBEAT_URL: HEARTBEAT };
    expect(problemsOf(env)).toContain('ARCHIVER_HEARTBEAT_URL: must hold {shard}');
    expect(
      load({ ...env, ARCHIVER_HEARTBEAT_URL: `${HEARTBEAT}-{shard}` })
        .heartbeat?.()
        .reveal(),
    ).toBe(`${HEARTBEAT}-2`);
  });
});

test('`config show` shows who is told, and of no address more than scheme and host', () => {
  const shown = showConfig(
    load({
      ARCHIVER_NOTIFY_URL: URL_SECRET,
      ARCHIVER_NOTIFY_SECRET: 'SEC-1234',
      ARCHIVER_NOTIFY_TOKEN: 'token-1234',
      ARCHIVER_HEARTBEAT_URL: 'https://hc-ping.com/Hk3vTq9zPw',
    }),
  );
  expect(shown).toContain('url: https://hooks.slack.com/[redacted]');
  expect(shown).toContain('heartbeat: https://hc-ping.com/[redacted]');
  expect(shown).not.toMatch(/Hk3vTq9zPw|SEC-1234|token-1234/);
});
