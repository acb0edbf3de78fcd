/** What the reader tells while it walks a dump. */
import type { RdbMagic } from '../domain/rdb-magic.ts';
import type { ValueForm } from './format.ts';

/** A key that has been read whole. The reader uses one of these for all keys: take what you need, keep nothing of it. */
export interface KeySeen {
  readonly database: number;
  readonly form: ValueForm;
  /** The name's first bytes; those after `nameLength` are left over from others. */
  readonly name: Uint8Array;
  readonly nameLength: number;
  /** Of the whole name, which may be longer than what is shown of it. */
  readonly nameBytes: number;
  readonly expires: boolean;
  /** Milliseconds since the epoch, where `expires`. */
  readonly expiresAt: number;
  /** In the dump: type, name and value. */
  readonly bytes: number;
  /** List items, members, fields, stream entries. */
  readonly elements: number;
  /** False where `elements` is only the least that there can be. */
  readonly elementsExact: boolean;
  /** Of a hash whose fields may expire by themselves; undefined of all other keys. */
  readonly fields: FieldsSeen | undefined;
}

export interface FieldsSeen {
  /** How many of the fields do. */
  readonly expiring: number;
  /** The last time that one of them does, in milliseconds since the epoch. */
  readonly lastExpiry: number;
  /** False where the hash was too large to see all of its fields. */
  readonly exact: boolean;
}

export interface RdbListener {
  magic(magic: RdbMagic): void;
  key(key: KeySeen): void;
  /** A field that the server wrote about itself; printable, and cut where it is long. */
  auxiliary(name: string, value: string): void;
  /** A function library: the beginning of its code, or its name in dumps of release candidates of 7.0. */
  library(beginning: string): void;
  /** A module that left values or data of its own. */
  module(name: string): void;
}
