/** Counts keys by type and by database, in columns of numbers: nothing is allocated for a key. */
import type { DatabaseCensus, KeyCounts, KeyType, TypeCensus } from '../domain/census.ts';
import { FORMS, TYPES } from './format.ts';
import type { KeySeen } from './listener.ts';

export interface KeyTable {
  add(key: KeySeen): void;
  result(): KeyCounts & { readonly databases: DatabaseCensus[]; readonly types: TypeCensus[] };
}

/** Servers have 16 unless they are told otherwise; a damaged dump may name billions. Those beyond are in the totals only. */
const MOST_DATABASES = 10_000;

/** A key's counts, by column. */
const KEYS = 0;
const EXPIRING = 1;
const EXPIRED = 2;
const EMPTY = 3;
const BYTES = 4;
const COLUMNS = 5;

/** `asOf` in milliseconds since the epoch. */
export function createKeyTable(asOf: number): KeyTable {
  const byType = new Float64Array(TYPES * COLUMNS);
  const elements = new Float64Array(TYPES);
  const inexact = new Uint8Array(TYPES);
  const databases = new Map<number, Float64Array>();
  let currentNumber = -1;

  /** What the databases count that are beyond the limit. */
  const beyond = new Float64Array(COLUMNS);
  let current: Float64Array = beyond;

  function choose(database: number): void {
    currentNumber = database;
    current = databases.get(database) ?? beyond;
    if (current !== beyond || databases.size === MOST_DATABASES) return;
    current = new Float64Array(COLUMNS);
    databases.set(database, current);
  }

  return {
    add(key) {
      if (key.database !== currentNumber) choose(key.database);
      const { code } = key;
      count(byType, code * COLUMNS, key, asOf);
      count(current, 0, key, asOf);
      elements[code] = (elements[code] as number) + key.elements;
      if (!key.elementsExact) inexact[code] = 1;
    },
    result() {
      const numbers = [...databases.keys()].sort((left, right) => left - right);
      return {
        ...countsOf(sumOf(byType), 0),
        databases: numbers.map((database) => ({
          database,
          ...countsOf(databases.get(database) ?? beyond, 0),
        })),
        types: typesOf(byType, elements, inexact),
      };
    },
  };
}

function count(columns: Float64Array, at: number, key: KeySeen, asOf: number): void {
  add(columns, at + KEYS, 1);
  add(columns, at + BYTES, key.bytes);
  const empty = key.elements === 0 && key.form.droppedEmpty;
  if (empty) add(columns, at + EMPTY, 1);
  if (!key.expires) return;
  add(columns, at + EXPIRING, 1);
  if (key.expiresAt < asOf && !empty) add(columns, at + EXPIRED, 1);
}

function add(columns: Float64Array, at: number, amount: number): void {
  columns[at] = (columns[at] as number) + amount;
}

function countsOf(columns: Float64Array, at: number): KeyCounts {
  const [keys = 0, expiring = 0, expired = 0, empty = 0, bytes = 0] = columns.subarray(at, at + COLUMNS);
  return { keys, expiring, expired, empty, bytes };
}

function sumOf(byType: Float64Array): Float64Array {
  const sum = new Float64Array(COLUMNS);
  for (let index = 0; index < byType.length; index++) add(sum, index % COLUMNS, byType[index] ?? 0);
  return sum;
}

/** The forms of a type put together. */
function typesOf(byType: Float64Array, elements: Float64Array, inexact: Uint8Array): TypeCensus[] {
  const types = new Map<KeyType, TypeCensus>();
  for (const [code, form] of FORMS.entries()) {
    const counts = countsOf(byType, code * COLUMNS);
    if (form === undefined || counts.keys === 0) continue;
    const before = types.get(form.type);
    const encodings = { ...before?.encodings };
    encodings[form.encoding] = (encodings[form.encoding] ?? 0) + counts.keys;
    types.set(form.type, {
      type: form.type,
      keys: counts.keys + (before?.keys ?? 0),
      expiring: counts.expiring + (before?.expiring ?? 0),
      expired: counts.expired + (before?.expired ?? 0),
      empty: counts.empty + (before?.empty ?? 0),
      bytes: counts.bytes + (before?.bytes ?? 0),
      elements: form.counted ? (elements[code] ?? 0) + (before?.elements ?? 0) : 0,
      elementsExact: inexact[code] === 0 && (before?.elementsExact ?? true),
      encodings,
    });
  }
  return [...types.values()].sort((left, right) => right.bytes - left.bytes);
}
