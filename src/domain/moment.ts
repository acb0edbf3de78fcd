/** Points in time as a person writes them on a command line. */
import { type Instant, toInstant } from './instant.ts';

const DATE = String.raw`(\d{4}-\d\d-\d\d)`;
const TIME = String.raw`(\d\d:\d\d)(?::(\d\d)(?:\.\d+)?)?`;
const MOMENT = new RegExp(String.raw`^${DATE}(?:[T ]${TIME} ?(Z|UTC|[+-]\d\d:?\d\d)?)?$`, 'i');

/**
 * ISO 8601 down to minutes or seconds, with a zone (`2026-11-17T08:00+08:00`) or without one: then it is UTC, as all that the product
 * prints. A date alone is its first moment. Undefined for what is none of it, or is in no calendar.
 */
export function parseMoment(text: string): Instant | undefined {
  const [, date = '', time = '00:00', seconds = '00', zone = 'Z'] = MOMENT.exec(text.trim()) ?? [];
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
