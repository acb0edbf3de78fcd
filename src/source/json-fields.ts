/** Reads the cloud's answers, whose types cannot be relied on: numbers come as strings, `null` stands for an empty list. */
import { tidyName } from '../domain/outside-text.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; an empty one where it is none. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** The value as a list of objects; whatever is no object is left out. */
export function rowsOf(value: unknown): readonly Fields[] {
  return listOf(value).filter(isFields);
}

/** The value as a list; an empty one where it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as text; `''` where there is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** What people have written, or a server, fit to be kept and shown: cleaned, and cut to a length. Ids are data, and stay `textOf`. */
export function nameOf(value: unknown): string {
  return tidyName(textOf(value));
}

/** The value as a number, also where it came as a string of digits; undefined where it is none. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The value as a count of something, or of bytes; undefined where it is none. */
export function countOf(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
