/** Rows of a list as they are kept until it is whole: a fleet has a hundred and forty thousand, and a server that never ends has any number. */
import { type Fields, isFields } from './json-fields.ts';

export interface KeptRows {
  /** Of the row only the fields that are read, with long texts cut, and what other rows have too held once. */
  keep(row: Fields): Fields;
  /** Bytes of memory that a kept row takes by itself. */
  weigh(row: Fields): number;
}

/** Longer texts are no id, time or code, and of names less is kept. */
const LONGEST_TEXT = 260;
/** Names, codes and times that rows share; of a fleet these are all. */
const MOST_SHARED = 20_000;

/** What V8 takes, as measured: a string its characters and this, an object this and a word a field. */
const STRING = 24;
const OBJECT = 56;
const FIELD = 8;
/** The row's place among the others, by its id. */
const PLACE = 120;

export function keptRows(fields: readonly string[]): KeptRows {
  const shared = new Map<string, string>();

  function keptText(value: string): string {
    const known = shared.get(value);
    if (known !== undefined) return known;
    // What is cut off is let go: a mere slice would hold on to the whole.
    const text = value.length > LONGEST_TEXT ? Buffer.from(value.slice(0, LONGEST_TEXT)).toString() : value;
    if (shared.size < MOST_SHARED) shared.set(text, text);
    return text;
  }

  function keptValue(value: unknown): unknown {
    if (typeof value === 'string') return keptText(value);
    if (Array.isArray(value)) return value.map(keptValue);
    if (!isFields(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, keptValue(member)]));
  }

  function weigh(value: unknown): number {
    if (typeof value === 'string') return shared.has(value) ? 0 : STRING + value.length;
    if (typeof value !== 'object' || value === null) return 0;
    return Object.values(value).reduce((sum: number, member) => sum + FIELD + weigh(member), OBJECT);
  }

  return {
    keep(row) {
      const kept: Record<string, unknown> = {};
      for (const name of fields) if (row[name] !== undefined) kept[name] = keptValue(row[name]);
      return kept;
    },
    weigh: (row) => PLACE + weigh(row),
  };
}
