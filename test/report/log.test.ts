/** The outcome log is an interface: programs read its lines, so every field is named here. */
import { describe, expect, test } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import { createLog, type LogOptions } from '../../src/report/log.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import {
  archived,
  failed,
  instanceFailed,
  late,
  skipped,
  sourceFailed,
  summary,
  transfer,
} from './examples.ts';

const NOW = Date.parse('2026-11-24T03:00:00.250Z');

function logged(
  events: readonly ArchiverEvent[],
  options: Partial<LogOptions> = {},
): Record<string, unknown>[] {
  const written: string[] = [];
  const log = createLog({
    write: (line) => written.push(line),
    clock: { now: () => NOW },
    level: 'info',
    skipped: true,
    ...options,
  });
  for (const event of events) log(event);
  expect(written.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
  return written.map((line) => JSON.parse(line));
}

describe('one line an outcome, with these fields and no others', () => {
  const common = {
    time: '2026-11-24T03:00:00.250Z',
    event: 'backup.outcome',
    runId: 'run-1',
    source: 'prod',
    region: 'ap-guangzhou',
    instanceId: 'crs-orders01',
    backupId: '1234-5678',
    backupStartedAt: '2026-11-24T02:15:00Z',
  };

  test('archived', () => {
    expect(logged([{ type: 'backup.outcome', outcome: archived }])).toEqual([
      {
        ...common,
        level: 'info',
        outcome: 'archived',
        reason: null,
        files: [{ key: 'data/prod/dump.rdb', size: 2048, sha256: 'ab12' }],
        bytes: 2048,
        durationMs: 1500,
        attempts: 1,
        resumes: 2,
        linkRenewals: 1,
      },
    ]);
  });

  test('skipped, by the run that was faster', () => {
    expect(logged([{ type: 'backup.outcome', outcome: skipped }])).toEqual([
      {
        ...common,
        level: 'info',
        outcome: 'skipped',
        reason: 'already-archived',
        by: 'run-0',
        files: [],
        bytes: 0,
        durationMs: 5,
        attempts: 0,
        resumes: 0,
        linkRenewals: 0,
      },
    ]);
  });

  test('failed, with what to do', () => {
    expect(logged([{ type: 'backup.outcome', outcome: failed }])).toEqual([
      {
        ...common,
        level: 'error',
        outcome: 'failed',
        reason: 'corrupt-source',
        files: [],
        bytes: 0,
        durationMs: 5,
        attempts: 0,
        resumes: 0,
        linkRenewals: 0,
        error: {
          code: 'corrupt-source',
          message: 'the CRC-64 does not match',
          hint: 'Take a new backup now.',
        },
      },
    ]);
  });
});

test('what could not be listed is told with the chain of causes and a hint', () => {
  expect(logged([sourceFailed, instanceFailed])).toEqual([
    {
      level: 'error',
      time: '2026-11-24T03:00:00.250Z',
      event: 'source.failed',
      runId: 'run-1',
      source: 'prod',
      region: 'ap-guangzhou',
      error: {
        code: 'throttled',
        message: 'listing instances was throttled: RequestLimitExceeded',
        hint: expect.stringContaining('quota'),
      },
    },
    {
      level: 'error',
      time: '2026-11-24T03:00:00.250Z',
      event: 'instance.failed',
      runId: 'run-1',
      source: 'prod',
      region: 'ap-guangzhou',
      instanceId: 'crs-orders01',
      error: { code: 'unknown-instance', message: 'crs-orders01 is not there', hint: 'Check the id.' },
    },
  ]);
});

test('the summary counts everything and is an error when the run was not clean', () => {
  const fields = {
    time: '2026-11-24T03:00:00.250Z',
    event: 'run.summary',
    runId: 'run-1',
    considered: 3,
    archived: 1,
    skipped: 1,
    failed: 1,
    skippedBy: { 'already-archived': 1, filtered: 4 },
    bytes: 2048,
    durationMs: 3000,
  };
  const clean = { ...summary, exitCode: 0 };
  expect(
    logged([
      { type: 'run.summary', summary },
      { type: 'run.summary', summary: clean },
    ]),
  ).toEqual([
    { ...fields, level: 'error', exitCode: 3 },
    { ...fields, level: 'info', exitCode: 0 },
  ]);
});

test('ARCHIVER_LOG_SKIPPED=false drops the lines of skipped backups and no others', () => {
  const events: ArchiverEvent[] = [skipped, archived, failed].map((outcome) => ({
    type: 'backup.outcome',
    outcome,
  }));
  const lines = logged([...events, { type: 'run.summary', summary }], { skipped: false });
  expect(lines.map(({ outcome, event }) => outcome ?? event)).toEqual(['archived', 'failed', 'run.summary']);
});

test('at level error only failures are written', () => {
  const events: ArchiverEvent[] = [skipped, archived, failed].map((outcome) => ({
    type: 'backup.outcome',
    outcome,
  }));
  expect(logged(events, { level: 'error' }).map(({ outcome }) => outcome)).toEqual(['failed']);
});

test('transfers are told at level debug only, and not every chunk of them', () => {
  let now = NOW;
  const progress = (position: number): ArchiverEvent => ({
    type: 'transfer.progress',
    ...transfer,
    position,
  });
  const events: ArchiverEvent[] = [
    { type: 'transfer.begin', ...transfer, size: 100 },
    ...Array.from({ length: 50 }, (_, index) => progress(index)),
    { type: 'transfer.end', ...transfer, ok: true },
  ];
  const clock = { now: () => (now += 1000) };
  expect(logged(events, { clock })).toEqual([]);
  const lines = logged(events, { clock, level: 'debug' });
  expect(lines[0]).toMatchObject({ event: 'transfer.begin', level: 'debug', file: 'dump.rdb', size: 100 });
  expect(lines.filter(({ event }) => event === 'transfer.progress').length).toBeLessThan(20);
  expect(lines.at(-1)).toMatchObject({ event: 'transfer.end', ok: true });
});

test('a retry, a resumption and a renewed link are told', () => {
  const error = new ArchiverError('download-failed', 'the connection was cut');
  const lines = logged([
    { type: 'transfer.resumed', ...transfer, position: 10, cause: 'ECONNRESET' },
    { type: 'link.renewed', ...transfer, position: 10 },
    { type: 'backup.retry', ...transfer, attempt: 2, error },
    { type: 'warning', message: 'the clock is 400 s fast', hint: 'Set it.' },
  ]);
  expect(lines.map(({ event, level }) => [event, level])).toEqual([
    ['transfer.resumed', 'info'],
    ['link.renewed', 'info'],
    ['backup.retry', 'warn'],
    ['warning', 'warn'],
  ]);
  expect(lines[2]).toMatchObject({
    attempt: 2,
    error: { code: 'download-failed', message: 'the connection was cut' },
  });
});

test('a link, a signature or a key that got into a message does not get into the log', () => {
  const cause = new Error('GET https://cos.example.com/dump.rdb?q-signature=hush&q-ak=hush failed');
  Object.assign(cause, { options: { headers: { authorization: 'hush' } } });
  const error = new ArchiverError('download-failed', 'could not fetch, Authorization: hush', { cause });
  const outcome = { ...failed, error: { code: 'x', message: '{"SecretKey":"hush"}', hint: 'token=hush' } };
  const lines = logged([
    { type: 'backup.retry', ...transfer, attempt: 1, error },
    { type: 'backup.outcome', outcome },
    { type: 'transfer.resumed', ...transfer, position: 1, cause: 'http://h/x?sign=hush' },
  ]);
  expect(lines).toHaveLength(3);
  expect(JSON.stringify(lines)).not.toContain('hush');
  expect(JSON.stringify(lines)).toContain('https://cos.example.com/dump.rdb?[redacted]');
});

test('ids are data: they stay as they are, however much they look like a secret or like a line of their own', () => {
  const ids = { instanceId: 'crs-token=hush', backupId: 'Bearer abcdefghijkl\u009b\u2028' };
  const key = 'redis/data/Basic YWJjZGVmZ2g=';
  const [line] = logged([
    { type: 'backup.outcome', outcome: { ...failed, ...ids, files: [{ key, size: 1, sha256: 'ab' }] } },
  ]);
  expect(line).toMatchObject({ ...ids, files: [{ key }] });
});

test('a transfer that comes too late is a warning, with what it would need; that it is in time again is told too', () => {
  expect(logged([late, { ...late, type: 'transfer.in-time' }])).toMatchObject([
    {
      level: 'warn',
      event: 'transfer.late',
      backupId: '1234-5678',
      file: 'dump.rdb',
      bytesPerSecond: 3072,
      neededBytesPerSecond: 98_304,
      deadline: '2026-11-24T09:00:00Z',
    },
    { level: 'info', event: 'transfer.in-time' },
  ]);
});

test('a listing is told once it is long, and then twice a minute', () => {
  let now = NOW;
  const page = (rows: number): ArchiverEvent => {
    now += 1000;
    const { runId, source, region } = transfer;
    return { type: 'listing.progress', runId, source, region, list: 'the catalog', pages: rows / 1000, rows };
  };
  const events = Array.from({ length: 95 }, (_, index) => () => page((index + 1) * 1000));
  const written: string[] = [];
  const log = createLog({
    write: (line) => written.push(line),
    clock: { now: () => now },
    level: 'info',
    skipped: true,
  });
  for (const event of events) log(event());
  expect(written.map((line) => JSON.parse(line))).toMatchObject(
    [31_000, 61_000, 91_000].map((rows) => ({ event: 'listing.progress', list: 'the catalog', rows })),
  );
});
