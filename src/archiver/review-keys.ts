/**
 * Archives whose backup the cloud still has: a key that was not kept is sealed now, so that setting `seal` saves what can still be saved; and
 * what no record tells yet of an archive is read from its manifest once.
 */
import pLimit from 'p-limit';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { ArchiveRef, KeyRecordKind } from '../domain/archive-key.ts';
import { isSealed } from '../domain/encryption.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { dayOf } from '../domain/instant.ts';
import { byUrgency } from '../plan/plan.ts';
import type { Observer } from '../report/observer.ts';
import { askForKey, recordKey } from './backup-key.ts';
import type { BackupPorts } from './fetch-file.ts';
import type { Ledger } from './ledger.ts';
import type { Subject } from './survey.ts';

export interface ReviewPorts {
  readonly backup: BackupPorts;
  readonly observer: Observer;
}

const AT_ONCE = 8;

/** Milliseconds in which nothing came of any archive: then whoever is asked answers nobody, and the run must not wait until its deadline. */
const PATIENCE_MS = 10 * 60_000;

/**
 * Costs nothing where no archived backup is encrypted, else one or two listings for each day that the cloud shows. A source that fails stops no
 * other. Rejects as the destination does, with the signal's reason, or with `api-unavailable` where nothing came of it for too long.
 */
export async function reviewKeys(
  archived: readonly Subject[],
  ledger: Ledger,
  ports: ReviewPorts,
  signal: AbortSignal,
): Promise<void> {
  const encrypted = archived.filter(({ backup }) => backup.encrypted && backup.state === 'available');
  const bySource = Map.groupBy(encrypted, ({ source }) => source.name);
  const reviews = [...bySource].map(([, subjects]) => reviewSource(subjects, ledger, ports, signal));
  for (const review of await Promise.allSettled(reviews))
    if (review.status === 'rejected') throw review.reason;
}

/** Those first that the cloud deletes soonest: where time runs out, the others are had by the next run. */
async function reviewSource(
  subjects: readonly Subject[],
  ledger: Ledger,
  ports: ReviewPorts,
  signal: AbortSignal,
): Promise<void> {
  const [{ source }] = subjects as [Subject];
  const stuck = new AbortController();
  const patience = ports.backup.clock.alarm(PATIENCE_MS, () => stuck.abort(nothingCame(source.name)));
  patience.restart();
  try {
    const looking = AbortSignal.any([signal, stuck.signal]);
    const kept = await recorded('kept', subjects, ports, looking);
    const missing = await recorded('missing', subjects, ports, looking);
    patience.restart();
    const open = subjects.filter((subject) => !kept.has(idOf(refOf(subject)))).sort(byUrgency);
    const limit = pLimit(AT_ONCE);
    await allOrFirstError(looking, (inner) =>
      open.map((subject) =>
        limit(async () => {
          inner.throwIfAborted();
          if (await review(subject, missing.has(idOf(refOf(subject))), ledger, ports, inner))
            patience.restart();
        }),
      ),
    );
  } finally {
    patience.stop();
  }
}

function nothingCame(source: string): ArchiverError {
  return new ArchiverError(
    'api-unavailable',
    `nothing came of the keys of ${source} for ${PATIENCE_MS / 60_000} minutes`,
    { hint: 'The next run asks again; `rdb-archiver check` asks for one of them.' },
  );
}

async function recorded(
  kind: KeyRecordKind,
  subjects: readonly Subject[],
  { backup: { keys } }: ReviewPorts,
  signal: AbortSignal,
): Promise<Set<string>> {
  const [source = ''] = subjects.map(({ source: { name } }) => name);
  const days = [...new Set(subjects.map(({ backup }) => dayOf(backup.startedAt)))].sort();
  const ids = new Set<string>();
  for await (const ref of keys.records.refs(kind, source, days, { signal })) ids.add(idOf(ref));
  return ids;
}

/** False where nothing came of it. */
async function review(
  subject: Subject,
  isMissing: boolean,
  ledger: Ledger,
  { backup: { keys, catalog, chooseStorage, clock }, observer }: ReviewPorts,
  signal: AbortSignal,
): Promise<boolean> {
  const ref = refOf(subject);
  const { source, backup } = subject;
  const about = {
    runId: ledger.runId,
    source: source.name,
    region: source.region,
    instanceId: backup.instanceId,
    backupId: backup.id,
  };
  try {
    if (!isMissing) {
      const encryption = (await catalog.find(ref, { signal }))?.backup.encryption;
      await recordKey(ref, encryption ?? { key: 'not-kept' }, keys.records, { signal });
      if (isSealed(encryption)) return true;
    }
    if (keys.policy !== 'seal') return true;
    const { sealed } = await askForKey(
      { source, backup, now: clock.now(), signal },
      keys,
      'and without it the archive opens only while the cloud has the backup',
    );
    // The only copy of this key, so it is locked as the manifest is.
    const storage = chooseStorage(source.name, subject.instance, clock.now()).manifest;
    await keys.records.keep(ref, sealed, { signal, storage });
    observer({ type: 'key.sealed', ...about, fingerprint: sealed.keyFingerprint });
    return true;
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    // Being worked on this moment: the next run asks again.
    if (error.code === 'not-ready') return false;
    if (error.code === 'store-unreachable') throw error;
    ledger.keyFailed(about, error);
    return false;
  }
}

function refOf({ source, backup }: Subject): ArchiveRef {
  return {
    source: source.name,
    instanceId: backup.instanceId,
    backupId: backup.id,
    startedAt: backup.startedAt,
  };
}

function idOf({ instanceId, backupId }: ArchiveRef): string {
  return `${instanceId}\n${backupId}`;
}
