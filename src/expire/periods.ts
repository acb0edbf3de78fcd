/** The calendar's periods in a time zone: which hour, day, ISO week, month and year an instant falls into there. */
import { createWallClock } from '../domain/wall-clock.ts';

/** The calendar's periods that a rule can count, longest first. */
export const PERIODS = ['yearly', 'monthly', 'weekly', 'daily', 'hourly'] as const;

export type Period = (typeof PERIODS)[number];

/** The name of the period that an instant (milliseconds since the epoch) falls into: `2026-11-24`, `2026-W48`, … Equal names, same period. */
export type PeriodOf = (period: Period, instant: number) => string;

const DAY_MS = 24 * 3_600_000;
const THURSDAY = 4;

export function periodsIn(timezone: string): PeriodOf {
  const wall = createWallClock(timezone);
  return (period, instant) => {
    const local = wall(instant);
    const text = new Date(local).toISOString();
    switch (period) {
      case 'yearly':
        return text.slice(0, 4);
      case 'monthly':
        return text.slice(0, 7);
      case 'weekly':
        return isoWeek(local);
      case 'daily':
        return text.slice(0, 10);
      case 'hourly':
        // An hour that comes twice when the clocks go back is two hours: the offset tells them apart.
        return `${text.slice(0, 13)}${offsetText(local - instant)}`;
    }
  };
}

/** ISO 8601: weeks begin on Monday, and a week belongs to the year that its Thursday lies in. */
function isoWeek(local: number): string {
  const day = Math.floor(local / DAY_MS);
  const weekday = ((new Date(local).getUTCDay() + 6) % 7) + 1;
  const thursday = new Date((day + THURSDAY - weekday) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS));
  return `${year}-W${String(week).padStart(2, '0')}`;
}

function offsetText(milliseconds: number): string {
  const minutes = Math.round(Math.abs(milliseconds) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${milliseconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
