/** Counts what a dump holds, in passing: the reader's listener that `inspect`, `run --inspect` and `drill` share. */
import type { Census } from '../domain/census.ts';
import { type Instant, toInstant } from '../domain/instant.ts';
import { type RdbMagic, writerOf } from '../domain/rdb-magic.ts';
import { createKeyTable } from './key-table.ts';
import { createLargest } from './largest.ts';
import { createPrefixes } from './prefixes.ts';
import { createRdbReader, type DumpEnd } from './reader.ts';

export interface CensusOptions {
  /** Milliseconds since the epoch that `expired` is counted for. */
  readonly asOf: number;
  /** So many of the largest keys and of the most common prefixes; 10 where absent. */
  readonly top?: number;
}

/**
 * A `Tap` (src/integrity/taps.ts): sees each chunk once, keeps none, and answers when the stream has ended. Never throws. And a `DumpWalk`
 * (src/integrity/rdb.ts), for the judge of the bytes.
 */
export interface CensusTap {
  update(chunk: Uint8Array): void;
  end(): DumpEnd | undefined;
  result(): Census;
  /** What a server has to know that is to load it, as far as it was read. */
  format(): DumpFormat;
}

export interface DumpFormat {
  /** Undefined where it begins as no dump. */
  readonly magic: RdbMagic | undefined;
  /** Types and opcodes, as the family of the magic numbers them. */
  readonly codes: readonly number[];
  /** The highest database that it selects, whether it holds a key or not; -1 for none. */
  readonly highestDatabase: number;
}

const TOP = 10;
/** What a damaged or hostile dump may make us keep; real servers write about ten fields and a few libraries. */
const MOST_FIELDS = 64;
const MOST_NAMES = 1000;

export function censusTap({ asOf, top = TOP }: CensusOptions): CensusTap {
  const table = createKeyTable(asOf);
  const largest = createLargest(top);
  const prefixes = createPrefixes();
  const auxiliary = new Map<string, string>();
  const repeated = new Map<string, number>();
  const functions = new Set<string>();
  const modules = new Set<string>();
  let magic: RdbMagic | undefined;
  let scripts = 0;

  const reader = createRdbReader({
    magic(found) {
      magic = found;
    },
    key(key) {
      table.add(key);
      largest.offer(key);
      prefixes.add(key);
    },
    auxiliary(name, value) {
      // Servers before 7.0 kept the source of each script in a field of this name.
      if (name === 'lua') scripts++;
      else if (auxiliary.has(name)) repeated.set(name, (repeated.get(name) ?? 1) + 1);
      else if (auxiliary.size < MOST_FIELDS) auxiliary.set(name, value);
    },
    library(beginning) {
      if (functions.size < MOST_NAMES) functions.add(libraryName(beginning));
    },
    module(name) {
      if (modules.size < MOST_NAMES) modules.add(name);
    },
  });

  return {
    update: reader.update,
    end: () => reader.dumpEnd,
    format: () => ({
      magic: reader.magic,
      codes: reader.codes,
      highestDatabase: reader.highestDatabase,
    }),
    result() {
      const ending = reader.end();
      const { dumpEnd } = reader;
      const createdAt = creationTime(auxiliary.get('ctime'));
      const byPrefix = prefixes.result(top);
      return {
        ending,
        version: magic?.version ?? 0,
        size: reader.size,
        trailingBytes: dumpEnd === undefined ? 0 : reader.size - dumpEnd.offset,
        hasChecksum: dumpEnd?.hasChecksum ?? false,
        asOf: toInstant(asOf),
        ...writerOf((name) => auxiliary.get(name), magic),
        ...(createdAt !== undefined && { createdAt }),
        auxiliary: Object.fromEntries(auxiliary),
        repeated: Object.fromEntries(repeated),
        ...table.result(),
        largest: largest.result(),
        prefixes: byPrefix.prefixes,
        otherPrefixes: byPrefix.other,
        withoutPrefix: byPrefix.without,
        functions: [...functions],
        scripts,
        modules: [...modules],
      };
    },
  };
}

/** `#!lua name=sales` and then the code; dumps of release candidates of 7.0 have the bare name. */
function libraryName(beginning: string): string {
  return /^#!\S+ [^\n]*?name=([\w-]+)/.exec(beginning)?.[1] ?? beginning.slice(0, 64);
}

function creationTime(ctime: string | undefined): Instant | undefined {
  const seconds = Number(ctime);
  return seconds > 0 && seconds < 8.64e12 ? toInstant(seconds * 1000) : undefined;
}
