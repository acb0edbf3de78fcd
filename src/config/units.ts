/** Sizes, durations and zone offsets as people write them, and back. */

const SIZE = /^(\d+(?:\.\d+)?)\s?(B|KiB|MiB|GiB|TiB)?$/;
const SIZE_UNITS = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
] as const;

const DURATION = /^(\d+(?:\.\d+)?)\s?(ms|s|m|h|d)$/;
const DURATION_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

export const SIZE_SUFFIXES: readonly string[] = SIZE_UNITS.map(([name]) => name).reverse();
export const DURATION_SUFFIXES: readonly string[] = DURATION_UNITS.map(([name]) => name).reverse();

const UTC_OFFSET = /^([+-])(\d{2}):([0-5]\d)$/;
/** Kiribati is the farthest from Greenwich, UTC+14. */
const LARGEST_OFFSET_MINUTES = 14 * 60;

/** `8MiB` to bytes; a number without a unit is bytes. Undefined where the text is no whole number of bytes. */
export function parseSize(text: string): number | undefined {
  return measure(text, SIZE, SIZE_UNITS, 'B');
}

/** Bytes to the shortest text that `parseSize` reads as the same number. */
export function formatSize(bytes: number): string {
  return inLargestUnit(bytes, SIZE_UNITS, 'B');
}

/** `30s` to milliseconds. Undefined where the text is no whole number of milliseconds with a unit. */
export function parseDuration(text: string): number | undefined {
  return measure(text, DURATION, DURATION_UNITS);
}

/** Milliseconds to the shortest text that `parseDuration` reads as the same number. */
export function formatDuration(milliseconds: number): string {
  return inLargestUnit(milliseconds, DURATION_UNITS, 'ms');
}

/** `+08:00` to minutes east of Greenwich. */
export function parseUtcOffset(text: string): number | undefined {
  const match = UTC_OFFSET.exec(text);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (minutes > LARGEST_OFFSET_MINUTES) return undefined;
  return match[1] === '-' && minutes > 0 ? -minutes : minutes;
}

/** What is wrong with the suffix of `200MB` or `30sec`, and what was probably meant; undefined where it is no number with something behind it. */
export function suffixTrouble(text: string, suffixes: readonly string[]): string | undefined {
  const [, number, suffix] = /^(\d+(?:\.\d+)?)\s*(\D.*)?$/.exec(text.trim()) ?? [];
  if (number === undefined || (suffix !== undefined && suffixes.includes(suffix))) return undefined;
  const known = `the suffix is ${suffixes.slice(0, -1).join(', ')} or ${suffixes.at(-1)}`;
  if (suffix === undefined) return known;
  const initial = suffix
    .toLowerCase()
    .replace(/(?:\/s|ps)$/, '')
    .charAt(0);
  const meant = suffixes.find((name) => name.toLowerCase().startsWith(initial));
  return `${known}, not ${suffix}${initial === '' || meant === undefined ? '' : `: ${number}${meant}`}`;
}

type Units = readonly (readonly [name: string, factor: number])[];

function measure(text: string, form: RegExp, units: Units, bare?: string): number | undefined {
  const match = form.exec(text.trim());
  if (match === null) return undefined;
  const unit = match[2] ?? bare;
  const factor = units.find(([name]) => name === unit)?.[1];
  if (factor === undefined) return undefined;
  const value = Number(match[1]) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}

function inLargestUnit(value: number, units: Units, smallest: string): string {
  const unit = units.find(([, factor]) => value >= factor && value % factor === 0);
  return unit === undefined ? `${value}${smallest}` : `${value / unit[1]}${unit[0]}`;
}
