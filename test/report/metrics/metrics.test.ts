/** The metrics are an interface: their names, labels and meanings, against a file of what was promised. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ArchiverError } from '../../../src/domain/errors.ts';
import type { Outcome } from '../../../src/domain/outcome.ts';
import type { InstanceStatus, StatusReport } from '../../../src/domain/status.ts';
import { createMetrics, type Metrics } from '../../../src/report/metrics/metrics.ts';
import type { ArchiverEvent } from '../../../src/report/observer.ts';
import { archived, failed, instanceFailed, skipped, sourceFailed, summary, transfer } from '../examples.ts';

const begin: ArchiverEvent = {
  type: 'run.begin',
  timezone: 'Asia/Shanghai',
  utcOffset: '+08:00',
  runId: 'run-1',
  startedAt: '2026-11-24T03:00:00Z',
  sources: 1,
};
const listed: ArchiverEvent = {
  type: 'source.listed',
  runId: 'run-1',
  source: 'prod',
  region: 'ap-guangzhou',
  instances: 1,
  backups: 3,
};
const apiCall = (result: 'ok' | 'throttled'): ArchiverEvent => ({
  type: 'api.call',
  source: 'prod',
  region: 'ap-guangzhou',
  action: 'DescribeInstances',
  result,
});
const tick = { cron: '17 * * * *', sources: ['prod'], timezone: 'Asia/Shanghai' };

const wholeRun: readonly ArchiverEvent[] = [
  { type: 'schedule.next', ...tick, at: '2026-11-24T04:17:00Z', previous: '2026-11-24T03:17:00Z' },
  {
    type: 'schedule.tick-skipped',
    ...tick,
    at: '2026-11-24T04:17:00Z',
    runningSince: '2026-11-24T03:17:00Z',
  },
  { ...begin, schedule: tick.cron },
  apiCall('throttled'),
  apiCall('ok'),
  listed,
  { type: 'transfer.resumed', ...transfer, position: 5, cause: 'reset' },
  { type: 'link.renewed', ...transfer, position: 5 },
  { type: 'transfer.restarted', ...transfer, cause: 'changed' },
  {
    type: 'backup.retry',
    runId: 'run-1',
    source: 'prod',
    region: 'ap-guangzhou',
    instanceId: 'crs-orders01',
    backupId: '1',
    attempt: 2,
    error: new ArchiverError('store-unreachable', 'no answer'),
  },
  { type: 'backup.outcome', outcome: archived },
  { type: 'backup.outcome', outcome: skipped },
  { type: 'backup.outcome', outcome: failed },
  instanceFailed,
  { type: 'run.summary', summary },
];

const instance: InstanceStatus = {
  source: 'prod',
  region: 'ap-guangzhou',
  instanceId: 'crs-orders01',
  name: 'orders',
  vanished: false,
  newest: { backupId: '1', startedAt: '2026-11-24T02:15:00Z' },
  ageMs: 3_600_000,
  archives: 30,
  bytes: 123_456,
  open: [
    {
      backupId: '2',
      startedAt: '2026-11-20T02:15:00Z',
      deadline: '2026-11-27T02:15:00Z',
      hoursLeft: 71,
      state: 'available',
      quarantined: false,
      atRisk: false,
    },
    {
      backupId: '3',
      startedAt: '2026-11-17T03:15:00Z',
      deadline: '2026-11-24T03:15:00Z',
      hoursLeft: 0,
      state: 'available',
      quarantined: false,
      atRisk: true,
    },
    {
      backupId: '4',
      startedAt: '2026-11-16T03:15:00Z',
      deadline: '2026-11-23T03:15:00Z',
      hoursLeft: -24,
      state: 'expired',
      quarantined: false,
      atRisk: false,
    },
  ],
  stale: false,
  days: [],
};
const { newest: _newest, ageMs: _ageMs, ...neverArchived } = instance;
const report: StatusReport = {
  generatedAt: '2026-11-24T03:20:00Z',
  maxAgeMs: 93_600_000,
  drills: [
    {
      source: 'prod',
      lastDrilledAt: '2026-11-24T02:00:00Z',
      lastPassedAt: '2026-11-23T02:00:00Z',
      failing: [{ instanceId: 'crs-orders01', backupId: '1', at: '2026-11-24T02:00:00Z' }],
    },
  ],
  verified: {
    at: '2026-11-24T01:00:00Z',
    percent: 5,
    archives: 40,
    damaged: 1,
    unreadable: 2,
    bytesRead: 4096,
  },
  sources: ['prod'],
  daysBack: 35,
  instances: [
    instance,
    { ...neverArchived, instanceId: 'crs-never001', stale: true, archives: 0, bytes: 0, open: [] },
    { ...instance, instanceId: 'crs-gone0001', vanished: true, open: [] },
  ],
  warnings: [],
  problems: [{ message: 'ap-beijing could not be listed', hint: '' }],
  exitCode: 5,
};

const clock = { now: () => Date.parse('2026-11-24T03:00:00Z') };

function told(events: readonly ArchiverEvent[]): Metrics {
  const metrics = createMetrics({ version: '1.2.3', clock });
  for (const event of events) metrics.observer(event);
  return metrics;
}

/** The value of one series; undefined where there is none. */
async function sampleOf(metrics: Metrics, series: string): Promise<number | undefined> {
  const { body } = await metrics.text();
  const line = body.split('\n').find((one) => one.startsWith(`rdb_archiver_${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

describe('the metrics', () => {
  it('of a run and a status report are these', async () => {
    const metrics = told(wholeRun);
    metrics.setStatus(report);
    const { contentType, body } = await metrics.text();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    await expect(body).toMatchFileSnapshot(join(import.meta.dirname, 'metrics.golden.prom'));
  });

  it('count what a receiver was told, and what it could not be told', async () => {
    const of = { runId: 'r1', receiver: 'ops-chat' };
    const sent: ArchiverEvent = { type: 'notify.sent', kind: 'failure', ...of };
    const error = new ArchiverError('internal', 'no answer');
    const metrics = told([sent, { type: 'notify.failed', error, ...of }, sent]);
    expect(await sampleOf(metrics, 'notifications_total{receiver="ops-chat",result="sent"}')).toBe(2);
    expect(await sampleOf(metrics, 'notifications_total{receiver="ops-chat",result="failed"}')).toBe(1);
    const fine = told([sent]);
    expect(await sampleOf(fine, 'notifications_total{receiver="ops-chat",result="failed"}')).toBe(0);
  });

  it('begin with the version and with no point in time that nobody knows', async () => {
    const { body } = await createMetrics({
      version: '1.2.3',
      clock,
    }).text();
    expect(body).toContain('rdb_archiver_build_info{version="1.2.3"} 1');
    expect(body).toContain('rdb_archiver_run_in_progress 0');
    expect(body).not.toMatch(/^rdb_archiver_\w*timestamp_seconds.* 0$/m);
  });

  it('hold no name, no message and no address, only ids', async () => {
    const metrics = told([sourceFailed, ...wholeRun]);
    metrics.setStatus(report);
    const { body } = await metrics.text();
    const labels = new Set([...body.matchAll(/[{,](\w+)="/g)].map(([, name]) => name));
    const allowed = 'action code cron instance_id le outcome reason result savable source state version';
    expect([...labels].sort().join(' ')).toBe(allowed);
  });

  it('tell what never happened as 0, so that its first time is a rise', async () => {
    const metrics = told([begin, listed]);
    const series = 'backups_total{source="prod",outcome="failed",reason="store-failed"}';
    expect(await sampleOf(metrics, series)).toBe(0);
    expect(await sampleOf(metrics, 'store_errors_total{code="store-refused"}')).toBe(0);
  });

  it.each([
    [0, 'success'],
    [3, 'partial'],
    [4, 'partial'],
    [143, 'partial'],
    [1, 'failure'],
    [10, 'failure'],
    [11, 'failure'],
  ])('count a run that ends with %d as %s, and only 0 as the last success', async (exitCode, kind) => {
    const metrics = told([begin, { type: 'run.summary', summary: { ...summary, exitCode } }]);
    for (const one of ['success', 'partial', 'failure'])
      expect(await sampleOf(metrics, `run_${one}_total`)).toBe(one === kind ? 1 : 0);
    const endedAt = Date.parse('2026-11-24T03:00:03Z') / 1000;
    expect(await sampleOf(metrics, 'run_last_end_timestamp_seconds')).toBe(endedAt);
    expect(await sampleOf(metrics, 'run_last_success_timestamp_seconds')).toBe(
      exitCode === 0 ? endedAt : undefined,
    );
  });

  it('tell how many runs are going on, also when they overlap', async () => {
    const metrics = told([begin, { ...begin, runId: 'run-2' }]);
    expect(await sampleOf(metrics, 'run_in_progress')).toBe(2);
    metrics.observer({ type: 'run.summary', summary });
    expect(await sampleOf(metrics, 'run_in_progress')).toBe(1);
  });
});

describe('the last success of an instance', () => {
  const series = 'last_success_timestamp_seconds{source="prod",instance_id="crs-orders01"}';
  const outcome = (kind: Outcome, backupStartedAt: string): ArchiverEvent => ({
    type: 'backup.outcome',
    outcome: { ...kind, backupStartedAt },
  });

  it('is when its newest archived backup was started, in whatever order they are archived', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 1 }), async (days) => {
        const at = (day: number) => `2026-11-0${day}T00:00:00Z`;
        const metrics = told(days.map((day) => outcome(day % 2 ? archived : skipped, at(day))));
        expect(await sampleOf(metrics, series)).toBe(Date.parse(at(Math.max(...days))) / 1000);
      }),
    );
  });

  it('is not moved by an archive from the future, which would keep alarms about its age quiet until then', async () => {
    const metrics = told([
      outcome(archived, '2026-11-24T02:00:00Z'),
      outcome(archived, '2026-11-24T18:00:00Z'),
    ]);
    expect(await sampleOf(metrics, series)).toBe(Date.parse('2026-11-24T02:00:00Z') / 1000);
    expect(await sampleOf(told([outcome(archived, '2026-11-24T18:00:00Z')]), series)).toBeUndefined();
  });

  it('is not moved by a failure, nor by a backup that is only waited for', async () => {
    const metrics = told([
      outcome(archived, '2026-11-01T00:00:00Z'),
      outcome(failed, '2026-11-02T00:00:00Z'),
      outcome({ ...skipped, outcome: 'skipped', reason: 'not-ready' }, '2026-11-03T00:00:00Z'),
    ]);
    expect(await sampleOf(metrics, series)).toBe(Date.parse('2026-11-01T00:00:00Z') / 1000);
  });

  it('is what the bucket says, and goes with the instance', async () => {
    const metrics = told([outcome(archived, '2026-11-01T00:00:00Z')]);
    metrics.setStatus(report);
    expect(await sampleOf(metrics, series)).toBe(Date.parse('2026-11-24T02:15:00Z') / 1000);
    metrics.setStatus({ ...report, instances: [] });
    expect(await sampleOf(metrics, series)).toBeUndefined();
    expect(await sampleOf(metrics, 'archives{source="prod",instance_id="crs-orders01"}')).toBeUndefined();
  });
});

test('a source that shows no instance is told as none, for a series that is missing raises no alarm', async () => {
  const metrics = told([]);
  metrics.setStatus({ ...report, sources: ['prod', 'empty'] });
  for (const state of ['fresh', 'stale', 'vanished'])
    expect(await sampleOf(metrics, `instances{source="empty",state="${state}"}`)).toBe(0);
  expect(await sampleOf(metrics, 'backups_at_risk{source="empty"}')).toBe(0);
});

test('the bytes of an instance are told only where they are known', async () => {
  const metrics = told([]);
  const { bytes: _bytes, ...unsized } = instance;
  metrics.setStatus({ ...report, instances: [unsized] });
  expect(await sampleOf(metrics, 'archives{source="prod",instance_id="crs-orders01"}')).toBe(30);
  expect(await sampleOf(metrics, 'archive_bytes{source="prod",instance_id="crs-orders01"}')).toBeUndefined();
});

test('of two schedules the one that does well does not hide that the other fails', async () => {
  const run = (runId: string, schedule: string, exitCode: number): readonly ArchiverEvent[] => [
    { ...begin, runId, schedule },
    { type: 'run.summary', summary: { ...summary, runId, exitCode } },
  ];
  const metrics = told([...run('a', '17 * * * *', 10), ...run('b', '30 2 * * *', 0)]);
  expect(await sampleOf(metrics, 'run_last_exit_code{cron="17 * * * *"}')).toBe(10);
  expect(await sampleOf(metrics, 'run_last_exit_code{cron="30 2 * * *"}')).toBe(0);
  expect(await sampleOf(metrics, 'run_last_success_timestamp_seconds{cron="17 * * * *"}')).toBeUndefined();
  expect(await sampleOf(metrics, 'run_in_progress')).toBe(0);
});

test('a run that broke off without a summary is a failure, and is not in progress for ever', async () => {
  const error = new ArchiverError('internal', 'a bug');
  const metrics = told([
    { ...begin, schedule: tick.cron },
    { type: 'schedule.run-failed', ...tick, error },
  ]);
  expect(await sampleOf(metrics, 'run_in_progress')).toBe(0);
  expect(await sampleOf(metrics, 'run_failure_total')).toBe(1);
  expect(await sampleOf(metrics, 'run_last_exit_code{cron="17 * * * *"}')).toBe(1);
});

test('docs/metrics.md tells every metric, and none that is not there', async () => {
  const { body } = await createMetrics({ version: '1.2.3', clock }).text();
  const page = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
  const names = [...body.matchAll(/^# TYPE rdb_archiver_(\w+)/gm)].map(([, name]) => name);
  const told = [...page.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').split(', '),
  );
  expect(told.sort()).toEqual(names.sort());
});

test('the deadline is that of the most urgent backup that can still be had', async () => {
  const metrics = told([]);
  metrics.setStatus(report);
  const series = 'oldest_unarchived_deadline_seconds{source="prod",instance_id="crs-orders01"}';
  expect(await sampleOf(metrics, series)).toBe(Date.parse('2026-11-24T03:15:00Z') / 1000);
});

test('a run pushes one group of its own, and one for each instance that it knows something good of', async () => {
  const groups = await told(wholeRun).groups();
  expect(groups.map(({ labels }) => labels)).toEqual([{}, { source: 'prod', instance_id: 'crs-orders01' }]);
  expect(groups[0]?.body).not.toContain('rdb_archiver_last_success');
  expect(groups[1]?.body).toMatch(
    /^# HELP .*\n# TYPE .* gauge\nrdb_archiver_last_success_timestamp_seconds\{.*\} \d+\n$/,
  );
});
