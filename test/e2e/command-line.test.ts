/** The command line as a user meets it first: help, version, mistakes, a broken configuration. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STOP_EXITS } from '../../src/domain/stop-signals.ts';
import { readVersion } from '../../src/version.ts';
import { runCommand, startCommand } from '../support/command.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'archiver-e2e-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

const run = (args: readonly string[], env: Record<string, string> = {}) => runCommand(args, { env, cwd });

describe('--help', () => {
  const codes: Record<string, number[]> = {
    run: [0, 1, 2, 3, 10, 11, ...STOP_EXITS],
    schedule: [1, 2, ...STOP_EXITS],
    archive: [0, 1, 2, 3, 10, 11, ...STOP_EXITS],
    plan: [0, 1, 2, 3, 10, 11, ...STOP_EXITS],
    list: [0, 1, 2, 3, 10, 11, ...STOP_EXITS],
    check: [0, 1, 2, 3, 10, 11, ...STOP_EXITS],
    verify: [0, 1, 2, 3, 4, 11, ...STOP_EXITS],
    inspect: [0, 1, 2, 3, 4, 11, ...STOP_EXITS],
    restore: [0, 1, 2, 3, 4, 11, ...STOP_EXITS],
    config: [0, 1, 2],
    sandbox: [0, 1, 2, ...STOP_EXITS],
    demo: [0, 1, 2, 3, 4, 10, 11, ...STOP_EXITS],
  };

  test.each(Object.entries(codes))(
    'of %s fits 80 columns and ends with the exit codes it can give',
    async (name, expected) => {
      const { code, stdout, stderr } = await run([name, '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: rdb-archiver ${name} `));
      for (const option of ['--config <file>', '--log-level <level>', '--help'])
        expect(stdout).toContain(option);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      const [, section = ''] = stdout.split('Exit status:\n');
      expect([...section.matchAll(/^ {2}(\d+) /gm)].map(([, found]) => Number(found))).toEqual(expected);
    },
  );

  test('names every command', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const name of Object.keys(codes)) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  });

  test('--version prints the version and nothing else', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${readVersion()}\n`, stderr: '' });
  });
});

describe('a mistake', () => {
  test('in the command is told with the nearest one, exit 2', async () => {
    const { code, stdout, stderr } = await run(['verfy']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      "rdb-archiver: unknown command 'verfy'; did you mean verify?\n  See `rdb-archiver --help`.\n",
    );
  });

  test('in the configuration is told with all others at once, without a stack and without a secret, exit 2', async () => {
    const folder = mkdtempSync(join(cwd, 'broken-'));
    mkdirSync(join(folder, 'config'));
    writeFileSync(join(folder, 'config/archiver.yaml'), 'sources:\n  - regon: gz\nlog: { level: loud }\n');
    const env = {
      ARCHIVER_PART_SIZE: '1MiB',
      ARCHIVER_CONCURENCY: '4',
      TENCENTCLOUD_SECRET_KEY: 'hush-hush',
    };
    const { code, stdout, stderr } = await runCommand(['run'], { env, cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const part of [
      'the configuration has 7 problems',
      'ARCHIVER_PART_SIZE: expected a size from 5MiB to 5GiB, for instance 8MiB, got "1MiB"',
      'ARCHIVER_CONCURENCY: unknown variable; did you mean ARCHIVER_CONCURRENCY?',
      'TENCENTCLOUD_SECRET_ID: required beside TENCENTCLOUD_SECRET_KEY',
      'ARCHIVER_DESTINATION: required',
      'config/archiver.yaml:2: sources[0].regon: unknown key; did you mean region?',
      'config/archiver.yaml:2: sources[0].region: expected a region, for instance ap-guangzhou or gz, got nothing',
      'config/archiver.yaml:3: log.level: expected one of debug, info, warn, error, got "loud"',
    ]) {
      expect(stderr).toContain(part);
    }
    expect(stderr).not.toMatch(/hush|\n\s+at /);
  });
});

describe('config', () => {
  const env = {
    ARCHIVER_SOURCE_REGIONS: 'gz',
    ARCHIVER_DESTINATION: 's3://bucket/prefix',
    TENCENTCLOUD_SECRET_ID: 'AKID1',
    TENCENTCLOUD_SECRET_KEY: 'hush-cloud',
    TENCENTCLOUD_SESSION_TOKEN: 'hush-token',
    AWS_ACCESS_KEY_ID: 'AKIA1',
    AWS_SECRET_ACCESS_KEY: 'hush-store',
    HTTPS_PROXY: 'http://user:hush-proxy@proxy:3128',
  };

  test('show prints what is in force and no secret', async () => {
    const { code, stdout, stderr } = await run(['config', 'show'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [
      'region: ap-guangzhou',
      'url: s3://bucket/prefix',
      'partSize: 8MiB',
      'secretId: AKID1',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain('hush');
  });

  test('schema prints the JSON Schema of the file', async () => {
    const { code, stdout } = await run(['config', 'schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'object',
      properties: { sources: {}, destination: {} },
    });
  });
});

test('a reader that goes away is no crash', async () => {
  const { child, result } = startCommand(['config', 'schema'], { cwd });
  child.stdout?.destroy();
  expect(await result).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  ['exception', 'throw new Error(text)'],
  ['rejection', 'Promise.reject(new Error(text))'],
])("an uncaught %s is one line without a link's query, exit 1", async (_kind, fail) => {
  const text = 'GET https://host.example.com/dump.rdb?sign=hush failed';
  const later = `setImmediate(() => { const text = ${JSON.stringify(text)}; ${fail}; })`;
  const main = resolve(import.meta.dirname, '../../src/main.ts');
  const program = [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(later)}`, main];
  const { code, stderr } = await runCommand(['sandbox'], { cwd, program });
  expect(code).toBe(1);
  const lines = stderr.split('\n').filter((line) => !line.startsWith('The sandbox listens'));
  expect(lines).toEqual([
    'rdb-archiver: unexpected error: GET https://host.example.com/dump.rdb?[redacted] failed',
    '',
  ]);
});
