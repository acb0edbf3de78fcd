/** The dumps that a real redis-server wrote (`dumps/make.sh`), by name. */
import { readFileSync } from 'node:fs';
import { bytesDump, type Dump } from './dump.ts';

/** Name to the number of keys in it, over all databases. */
export const REAL_DUMPS = {
  'empty.rdb': 0,
  'standard-1.rdb': 38,
  'standard-2.rdb': 118,
  'standard-3.rdb': 237,
  'unchecked.rdb': 3,
  'large.rdb': 4200,
  'cluster-shard-1.rdb': 170,
  'cluster-shard-2.rdb': 172,
  'cluster-exported.rdb': 342,
} as const;

export type RealDumpName = keyof typeof REAL_DUMPS;

export function realDumpPath(name: RealDumpName): URL {
  return new URL(`./dumps/${name}`, import.meta.url);
}

/** Reads the dump into memory: they are small. */
export function realDump(name: RealDumpName): Dump {
  return bytesDump(readFileSync(realDumpPath(name)));
}
