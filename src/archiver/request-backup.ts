/** Has the cloud make a backup now, waits for it, and archives it: what an operator does before a migration, or at 3 a.m. */
import type { Backup } from '../domain/backup.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { RunSummary } from '../domain/outcome.ts';
import type { Source } from '../source/source.ts';
import { archiveNow, holderOf, lookFor } from './archive-one.ts';
import { type RunPorts, withLedger } from './run.ts';

export interface BackupRequest {
  readonly instanceId: string;
  /** Only this source; else the one that has the instance. */
  readonly source?: string;
  /** So long the cloud keeps it; as automatic ones where absent. */
  readonly storageDays?: number;
  /** Shown in the cloud's console; one that names the run where absent. */
  readonly remark?: string;
  /** Milliseconds to wait until it is ready. */
  readonly timeoutMs: number;
}

/** How often the cloud is asked whether it is ready, in milliseconds: two calls of 35 and 20 a second that it allows. */
const POLL_MS = 10_000;

/** Where nobody knows whether the cloud has taken the order, it is looked for this long: it is in the list within seconds. */
const DOUBT_MS = 120_000;

/** The order is given once, whatever comes of it: a second one would be a second backup. Rejects with `config` where that is not allowed. */
export async function requestBackup(
  request: BackupRequest,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<RunSummary> {
  if (!ports.policy.allowBackupRequests) throw requestsNotAllowed();
  return withLedger(ports, { signal }, async (ledger) => {
    const { clock, observer } = ports;
    const { instanceId, timeoutMs } = request;
    const found = await lookFor(request, ledger, ports, signal);
    if (!found) return;
    const { source, inventory } = holderOf(instanceId, found);
    if (source.order === undefined)
      throw new ArchiverError('usage', `${source.api} cannot have a backup made: ${source.name} speaks it`, {
        hint: 'Use `tencent-v3` for this source.',
      });
    const unlisted = found.failures.find(
      (failure) => failure.source === source && (failure.instanceId ?? instanceId) === instanceId,
    );
    if (unlisted) throw notOrdered(instanceId, unlisted.error);
    const remark = request.remark ?? `rdb-archiver ${ledger.runId}`;
    const { storageDays } = request;
    const order = { instanceId, remark, ...(storageDays !== undefined && { storageDays }) };
    const about = { runId: ledger.runId, source: source.name, region: source.region, instanceId };
    const orderedAt = clock.now();
    const answer = await source.order(order, signal);
    observer({ type: 'backup.ordered', ...about, remark, inDoubt: answer === 'in-doubt' });

    const known = new Set(inventory.backups.map(({ id }) => id));
    const wait = {
      until: orderedAt + timeoutMs,
      doubtUntil: answer === 'in-doubt' ? orderedAt + DOUBT_MS : undefined,
    };
    const made = await waitFor(source, { instanceId, remark, known }, wait, ports, signal);
    observer({ type: 'backup.made', ...about, backupId: made.id, waitedMs: clock.now() - orderedAt });
    const again = await lookFor(request, ledger, ports, signal);
    if (again) await archiveNow({ instanceId, backupId: made.id }, again, ledger, ports, signal);
  });
}

/** Who does not know what was there before takes an older one for the one that was ordered. */
function notOrdered(instanceId: string, { code, message, hint }: ArchiverError): ArchiverError {
  const what = `no backup of ${instanceId} was ordered, since those that it has could not be listed`;
  return new ArchiverError(code, `${what}: ${message}`, { hint });
}

function requestsNotAllowed(): ArchiverError {
  return new ArchiverError(
    'config',
    "having a backup made changes the cloud's state, and is not allowed here",
    {
      hint: 'Set `allowBackupRequests: true` (ARCHIVER_ALLOW_BACKUP_REQUESTS), and grant redis:ManualBackupInstance (deploy/policies/cam-source-backup.json).',
    },
  );
}

interface Wanted {
  readonly instanceId: string;
  readonly remark: string;
  /** Backups that were there before. */
  readonly known: ReadonlySet<string>;
}

interface Patience {
  readonly until: number;
  /** Where the order may not have been taken: it must have shown itself by then. */
  readonly doubtUntil: number | undefined;
}

/** A listing that fails is asked again: the backup is being made meanwhile. */
async function waitFor(
  source: Source,
  wanted: Wanted,
  { until, doubtUntil }: Patience,
  { clock }: RunPorts,
  signal: AbortSignal,
): Promise<Backup> {
  const what = `the backup of ${wanted.instanceId} that was ordered`;
  for (;;) {
    await clock.sleep(POLL_MS, signal);
    const { backups } = await source.inventory({ instanceIds: [wanted.instanceId], signal });
    const mine = ours(backups, wanted);
    if (mine?.state === 'available') return mine;
    if (mine?.state === 'expired')
      throw new ArchiverError('backup-gone', `${what} (${mine.id}) was deleted before it could be archived`);
    if (mine === undefined && doubtUntil !== undefined && clock.now() >= doubtUntil)
      throw new ArchiverError(
        'api-unavailable',
        `the cloud did not say whether it took the order for a backup of ${wanted.instanceId}, and shows none`,
        { hint: 'Look in the console whether one is being made; if not, run the same command again.' },
      );
    if (clock.now() >= until)
      throw new ArchiverError(
        'not-ready',
        `${what} is not ready yet${mine ? ` (${mine.id})` : ', and the cloud does not show it'}`,
        { hint: 'The next run archives it when it is ready; --timeout waits longer.' },
      );
  }
}

/** By the remark; where the cloud does not give that back, or not all of it, a new one that is called manual. One with another remark is somebody else's. */
function ours(backups: readonly Backup[], { remark, known }: Wanted): Backup | undefined {
  const fresh = backups.filter(({ id }) => !known.has(id));
  const mayBeOurs = ({ type, remark: theirs = '' }: Backup) =>
    MANUAL.includes(type) && remark.startsWith(theirs);
  return fresh.find((backup) => backup.remark === remark) ?? fresh.find(mayBeOurs);
}

/** As the list of API 3.0 says it (DescribeInstanceBackups), and in the words of older answers. */
const MANUAL = ['0', 'manualBackupInstance'];
