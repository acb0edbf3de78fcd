/**
 * Decides which archives of one instance stay, and why. Pure: the archives, a rule and the time in, reasons out; what has no reason may go.
 *
 * Applied to what it has kept it keeps all of that again: an archive stays as the newest of its period whether the older ones of the
 * period are there or not.
 */
import { compareText } from '../domain/compare-text.ts';
import { isAhead } from '../domain/future.ts';
import type { KeepRules } from '../domain/retention.ts';
import type { PeriodOf } from './periods.ts';
import { PERIODS, type Period } from './periods.ts';
import type { KeepReason } from './report.ts';

/** What may go or stay. */
export interface Retained {
  readonly backupId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** False for an archive that is known to be damaged, and for a dump in quarantine. */
  readonly sound: boolean;
}

export interface RetentionInput<Item extends Retained> {
  readonly items: readonly Item[];
  readonly rules: KeepRules;
  /** So many of the newest sound ones stay, whatever the rules say. At least 1. */
  readonly minimum: number;
  readonly periodOf: PeriodOf;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The reasons to keep each item, in the order of the input; none for what may go. What claims to be from the future says nothing about the age of the
 * others and takes nobody's place: with the zone of a source set wrong by hours its archives would push the true ones out.
 */
export function retain<Item extends Retained>(input: RetentionInput<Item>): Map<Item, KeepReason[]> {
  const reasons = new Map<Item, KeepReason[]>(input.items.map((item) => [item, []]));
  const isFuture = (item: Item) => isAhead(item.startedAt, input.now);
  const newestFirst = input.items.filter((item) => !isFuture(item)).toSorted(byAge);
  const sound = newestFirst.filter((item) => item.sound);

  for (const [item, reason] of ruled(newestFirst, input)) reasons.get(item)?.push(reason);
  for (const item of sound.slice(0, input.minimum)) reasons.get(item)?.push(because('newest-verified'));
  if (sound.length < input.minimum)
    for (const item of newestFirst) if (!item.sound) reasons.get(item)?.push(because('too-few'));
  for (const item of input.items) if (isFuture(item)) reasons.get(item)?.push(because('future'));
  return reasons;
}

export function because(cause: KeepReason['cause'], detail = ''): KeepReason {
  return { cause, detail };
}

/** Newest first; ties by id, so that two runs agree. */
function byAge(left: Retained, right: Retained): number {
  return right.startedAt - left.startedAt || compareText(right.backupId, left.backupId);
}

/** What is not sound takes nothing's place, but stays for as long as it would if it alone were sound. */
function* ruled<Item extends Retained>(
  newestFirst: readonly Item[],
  { rules, periodOf }: RetentionInput<Item>,
): Generator<[Item, KeepReason]> {
  let soundOnes = 0;
  for (const item of newestFirst) {
    if (soundOnes === (rules.keepLast ?? 0)) break;
    if (item.sound) soundOnes += 1;
    yield [item, because('last')];
  }
  if (rules.keepWithinMs !== undefined) {
    const newest = newestFirst.find(({ sound }) => sound)?.startedAt ?? Number.NEGATIVE_INFINITY;
    for (const item of newestFirst)
      if (item.startedAt >= newest - rules.keepWithinMs) yield [item, because('within')];
  }
  for (const period of PERIODS) {
    const count = rules[RULE_OF[period]];
    if (count !== undefined) yield* newestOfEach(period, count, newestFirst, periodOf);
  }
}

const RULE_OF = {
  yearly: 'keepYearly',
  monthly: 'keepMonthly',
  weekly: 'keepWeekly',
  daily: 'keepDaily',
  hourly: 'keepHourly',
} as const satisfies Record<Period, keyof KeepRules>;

/** The newest item of each of the last `count` periods that have a sound one. */
function* newestOfEach<Item extends Retained>(
  period: Period,
  count: number,
  newestFirst: readonly Item[],
  periodOf: PeriodOf,
): Generator<[Item, KeepReason]> {
  const seen = new Set<string>();
  for (const item of newestFirst) {
    const name = periodOf(period, item.startedAt);
    if (seen.has(name)) continue;
    if (seen.size === count) return;
    if (item.sound) seen.add(name);
    yield [item, because(period, name)];
  }
}
