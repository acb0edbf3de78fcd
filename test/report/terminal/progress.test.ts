/** What a person sees of a run: outcomes as they come, and at the end what was done, what was not, and what to do. */
import { WriteStream } from 'node:tty';
import { describe, expect, test, vi } from 'vitest';
import { ArchiverError } from '../../../src/domain/errors.ts';
import { fanOut } from '../../../src/report/fan-out.ts';
import type { ArchiverEvent } from '../../../src/report/observer.ts';
import { closingText } from '../../../src/report/terminal/closing.ts';
import { createPaint } from '../../../src/report/terminal/colours.ts';
import { createProgress } from '../../../src/report/terminal/progress.ts';
import { archived, failed, instanceFailed, late, skipped, summary, transfer } from '../examples.ts';

const plain = createPaint(false, {});

const BEGIN: ArchiverEvent = {
  type: 'run.begin',
  runId: 'run-1',
  timezone: 'Asia/Shanghai',
  utcOffset: '+08:00',
  startedAt: '2026-11-24T03:00:00Z',
  sources: 1,
};

const RUN: readonly ArchiverEvent[] = [
  BEGIN,
  { type: 'source.listed', runId: 'run-1', source: 'prod', region: 'ap-guangzhou', instances: 2, backups: 3 },
  instanceFailed,
  { type: 'plan.ready', runId: 'run-1', todo: 2, skipped: 1 },
  { type: 'transfer.begin', ...transfer, size: 2048 },
  { type: 'transfer.progress', ...transfer, position: 1024 },
  { type: 'backup.retry', ...transfer, attempt: 2, error: new ArchiverError('download-failed', 'cut off') },
  { type: 'transfer.progress', ...transfer, position: 2048 },
  { type: 'transfer.end', ...transfer, ok: true },
  { type: 'backup.outcome', outcome: archived },
  { type: 'backup.outcome', outcome: skipped },
  { type: 'backup.outcome', outcome: failed },
  { type: 'run.summary', summary },
];

function told(events: readonly ArchiverEvent[]) {
  const said: string[] = [];
  const concluded: string[] = [];
  const { observer } = createProgress({
    say: (text) => said.push(text),
    conclude: (text) => concluded.push(text),
    clock: { now: () => 0 },
    paint: { say: plain, conclude: plain },
  });
  for (const event of events) observer(event);
  return { said: said.join(''), concluded: concluded.join('') };
}

describe('at the end of a run', () => {
  test('what was archived, skipped and left out is counted, and each failure told with its advice', () => {
    expect(told(RUN).concluded).toBe(
      `failed  crs-orders01 1234-5678: corrupt-source
    the CRC-64 does not match
    Take a new backup now.

failed  prod crs-orders01 could not be listed
    crs-orders01 is not there
    Check the id.

archived  1 backup, 2.00 KiB in 3 s
skipped   1 backup: already-archived 1
left out  4 backups: filtered 4
failed    1 backup
`,
    );
  });

  test('only what belongs to it is told, whatever ran before it or beside it', () => {
    const begin = (runId: string): ArchiverEvent => ({
      type: 'run.begin',
      timezone: 'Asia/Shanghai',
      utcOffset: '+08:00',
      runId,
      startedAt: '2026-11-24T03:00:00Z',
      sources: 1,
    });
    const ended = (runId: string): ArchiverEvent => ({
      type: 'run.summary',
      summary: { ...summary, runId, failed: 0 },
    });
    const other = { ...failed, runId: 'run-2', instanceId: 'crs-other' };
    const events = [
      ...RUN,
      begin('run-2'),
      begin('run-3'),
      { type: 'backup.outcome', outcome: other } as const,
    ];
    const before = told(RUN).concluded;
    expect(told([...events, ended('run-3')]).concluded.slice(before.length)).not.toContain('failed');
    const both = told([...events, ended('run-3'), ended('run-2')]).concluded.slice(before.length);
    expect(both).toContain('crs-other');
    expect(both).not.toContain('crs-orders01');
  });

  test('a table tells each archive, where it did not come as a line before', () => {
    const text = closingText({ archived: [archived], failed: [], troubles: [], summary }, plain);
    expect(text).toContain(
      `ARCHIVED      BACKUP     STARTED (UTC)     FILES      SIZE  TIME
crs-orders01  1234-5678  2026-11-24 02:15      1  2.00 KiB   2 s

`,
    );
  });

  test('many archives are cut to a screen and counted', () => {
    const many = Array.from({ length: 30 }, () => archived);
    const text = closingText({ archived: many, failed: [], troubles: [], summary }, plain);
    expect(text).toContain('… and 10 more');
    expect(text.split('\n').length).toBeLessThan(40);
  });

  test('failures that are alike are told once, with the first few that they struck', () => {
    const seven = Array.from({ length: 7 }, (_, index) => ({ ...failed, backupId: `b-${index}` }));
    const text = closingText({ archived: [], failed: seven, troubles: [], summary }, plain);
    expect(text).toContain(`failed  crs-orders01 b-0
        crs-orders01 b-1
        crs-orders01 b-2
        crs-orders01 b-3
        crs-orders01 b-4
        and 2 more: corrupt-source
    the CRC-64 does not match
`);
    expect(text.match(/CRC-64/g)).toHaveLength(1);
  });

  test('a destination that cannot be reached is told', () => {
    const error = new ArchiverError('store-unreachable', 's3://bucket does not answer');
    const { concluded } = told([
      { type: 'run.failed', runId: 'run-1', error },
      { type: 'run.summary', summary: { ...summary, exitCode: 11 } },
    ]);
    expect(concluded).toContain('s3://bucket does not answer\n    Check ARCHIVER_S3_ENDPOINT');
  });
});

test('a receiver that could not be told is a warning, with what to do', () => {
  const error = new ArchiverError('notify-failed', 'https://chat.example.com took no message: HTTP 404');
  expect(told([{ type: 'notify.failed', runId: 'run-1', receiver: 'ops', error }]).said).toMatch(
    /^warning +ops was not told: https:\/\/chat\.example\.com took no message: HTTP 404\. Check the receiver/,
  );
});

test('without a terminal each outcome is one line, skipped ones none', () => {
  expect(told(RUN).said).toBe(
    `prod: 2 instances, 3 backups
again     crs-orders01 1234-5678: cut off
archived  crs-orders01 1234-5678  2.00 KiB in 2 s
failed    crs-orders01 1234-5678  corrupt-source
`,
  );
});

test('on a terminal a bar shows how far the transfer is, and is gone when the run ends', async () => {
  const screen = fakeTerminal();
  const said: string[] = [];
  const { observer } = createProgress({
    terminal: screen.stream,
    say: (text) => said.push(text),
    conclude: (text) => screen.stream.write(text),
    clock: { now: () => 0 },
    paint: { say: plain, conclude: plain },
  });
  const half = RUN.findIndex(({ type }) => type === 'backup.retry');
  RUN.slice(0, half).forEach(observer);
  await vi.waitFor(() =>
    expect(screen.text()).toContain('████████░░░░░░░░  50%  2.00 KiB  0 B/s  crs-orders01 dump.rdb'),
  );
  RUN.slice(half).forEach(observer);
  expect(said.join('')).toBe('prod: 2 instances, 3 backups\n');
  expect(screen.text()).toContain('failed    crs-orders01 1234-5678');
  const end = screen.text().slice(screen.text().lastIndexOf('\u001b[?25h'));
  expect(end).toContain('ARCHIVED');
  expect(end).not.toContain('█');
});

test('the time left is never less than what the slowest transfer still takes', async () => {
  const screen = fakeTerminal();
  let now = 0;
  const { observer, close } = createProgress({
    terminal: screen.stream,
    say: () => {},
    conclude: () => {},
    clock: { now: () => now },
    paint: { say: plain, conclude: plain },
  });
  observer(BEGIN);
  observer({ type: 'plan.ready', runId: 'run-1', todo: 2, skipped: 0 });
  observer({ type: 'transfer.begin', ...transfer, size: 100_000 });
  now = 1000;
  observer({ type: 'backup.outcome', outcome: archived });
  observer({ type: 'transfer.progress', ...transfer, position: 1000 });
  await vi.waitFor(() =>
    expect(screen.text()).toContain('1 of 2 backups · 0.98 KiB · 0.98 KiB/s · about 1 min 39 s left'),
  );
  close();
});

test('no link in a message reaches the screen', () => {
  const error = { code: 'x', message: 'GET https://host/dump?q-signature=HUSH', hint: '' };
  const { said, concluded } = told([
    { type: 'warning', message: 'slow: https://host/dump?sign=HUSH' },
    { type: 'backup.outcome', outcome: { ...failed, outcome: 'failed', reason: 'internal', error } },
    { type: 'run.summary', summary },
  ]);
  expect(said + concluded).not.toContain('HUSH');
});

test.each([
  [true, {}, true],
  [true, { NO_COLOR: '1' }, false],
  [true, { TERM: 'dumb' }, false],
  [false, {}, false],
])('at a terminal (%s) with %o there is colour: %s', (terminal, environment, coloured) => {
  expect(createPaint(terminal, environment)('red', 'x').includes('\u001b[')).toBe(coloured);
});

test('a listener that throws keeps the others from nothing, and fails nobody', () => {
  const heard: string[] = [];
  const observer = fanOut([
    () => {
      throw new Error('the webhook is down');
    },
    (event) => heard.push(event.type),
  ]);
  expect(() => observer({ type: 'warning', message: 'w' })).not.toThrow();
  expect(heard).toEqual(['warning']);
});

/** A stream that says it is a terminal and keeps what is drawn on it. */
function fakeTerminal(): { stream: NodeJS.WriteStream; text(): string } {
  const drawn: string[] = [];
  const stream: NodeJS.WriteStream = Object.assign(Object.create(WriteStream.prototype), {
    isTTY: true,
    columns: 100,
    rows: 40,
    write: (text: string) => {
      drawn.push(text);
      return true;
    },
  });
  return { stream, text: () => drawn.join('') };
}

test('a transfer that comes too late is told, with how fast it would have to be', () => {
  expect(told([late, { ...late, type: 'transfer.in-time' }]).said).toBe(
    'late      crs-orders01 dump.rdb comes at 3.00 KiB/s, and 96.0 KiB/s are needed before the cloud deletes it at 2026-11-24 09:00 UTC\n' +
      'in time   crs-orders01 dump.rdb again\n',
  );
});

test('a listing that is long says how far it is', () => {
  let now = 0;
  const said: string[] = [];
  const { observer } = createProgress({
    say: (text) => said.push(text),
    conclude: () => undefined,
    clock: { now: () => now },
    paint: { say: plain, conclude: plain },
  });
  for (let pages = 1; pages <= 3; pages += 1) {
    const { runId, source, region } = transfer;
    const list = 'DescribeInstances of the region';
    observer({ type: 'listing.progress', runId, source, region, list, pages, rows: pages * 1000 });
    now += 20_000;
  }
  expect(said).toEqual(['listing   prod: 3000 rows in 3 pages so far (DescribeInstances of the region)\n']);
});
