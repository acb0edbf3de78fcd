/** In which time zone schedules and the days of `expire` are: a person sees a wrong one by its offset sooner than by its name. */
import { type Finding, passed } from '../domain/check.ts';
import { zoneNow } from '../domain/wall-clock.ts';

/** `now` in milliseconds since the epoch. */
export function checkTimezone(timezone: string, now: number): Finding {
  const { utcOffset } = zoneNow(timezone, now);
  return passed('timezone', `${timezone}, now UTC${utcOffset}`, { timezone, utcOffset });
}
