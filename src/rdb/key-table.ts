/** Counts keys by type and by database, in columns of numbers: nothing is allocated for a key. */
import type { DatabaseCensus, KeyCounts, KeyType, TypeCensus } from '../domain/census.ts';
import { FORMS } from './format.ts';
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

/** A row for each form: its counts, and what only some forms have. */
interface ByForm {
  readonly counts: Float64Array;
  readonly elements: Float64Array;
  readonly inexact: Uint8Array;
  readonly fields: Float64Array;
  readonly fieldsInexact: Uint8Array;
}

/** `asOf` in milliseconds since the epoch. */
export function createKeyTable(asOf: number): KeyTable {
  const byForm: ByForm = {
    counts: new Float64Array(FORMS.length * COLUMNS),
    elements: new Float64Array(FORMS.length),
    inexact: new Uint8Array(FORMS.length),
    fields: new Float64Array(FORMS.length),
    fieldsInexact: new Uint8Array(FORMS.length),
  };
  const { counts, elements } = byForm;
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
      const { form, bytes, expires } = key;
      const { row } = form;
      const empty = key.elements === 0 && form.droppedEmpty;
      const expired = !empty && hasExpired(key, asOf);
      count(counts, row * COLUMNS, bytes, expires, empty, expired);
      count(current, 0, bytes, expires, empty, expired);
      add(elements, row, key.elements);
      if (!key.elementsExact) byForm.inexact[row] = 1;
      if (key.fields !== undefined) {
        add(byForm.fields, row, key.fields.expiring);
        if (!key.fields.exact) byForm.fieldsInexact[row] = 1;
      }
    },
    result() {
      const numbers = [...databases.keys()].sort((left, right) => left - right);
      return {
        ...countsOf(sumOf(counts), 0),
        databases: numbers.map((database) => ({
          database,
          ...countsOf(databases.get(database) ?? beyond, 0),
        })),
        types: typesOf(byForm),
      };
    },
  };
}

/** A hash goes with the last of its fields. */
function hasExpired(key: KeySeen, asOf: number): boolean {
  if (key.expires && key.expiresAt < asOf) return true;
  const { fields, elements } = key;
  return fields !== undefined && elements > 0 && fields.expiring === elements && fields.lastExpiry < asOf;
}

function count(
  columns: Float64Array,
  at: number,
  bytes: number,
  expires: boolean,
  empty: boolean,
  expired: boolean,
): void {
  add(columns, at + KEYS, 1);
  add(columns, at + BYTES, bytes);
  if (empty) add(columns, at + EMPTY, 1);
  if (expires) add(columns, at + EXPIRING, 1);
  if (expired) add(columns, at + EXPIRED, 1);
}

function add(columns: Float64Array, at: number, amount: number): void {
  columns[at] = (columns[at] as number) + amount;
}

function countsOf(columns: Float64Array, at: number): KeyCounts {
  const [keys = 0, expiring = 0, expired = 0, empty = 0, bytes = 0] = columns.subarray(at, at + COLUMNS);
  return { keys, expiring, expired, empty, bytes };
}

function sumOf(counts: Float64Array): Float64Array {
  const sum = new Float64Array(COLUMNS);
  for (let index = 0; index < counts.length; index++) add(sum, index % COLUMNS, counts[index] ?? 0);
  return sum;
}

/** The forms of a type put together. */
function typesOf({ counts: columns, elements, inexact, fields, fieldsInexact }: ByForm): TypeCensus[] {
  const types = new Map<KeyType, TypeCensus>();
  for (const form of FORMS) {
    const { row } = form;
    const counts = countsOf(columns, row * COLUMNS);
    if (counts.keys === 0) continue;
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
      elements: form.counted ? (elements[row] ?? 0) + (before?.elements ?? 0) : 0,
      elementsExact: inexact[row] === 0 && (before?.elementsExact ?? true),
      expiringFields: (fields[row] ?? 0) + (before?.expiringFields ?? 0),
      expiringFieldsExact: fieldsInexact[row] === 0 && (before?.expiringFieldsExact ?? true),
      encodings,
    });
  }
  return [...types.values()].sort((left, right) => right.bytes - left.bytes);
}
