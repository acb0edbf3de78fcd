/** Bytes, times and moments for people: three significant digits, no more. */
import { type Instant, toEpoch, toInstant } from '../domain/instant.ts';
import { zoneNow } from '../domain/wall-clock.ts';

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.20 GiB` */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // Not 1024: what would round to four digits belongs to the next unit.
  while (value >= 999.5 && unit < SIZES.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${threeDigits(value)} ${SIZES[unit]}`;
}

/** `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h` */
export function humanTime(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3600);
  if (hours >= 72) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `1 backup`, `2 backups` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** `2026-11-24 10:15 +08:00`, as the clocks of a zone show it. */
export function readableIn(timezone: string, instant: Instant): string {
  const { utcOffset } = zoneNow(timezone, toEpoch(instant));
  const [hours = 0, minutes = 0] = utcOffset.slice(1).split(':').map(Number);
  const ahead = (utcOffset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  return `${readable(toInstant(toEpoch(instant) + ahead))} ${utcOffset}`;
}

/** `2026-11-24 02:15`, in UTC. */
export function readable(instant: Instant): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)}`;
}
