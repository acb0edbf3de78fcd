/**
 * The one truth about every setting: its form, default, meaning and variable. Validation, types, the JSON Schema and the
 * documentation come from here.
 */
import { z } from 'zod';
import { cron } from './daemon-fields.ts';
import {
  baseUrl,
  choice,
  connections,
  duration,
  flag,
  hosts,
  integer,
  patterns,
  place,
  region,
  setting,
  shard,
  size,
  storageClass,
  text,
  utcOffset,
} from './fields.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** S3 refuses smaller parts than 5 MiB (but for the last one) and larger ones than 5 GiB. */
const PART_SIZE = { min: 5 * MiB, max: 5 * GiB };

/** The object storages whose quirks the program knows, as its S3 store names them. */
const PROFILES = [
  'auto',
  'aws',
  'cos',
  'oss',
  'obs',
  'r2',
  'b2',
  'gcs',
  's3',
  'minio',
  'ceph',
  'other',
] as const;

/** One account and region. No secret stands here: the file can lie in a ConfigMap or in git. */
export const sourceShape = {
  name: setting(
    text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name of letters, digits, . _ -').exactOptional(),
    {
      meaning: "Name of the source in logs and in the archive's keys; the long region where absent.",
    },
  ),
  api: setting(choice(['tencent-v3', 'tencent-v2']).prefault('tencent-v3'), {
    variable: 'ARCHIVER_SOURCE_API',
    meaning: "The cloud's API: `tencent-v3` is API 3.0, `tencent-v2` the older API 2.0.",
  }),
  region: setting(region(), {
    variable: 'ARCHIVER_SOURCE_REGIONS',
    form: 'list',
    meaning:
      'The region, by its long or short name (`gz`). The variable takes several, separated by commas: one source each.',
  }),
  endpoint: setting(baseUrl().exactOptional(), {
    variable: 'ARCHIVER_SOURCE_ENDPOINT',
    meaning:
      "Base address of the API, to which the dialect adds its path; may hold `{region}`. The dialect's own where absent.",
  }),
  site: setting(choice(['auto', 'china', 'international']).prefault('auto'), {
    variable: 'ARCHIVER_SOURCE_SITE',
    meaning:
      "The site that the account belongs to: `international` for accounts of tencentcloud.com, whose keys the Chinese site's API and STS refuse. `auto` tells by `endpoint`, and is `china` without one.",
  }),
  credentialsEnv: setting(
    text(/^[A-Z][A-Z0-9_]*$/, "the beginning of a variable's name").prefault('TENCENTCLOUD'),
    {
      meaning:
        "Where this account's keys are: `ACCOUNT_B` reads `ACCOUNT_B_SECRET_ID`, `ACCOUNT_B_SECRET_KEY` and, for temporary ones, `ACCOUNT_B_SESSION_TOKEN` (or each one's `…_FILE`).",
    },
  ),
  instances: setting(
    patterns('instance ids or globs').min(1, 'expected at least one id or glob').prefault(['*']),
    {
      variable: 'ARCHIVER_SOURCE_INSTANCES',
      form: 'list',
      meaning: 'Instances to archive, by id or glob.',
    },
  ),
  exclude: setting(patterns('instance ids or globs').prefault([]), {
    meaning: 'Instances to leave out, by id or glob.',
  }),
  names: setting(patterns('names or globs').prefault([]), {
    meaning: 'Only instances whose name is one of these or matches one of these globs; all where empty.',
  }),
  tags: setting(
    z
      .record(z.string(), z.string({ error: 'expected a text (put numbers in quotes)' }), {
        error: 'expected a mapping of tags to values',
      })
      .prefault({}),
    {
      meaning:
        'Only instances that carry all of these tags. One that was deleted from the cloud has none any more, so its last backups are left out.',
    },
  ),
  network: setting(choice(['auto', 'intranet', 'extranet']).prefault('auto'), {
    variable: 'ARCHIVER_SOURCE_NETWORK',
    meaning:
      "Which download links to use; `auto` takes the intranet where the cloud's metadata service answers.",
  }),
  utcOffset: setting(utcOffset().prefault('+08:00'), {
    variable: 'ARCHIVER_SOURCE_UTC_OFFSET',
    meaning: "Zone of the cloud's wall-clock times.",
  }),
  exportClusters: setting(flag().prefault(false), {
    meaning:
      "API 2.0 only: have cluster backups exported before the download. This changes the cloud's state.",
  }),
  schedule: setting(cron().exactOptional(), {
    meaning: 'When `schedule` archives this source; as the other sources where absent.',
  }),
};

export const destinationShape = {
  url: setting(place(), {
    variable: 'ARCHIVER_DESTINATION',
    meaning: 'Where archives go: `s3://BUCKET/PREFIX` or `file:///DIR`.',
  }),
  endpoint: setting(baseUrl().exactOptional(), {
    variable: 'ARCHIVER_S3_ENDPOINT',
    meaning:
      'Address of an S3-compatible store; where absent what the AWS SDK is told (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`), else AWS.',
  }),
  region: setting(text(/^[A-Za-z0-9-]+$/, "the store's region, for instance eu-central-1").exactOptional(), {
    variable: 'ARCHIVER_S3_REGION',
    meaning: 'Region of the store; where absent, what the endpoint shows, else `AWS_REGION`.',
  }),
  forcePathStyle: setting(flag().exactOptional(), {
    variable: 'ARCHIVER_S3_FORCE_PATH_STYLE',
    form: 'boolean',
    meaning:
      "Whether the bucket goes into the path instead of the host name; what the provider wants where absent. Only with `true` may the bucket's name be another than S3 allows today (3 to 63 lower-case letters, digits, dots and hyphens).",
  }),
  profile: setting(choice(PROFILES).prefault('auto'), {
    variable: 'ARCHIVER_S3_PROFILE',
    meaning:
      'Whose quirks to expect (docs/providers.md), as far as the bucket was seen to have them. `auto` tells by the endpoint, and takes the cheapest proof that the bucket gives; `rdb-archiver check` says what fits.',
  }),
  storageClass: setting(storageClass().exactOptional(), {
    variable: 'ARCHIVER_S3_STORAGE_CLASS',
    meaning:
      "The storage class of dumps, as the store calls it, for instance `STANDARD_IA` or `INTELLIGENT_TIERING`; the bucket's default where absent. Manifests and what else is kept always stay readable at once.",
  }),
};

export const metricsShape = {
  pushgateway: setting(baseUrl().exactOptional(), {
    variable: 'ARCHIVER_PUSHGATEWAY_URL',
    meaning: 'Address of a Pushgateway that each run hands its metrics to when it has ended.',
  }),
  textfile: setting(text(/\.prom$/, 'a path that ends in .prom').exactOptional(), {
    variable: 'ARCHIVER_METRICS_TEXTFILE',
    meaning: "File for node-exporter's textfile collector, written anew when a run has ended.",
  }),
};

export const logShape = {
  level: setting(choice(['debug', 'info', 'warn', 'error']).prefault('info'), {
    variable: 'ARCHIVER_LOG_LEVEL',
    meaning: 'The least important lines to write.',
  }),
  format: setting(choice(['auto', 'json', 'pretty']).prefault('auto'), {
    variable: 'ARCHIVER_LOG_FORMAT',
    meaning: '`json` lines, or `pretty` progress and tables; `auto` is pretty at a terminal.',
  }),
  skipped: setting(flag().prefault(true), {
    variable: 'ARCHIVER_LOG_SKIPPED',
    form: 'boolean',
    meaning: 'Write a line for each skipped backup too; the summary counts them in any case.',
  }),
};

export const runShape = {
  readback: setting(choice(['auto', 'always']).prefault('auto'), {
    variable: 'ARCHIVER_READBACK',
    meaning:
      'Read each object back before it counts as archived: `auto` only where the store proves nothing itself.',
  }),
  inspect: setting(flag().prefault(false), {
    variable: 'ARCHIVER_INSPECT',
    form: 'boolean',
    meaning:
      'Look into each dump on its way and keep the number of its keys in the manifest; a warning says where that was not possible. Takes some processor time, and never fails a backup.',
  }),
  concurrency: setting(integer({ min: 1, max: 64 }).prefault(4), {
    variable: 'ARCHIVER_CONCURRENCY',
    form: 'integer',
    meaning: 'Backup files on their way at once.',
  }),
  connections: setting(connections().prefault(1), {
    variable: 'ARCHIVER_CONNECTIONS',
    meaning:
      'Connections for one large dump: a number, or `auto` for up to four by its size. More than one help where the way is long; they take half of `bufferMemory`.',
  }),
  partSize: setting(size(PART_SIZE, 'from 5MiB to 5GiB').prefault('8MiB'), {
    variable: 'ARCHIVER_PART_SIZE',
    meaning: 'Smallest part of a multipart upload; grows with the dump to stay within 10,000 parts.',
  }),
  bufferMemory: setting(size({ min: 5 * MiB, max: 1024 * GiB }, 'of at least 5MiB').prefault('128MiB'), {
    variable: 'ARCHIVER_BUFFER_MEMORY',
    meaning:
      'The pool of part buffers that all transfers share; less than the memory of the machine or container.',
  }),
  stallTimeout: setting(duration({ min: SECOND / 10, max: DAY }, 'of at most a day').prefault('30s'), {
    variable: 'ARCHIVER_STALL_TIMEOUT',
    meaning: 'A download without a byte for this long has failed.',
  }),
  minimumRate: setting(size({ min: 0, max: GiB }, 'a second of at most 1GiB').prefault('1KiB'), {
    variable: 'ARCHIVER_MINIMUM_RATE',
    meaning:
      'A download that brings less than this a second over a whole stall time-out has failed; `0` waits for any trickle.',
  }),
  allowedHosts: setting(hosts().prefault([]), {
    variable: 'ARCHIVER_ALLOWED_HOSTS',
    form: 'list',
    meaning:
      'Where download links and their redirects may lead besides: host names, `*.` and a name, addresses, or networks such as `127.0.0.0/8`. Without it no link leads to loopback, link-local, unique-local or metadata addresses (unless the `endpoint` of their own source lies there), and no redirect to another host.',
  }),
  largestDump: setting(size({ min: MiB, max: 1024 * GiB }, 'from 1MiB to 1024GiB').prefault('256GiB'), {
    variable: 'ARCHIVER_LARGEST_DUMP',
    meaning:
      'A download that is larger, or goes on longer, has failed: a server that never ends would fill the bucket. Where the cloud announces a size and the host no length, it ends a hundredth or 64 MiB behind that.',
  }),
  attempts: setting(integer({ min: 1, max: 100 }).prefault(5), {
    variable: 'ARCHIVER_ATTEMPTS',
    form: 'integer',
    meaning: 'Attempts without progress before a download is given up.',
  }),
  runDeadline: setting(duration({ min: SECOND, max: 30 * DAY }, 'from 1s to 30d').prefault('6h'), {
    variable: 'ARCHIVER_RUN_DEADLINE',
    meaning:
      'A run starts nothing new after this long, lists no further, and gives up the transfers that are not halfway; those that are have as long again.',
  }),
  staleUploadAge: setting(duration({ min: SECOND, max: 365 * DAY }, 'of at most 365d').prefault('24h'), {
    variable: 'ARCHIVER_STALE_UPLOAD_AGE',
    meaning:
      'Before it archives, a run removes what killed runs left of uploads longer ago than this; must be longer than `runDeadline`.',
  }),
  bandwidth: setting(size({ min: KiB, max: 1024 * GiB }, 'a second of at least 1KiB').exactOptional(), {
    variable: 'ARCHIVER_BANDWIDTH',
    meaning: 'Cap a second over all transfers, for instance `200MiB`; none where absent.',
  }),
  shard: setting(shard().prefault('0/1'), {
    variable: 'ARCHIVER_SHARD',
    meaning: 'Which share of the instances this process takes, `INDEX/COUNT`.',
  }),
  allowBackupRequests: setting(flag().prefault(false), {
    variable: 'ARCHIVER_ALLOW_BACKUP_REQUESTS',
    form: 'boolean',
    meaning:
      "Whether `backup INSTANCE` may have the cloud make a backup: that changes the cloud's state, and takes `redis:ManualBackupInstance`.",
  }),
  fileAccess: setting(choice(['owner', 'group']).prefault('owner'), {
    variable: 'ARCHIVER_FILE_ACCESS',
    meaning:
      'Who may read the files and folders that are made on a disk (archives in a folder, restored dumps, pages): only the `owner` (0600, 0700), or their `group` too (0640, 0750). What is there already keeps its mode.',
  }),
  allowEmpty: setting(flag().prefault(false), {
    meaning:
      'An account without any instance is fine; else the run ends in 3, since it mostly means a wrong account or region.',
  }),
};
