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

/** A time zone, and by how much its clocks differ from UTC at the moment: a name alone is easily taken for another one. */
export interface ZoneNow {
  readonly timezone: string;
  /** `+08:00` */
  readonly utcOffset: string;
}

/** The defaults, told without a look at the tables of all zones, which takes 10 ms and 6 MB of a start; neither changes its clocks. */
const STEADY: Readonly<Record<string, string>> = { UTC: '+00:00', 'Asia/Shanghai': '+08:00' };

/** `now` in milliseconds since the epoch. */
export function zoneNow(timezone: string, now: number): ZoneNow {
  const utcOffset =
    STEADY[timezone] ?? formatUtcOffset(Math.round((createWallClock(timezone)(now) - now) / 60_000));
  return { timezone, utcOffset };
}

/** `+08:00`, of minutes east of Greenwich. */
export function formatUtcOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
