/** What no rule may overrule: the cloud, the store's locks, a manifest that cannot be understood, and the floor of archives that are really there. */
import type { ReadPorts } from '../catalog/archived-file.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { isDamage, verifyArchive } from '../catalog/verify-archive.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import { deadlineOf } from '../domain/backup.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { toEpoch } from '../domain/instant.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Deadlines } from './deadlines.ts';
import { because, type Retained } from './keep.ts';
import type { PeriodOf } from './periods.ts';
import type { ExpireKind, KeepReason } from './report.ts';
import type { RuleFinder } from './rules.ts';
import type { ExpirePorts } from './survey.ts';
import type { Tally } from './tally.ts';

export interface ExpirePass {
  readonly confirm: boolean;
  readonly minimum: number;
  readonly finder: RuleFinder;
  readonly periodOf: PeriodOf;
  readonly isDamaged: (ref: ArchiveRef) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** What is known without reading a manifest. */
  readonly deadlines: Deadlines;
  /** False where the store can lock nothing, so that no object need be asked for its lock. */
  readonly mayLock: boolean;
  readonly tally: Tally;
}

export interface Subject extends Retained {
  readonly ref: ArchiveRef;
  readonly kind: ExpireKind;
  reasons: KeepReason[];
  bytes: number;
  /** Keys in its folders, of what may go. */
  readonly keys: string[];
}

type SignedManifest = NonNullable<Awaited<ReturnType<Catalog['readSigned']>>>;

/** The cloud may list a backup a while longer than it says; an archive that went too early would only be made again, or be called lost. */
const CLOUD_MARGIN_MS = 24 * 3_600_000;

/** What keeps an archive that the rules let go: the cloud, the store, or that it cannot be understood. */
export async function vetoOf(
  subject: Subject,
  pass: ExpirePass,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<KeepReason | undefined> {
  const { ref, kind } = subject;
  const { layout, catalog, quarantine } = ports;
  try {
    if (kind === 'quarantine') {
      // A run tries it again every day for as long as the cloud has it.
      const { startedAt, lastTriedAt } = {
        lastTriedAt: '',
        ...(await quarantine.find(ref, { signal })),
        ...ref,
      };
      const latest = lastTriedAt > startedAt ? lastTriedAt : startedAt;
      if (mayBeInCloud({ startedAt: latest }, pass)) return because('cloud-still-has-it');
      return await lockOn(subject.keys, pass, ports, signal);
    }
    const deadline = pass.deadlines.of(ref);
    if (deadline !== undefined) {
      if (isAhead(deadline, pass)) return because('cloud-still-has-it');
      return await lockOn([layout.manifestKey(ref), ...subject.keys], pass, ports, signal);
    }
    const manifest = await catalog.find(ref, { signal });
    if (manifest === undefined) return undefined;
    if (mayBeInCloud(manifest.backup, pass)) return because('cloud-still-has-it');
    const stray = manifest.files.find(({ key }) => !key.startsWith(layout.dataFolder(ref)));
    if (stray) return because('elsewhere', stray.key);
    // One that was sealed later is locked for longer than its archive.
    const sealedKeys = manifest.backup.encrypted ? [layout.keyRecordKey('kept', ref)] : [];
    return await lockOn([layout.manifestKey(ref), ...sealedKeys, ...subject.keys], pass, ports, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'internal' || error.code === 'store-unreachable') throw error;
    pass.tally.problem(error, error.exit === 4 ? 4 : 3);
    return because('unreadable');
  }
}

function mayBeInCloud(
  backup: Pick<Manifest['backup'], 'startedAt' | 'expiresAt'>,
  pass: ExpirePass,
): boolean {
  return isAhead(deadlineOf(backup), pass);
}

function isAhead(deadline: number, { now }: ExpirePass): boolean {
  return deadline + CLOUD_MARGIN_MS > now;
}

/** In a versioned bucket a delete hides even what is locked, so the store's own refusal cannot be waited for. */
async function lockOn(
  keys: readonly string[],
  { now, mayLock }: ExpirePass,
  { store }: ExpirePorts,
  signal: AbortSignal,
): Promise<KeepReason | undefined> {
  if (!mayLock) return undefined;
  for (const key of keys) {
    const facts = await store.head(key, { signal, withLock: true });
    if (facts?.legalHold) return because('locked', 'by a legal hold');
    if (facts?.lock && toEpoch(facts.lock.until) > now)
      return because('locked', `until ${facts.lock.until} (${facts.lock.mode})`);
  }
  return undefined;
}

/** The archives of the floor have to be there now, as their manifests say: one that is not stands in for nothing. */
export async function floorStands(
  subjects: readonly Subject[],
  { tally }: ExpirePass,
  { catalog, layout, reading }: ExpirePorts,
  signal: AbortSignal,
): Promise<boolean> {
  let stands = true;
  for (const { ref, reasons } of subjects) {
    if (!reasons.some(({ cause }) => cause === 'newest-verified')) continue;
    const read = await catalog.readSigned(layout.manifestKey(ref), { signal });
    const found = await (read
      ? lookAt(read, reading, signal)
      : { result: 'missing', detail: 'its manifest is gone' });
    if (found.result === 'ok') continue;
    stands = false;
    tally.problem(brokenFloor(ref, found.detail), isDamage(found.result) ? 4 : 3);
  }
  return stands;
}

/** By what the store says of each file; reading them all is the business of `verify`. */
async function lookAt(
  { manifest, signature }: SignedManifest,
  reading: ReadPorts,
  signal: AbortSignal,
): Promise<{ readonly result: string; readonly detail: string }> {
  if (signature.result === 'unknown')
    return { result: 'newer-version', detail: `its manifest ${signature.detail}` };
  if (signature.result === 'bad' || signature.result === 'unsigned')
    return { result: 'bad-signature', detail: `its manifest ${signature.detail}` };
  return verifyArchive(manifest, reading, { quick: true, signal });
}

function brokenFloor({ instanceId, backupId }: ArchiveRef, detail: string): ArchiverError {
  const message = `nothing of ${instanceId} goes, for backup ${backupId}, one of the newest, is not as its manifest says: ${detail}`;
  return new ArchiverError('archive-damaged', message, {
    hint: `Run \`rdb-archiver verify ${instanceId}\`; archive the backup again while the cloud still has it.`,
  });
}
