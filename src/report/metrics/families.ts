/** The metric families: their names, labels and meanings are an interface that dashboards and alarms are written against. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export const PREFIX = 'rdb_archiver_';

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** A run is short when nothing is due, and ends after its deadline (6 h) at the latest. */
const RUN_SECONDS = [5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR];
/** From an empty dump to some hundred GiB over one connection. */
const BACKUP_SECONDS = [1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR];

/** Of one instance. Not `instance`: Prometheus has that label for the process that it scrapes. */
const OF_INSTANCE = ['source', 'instance_id'] as const;

export type RunFamilies = ReturnType<typeof runFamilies>;
export type ArchiveFamilies = ReturnType<typeof archiveFamilies>;
export type DrillFamilies = ReturnType<typeof drillFamilies>;

/** What is counted while the process works. */
export function runFamilies(registry: Registry) {
  const { counter, gauge, histogram } = makers(registry);
  return {
    buildInfo: gauge('build_info', 'Always 1; the version is in the label.', ['version']),
    startedAt: gauge('start_timestamp_seconds', 'When the process began to count.'),

    inProgress: gauge('run_in_progress', 'Runs that are going on.'),
    silent: gauge(
      'run_silent_seconds',
      'Since nothing was heard of what a run is at: no byte, no page of a list, no event. No series where no run goes on.',
    ),
    late: gauge(
      'transfers_late',
      'Files on their way that at their pace will not be there before the cloud deletes the backup.',
    ),
    attempts: counter('run_attempts_total', 'Runs that were begun.'),
    successes: counter('run_success_total', 'Runs that did all they should.'),
    partials: counter(
      'run_partial_total',
      'Runs that ended early, or in which something failed (exit status 3, 4, or a signal).',
    ),
    failures: counter('run_failure_total', 'Runs that could not do their work (any other exit status).'),
    runSeconds: histogram('run_duration_seconds', 'How long a run took.', RUN_SECONDS),
    lastEnd: gauge('run_last_end_timestamp_seconds', 'When the last run ended, whatever came of it.', [
      'cron',
    ]),
    lastExitCode: gauge('run_last_exit_code', 'The exit status of the last run.', ['cron']),
    lastRunSuccess: gauge(
      'run_last_success_timestamp_seconds',
      'When the last run ended that did all it should.',
      ['cron'],
    ),

    interval: gauge('schedule_expected_interval_seconds', 'From one tick of a schedule to the next.', [
      'cron',
    ]),
    nextTick: gauge('schedule_next_tick_timestamp_seconds', 'When the schedule begins its next run.', [
      'cron',
    ]),
    skippedTicks: counter(
      'schedule_skipped_ticks_total',
      'Ticks that began no run, since the one before was still going.',
      ['cron'],
    ),

    backups: counter(
      'backups_total',
      'Backups considered, by what came of them; the reason is empty where one was archived.',
      ['source', 'outcome', 'reason'],
    ),
    bytes: counter('archived_bytes_total', 'Bytes of the dumps that were archived.', ['source']),
    backupSeconds: histogram(
      'transfer_duration_seconds',
      'How long it took to archive a backup: all of its files, all attempts.',
      BACKUP_SECONDS,
      ['source'],
    ),
    retries: counter('backup_retries_total', 'Backups that were begun anew within a run.', ['source']),
    resumes: counter('transfer_resumes_total', 'Broken downloads that went on at the same byte.', ['source']),
    restarts: counter('transfer_restarts_total', 'Downloads that had to start over.', ['source']),
    renewals: counter('link_renewals_total', 'Links that died and were replaced.', ['source']),

    apiCalls: counter(
      'api_calls_total',
      "Requests to the cloud's API; each try is one. The result is ok, throttled or error.",
      ['source', 'action', 'result'],
    ),
    listingFailures: counter(
      'listing_failures_total',
      'Listings of a source, or of an instance, that broke off.',
      ['source'],
    ),
    storeErrors: counter(
      'store_errors_total',
      'Failures of the destination that ended a run or an attempt at a backup, by error code.',
      ['code'],
    ),
    notifications: counter(
      'notifications_total',
      'Messages to receivers, and pings of the dead-man switch (heartbeat) that failed. The result is sent or failed.',
      ['receiver', 'result'],
    ),
  };
}

/** One series an instance; apart from the rest, for a run that does not know an instance must not wipe its last success. */
export function lastSuccessFamily(registry: Registry) {
  return makers(registry).gauge(
    'last_success_timestamp_seconds',
    'When the newest archived backup of an instance was started: the point in time that can be restored.',
    OF_INSTANCE,
  );
}

/** What the bucket says, from the last status report. */
export function archiveFamilies(registry: Registry) {
  const { gauge } = makers(registry);
  return {
    archives: gauge('archives', 'Archives of an instance within the days looked at.', OF_INSTANCE),
    bytes: gauge('archive_bytes', 'Bytes of the dumps in these archives.', OF_INSTANCE),
    deadline: gauge(
      'oldest_unarchived_deadline_seconds',
      'When the cloud deletes the most urgent backup of an instance that can be had and is not archived; no series where there is none.',
      OF_INSTANCE,
    ),
    atRisk: gauge(
      'backups_at_risk',
      'Backups that are not archived and that the cloud deletes within a day.',
      ['source'],
    ),
    keyless: gauge(
      'encrypted_without_key',
      'Archives within the days looked at that the cloud encrypted and whose key was not kept, by whether the cloud still has the backup and so the key (savable: yes or no).',
      ['source', 'savable'],
    ),
    instances: gauge('instances', 'Instances by state: fresh, stale, or vanished from the cloud.', [
      'source',
      'state',
    ]),
    problems: gauge('status_problems', 'What could not be listed or read for the last status report.'),
    takenAt: gauge('status_timestamp_seconds', 'When the last status report was made.'),
  };
}

/** What is known of the restore tests, whoever made them. */
export function drillFamilies(registry: Registry) {
  const { gauge } = makers(registry);
  return {
    lastPassed: gauge(
      'last_successful_drill_timestamp_seconds',
      'When an archive of the source last passed a restore test (drill).',
      ['source'],
    ),
    lastDrill: gauge(
      'last_drill_timestamp_seconds',
      'When an archive of the source last went through a restore test (drill), whatever came of it.',
      ['source'],
    ),
    failing: gauge('archives_failing_drill', 'Archives whose last restore test (drill) failed.', ['source']),
  };
}

/** What is known of the last verification of all archives, full or sampled, whoever made it. */
export function verifyFamilies(registry: Registry) {
  const { gauge } = makers(registry);
  return {
    at: gauge(
      'last_verify_timestamp_seconds',
      'When archives were last read back (verify, full or a sample).',
    ),
    archives: gauge(
      'last_verify_archives',
      'Archives that were read back then, by what came of it: ok, damaged or unreadable.',
      ['result'],
    ),
    bytes: gauge('last_verify_bytes', 'Bytes that were read back then.'),
  };
}

function makers(registry: Registry) {
  const registers = [registry];
  return {
    counter: <Label extends string = never>(name: string, help: string, labels: readonly Label[] = []) =>
      new Counter<Label>({ name: PREFIX + name, help, labelNames: labels, registers }),
    gauge: <Label extends string = never>(name: string, help: string, labels: readonly Label[] = []) => {
      const gauge = new Gauge<Label>({ name: PREFIX + name, help, labelNames: labels, registers });
      // The library begins one without labels at 0, which for a point in time is a lie.
      if (labels.length === 0) gauge.remove();
      return gauge;
    },
    histogram: <Label extends string = never>(
      name: string,
      help: string,
      buckets: number[],
      labels: readonly Label[] = [],
    ) => new Histogram<Label>({ name: PREFIX + name, help, buckets, labelNames: labels, registers }),
  };
}
