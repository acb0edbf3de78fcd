/** The cloud's wall-clock times, `YYYY-MM-DD HH:mm:ss` without a zone, as instants. */
import { type Instant, toInstant } from '../domain/instant.ts';

/**
 * Both APIs write Beijing time and say so nowhere: the UUIDv1 ids of the documentation's own example backups hold a clock that is
 * exactly eight hours behind their `startTime`. Overseas regions are believed to do the same, hence the offset is a setting.
 * Undefined for what is no point in time: `''` and `0000-00-00 00:00:00` stand for "never".
 */
export function fromCloudTime(text: string, utcOffsetMinutes: number): Instant | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const asUtc = `${text.replace(' ', 'T')}Z`;
  const wallClock = Date.parse(asUtc);
  // The date parser lets the 30th of February run over into March.
  if (Number.isNaN(wallClock) || toInstant(wallClock) !== asUtc) return undefined;
  return toInstant(wallClock - utcOffsetMinutes * 60_000);
}
