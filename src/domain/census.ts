/** What is in a dump: the answer of `inspect`, and what a restore test compares a server with. */
import type { Instant } from './instant.ts';
import type { RdbWriter } from './rdb-magic.ts';

/** The types as `TYPE` names them; a module's own type is `module`, but for `vectorset`, which comes with every Redis from 8.0 on. */
export type KeyType =
  | 'string'
  | 'list'
  | 'set'
  | 'zset'
  | 'hash'
  | 'stream'
  | 'vectorset'
  | 'array'
  | 'module';

/**
 * How the walk ended. Only `complete` says that everything was seen; else the figures are those of the part before `offset`.
 * Neither `unknown-type` nor `damaged` judges the bytes: that is the checksum's business.
 */
export type CensusEnding =
  | { readonly kind: 'complete' }
  /**
   * A newer server, or a module's value without a self-describing form: `offset` is that of the type's byte. In a version that is newer than
   * this program also whatever else it cannot make out.
   */
  | { readonly kind: 'unknown-type'; readonly offset: number; readonly detail: string }
  | { readonly kind: 'damaged'; readonly offset: number; readonly detail: string }
  /** It does not begin as an RDB file does. */
  | { readonly kind: 'not-a-dump'; readonly offset: number; readonly detail: string };

export interface KeyCounts {
  /** All keys in the dump, those that have expired and those without elements too. */
  readonly keys: number;
  /** Of these, how many expire at all. */
  readonly expiring: number;
  /**
   * Of these, how many expired before `Census.asOf`: a server drops on loading what has expired by its own clock. Hashes count too whose fields
   * have all expired, as far as they could be looked into (`TypeCensus.expiringFieldsExact`).
   */
  readonly expired: number;
  /** Collections without elements, left by an old bug: a server of 6.2 or newer drops them. Counted nowhere in `expired`. */
  readonly empty: number;
  /** As the dump writes them: type, name and value. */
  readonly bytes: number;
}

export interface DatabaseCensus extends KeyCounts {
  readonly database: number;
}

export interface TypeCensus extends KeyCounts {
  readonly type: KeyType;
  /** List items, members, fields, stream entries, vectors; 0 for strings and modules. */
  readonly elements: number;
  /** Fields of hashes that expire by themselves, expired or not. */
  readonly expiringFields: number;
  /** False where a hash was too large to look at each of its fields, or expands too many times to be worth the time, so that `expiringFields` is the least that there can be. */
  readonly expiringFieldsExact: boolean;
  /** False where a collection's own count was too small for it, so that `elements` is the least that there can be. */
  readonly elementsExact: boolean;
  /** How many of the keys lie in the dump in which form, for instance `{"listpack": 12, "hashtable": 3}`. */
  readonly encodings: Readonly<Record<string, number>>;
}

export interface LargeKey {
  /** Printable: `\xNN` stands for each byte that is not, `\\` for a backslash, and a name that was cut ends with `…`. */
  readonly name: string;
  readonly database: number;
  readonly type: KeyType;
  readonly bytes: number;
  /** Absent for strings and modules. */
  readonly elements?: number;
  readonly expiresAt?: Instant;
}

export interface PrefixCensus {
  /** What stands before the first `:`, printable as a key's name. */
  readonly prefix: string;
  readonly keys: number;
  readonly bytes: number;
  /** False where some of its keys may have been counted among `otherPrefixes`. */
  readonly exact: boolean;
}

export interface Census extends KeyCounts, RdbWriter {
  readonly ending: CensusEnding;
  /** Version of the file format; 0 where the file is no dump. */
  readonly version: number;
  /** Bytes of the file, whatever the walk understood of them. */
  readonly size: number;
  /** Of these, bytes behind the dump's end, which no server reads; 0 where the end was not reached. */
  readonly trailingBytes: number;
  /** Whether a CRC-64 stands at its end; false for a footer of zeros, for versions before 5, and where the end was not reached. */
  readonly hasChecksum: boolean;
  /** The time that `expired` is counted for. */
  readonly asOf: Instant;
  readonly createdAt?: Instant;
  /** What else the server wrote about itself (`redis-bits`, `used-mem`, `repl-id` …), cut to a bounded number and length. */
  readonly auxiliary: Readonly<Record<string, string>>;
  /** How often those came that came more than once (Valkey's `slot-info`); `auxiliary` has the first one. */
  readonly repeated: Readonly<Record<string, number>>;
  /** In the order of their numbers. */
  readonly databases: readonly DatabaseCensus[];
  /** Most bytes first. */
  readonly types: readonly TypeCensus[];
  /** Largest first. */
  readonly largest: readonly LargeKey[];
  /** Most keys first. */
  readonly prefixes: readonly PrefixCensus[];
  /** Keys whose prefix is not listed, and keys without one. */
  readonly otherPrefixes: { readonly keys: number; readonly bytes: number };
  readonly withoutPrefix: { readonly keys: number; readonly bytes: number };
  /** Function libraries, by name. */
  readonly functions: readonly string[];
  /** Scripts that servers before 7.0 kept in the dump. */
  readonly scripts: number;
  /** Modules that left values or data of their own. */
  readonly modules: readonly string[];
}

/** How far the keys of a dump could be counted that was not understood to its end. */
export interface Uncounted {
  /** The byte from which on it was not understood. */
  readonly offset: number;
  /** Keys before it. */
  readonly keys: number;
  /** In a sentence. */
  readonly reason: string;
}

/** What a manifest keeps of a census. */
export interface KeyTotals {
  readonly keys: number;
  readonly expiring: number;
  /** Keys by the number of the database, for instance `{"0": 12000, "3": 4}`. */
  readonly databases: Readonly<Record<string, number>>;
}
