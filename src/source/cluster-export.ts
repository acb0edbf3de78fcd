/** Has a cluster's backup written as an RDB file by the cloud (API 2.0), which hands out no link to it before. */
import type { Backup } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { ApiClient } from './api-client.ts';
import { verdictOf } from './api-errors.ts';
import { STATUS } from './backup-state.ts';
import { numberOf, textOf } from './json-fields.ts';
import type { V2Listing } from './tencent-v2-listing.ts';

const POLL_MS = 15_000;
const PATIENCE_MS = 30 * 60 * 1000;

interface ExportOptions {
  readonly client: ApiClient;
  readonly listing: V2Listing;
  readonly clock: Clock;
  /** ExportRedisBackup changes the cloud's state, so the user has to allow it. */
  readonly allowed: boolean;
}

/**
 * Resolves when the backup has its RDB file. Rejects with `export-required` where there is none and we may not have it made,
 * `not-ready` when it takes longer than half an hour, `backup-gone`, or what the calls reject with.
 */
export async function exportedByCloud(
  backup: Backup,
  options: ExportOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, allowed } = options;
  const subject = `${backup.instanceId}/${backup.id}`;
  const deadline = clock.now() + PATIENCE_MS;

  for (let asked = false; ; ) {
    const status = await statusOf(backup, options, signal);
    if (status === STATUS.exported) return;
    if (status === undefined || status < 0)
      throw new ArchiverError('backup-gone', `the cloud no longer has ${subject}`);
    if (status === STATUS.normal && !allowed) {
      throw new ArchiverError(
        'export-required',
        `${subject} is a cluster's backup that has not been exported`,
      );
    }
    if (status === STATUS.normal && !asked) {
      asked = true;
      if ((await requestExport(backup, options, signal)) === 'needless') return;
    }
    if (!allowed || clock.now() >= deadline) {
      throw new ArchiverError('not-ready', `${subject} is still being exported (status ${status})`);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

async function requestExport(
  backup: Backup,
  { client }: ExportOptions,
  signal: AbortSignal,
): Promise<'asked' | 'needless'> {
  const { instanceId, id } = backup;
  try {
    await client.call(
      'ExportRedisBackup',
      { redisId: instanceId, backupId: id },
      `of ${instanceId}/${id}`,
      signal,
    );
    return 'asked';
  } catch (error) {
    const verdict = verdictOf(error);
    if (verdict === 'not-cluster') return 'needless';
    // An earlier try, whose answer was lost, or another run has asked already: the status will tell.
    if (verdict === 'not-ready') return 'asked';
    throw error;
  }
}

async function statusOf(
  backup: Backup,
  { listing }: ExportOptions,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { rows, failure } = await listing.backups(backup.instanceId, { signal });
  const row = rows.find((candidate) => textOf(candidate['backupId']) === backup.id);
  if (row === undefined && failure !== undefined) throw failure;
  return numberOf(row?.['status']);
}
