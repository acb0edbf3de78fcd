/** What of a dump decides who can load it and whose word counts, out of its census. Pure. */
import type { Census } from '../domain/census.ts';
import type { RdbWriter } from '../domain/rdb-magic.ts';
import type { DumpFormat } from '../rdb/census.ts';
import type { DumpNature } from './compatibility.ts';

export interface DumpToLoad extends DumpNature {
  readonly writer: RdbWriter;
  /** False where it does not begin as a dump of either family does; then what stands in for the family means nothing. */
  readonly known: boolean;
  /** How many a server has to have: it ends where a dump selects another one, even if no key is in it. */
  readonly databases: number;
}

/** For a dump of which only a part was read. More cost some six mebibytes at the most, and who has as many has them by intent. */
const UNSEEN_DATABASES = 1024;

/** KeyDB writes one behind a key for each member that expires by itself (its `rdb.cpp`, `rdbSaveKeyValuePair`). */
const MEMBER_EXPIRES = 'keydb-subexpire-key';

export function dumpToLoad(
  { family, serverVersion, modules, ending }: Pick<Census, 'family' | 'serverVersion' | 'modules' | 'ending'>,
  { magic, codes, highestDatabase }: DumpFormat,
): DumpToLoad {
  return {
    known: magic !== undefined,
    family: magic?.family ?? 'redis',
    version: magic?.version ?? 0,
    writer: { ...(family && { family }), ...(serverVersion !== undefined && { serverVersion }) },
    ...(serverVersion !== undefined && { serverVersion }),
    types: codes,
    databases: Math.max(highestDatabase + 1, ending.kind === 'complete' ? 1 : UNSEEN_DATABASES),
    modules,
  };
}

/** Members that expire by themselves, as far as the dump was read. */
export function expiringMembers({ auxiliary, repeated }: Pick<Census, 'auxiliary' | 'repeated'>): number {
  return repeated[MEMBER_EXPIRES] ?? (MEMBER_EXPIRES in auxiliary ? 1 : 0);
}
