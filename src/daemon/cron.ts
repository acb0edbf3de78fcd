/**
 * A cron expression in a time zone, asked minute by minute. node-cron (4.6) reads and matches the expression; when to ask is ours, for its own
 * timer runs a daily job not at all on the day when its hour is skipped, an hourly one not in the hour that comes twice, and nothing
 * for as long as a clock was set back.
 */
import { createTask, parse } from 'node-cron';
import { createWallClock } from '../domain/wall-clock.ts';

export interface Cron {
  /** Whether a tick falls on this minute, given by its first millisecond. */
  isDue(minute: number): boolean;
}

export const MINUTE_MS = 60_000;

const HOURS_A_DAY = 24;
/** No zone has put its clocks back by more (Antarctica/Troll does by two hours). */
const LARGEST_SHIFT_MS = 3 * 3_600_000;

/**
 * Across a daylight-saving change the rules are those of Vixie cron: a schedule of every hour goes by the time that passes, one of certain
 * hours by the wall, so that a local time which is skipped falls on the first minute after it, and one that comes twice counts once.
 */
export function createCron(expression: string, timezone: string): Cron {
  const matches = matcher(expression);
  const wall = createWallClock(timezone);
  const everyHour = parse(expression).hour.length === HOURS_A_DAY;

  function isRepeated(minute: number): boolean {
    const offset = (instant: number): number => wall(instant) - instant;
    const before = offset(minute - LARGEST_SHIFT_MS);
    const setBackBy = before - offset(minute);
    return setBackBy > 0 && offset(minute - setBackBy) === before;
  }

  function wasSkipped(minute: number): boolean {
    const shown = wall(minute);
    for (let skipped = wall(minute - MINUTE_MS) + MINUTE_MS; skipped < shown; skipped += MINUTE_MS) {
      if (matches(skipped)) return true;
    }
    return false;
  }

  return {
    isDue(minute) {
      if (everyHour) return matches(wall(minute));
      return matches(wall(minute)) ? !isRepeated(minute) : wasSkipped(minute);
    },
  };
}

/** The latest minute after `after`, up to and with `until`, that a tick falls on. */
export function latestDue(cron: Cron, after: number, until: number): number | undefined {
  for (let minute = until; minute > after; minute -= MINUTE_MS) if (cron.isDue(minute)) return minute;
  return undefined;
}

/** The first minute after `after`, up to and with `until`, that a tick falls on. */
export function firstDue(cron: Cron, after: number, until: number): number | undefined {
  for (let minute = after + MINUTE_MS; minute <= until; minute += MINUTE_MS)
    if (cron.isDue(minute)) return minute;
  return undefined;
}

/** Whether the expression matches a local time that is written as if it were UTC. */
function matcher(expression: string): (wall: number) => boolean {
  const task = createTask(expression, () => undefined, { timezone: 'UTC' });
  // It is never started; destroying it takes it out of node-cron's list of tasks, and it goes on matching.
  void task.destroy();
  return (wall) => task.match(new Date(wall));
}
