/** Points in time as a person writes them on a command line. */
import { type Instant, toInstant } from './instant.ts';
import { createWallClock } from './wall-clock.ts';

const SECOND_MS = 1000;
const DAY_MS = 24 * 3_600_000;

const DATE = String.raw`(\d{4}-\d\d-\d\d)`;
const TIME = String.raw`(\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?`;
const MOMENT = new RegExp(String.raw`^${DATE}(?:[T ]${TIME} ?(Z|UTC|[+-]\d\d:?\d\d)?)?$`, 'i');

/** A date alone means that day, whose hours depend on where somebody is. */
export type Moment = { readonly instant: Instant } | { readonly day: string };

/**
 * ISO 8601 down to minutes or seconds, with a zone (`2026-11-17T08:00+08:00`) or without one: then it is UTC, as in all JSON that the product
 * prints. Undefined for what is none of it, or is in no calendar.
 */
export function parseMoment(text: string): Moment | undefined {
  const [, date = '', time, seconds = '00', zone = 'Z'] = MOMENT.exec(text.trim()) ?? [];
  const instant = instantOf(date, time ?? '00:00', seconds, zone);
  if (instant === undefined) return undefined;
  return time === undefined ? { day: date } : { instant };
}

/** Its last second, where it is a day. */
export function lastInstantOf(moment: Moment, timezone: string): Instant {
  if ('instant' in moment) return moment.instant;
  const wall = createWallClock(timezone);
  const midnight = Date.parse(`${moment.day}T00:00:00Z`) + DAY_MS;
  // Clocks may be set in that very night: whichever offset is in force by then, the day ends when its clocks first show the next one.
  const ends = [midnight - DAY_MS, midnight + DAY_MS]
    .map((near) => midnight - (wall(near) - near))
    .filter((end) => wall(end) >= midnight);
  return toInstant(Math.min(...ends) - SECOND_MS);
}

function instantOf(date: string, time: string, seconds: string, zone: string): Instant | undefined {
  const written = Date.parse(`${date}T${time}:${seconds}Z`);
  // The engine takes the 31st of February for the 3rd of March, and 24:00 for the next day.
  if (Number.isNaN(written) || toInstant(written) !== `${date}T${time}:${seconds}Z`) return undefined;
  return toInstant(written - offsetOf(zone));
}

/** Milliseconds east of Greenwich. */
function offsetOf(zone: string): number {
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  const milliseconds = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -milliseconds : milliseconds;
}
