/** What of a dump decides who can load it and whose word counts, out of its census. Pure. */
import type { Census } from '../domain/census.ts';
import type { RdbWriter } from '../domain/rdb-magic.ts';
import type { DumpFormat } from '../rdb/census.ts';
import type { DumpNature } from './compatibility.ts';

export interface DumpToLoad extends DumpNature {
  readonly writer: RdbWriter;
  /** False where it does not begin as a dump of either family does; then what stands in for the family means nothing. */
  readonly known: boolean;
}

/** KeyDB writes one behind a key for each member that expires by itself (its `rdb.cpp`, `rdbSaveKeyValuePair`). */
const MEMBER_EXPIRES = 'keydb-subexpire-key';

export function dumpToLoad(
  { family, serverVersion, modules }: Pick<Census, 'family' | 'serverVersion' | 'modules'>,
  { magic, codes }: DumpFormat,
): DumpToLoad {
  return {
    known: magic !== undefined,
    family: magic?.family ?? 'redis',
    version: magic?.version ?? 0,
    writer: { ...(family && { family }), ...(serverVersion !== undefined && { serverVersion }) },
    ...(serverVersion !== undefined && { serverVersion }),
    types: codes,
    modules,
  };
}

/** Members that expire by themselves, as far as the dump was read. */
export function expiringMembers({ auxiliary, repeated }: Pick<Census, 'auxiliary' | 'repeated'>): number {
  return repeated[MEMBER_EXPIRES] ?? (MEMBER_EXPIRES in auxiliary ? 1 : 0);
}
