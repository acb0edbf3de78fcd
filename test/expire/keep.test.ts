/** Which archives stay by rule, held against a simple model over years of random schedules. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeepRules } from '../../src/domain/retention.ts';
import { type Retained, type RetentionInput, retain } from '../../src/expire/keep.ts';
import { periodsIn } from '../../src/expire/periods.ts';
import type { KeepCause, KeepReason } from '../../src/expire/report.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';

const NOW = Date.parse('2026-11-24T03:00:00Z');
/** Without changes of the clock, with them, by half an hour, and across the date line. */
const ZONES = [
  'UTC',
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

const archive = (startedAt: number | string, changes: Partial<Retained> = {}): Retained => {
  const at = typeof startedAt === 'string' ? Date.parse(startedAt) : startedAt;
  return { backupId: `b-${at}`, startedAt: at, sound: true, ...changes };
};

function decide(
  items: readonly Retained[],
  rules: KeepRules,
  changes: Partial<RetentionInput<Retained>> = {},
) {
  return retain({ items, rules, minimum: 1, periodOf: periodsIn('Asia/Shanghai'), now: NOW, ...changes });
}

/** What stays, with its reasons in words, oldest first. */
function kept(...args: Parameters<typeof decide>): Record<string, string> {
  const entries = [...decide(...args)]
    .filter(([, reasons]) => reasons.length > 0)
    .sort(([left], [right]) => left.startedAt - right.startedAt)
    .map(
      ([item, reasons]) => [new Date(item.startedAt).toISOString().slice(0, 16), wordsOf(reasons)] as const,
    );
  return Object.fromEntries(entries);
}

const wordsOf = (reasons: readonly KeepReason[]) =>
  reasons.map(({ cause, detail }) => `${cause} ${detail}`.trim()).join(', ');

const daily = (count: number, until = '2026-11-23T18:15:00Z') =>
  Array.from({ length: count }, (_, index) => archive(Date.parse(until) - index * DAY_MS));

describe('what the rules keep', () => {
  it('is the newest of each of the last days that have one, counted in the time zone', () => {
    const items = [
      archive('2026-11-20T15:30:00Z'), // 23:30 of the 20th in Shanghai
      archive('2026-11-20T16:30:00Z'), // 00:30 of the 21st
      archive('2026-11-21T01:00:00Z'),
      archive('2026-11-23T18:15:00Z'),
    ];
    expect(kept(items, { keepDaily: 3 })).toEqual({
      '2026-11-20T15:30': 'daily 2026-11-20',
      '2026-11-21T01:00': 'daily 2026-11-21',
      '2026-11-23T18:15': 'daily 2026-11-24, newest-verified',
    });
  });

  it('adds up, with every reason told, the ones that last longest first', () => {
    const rules = { keepLast: 1, keepDaily: 2, keepWeekly: 2, keepMonthly: 2, keepYearly: 2 };
    expect(kept(daily(60), rules)).toEqual({
      '2026-10-30T18:15': 'monthly 2026-10',
      '2026-11-21T18:15': 'weekly 2026-W47',
      '2026-11-22T18:15': 'daily 2026-11-23',
      '2026-11-23T18:15':
        'last, yearly 2026, monthly 2026-11, weekly 2026-W48, daily 2026-11-24, newest-verified',
    });
  });

  it('counts back from the newest archive and not from now, so that nothing ages away where archiving has stopped', () => {
    const old = daily(30, '2025-03-10T00:00:00Z');
    const stays = kept(old, { keepWithinMs: 7 * DAY_MS });
    expect(Object.keys(stays)).toHaveLength(8);
    expect(stays['2025-03-03T00:00']).toBe('within');
  });

  it('skips the days on which nothing was archived', () => {
    const items = [
      archive('2026-01-05T00:00:00Z'),
      archive('2026-06-05T00:00:00Z'),
      archive('2026-11-05T00:00:00Z'),
    ];
    expect(Object.keys(kept(items, { keepDaily: 3 }))).toHaveLength(3);
  });

  it('takes an hour that comes twice for two', () => {
    const items = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-25T01:40:00Z'].map((at) =>
      archive(at),
    );
    expect(kept(items, { keepHourly: 5 }, { periodOf: periodsIn('Europe/Berlin') })).toEqual({
      '2026-10-25T00:30': 'hourly 2026-10-25T02+02:00',
      '2026-10-25T01:40': 'hourly 2026-10-25T02+01:00, newest-verified',
    });
  });

  it.each([
    ['2026-12-31T12:00:00Z', '2026-W53'],
    ['2027-01-03T12:00:00Z', '2026-W53'],
    ['2027-01-04T12:00:00Z', '2027-W01'],
    ['2024-12-30T12:00:00Z', '2025-W01'],
    ['2021-01-01T12:00:00Z', '2020-W53'],
  ])('counts ISO weeks: %s lies in %s', (at, week) => {
    expect(periodsIn('UTC')('weekly', Date.parse(at))).toBe(week);
  });

  it('never comes below the floor, even of a rule that would', () => {
    expect(Object.keys(kept(daily(30), { keepLast: 1 }, { minimum: 3 }))).toHaveLength(3);
    expect(kept(daily(2), { keepLast: 1 }, { minimum: 3 })['2026-11-22T18:15']).toBe('newest-verified');
  });

  it('is not upset by an archive that claims to be from the future', () => {
    const items = [...daily(10), archive('2099-01-01T00:00:00Z')];
    const stays = kept(items, { keepWithinMs: 2 * DAY_MS });
    expect(stays['2099-01-01T00:00']).toBe('future');
    expect(Object.keys(stays)).toHaveLength(4);
  });
});

describe('a damaged archive', () => {
  const items = [
    archive('2026-11-21T02:00:00Z'),
    archive('2026-11-22T02:00:00Z'),
    archive('2026-11-23T02:00:00Z', { sound: false }),
  ];

  it('takes no place: an older sound one is kept as if it were not there', () => {
    const stays = kept(items, { keepLast: 1 });
    expect(stays['2026-11-22T02:00']).toBe('last, newest-verified');
  });

  it('stays itself for as long as it would if it were sound', () => {
    expect(kept(items, { keepLast: 1 })['2026-11-23T02:00']).toBe('last');
    expect(
      kept([...items, archive('2026-11-24T02:00:00Z')], { keepLast: 1 })['2026-11-23T02:00'],
    ).toBeUndefined();
  });

  it('takes no place of another damaged one either', () => {
    const both = [...items, archive('2026-11-23T01:00:00Z', { sound: false })];
    const rules = { keepLast: 1, keepDaily: 1, keepWithinMs: HOUR_MS };
    expect(kept(both, rules)['2026-11-23T01:00']).toBe('last, within, daily 2026-11-23');
  });

  it('stays where there are not enough sound ones to make the floor', () => {
    const few = [archive('2026-11-01T02:00:00Z', { sound: false }), ...items];
    expect(kept(few, { keepLast: 1 }, { minimum: 3 })['2026-11-01T02:00']).toBe('too-few');
  });
});

const someRules = fc
  .record(
    {
      keepLast: fc.integer({ min: 1, max: 20 }),
      keepWithinMs: fc.integer({ min: 1, max: 100 }).map((days) => days * DAY_MS),
      keepHourly: fc.integer({ min: 1, max: 48 }),
      keepDaily: fc.integer({ min: 1, max: 20 }),
      keepWeekly: fc.integer({ min: 1, max: 10 }),
      keepMonthly: fc.integer({ min: 1, max: 15 }),
      keepYearly: fc.integer({ min: 1, max: 4 }),
    },
    { requiredKeys: [] },
  )
  .filter((rules) => Object.keys(rules).length > 0);

/** Years of archives: regular ones with gaps and doubles, some damaged. */
const someArchives = fc
  .record({
    count: fc.integer({ min: 0, max: 120 }),
    every: fc.constantFrom(HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS, 31 * DAY_MS),
    ago: fc.integer({ min: 0, max: 700 }),
    jitter: fc.array(fc.tuple(fc.nat(120), fc.integer({ min: -30, max: 30 })), { maxLength: 20 }),
    gaps: fc.uniqueArray(fc.nat(120), { maxLength: 40 }),
    damaged: fc.uniqueArray(fc.nat(120), { maxLength: 12 }),
  })
  .map(({ count, every, ago, jitter, gaps, damaged }): Retained[] => {
    const moved = new Map(jitter);
    return Array.from({ length: count }, (_, index) => index)
      .filter((index) => !gaps.includes(index))
      .map((index) => {
        const startedAt = NOW - ago * DAY_MS - index * every + (moved.get(index) ?? 0) * HOUR_MS;
        return archive(Math.min(startedAt, NOW), { backupId: `b-${index}`, sound: !damaged.includes(index) });
      });
  });

const cases = fc.record({
  items: someArchives,
  rules: someRules,
  minimum: fc.integer({ min: 1, max: 5 }),
  zone: fc.constantFrom(...ZONES),
});

describe('for any years of archives, in any zone', () => {
  it('keeps of the past exactly what it would keep without what comes from the future, and all of that', () => {
    const ahead = fc.array(fc.integer({ min: 16, max: 400 * 24 * 60 }), { maxLength: 8 });
    fc.assert(
      fc.property(cases, ahead, ({ items, rules, minimum, zone }, minutes) => {
        const rest = { minimum, periodOf: periodsIn(zone) };
        const future = minutes.map((ahead, index) =>
          archive(NOW + ahead * 60_000, { backupId: `future-${index}`, sound: index % 3 > 0 }),
        );
        const stays = new Set(staying(decide([...items, ...future], rules, rest)));
        expect(items.filter((item) => stays.has(item))).toEqual(staying(decide(items, rules, rest)));
        expect(future.filter((item) => !stays.has(item))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  it('keeps what a simple model keeps, for the same reasons', () => {
    fc.assert(
      fc.property(cases, ({ items, rules, minimum, zone }) => {
        const found = decide(items, rules, { minimum, periodOf: periodsIn(zone) });
        for (const [item, reasons] of found) {
          const causes = new Set(reasons.map(({ cause }) => cause));
          expect([item.backupId, [...causes].sort()]).toEqual([
            item.backupId,
            modelCauses(item, items, rules, minimum, zone).sort(),
          ]);
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('deletes nothing more when it is asked again', () => {
    fc.assert(
      fc.property(cases, ({ items, rules, minimum, zone }) => {
        const again = { minimum, periodOf: periodsIn(zone) };
        const stays = staying(decide(items, rules, again));
        expect(staying(decide(stays, rules, again))).toEqual(stays);
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('never goes below the floor of sound archives, and always keeps the newest of them', () => {
    fc.assert(
      fc.property(cases, ({ items, rules, minimum, zone }) => {
        const stays = staying(decide(items, rules, { minimum, periodOf: periodsIn(zone) }));
        const sound = items.filter((item) => item.sound);
        expect(stays.filter((item) => item.sound).length).toBeGreaterThanOrEqual(
          Math.min(minimum, sound.length),
        );
        const newest = Math.max(...sound.map(({ startedAt }) => startedAt));
        if (sound.length > 0) expect(stays.some(({ startedAt }) => startedAt === newest)).toBe(true);
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('lets nothing go that a rule keeps because another archive was found to be damaged', () => {
    fc.assert(
      fc.property(cases, fc.nat(120), ({ items, rules, minimum, zone }, which) => {
        const options = { minimum, periodOf: periodsIn(zone) };
        const before = [...decide(items, rules, options)].filter(([, reasons]) =>
          reasons.some(({ cause }) => cause !== 'newest-verified' && cause !== 'too-few'),
        );
        const worse = items.map((item, index) => (index === which ? { ...item, sound: false } : item));
        const after = new Set(staying(decide(worse, rules, options)).map(({ backupId }) => backupId));
        expect(before.filter(([{ backupId }]) => !after.has(backupId))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  }, 120_000);
});

describe('a year of daily archives, expired daily, with 7 daily, 5 weekly, 12 monthly and 3 yearly', () => {
  const rules = { keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 3 };

  it('levels off, and loses no month', () => {
    let items: Retained[] = [];
    const sizes: number[] = [];
    const start = Date.parse('2025-01-01T18:15:00Z');
    for (let day = 0; day < 3 * 365; day += 1) {
      items.push(archive(start + day * DAY_MS));
      items = staying(decide(items, rules, { minimum: 3, now: start + day * DAY_MS + HOUR_MS }));
      sizes.push(items.length);
    }
    expect(sizes[6]).toBe(7);
    expect([sizes[364], sizes[729], sizes[1094]]).toEqual([20, 21, 21]);
    expect(Math.max(...sizes)).toBe(24);
    const months = new Set(items.map(({ startedAt }) => periodsIn('Asia/Shanghai')('monthly', startedAt)));
    expect(months.size).toBeGreaterThanOrEqual(12);
  });
});

function staying(decided: Map<Retained, KeepReason[]>): Retained[] {
  return [...decided].filter(([, reasons]) => reasons.length > 0).map(([item]) => item);
}

/** The same rules as a person would check them with a calendar on the wall, one archive at a time. */
function modelCauses(
  item: Retained,
  all: readonly Retained[],
  rules: KeepRules,
  minimum: number,
  zone: string,
): KeepCause[] {
  const rivals = all.filter((other) => other.sound || other === item);
  const newer = rivals.filter((other) => isNewer(other, item));
  const causes: KeepCause[] = [];
  if (newer.length < (rules.keepLast ?? 0)) causes.push('last');
  const newest = Math.max(...rivals.map(({ startedAt }) => startedAt));
  if (rules.keepWithinMs !== undefined && newest - item.startedAt <= rules.keepWithinMs)
    causes.push('within');
  const periods = [
    ['hourly', rules.keepHourly, hourLabel],
    ['daily', rules.keepDaily, dayLabel],
    ['weekly', rules.keepWeekly, weekLabel],
    ['monthly', rules.keepMonthly, (at: number, where: string) => dayLabel(at, where).slice(0, 7)],
    ['yearly', rules.keepYearly, (at: number, where: string) => dayLabel(at, where).slice(0, 4)],
  ] as const;
  for (const [cause, count, label] of periods) {
    if (count === undefined) continue;
    const mine = label(item.startedAt, zone);
    const labels = new Set(newer.map(({ startedAt }) => label(startedAt, zone)));
    if (!labels.has(mine) && labels.size < count) causes.push(cause);
  }
  const sound = all.filter((other) => other.sound);
  if (item.sound && newer.length < minimum) causes.push('newest-verified');
  if (!item.sound && sound.length < minimum) causes.push('too-few');
  return causes;
}

function isNewer(other: Retained, item: Retained): boolean {
  if (other.startedAt !== item.startedAt) return other.startedAt > item.startedAt;
  return other.backupId > item.backupId;
}

const labels = new Map<string, string>();

/** Swedish writes dates as ISO does. */
function swedish(at: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  const key = [at, zone, options.hour, options.timeZoneName].join();
  const known =
    labels.get(key) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, ...options }).format(at);
  labels.set(key, known);
  return known;
}

const DATE = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;

function dayLabel(at: number, zone: string): string {
  return swedish(at, zone, DATE);
}

function hourLabel(at: number, zone: string): string {
  return swedish(at, zone, { ...DATE, hour: '2-digit', timeZoneName: 'longOffset' });
}

/** A week is called by its Monday. */
function weekLabel(at: number, zone: string): string {
  const noon = new Date(`${dayLabel(at, zone)}T12:00:00Z`);
  while (noon.getUTCDay() !== 1) noon.setUTCDate(noon.getUTCDate() - 1);
  return noon.toISOString().slice(0, 10);
}
