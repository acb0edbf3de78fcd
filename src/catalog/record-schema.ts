/** How our records are numbered (`rdb-archiver/manifest@1`), and what becomes of one whose number is to come: it is no damage, and nobody's to overwrite. */
import { ArchiverError } from '../domain/errors.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { readSmallObject } from './small-object.ts';

/** Throws `newer-version` where the value is of the same kind as ours, with another number. `what` is for the message: `the manifest KEY`. */
export function assertOwnVersion(value: unknown, ours: string, what: string): void {
  const schema = schemaOf(value);
  const [name] = ours.split('@');
  if (schema === undefined || schema === ours || !new RegExp(`^${name}@[1-9]\\d*$`).test(schema)) return;
  throw new ArchiverError('newer-version', `${what} is ${schema}, which this version cannot read`);
}

/** The bytes as JSON; undefined for what is none. Throws as `assertOwnVersion` does. */
export function parseRecord(bytes: Uint8Array, ours: string, key: string): unknown {
  const value = parsed(bytes);
  assertOwnVersion(value, ours, `the record ${key}`);
  return value;
}

/** Before a record is written in place of what lies there. One request. Rejects with `newer-version`; what nobody can read may go. */
export async function assertReplaceable(
  store: ObjectStore,
  key: string,
  ours: string,
  options: CallOptions,
): Promise<void> {
  try {
    const bytes = await readSmallObject(store, key, options);
    if (bytes) parseRecord(bytes, ours, key);
  } catch (error) {
    if (!(error instanceof ArchiverError) || !['archive-damaged', 'unreadable-cold'].includes(error.code))
      throw error;
  }
}

function schemaOf(value: unknown): string | undefined {
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  return typeof schema === 'string' ? schema : undefined;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
