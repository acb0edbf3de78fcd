/** What the clocks on the walls of a time zone show, daylight-saving changes included. */

/**
 * Of an instant, the local time, both in milliseconds since the epoch: local 02:30 comes out as if it were 02:30 UTC. So the
 * difference is the zone's offset, and local times can be counted without their gaps and repetitions.
 */
export type WallClock = (instant: number) => number;

/** Zones change their offset only on a full quarter of an hour (of UTC), so it is looked up once in each. */
const QUARTER_MS = 15 * 60_000;
const MOST_REMEMBERED = 1000;

export function createWallClock(timezone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const remembered = new Map<number, number>();

  function offsetAt(quarter: number): number {
    const known = remembered.get(quarter);
    if (known !== undefined) return known;
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    const offset = localTime(quarter) - quarter;
    remembered.set(quarter, offset);
    return offset;
  }

  function localTime(instant: number): number {
    const shown = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const read = (part: Intl.DateTimeFormatPartTypes): number => shown.get(part) ?? 0;
    return Date.UTC(
      read('year'),
      read('month') - 1,
      read('day'),
      read('hour'),
      read('minute'),
      read('second'),
    );
  }

  return (instant) => instant + offsetAt(instant - (instant % QUARTER_MS));
}
