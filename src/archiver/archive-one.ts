/** The ad hoc command: one backup, named by a person at 3 a.m., archived now whatever the filters say. */
import { ArchiverError } from '../domain/errors.ts';
import type { RunSummary } from '../domain/outcome.ts';
import { isAtRisk } from '../plan/plan.ts';
import { EVERYTHING } from '../plan/selection.ts';
import type { Ledger } from './ledger.ts';
import { processBackup } from './process-backup.ts';
import { reviewKeys } from './review-keys.ts';
import { type RunPorts, withLedger } from './run.ts';
import { type SourceSurvey, type Subject, type Survey, survey } from './survey.ts';

export interface ArchiveRequest {
  readonly instanceId: string;
  /** An id, or `latest`: the newest that can be had. */
  readonly backupId: string;
  /** Only this source; else the one that has the instance. */
  readonly source?: string;
}

const LATEST = 'latest';

/** Archives one backup. A backup that is there but cannot be had is a failure here, since somebody asked for it. */
export async function archiveOne(
  request: ArchiveRequest,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<RunSummary> {
  return withLedger(ports, { signal }, async (ledger) => {
    const found = await lookFor(request, ledger, ports, signal);
    if (found) await archiveNow(request, found, ledger, ports, signal);
  });
}

/** The instance in every source that may have it, filters aside. What cannot be listed is told; undefined where that is all. */
export async function lookFor(
  { instanceId, source }: Pick<ArchiveRequest, 'instanceId' | 'source'>,
  ledger: Ledger,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Survey | undefined> {
  const targets = sourcesNamed(source, ports).map((target) => ({
    source: target.source,
    selection: { ...EVERYTHING, instances: [instanceId] },
  }));
  const options = { shard: { index: 0, count: 1 }, now: ports.clock.now(), signal };
  const found = await survey(targets, ports, options);
  // A missing instance is told by who looks for it, in the words of what was asked.
  for (const failure of found.failures)
    if (failure.error.code !== 'unknown-instance') ledger.listingFailed(failure);
  if (!found.blind) return found;
  ledger.mark(10);
  return undefined;
}

/** Archives the backup that was asked for, out of what was found. Throws where it is not there. */
export async function archiveNow(
  request: Pick<ArchiveRequest, 'instanceId' | 'backupId'>,
  found: Survey,
  ledger: Ledger,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<void> {
  const subject = choose(request, found);
  if (canBeHad(subject)) {
    const error = await processBackup(subject, ledger, { ...ports, retry: ports.policy.retry }, signal);
    if (!error) return;
    ledger.mark(3);
    if (isOnlySkipped(error, subject, ports)) ledger.runFailed(notReady(subject));
  } else {
    ledger.decided(subject);
    const { decision } = subject;
    if (isDone(subject)) await reviewKeys([subject], ledger, ports, signal);
    else if (decision.action === 'skip')
      throw decision.reason === 'expired' ? gone(subject) : notReady(subject);
    else ledger.mark(3);
  }
}

/** Whether it turned not ready between the listing and the link: of what is skipped the outcome tells no more than the reason. */
function isOnlySkipped({ code }: ArchiverError, { backup }: Subject, { clock }: RunPorts): boolean {
  return code === 'not-ready' && !isAtRisk(backup, clock.now());
}

function gone({ backup, instance }: Subject): ArchiverError {
  const what = `backup ${backup.id} of ${instance.id} cannot be archived: the cloud has deleted it already`;
  return new ArchiverError('backup-gone', what, {
    hint: `\`rdb-archiver archive ${instance.id}\` takes the newest that can still be had; \`rdb-archiver list backups ${instance.id}\` shows which those are, \`rdb-archiver list archives ${instance.id}\` what was archived before.`,
  });
}

function notReady({ backup, instance }: Subject): ArchiverError {
  const what = `backup ${backup.id} of ${instance.id} cannot be archived yet: the cloud is still making it`;
  return new ArchiverError('not-ready', what, {
    hint: `Run the same command again when \`rdb-archiver list backups ${instance.id}\` shows it as available; the next run that finds it so archives it, too.`,
  });
}

/** Those of that name, or all. Throws `usage` where there is none. */
function sourcesNamed(source: string | undefined, ports: RunPorts): RunPorts['targets'] {
  const targets = ports.targets.filter((target) => source === undefined || target.source.name === source);
  if (targets.length > 0) return targets;
  const names = ports.targets.map((target) => target.source.name).join(', ');
  throw new ArchiverError('usage', `there is no source named ${source}`, {
    hint: `The configured ones are: ${names}.`,
  });
}

/** The source that has the instance. Throws where none has, or several have. */
export function holderOf(instanceId: string, found: Survey): SourceSurvey {
  const holders = found.sources.filter(({ inventory }) =>
    inventory.instances.some(({ id }) => id === instanceId),
  );
  const [holder, other] = holders;
  if (!holder) throw new ArchiverError('unknown-instance', `no source has an instance ${instanceId}`);
  if (other) {
    const names = holders.map(({ source }) => source.name).join(', ');
    throw new ArchiverError('usage', `several sources have an instance ${instanceId}: ${names}`, {
      hint: 'Name one with --source.',
    });
  }
  return holder;
}

function choose(
  { instanceId, backupId }: Pick<ArchiveRequest, 'instanceId' | 'backupId'>,
  found: Survey,
): Subject {
  const subjects = subjectsOf(holderOf(instanceId, found));
  const subject =
    backupId === LATEST
      ? newest(subjects.filter(({ backup }) => backup.state === 'available'))
      : subjects.find(({ backup }) => backup.id === backupId);
  if (!subject) {
    const what = backupId === LATEST ? 'no backup that can be had' : `no backup ${backupId}`;
    throw new ArchiverError('unknown-backup', `the cloud has ${what} of ${instanceId}`);
  }
  return subject;
}

function subjectsOf({ source, plan }: SourceSurvey): Subject[] {
  return [...plan.todo, ...plan.rest].map((planned) => ({ source, ...planned }));
}

function newest(subjects: readonly Subject[]): Subject | undefined {
  return [...subjects].sort((left, right) => (left.backup.startedAt < right.backup.startedAt ? 1 : -1))[0];
}

/** To be archived by plan, or waiting in quarantine: an operator who asks for a damaged one wants it tried now. */
function canBeHad({ decision }: Subject): boolean {
  return (
    decision.action === 'archive' || (decision.action === 'fail' && decision.reason === 'corrupt-source')
  );
}

function isDone({ decision }: Subject): boolean {
  return decision.action === 'skip' && decision.reason === 'already-archived';
}
