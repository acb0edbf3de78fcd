/** Judges how safe each instance is. Pure: the cloud's instances and backups, the archives and the time in, one row an instance out, worst first. */
import { type Backup, deadlineOf } from '../domain/backup.ts';
import { compareText } from '../domain/compare-text.ts';
import { isFromFuture } from '../domain/future.ts';
import { dayOf, type Instant, toEpoch, toInstant } from '../domain/instant.ts';
import type { DayStatus, InstanceStatus, OpenBackup } from '../domain/status.ts';
import { isAtRisk } from '../plan/plan.ts';

/** Which backup of which instance, and when it was started. */
export interface BackupRef {
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
}

export interface ArchiveFacts extends BackupRef {
  /** Of its dumps, as the cloud gave them; absent where nobody looked. */
  readonly bytes?: number;
}

/** What is known of one source. Whatever belongs to an instance that is not in `instances` is left out. */
export interface SourceFacts {
  readonly source: string;
  readonly region: string;
  /** Those to be judged: listed by the cloud, or known by their archives. */
  readonly instances: readonly { readonly id: string; readonly name: string; readonly vanished: boolean }[];
  readonly archives: readonly ArchiveFacts[];
  /** As far as the cloud could be listed. */
  readonly backups: readonly Backup[];
  /** Dumps that stay damaged. */
  readonly quarantined: readonly BackupRef[];
  /** Archives that the cloud encrypted, whose key was not kept. */
  readonly keyless: readonly BackupRef[];
  /** Archives that the cloud encrypted, which did not open by their key. */
  readonly notOpened: readonly BackupRef[];
}

export interface StatusPolicy {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly maxAgeMs: number;
  /** A vanished instance gets no backups any more, so its newest archive is old by nature; true calls that stale all the same. */
  readonly includeVanished: boolean;
  /** Days of the calendar, today among them. */
  readonly daysBack: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

/** The last so many days in UTC, oldest first, today the last. */
export function calendarDays(now: number, daysBack: number): string[] {
  return Array.from({ length: daysBack }, (_, index) =>
    dayOf(toInstant(now - (daysBack - 1 - index) * DAY_MS)),
  );
}

export function assessStatus(sources: readonly SourceFacts[], policy: StatusPolicy): InstanceStatus[] {
  const days = calendarDays(policy.now, policy.daysBack);
  return sources.flatMap((facts) => assessSource(facts, days, policy)).sort(worstFirst);
}

function assessSource(facts: SourceFacts, days: readonly string[], policy: StatusPolicy): InstanceStatus[] {
  const archives = Map.groupBy(facts.archives, ({ instanceId }) => instanceId);
  const backups = Map.groupBy(facts.backups, ({ instanceId }) => instanceId);
  const quarantined = Map.groupBy(facts.quarantined, ({ instanceId }) => instanceId);
  const keyless = Map.groupBy(facts.keyless, ({ instanceId }) => instanceId);
  const notOpened = Map.groupBy(facts.notOpened, ({ instanceId }) => instanceId);
  return facts.instances.map(({ id, name, vanished }) => {
    const archived = archives.get(id) ?? [];
    const archivedIds = new Set(archived.map(({ backupId }) => backupId));
    // A record outlives the damage: once a good copy is archived it says nothing any more.
    const damaged = (quarantined.get(id) ?? []).filter(({ backupId }) => !archivedIds.has(backupId));
    const damagedIds = new Set(damaged.map(({ backupId }) => backupId));
    const open = (backups.get(id) ?? [])
      .filter((backup) => !archivedIds.has(backup.id))
      .map((backup) => openBackup(backup, damagedIds.has(backup.id), policy.now))
      .sort((left, right) => compareText(left.deadline, right.deadline));
    const newest = newestOf(archived.filter((archive) => !isFromFuture(archive, policy.now)));
    const ageMs = newest && Math.max(0, policy.now - toEpoch(newest.startedAt));
    const tooOld = ageMs === undefined || ageMs > policy.maxAgeMs;
    const lookedAt = archived.filter(({ startedAt }) => dayOf(startedAt) >= (days[0] ?? ''));
    const bytes = bytesOf(lookedAt);
    const closed = among(lookedAt, notOpened.get(id) ?? []).length;
    const locked = lockedAmong(lookedAt, keyless.get(id) ?? [], backups.get(id) ?? []);
    return {
      source: facts.source,
      region: facts.region,
      instanceId: id,
      name,
      vanished,
      ...(newest && { newest: { backupId: newest.backupId, startedAt: newest.startedAt } }),
      ...(ageMs !== undefined && { ageMs }),
      archives: lookedAt.length,
      ...(locked && { keyless: locked }),
      ...(closed > 0 && { notOpened: closed }),
      ...(bytes !== undefined && { bytes }),
      open,
      stale: tooOld && (!vanished || policy.includeVanished),
      days: calendar(days, { archived, quarantined: damaged, open }),
    };
  });
}

function lockedAmong(
  archives: readonly BackupRef[],
  keyless: readonly BackupRef[],
  backups: readonly Backup[],
): InstanceStatus['keyless'] {
  const had = new Set(backups.filter(({ state }) => state !== 'expired').map(({ id }) => id));
  const locked = among(archives, keyless);
  if (locked.length === 0) return undefined;
  return { archives: locked.length, savable: locked.filter(({ backupId }) => had.has(backupId)).length };
}

function among(archives: readonly BackupRef[], noted: readonly BackupRef[]): readonly BackupRef[] {
  const ids = new Set(noted.map(({ backupId }) => backupId));
  return archives.filter(({ backupId }) => ids.has(backupId));
}

/** Of all together; undefined where one is not known, for a part of them would be taken for the whole. */
function bytesOf(archives: readonly ArchiveFacts[]): number | undefined {
  return archives.reduce<number | undefined>(
    (sum, { bytes }) => (sum === undefined || bytes === undefined ? undefined : sum + bytes),
    0,
  );
}

function openBackup(backup: Backup, quarantined: boolean, now: number): OpenBackup {
  const deadline = deadlineOf(backup);
  return {
    backupId: backup.id,
    startedAt: backup.startedAt,
    deadline: toInstant(deadline),
    hoursLeft: Math.round(((deadline - now) / HOUR_MS) * 10) / 10,
    state: backup.state,
    quarantined,
    atRisk: backup.state !== 'expired' && isAtRisk(backup, now),
  };
}

type Started = { readonly startedAt: Instant };

function newestOf<Item extends Started>(items: readonly Item[]): Item | undefined {
  return items.reduce<Item | undefined>(
    (newest, item) => (newest === undefined || item.startedAt > newest.startedAt ? item : newest),
    undefined,
  );
}

function calendar(
  days: readonly string[],
  kinds: Readonly<Record<'archived' | 'quarantined' | 'open', readonly Started[]>>,
): DayStatus[] {
  const counts = (items: readonly Started[]) => {
    const perDay = new Map<string, number>();
    for (const { startedAt } of items) perDay.set(dayOf(startedAt), (perDay.get(dayOf(startedAt)) ?? 0) + 1);
    return (day: string) => perDay.get(day) ?? 0;
  };
  const [archived, quarantined, open] = [
    counts(kinds.archived),
    counts(kinds.quarantined),
    counts(kinds.open),
  ];
  return days.map((day) => ({
    day,
    archived: archived(day),
    quarantined: quarantined(day),
    open: open(day),
  }));
}

/** About to lose a backup (the soonest first), then stale, then the rest; the older the newest archive, the worse. */
function worstFirst(left: InstanceStatus, right: InstanceStatus): number {
  return (
    rank(left) - rank(right) ||
    compareText(soonestRisk(left), soonestRisk(right)) ||
    compareNumber(right.ageMs ?? Number.POSITIVE_INFINITY, left.ageMs ?? Number.POSITIVE_INFINITY) ||
    compareText(left.source, right.source) ||
    compareText(left.instanceId, right.instanceId)
  );
}

function rank(status: InstanceStatus): number {
  if (status.open.some(({ atRisk }) => atRisk)) return 0;
  if (status.stale) return 1;
  return status.vanished ? 3 : 2;
}

function soonestRisk({ open }: InstanceStatus): Instant {
  return open.find(({ atRisk }) => atRisk)?.deadline ?? '';
}

/** Two infinities are equal, which their difference would not say. */
function compareNumber(left: number, right: number): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
