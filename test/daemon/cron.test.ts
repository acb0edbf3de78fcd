/** When a schedule's ticks are, minute by minute, in zones that change their clocks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCron, firstDue, latestDue, MINUTE_MS } from '../../src/daemon/cron.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';

/** A zone, and a span of time there. */
type Night = readonly [timezone: string, from: string, to: string];

/** The ticks from one instant up to (and without) another, in UTC without seconds. */
function ticks(expression: string, timezone: string, from: string, to: string): string[] {
  const cron = createCron(expression, timezone);
  const found: string[] = [];
  for (let minute = Date.parse(from); minute < Date.parse(to); minute += MINUTE_MS)
    if (cron.isDue(minute)) found.push(new Date(minute).toISOString().slice(0, 16));
  return found;
}

describe('on the night when an hour is skipped', () => {
  // Clocks go from 02:00 to 03:00 at 01:00 UTC.
  const berlin = ['Europe/Berlin', '2026-03-28T22:00Z', '2026-03-29T04:00Z'] as const;
  // Clocks go from 02:00 to 03:00 at 07:00 UTC.
  const newYork = ['America/New_York', '2026-03-08T04:00Z', '2026-03-08T10:00Z'] as const;

  test.each<[Night, string[]]>([
    [berlin, ['2026-03-29T01:00']],
    [newYork, ['2026-03-08T07:00']],
  ])('a daily schedule within the missing hour runs right after it: %j', (night, expected) => {
    expect(ticks('30 2 * * *', ...night)).toEqual(expected);
  });

  test.each<[Night, string[]]>([
    [berlin, ['2026-03-28T22:17', '2026-03-28T23:17', '2026-03-29T00:17', '2026-03-29T01:17']],
    [newYork, ['2026-03-08T04:17', '2026-03-08T05:17', '2026-03-08T06:17', '2026-03-08T07:17']],
  ])('an hourly schedule goes on every hour: %j', (night, first) => {
    const all = ticks('17 * * * *', ...night);
    expect(all.slice(0, 4)).toEqual(first);
    expect(all).toHaveLength(6);
  });

  test('several ticks of the missing hour are one', () => {
    expect(ticks('*/10 2 * * *', ...berlin)).toEqual(['2026-03-29T01:00']);
  });
});

describe('on the night when an hour comes twice', () => {
  // Clocks go from 03:00 to 02:00 at 01:00 UTC.
  const berlin = ['Europe/Berlin', '2026-10-24T22:00Z', '2026-10-25T04:00Z'] as const;
  // Clocks go from 02:00 to 01:00 at 06:00 UTC.
  const newYork = ['America/New_York', '2026-11-01T04:00Z', '2026-11-01T10:00Z'] as const;

  test.each<[string, Night, string[]]>([
    ['30 2 * * *', berlin, ['2026-10-25T00:30']],
    ['30 1 * * *', newYork, ['2026-11-01T05:30']],
  ])('a daily schedule in that hour runs once: %s %j', (expression, night, expected) => {
    expect(ticks(expression, ...night)).toEqual(expected);
  });

  test.each<[Night]>([[berlin], [newYork]])('an hourly schedule goes on every hour: %j', (night) => {
    const all = ticks('17 * * * *', ...night);
    expect(all).toHaveLength(6);
    expect(all.map((tick) => tick.slice(-3))).toEqual(Array.from({ length: 6 }, () => ':17'));
  });
});

describe('whatever the zone and its change', () => {
  /** The day of a change, in 2026. */
  const changes = fc.constantFrom(
    ['Europe/Berlin', '03-29'],
    ['Europe/Berlin', '10-25'],
    ['America/New_York', '03-08'],
    ['America/New_York', '11-01'],
    ['America/St_Johns', '11-01'],
    ['Australia/Lord_Howe', '04-05'],
    ['Australia/Lord_Howe', '10-04'],
    ['Antarctica/Troll', '03-29'],
    ['Antarctica/Troll', '10-25'],
    ['Pacific/Chatham', '04-05'],
    ['Africa/Casablanca', '02-15'],
    ['Asia/Shanghai', '06-01'],
  );
  // Clocks change in the small hours.
  const hours = fc.integer({ min: 0, max: 3 });
  const minutes = fc.integer({ min: 0, max: 59 });
  const span = (day: string): [string, string] => {
    const noon = Date.parse(`2026-${day}T12:00Z`);
    return [new Date(noon - 2 * DAY_MS).toISOString(), new Date(noon + 2 * DAY_MS).toISOString()];
  };
  const gaps = (found: readonly string[]): number[] =>
    found.slice(1).map((tick, index) => Date.parse(`${tick}Z`) - Date.parse(`${found[index]}Z`));

  test('a daily schedule ticks once a day', () => {
    fc.assert(
      fc.property(changes, hours, minutes, ([zone = '', day = ''], hour, minute) => {
        const found = ticks(`${minute} ${hour} * * *`, zone, ...span(day));
        expect(found.length).toBeGreaterThanOrEqual(3);
        for (const gap of gaps(found)) expect(Math.abs(gap - DAY_MS)).toBeLessThanOrEqual(2 * HOUR_MS);
      }),
      { numRuns: 20 },
    );
  });

  test('an hourly schedule never pauses for more than an hour and a half', () => {
    fc.assert(
      fc.property(changes, minutes, ([zone = '', day = ''], minute) => {
        for (const gap of gaps(ticks(`${minute} * * * *`, zone, ...span(day))))
          expect(gap).toBeLessThanOrEqual(1.5 * HOUR_MS);
      }),
      { numRuns: 20 },
    );
  });
});

test('hours are those of the zone', () => {
  expect(ticks('0 2 * * *', 'Asia/Shanghai', '2026-11-24T00:00Z', '2026-11-25T00:00Z')).toEqual([
    '2026-11-24T18:00',
  ]);
});

test('nicknames and names of days are understood', () => {
  expect(ticks('@daily', 'UTC', '2026-11-24T00:00Z', '2026-11-26T00:00Z')).toHaveLength(2);
  expect(ticks('0 6 * * MON-FRI', 'UTC', '2026-11-23T00:00Z', '2026-11-30T00:00Z')).toHaveLength(5);
});

test('of several ticks in a span the first and the latest can be asked for, and none where there is none', () => {
  const cron = createCron('17 * * * *', 'UTC');
  const at = (time: string) => Date.parse(`2026-11-24T${time}Z`);
  expect(firstDue(cron, at('00:17'), at('05:00'))).toBe(at('01:17'));
  expect(latestDue(cron, at('00:17'), at('05:00'))).toBe(at('04:17'));
  expect(latestDue(cron, at('00:16'), at('00:17'))).toBe(at('00:17'));
  expect(firstDue(cron, at('00:17'), at('01:16'))).toBeUndefined();
  expect(latestDue(cron, at('00:17'), at('01:16'))).toBeUndefined();
});

test('reading an expression leaves no task behind in the library', async () => {
  const { getTasks } = await import('node-cron');
  createCron('17 * * * *', 'UTC');
  expect(getTasks().size).toBe(0);
});
