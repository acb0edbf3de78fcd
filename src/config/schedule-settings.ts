/** The settings of the long-running mode: when it runs, and where it answers. */
import { cron, listenAddress, timezone } from './daemon-fields.ts';
import { duration, flag, setting } from './fields.ts';

const HOUR = 3_600_000;

/** What `schedule` reads, and no other command. */
export const scheduleShape = {
  schedule: setting(cron().prefault('17 * * * *'), {
    variable: 'ARCHIVER_SCHEDULE',
    meaning:
      'When to run, as a cron expression of five fields, or `@hourly`, `@daily` and so on; a day of the month and a weekday must both fit.',
  }),
  timezone: setting(timezone().prefault('Asia/Shanghai'), {
    variable: 'ARCHIVER_TIMEZONE',
    meaning: 'The time zone of the schedules.',
  }),
  runOnStart: setting(flag().prefault(true), {
    meaning: 'Run once at the start too, so that a restart delays nothing.',
  }),
  jitter: setting(duration({ min: 0, max: HOUR }, 'of at most 1h').prefault('0s'), {
    meaning:
      'Every tick comes later by up to this long. Thrown once a process, so the distance between ticks stays the same.',
  }),
  httpListen: setting(listenAddress().prefault(':8080'), {
    variable: 'ARCHIVER_HTTP_LISTEN',
    meaning:
      'Where health, metrics and the page are served: `:PORT` by IPv4 and IPv6, `HOST:PORT` at one address; port 0 takes a free one.',
  }),
};
