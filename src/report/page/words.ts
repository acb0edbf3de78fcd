/** Times and counts as the page writes them: short, one unit, never rosier than the truth. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `12 min`, `5 h`, `3 d`, cut and not rounded: a deadline never seems later than it is. */
export function roughly(milliseconds: number): string {
  if (milliseconds < MINUTE_MS) return 'less than a minute';
  if (milliseconds < HOUR_MS) return `${Math.floor(milliseconds / MINUTE_MS)} min`;
  if (milliseconds < 2 * DAY_MS) return `${Math.floor(milliseconds / HOUR_MS)} h`;
  return `${Math.floor(milliseconds / DAY_MS)} d`;
}

/** The same of hours, as the status has them. */
export function roughlyHours(hours: number): string {
  return roughly(hours * HOUR_MS);
}

/** `10,000` */
export function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** `1 backup`, `2,000 backups` */
export function some(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
