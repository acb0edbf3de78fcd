/** `schedule` as a command: it stays up until a signal, and a signal is how it ends. */
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ArchiverError, interruption } from '../../src/domain/errors.ts';
import { cleanSummary, runIn } from './fake-surroundings.ts';

const env = { ARCHIVER_HTTP_LISTEN: '127.0.0.1:0' };
const eventsOf = (stdout: string): { event: string; [field: string]: unknown }[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('schedule', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends after %s with %d, and takes the application apart', async (signal, exit) => {
    const stop = new AbortController();
    const run = async () => {
      stop.abort(interruption(signal));
      return { ...cleanSummary, exitCode: 3 };
    };
    const { code, closed, stdout, stderr } = await runIn(['schedule'], {
      env,
      app: { run },
      signal: stop.signal,
    });
    expect({ code, closed, stderr }).toEqual({ code: exit, closed: true, stderr: '' });
    expect(eventsOf(stdout)).toMatchObject([
      { event: 'daemon.listening', level: 'info', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      {
        event: 'schedule.next',
        level: 'info',
        cron: '17 * * * *',
        timezone: 'Asia/Shanghai',
        sources: ['ap-guangzhou'],
      },
      { event: 'daemon.stopping', level: 'info', cause: `interrupted by ${signal}` },
    ]);
  });

  test('tells a run that broke off as an error, and goes on', async () => {
    const stop = new AbortController();
    const run = async () => {
      setImmediate(() => stop.abort(interruption('SIGTERM')));
      throw new ArchiverError('internal', 'GET https://host.example.com/x?sign=hush failed');
    };
    const { code, stdout } = await runIn(['schedule'], { env, app: { run }, signal: stop.signal });
    expect(code).toBe(143);
    expect(eventsOf(stdout)).toContainEqual(
      expect.objectContaining({ event: 'schedule.run-failed', level: 'error', cron: '17 * * * *' }),
    );
    expect(stdout).not.toContain('hush');
  });

  test('where the port is in use ends with 2 and the way out, before anything has run', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    let runs = 0;
    const run = async () => {
      runs += 1;
      return cleanSummary;
    };
    const taken = { ARCHIVER_HTTP_LISTEN: `127.0.0.1:${port}` };
    const { code, stderr, closed } = await runIn(['schedule'], { env: taken, app: { run } });
    expect({ code, runs, closed }).toEqual({ code: 2, runs: 0, closed: true });
    expect(stderr).toMatch(
      /^rdb-archiver: cannot listen on 127\.0\.0\.1:\d+: the port is in use.*\n.*ARCHIVER_HTTP_LISTEN/,
    );
  });

  test('a schedule that cannot be read ends with 2 before anything is put together', async () => {
    const { code, config, stderr } = await runIn(['schedule'], {
      env: { ...env, ARCHIVER_SCHEDULE: 'often' },
    });
    expect([code, config]).toEqual([2, undefined]);
    expect(stderr).toContain('ARCHIVER_SCHEDULE: expected a cron expression');
  });

  test('tells a person at a terminal where it listens and when it runs next', async () => {
    const stop = new AbortController();
    const run = async () => {
      stop.abort(interruption('SIGINT'));
      return cleanSummary;
    };
    const { stderr } = await runIn(['schedule'], {
      env,
      app: { run },
      signal: stop.signal,
      terminalColumns: 80,
    });
    expect(stderr).toMatch(
      /listening on http:\/\/127\.0\.0\.1:\d+, in the time zone Asia\/Shanghai \(UTC\+08:00 now\)\n/,
    );
    expect(stderr).toMatch(/next run {2}\d{4}-\d\d-\d\d \d\d:17 UTC \(17 \* \* \* \*, Asia\/Shanghai\)\n/);
    expect(stderr).toContain('stopping: interrupted by SIGINT');
  });
});
