/** Whether a receiver is told of a run, and of what. Pure: facts, wishes, what was told before, and the time in; a decision out. */
import { createHash } from 'node:crypto';
import { type Instant, toEpoch, toInstant } from '../../domain/instant.ts';
import type { NOTIFIED_KINDS, NotificationItem, NotificationKind } from '../../domain/notification.ts';
import { STOP_EXITS } from '../../domain/stop-signals.ts';
import type { RunFacts } from './facts.ts';

export interface Wishes {
  readonly events: readonly (typeof NOTIFIED_KINDS)[number][];
  /** Milliseconds in which the same trouble is told once at the most. */
  readonly intervalMs: number;
}

/** What a receiver has been told, and what of it is not yet over. */
export interface Told {
  /** When each trouble was last told, by its fingerprint. */
  readonly at: Readonly<Record<string, Instant>>;
  /** When each warning was last told. */
  readonly warned?: Readonly<Record<string, Instant>>;
  /** Trouble without a good run since: when it was first told, and in which sources (none: the run itself). */
  readonly open?: { readonly since: Instant; readonly sources: readonly string[] };
}

export interface Decision {
  /** Absent: the receiver is told nothing. */
  readonly tell?: {
    readonly kind: NotificationKind;
    readonly items: readonly NotificationItem[];
    readonly since?: Instant;
  };
  /** To be remembered once it was told (or, where there is nothing to tell, at once). */
  readonly told: Told;
}

export const NOTHING_TOLD: Told = { at: {} };

/** So many troubles, the most important ones, decide whether there is something new: the memory must stay small. */
const MOST_REMEMBERED = 500;

export function decide(facts: RunFacts, wishes: Wishes, before: Told, now: number): Decision {
  const { exitCode } = facts.summary;
  if (STOP_EXITS.includes(exitCode)) return afterInterruption(facts, wishes, before);
  if (exitCode === 0 && facts.items.length === 0) return afterGoodRun(facts, wishes, before, now);
  return afterTrouble({ exitCode, items: facts.items }, wishes, before, now);
}

/** For what cannot wait for the end of the run. It is trouble like any other: told once within the interval, and over with a good run. */
export function decideAtOnce(
  items: readonly NotificationItem[],
  wishes: Wishes,
  before: Told,
  now: number,
): Decision {
  return wishes.events.includes('risk')
    ? afterTrouble({ exitCode: 0, items }, wishes, before, now)
    : { told: before };
}

function afterInterruption({ items }: RunFacts, { events }: Wishes, told: Told): Decision {
  return events.includes('interrupted') ? { tell: { kind: 'interrupted', items }, told } : { told };
}

/** Over only where each source that was in trouble has been looked at again, and nothing was left to another run: the trouble may be that one's. */
function afterGoodRun(facts: RunFacts, wishes: Wishes, before: Told, now: number): Decision {
  const { open, ...rest } = before;
  if (open === undefined || facts.summary.skippedBy['in-progress'])
    return withWarnings(facts, wishes, before, now);
  const sources = open.sources.filter((source) => !facts.listed.includes(source));
  if (sources.length > 0) return { told: { ...rest, open: { ...open, sources } } };
  if (!wishes.events.includes('recovery')) return withWarnings(facts, wishes, rest, now);
  return { tell: { kind: 'recovery', items: [], since: open.since }, told: rest };
}

/** So often a warning is repeated, in milliseconds: it stands until somebody changes a setting, and a new backup a day makes it no other. */
const WARNING_INTERVAL_MS = 7 * 86_400_000;

function withWarnings({ warnings }: RunFacts, { events }: Wishes, before: Told, now: number): Decision {
  if (!events.includes('warning')) return { told: before };
  const warned = Object.fromEntries(
    Object.entries(before.warned ?? {}).filter(([, at]) => {
      const age = now - toEpoch(at);
      return age >= 0 && age < WARNING_INTERVAL_MS;
    }),
  );
  const fresh = warnings.filter((item) => warned[warningPrint(item)] === undefined);
  if (fresh.length === 0) return { told: before };
  const time = toInstant(now);
  const added = fresh.slice(0, MOST_REMEMBERED).map((item) => [warningPrint(item), time]);
  return {
    tell: { kind: 'warning', items: fresh },
    told: { ...before, warned: { ...warned, ...Object.fromEntries(added) } },
  };
}

/** Of the instance, not of the backup. */
function warningPrint({ reason, source, instanceId }: NotificationItem): string {
  const identity = JSON.stringify([reason, source, instanceId]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}

function afterTrouble(
  facts: { readonly exitCode: number; readonly items: readonly NotificationItem[] },
  { events, intervalMs }: Wishes,
  before: Told,
  now: number,
): Decision {
  const urgent = events.includes('risk') ? facts.items.filter((item) => item.urgent) : [];
  const items = events.includes('failure') ? facts.items : urgent;
  if (!events.includes('failure') && urgent.length === 0) return { told: before };

  const current = fingerprints(facts.exitCode, items);
  const recent = Object.entries(before.at).filter(([, at]) => {
    const age = now - toEpoch(at);
    // A date in the future is a wrong clock's: it must not silence anything until then.
    return age >= 0 && age < intervalMs;
  });
  const known = new Set(recent.map(([fingerprint]) => fingerprint));
  if (current.every((fingerprint) => known.has(fingerprint))) return { told: before };

  const time = toInstant(now);
  const sources = new Set([
    ...(before.open?.sources ?? []),
    ...items.flatMap(({ source }) => (source === undefined ? [] : [source])),
  ]);
  return {
    tell: { kind: urgent.length > 0 ? 'risk' : 'failure', items },
    told: {
      ...(before.warned && { warned: before.warned }),
      at: {
        ...Object.fromEntries(recent),
        ...Object.fromEntries(current.map((fingerprint) => [fingerprint, time])),
      },
      open: { since: before.open?.since ?? time, sources: [...sources] },
    },
  };
}

/** A backup that becomes urgent is a new trouble, and so is the next backup of the same instance. */
function fingerprints(exitCode: number, items: readonly NotificationItem[]): string[] {
  if (items.length === 0) return [`exit-${exitCode}`];
  return items.slice(0, MOST_REMEMBERED).map(({ subject, reason, urgent, source, instanceId, backupId }) => {
    const identity = JSON.stringify([subject, reason, urgent, source, instanceId, backupId]);
    return createHash('sha256').update(identity).digest('hex').slice(0, 16);
  });
}
