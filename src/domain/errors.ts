/** The one error class and its closed table: what each code means for retry, outcome and exit status. */
import type { FailReason } from './outcome.ts';
import { tidyMessage } from './outside-text.ts';
import { STOP_SIGNALS, type StopSignal } from './stop-signals.ts';

/** Whether trying the whole backup again within this run can help. */
type Retry = 'backup' | 'never';

interface ErrorClass {
  readonly retry: Retry;
  readonly exit: number;
  /** The outcome's reason when this ends a backup. */
  readonly reason: FailReason;
  /** What to do, when whoever raised the error knew nothing better. */
  readonly hint: string;
}

const TABLE = {
  usage: row('never', 2, 'internal', 'See --help.'),
  config: row(
    'never',
    2,
    'internal',
    'Correct the configuration; `rdb-archiver config show` prints what is in force.',
  ),
  credentials: row(
    'never',
    3,
    'link-refused',
    'Check TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, and the clock.',
  ),
  permission: row(
    'never',
    3,
    'link-refused',
    'Grant the account the redis:Describe… actions named in the deployment guide.',
  ),
  'api-rejected': row(
    'never',
    3,
    'link-refused',
    'The cloud refuses the request itself: check the region, the dialect and the endpoint.',
  ),
  'api-unavailable': row(
    'backup',
    3,
    'link-refused',
    "The cloud's API does not answer; the next run tries again.",
  ),
  throttled: row(
    'backup',
    3,
    'link-refused',
    "Another client uses up the account's quota; lower its rate or run less often.",
  ),
  'link-refused': row(
    'never',
    3,
    'link-refused',
    'If downloads are restricted to a network (LimitType), run inside it or set ARCHIVER_SOURCE_NETWORK.',
  ),
  'not-ready': row('never', 3, 'never-ready', 'The cloud is still making it; the next run looks again.'),
  'backup-gone': row(
    'never',
    3,
    'backup-gone',
    'The cloud has deleted it; run more often than its retention.',
  ),
  'export-required': row(
    'never',
    3,
    'export-required',
    'Set `exportClusters: true` for this source: API 2.0 hands out cluster dumps only after ExportRedisBackup.',
  ),
  'unknown-instance': row(
    'never',
    3,
    'internal',
    'Check the id and the region; `rdb-archiver list instances` shows what is there.',
  ),
  'unknown-backup': row('never', 3, 'internal', '`rdb-archiver list backups` shows what the cloud has.'),
  'download-failed': row(
    'backup',
    3,
    'download-failed',
    'The dump could not be fetched; the next run tries again.',
  ),
  'corrupt-source': row(
    'never',
    3,
    'corrupt-source',
    "The cloud's own copy is damaged: it is kept in quarantine. Take a new backup now, and ask the cloud's support.",
  ),
  'store-refused': row(
    'never',
    11,
    'store-failed',
    "Check the destination's credentials, bucket name, region and permissions.",
  ),
  'store-unreachable': row(
    'backup',
    11,
    'store-failed',
    'Check ARCHIVER_S3_ENDPOINT and the network to the object storage.',
  ),
  'store-failed': row('backup', 3, 'store-failed', 'The object storage failed; the next run tries again.'),
  'object-replaced': row(
    'never',
    3,
    'store-failed',
    'Something wrote to this key meanwhile: try again, and find out who writes there.',
  ),
  'restore-failed': row(
    'never',
    3,
    'internal',
    'Correct what keeps the dump from being written, and run the same command again: it goes on where it stopped.',
  ),
  'unreadable-cold': row(
    'never',
    3,
    'store-failed',
    'The object lies in cold storage: have the store restore it first (S3: `aws s3api restore-object`), then try again.',
  ),
  'key-not-kept': row(
    'never',
    3,
    'key-not-kept',
    'The cloud hands the key out only while it has the backup: allow redis:DescribeBackupDetail (deploy/policies/cam-source-sealing.json), or set `encryptedBackups: warn` to archive it without.',
  ),
  'not-opened': row(
    'never',
    3,
    'internal',
    '`rdb-archiver restore --key FILE` hands the key out, to try what this version does not know (docs/encrypted-backups.md).',
  ),
  'archive-damaged': row('never', 4, 'internal', 'Archive the backup again while the cloud still has it.'),
  'newer-version': row(
    'never',
    3,
    'internal',
    'A newer version of rdb-archiver has written it: use that one here too. Nothing is known to be wrong with the archive.',
  ),
  'not-drillable': row(
    'never',
    3,
    'internal',
    'Nothing is known of the archive: `rdb-archiver verify` reads it without a server.',
  ),
  'notify-failed': row(
    'never',
    3,
    'internal',
    "Check the receiver's address and secret; `rdb-archiver notify test` sends one message to each receiver.",
  ),
  interrupted: row('never', 3, 'interrupted', 'The run was asked to stop; the next one goes on.'),
  internal: row('never', 1, 'internal', 'This is a bug: please report it with the log.'),
} satisfies Record<string, ErrorClass>;

export type ErrorCode = keyof typeof TABLE;

interface ErrorOptions {
  /** What to do about it; the table's hint where absent. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** The exit status, where it is not the table's: that of a signal. */
  readonly exit?: number;
  /** Whether trying again helps, where it is not as the table says. */
  readonly retry?: Retry;
}

/** Several lines of our own, about the user's own words. */
const WORDED_BY_US: readonly ErrorCode[] = ['config', 'usage'];

/**
 * Every failure that the product knows: what was tried, on what, why it failed (message), what to do (hint). Most messages quote somebody: a server, a name, an
 * id. So this is the border at which they are made fit to be shown.
 */
export class ArchiverError extends Error {
  override readonly name = 'ArchiverError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly #exit: number;
  readonly #retry: Retry;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(
      WORDED_BY_US.includes(code) ? message : tidyMessage(message),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.hint = options.hint ?? TABLE[code].hint;
    this.#exit = options.exit ?? TABLE[code].exit;
    this.#retry = options.retry ?? TABLE[code].retry;
  }

  get retry(): Retry {
    return this.#retry;
  }

  /** The exit status this error means when it ends a whole command. */
  get exit(): number {
    return this.#exit;
  }

  get reason(): FailReason {
    return TABLE[this.code].reason;
  }
}

/** The reason that a signal's handler aborts the work with. */
export function interruption(signal: StopSignal): ArchiverError {
  return new ArchiverError('interrupted', `interrupted by ${signal}`, { exit: STOP_SIGNALS[signal] });
}

/** Any thrown value as an `ArchiverError`; what we do not know is a bug, and says so. */
export function asArchiverError(thrown: unknown): ArchiverError {
  if (thrown instanceof ArchiverError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ArchiverError('internal', `unexpected error: ${message}`, { cause: thrown });
}

function row(retry: Retry, exit: number, reason: FailReason, hint: string): ErrorClass {
  return { retry, exit, reason, hint };
}
