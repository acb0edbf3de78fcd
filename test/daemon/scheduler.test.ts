/** Runs on time for weeks, on a clock that a test holds: no overlap, no end but by a signal, whatever the runs and the clock do. */
import { describe, expect, test } from 'vitest';
import { createScheduler, type SchedulerPorts } from '../../src/daemon/scheduler.ts';
import { interruption } from '../../src/domain/errors.ts';
import type { ArchiverEvent } from '../../src/report/observer.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts';

const MINUTE_MS = 60_000;

interface Watched {
  readonly clock: VirtualClock;
  readonly scheduler: ReturnType<typeof createScheduler>;
  /** When each run began, in UTC without seconds, and over which sources. */
  readonly runs: readonly { readonly at: string; readonly sources: readonly string[] }[];
  readonly mostAtOnce: () => number;
  of<Type extends ArchiverEvent['type']>(type: Type): Extract<ArchiverEvent, { type: Type }>[];
  stop(): void;
  readonly ended: Promise<void>;
}

interface Options extends Partial<SchedulerPorts> {
  readonly start?: string;
  readonly random?: number;
  /** The work of a run, which is counted from 1. */
  readonly work?: (
    count: number,
    clock: VirtualClock,
    signal: AbortSignal,
    planned: () => void,
  ) => Promise<unknown>;
}

/** A scheduler at work; `17 * * * *` in UTC over one source, without a run at the start, where nothing else is said. */
function watch({ start = '2026-11-24T00:00:00Z', random, work, ...ports }: Options = {}): Watched {
  const clock = createVirtualClock(start, random);
  const controller = new AbortController();
  const events: ArchiverEvent[] = [];
  const runs: { at: string; sources: readonly string[] }[] = [];
  let atOnce = 0;
  let most = 0;
  const scheduler = createScheduler({
    schedules: [{ cron: '17 * * * *', sources: ['gz'] }],
    timezone: 'UTC',
    runOnStart: false,
    jitterMs: 0,
    clock,
    observer: (event) => events.push(event),
    async run({ sources }, signal, planned) {
      runs.push({ at: new Date(clock.now()).toISOString().slice(0, 16), sources });
      atOnce += 1;
      most = Math.max(most, atOnce);
      try {
        return await work?.(runs.length, clock, signal, planned);
      } finally {
        atOnce -= 1;
      }
    },
    ...ports,
  });
  return {
    clock,
    scheduler,
    runs,
    mostAtOnce: () => most,
    of: <Type extends ArchiverEvent['type']>(type: Type) =>
      events.filter((event): event is Extract<ArchiverEvent, { type: Type }> => event.type === type),
    stop: () => controller.abort(interruption('SIGTERM')),
    ended: scheduler.keep(controller.signal),
  };
}

const times = ({ runs }: Watched): string[] => runs.map(({ at }) => at);
const lasting =
  (milliseconds: number): NonNullable<Options['work']> =>
  (_count, clock, signal) =>
    clock.sleep(milliseconds, signal);

test('a week of hourly runs of which one a day fails and one a day throws: 168 runs, never two at once, and it goes on', async () => {
  const watched = watch({
    async work(count, clock, signal) {
      if (count % 24 === 5) throw new TypeError('a bug');
      await clock.sleep(10 * MINUTE_MS, signal);
      return { exitCode: count % 24 === 7 ? 3 : 0 };
    },
  });
  await watched.clock.pass(7 * DAY_MS);
  expect(watched.runs).toHaveLength(168);
  expect(watched.mostAtOnce()).toBe(1);
  expect(watched.of('schedule.run-failed').map(({ error }) => error.message)).toEqual(
    Array.from({ length: 7 }, () => 'unexpected error: a bug'),
  );
  expect(watched.of('schedule.tick-skipped')).toEqual([]);
  watched.stop();
  await watched.ended;
});

test('a run that throws before it has even begun ends nothing', async () => {
  const watched = watch({
    run: () => {
      throw new Error('at once');
    },
  });
  await watched.clock.pass(3 * HOUR_MS);
  expect(watched.of('schedule.run-failed')).toHaveLength(3);
});

describe('a tick that comes while a run is still going', () => {
  test('begins one beside all that have planned, however long they transfer', async () => {
    // The first two are held by transfers that trickle.
    const watched = watch({
      work: (count, clock, signal, planned) => {
        planned();
        return clock.sleep(count <= 2 ? 5 * HOUR_MS : MINUTE_MS, signal);
      },
    });
    await watched.clock.pass(7 * HOUR_MS);
    expect(times(watched)).toEqual([
      '2026-11-24T00:17',
      '2026-11-24T01:17',
      '2026-11-24T02:17',
      '2026-11-24T03:17',
      '2026-11-24T04:17',
      '2026-11-24T05:17',
      '2026-11-24T06:17',
    ]);
    expect(watched.mostAtOnce()).toBe(3);
    expect(watched.of('schedule.tick-skipped')).toEqual([]);
  });

  test('and still looks around is told, and begins no second run; the first tick after it does', async () => {
    const watched = watch({ work: lasting(150 * MINUTE_MS) });
    await watched.clock.pass(6 * HOUR_MS);
    expect(times(watched)).toEqual(['2026-11-24T00:17', '2026-11-24T03:17']);
    expect(watched.mostAtOnce()).toBe(1);
    expect(watched.of('schedule.tick-skipped')[0]).toEqual({
      type: 'schedule.tick-skipped',
      cron: '17 * * * *',
      sources: ['gz'],
      at: '2026-11-24T01:17:00Z',
      runningSince: '2026-11-24T00:17:00Z',
    });
    expect(watched.of('schedule.tick-skipped')).toHaveLength(4);
  });
});

test('schedules of their own run over their own sources, and none waits for another', async () => {
  const watched = watch({
    schedules: [
      { cron: '0 */6 * * *', sources: ['gz'] },
      { cron: '30 1 * * *', sources: ['sh', 'bj'] },
    ],
    work: lasting(8 * HOUR_MS),
  });
  await watched.clock.pass(7 * HOUR_MS);
  expect(watched.runs).toEqual([
    { at: '2026-11-24T01:30', sources: ['sh', 'bj'] },
    { at: '2026-11-24T06:00', sources: ['gz'] },
  ]);
  expect(watched.mostAtOnce()).toBe(2);
});

describe('the first run', () => {
  test('comes with the first tick', async () => {
    const watched = watch({ start: '2026-11-24T00:17:30Z' });
    await watched.clock.pass(HOUR_MS);
    expect(times(watched)).toEqual(['2026-11-24T01:17']);
  });

  test('comes at the start where that is asked for, and the ticks after it', async () => {
    const watched = watch({ start: '2026-11-24T00:03:00Z', runOnStart: true });
    await watched.clock.pass(HOUR_MS);
    expect(times(watched)).toEqual(['2026-11-24T00:03', '2026-11-24T00:17']);
  });
});

test('the next tick is told at the start and after each', async () => {
  const watched = watch();
  await watched.clock.pass(HOUR_MS);
  expect(watched.of('schedule.next').map(({ at }) => at)).toEqual([
    '2026-11-24T00:17:00Z',
    '2026-11-24T01:17:00Z',
  ]);
});

test('with the next tick the one before it is told, from the start on and over a weekend', async () => {
  const weekdays = [{ cron: '0 3 * * 1-5', sources: ['gz'] }];
  const watched = watch({ schedules: weekdays, start: '2026-11-26T12:00:00Z' });
  await watched.clock.pass(DAY_MS);
  expect(watched.of('schedule.next').map(({ previous, at }) => [previous, at])).toEqual([
    ['2026-11-26T03:00:00Z', '2026-11-27T03:00:00Z'],
    ['2026-11-27T03:00:00Z', '2026-11-30T03:00:00Z'],
  ]);
});

test('a schedule that is rarer than the cloud’s retention is warned of', async () => {
  const watched = watch({
    schedules: [{ cron: '0 0 1 * *', sources: ['gz'] }],
    start: '2026-11-02T00:00:00Z',
  });
  await watched.clock.pass(MINUTE_MS);
  expect(watched.of('warning')[0]?.message).toContain('no tick within the next seven days');
});

describe('jitter', () => {
  test.each([
    [0, '00:17:00'],
    [0.5, '00:22:00'],
    [0.999_999, '00:26:59'],
  ])('thrown as %d moves every tick by the same time within its bound: %s', async (random, first) => {
    const begun: string[] = [];
    const watched = watch({
      random,
      jitterMs: 10 * MINUTE_MS,
      work: async (_count, clock) => begun.push(new Date(clock.now()).toISOString().slice(11, 19)),
    });
    await watched.clock.pass(3 * HOUR_MS);
    expect(begun).toEqual([first, first.replace('00:', '01:'), first.replace('00:', '02:')]);
  });
});

describe('a daylight-saving change', () => {
  test.each([
    ['Europe/Berlin', '2026-03-28T12:00:00Z', 3],
    ['Europe/Berlin', '2026-10-24T12:00:00Z', 3],
    ['America/New_York', '2026-03-07T17:00:00Z', 3],
    ['America/New_York', '2026-10-31T16:00:00Z', 3],
  ])('neither drops nor doubles a daily run: %s from %s', async (timezone, start, days) => {
    const watched = watch({ timezone, start, schedules: [{ cron: '30 2 * * *', sources: ['gz'] }] });
    await watched.clock.pass(days * DAY_MS);
    expect(watched.runs).toHaveLength(days);
  });

  test.each([
    ['Europe/Berlin', '2026-03-29T00:00:00Z'],
    ['Europe/Berlin', '2026-10-25T00:00:00Z'],
    ['America/New_York', '2026-03-08T05:00:00Z'],
    ['America/New_York', '2026-11-01T04:00:00Z'],
  ])('leaves an hourly schedule hourly: %s from %s', async (timezone, start) => {
    const watched = watch({ timezone, start });
    await watched.clock.pass(DAY_MS);
    expect(watched.runs).toHaveLength(24);
  });
});

describe('a clock that jumps', () => {
  const daily = { schedules: [{ cron: '0 12 * * *', sources: ['gz'] }] };

  test('forward over a tick: the run is made up for at once, and only one of several', async () => {
    const watched = watch();
    watched.clock.set(Date.parse('2026-11-24T09:30:00Z'));
    await watched.clock.pass(MINUTE_MS);
    expect(times(watched)).toEqual(['2026-11-24T09:30']);
    await watched.clock.pass(HOUR_MS);
    expect(times(watched).slice(1)).toEqual(['2026-11-24T10:17']);
  });

  test('forward by years: goes by the new time at once', async () => {
    const watched = watch();
    watched.clock.set(Date.parse('2031-01-01T00:05:00Z'));
    await watched.clock.pass(2 * HOUR_MS);
    expect(times(watched)).toEqual(['2031-01-01T00:05', '2031-01-01T00:17', '2031-01-01T01:17']);
  });

  test('back by years: does not wait for the old time to come again', async () => {
    const watched = watch({ ...daily, start: '2031-06-01T00:00:00Z' });
    await watched.clock.pass(HOUR_MS);
    watched.clock.set(Date.parse('2026-11-24T03:00:00Z'));
    await watched.clock.pass(2 * DAY_MS);
    expect(times(watched)).toEqual(['2026-11-24T12:00', '2026-11-25T12:00']);
  });

  test('back by a moment over a tick: does not run twice', async () => {
    const watched = watch(daily);
    await watched.clock.pass(12 * HOUR_MS + 1000);
    watched.clock.set(watched.clock.now() - 30_000);
    await watched.clock.pass(HOUR_MS);
    expect(times(watched)).toEqual(['2026-11-24T12:00']);
  });
});

describe('a schedule is heard of', () => {
  test('while it works and while its run goes on, and silent when its loop has stopped', async () => {
    const watched = watch({ work: lasting(3 * DAY_MS) });
    await watched.clock.pass(DAY_MS);
    expect(watched.scheduler.silent()).toEqual([]);
    watched.clock.set(watched.clock.now() + 10 * MINUTE_MS);
    expect(watched.scheduler.silent()).toEqual([{ cron: '17 * * * *', sources: ['gz'] }]);
    await watched.clock.pass(15_000);
    expect(watched.scheduler.silent()).toEqual([]);
  });
});

describe('a signal', () => {
  test('between runs ends it at once', async () => {
    const watched = watch();
    await watched.clock.pass(HOUR_MS);
    watched.stop();
    await watched.ended;
    expect(watched.runs).toHaveLength(1);
  });

  test('in mid-run is handed to the run and waits for it', async () => {
    const steps: string[] = [];
    const watched = watch({
      async work(_count, clock, signal) {
        await clock.sleep(HOUR_MS, signal).catch(() => steps.push('told'));
        await clock.sleep(5000, new AbortController().signal);
        steps.push('cleaned up');
      },
    });
    await watched.clock.pass(20 * MINUTE_MS);
    watched.stop();
    const ended = watched.ended.then(() => steps.push('ended'));
    await watched.clock.pass(6000);
    await ended;
    expect(steps).toEqual(['told', 'cleaned up', 'ended']);
    expect(watched.of('schedule.run-failed')).toEqual([]);
  });

  test('does not wait longer than the grace period for a run that hangs', async () => {
    const watched = watch({ work: () => new Promise(() => undefined) });
    await watched.clock.pass(20 * MINUTE_MS);
    watched.stop();
    await watched.clock.pass(25_000);
    await watched.ended;
    expect(watched.of('schedule.run-failed')[0]?.error.message).toBe(
      'the run did not end within 25 s and is cut off',
    );
  });
});
