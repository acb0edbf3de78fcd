/** How many keys a dump holds, in passing while it is archived: what the manifest keeps of `run --inspect`. */
import type { KeyTotals, Uncounted } from '../domain/census.ts';
import { createKeyTable } from './key-table.ts';
import { createRdbReader, type DumpEnd } from './reader.ts';

/** Where the dump was not understood to its end, only how far it was: a backup never fails for that, since its checksum decides. */
export type KeyCount = { readonly contents: KeyTotals } | { readonly uncounted: Uncounted };

/** A `DumpWalk` (src/integrity/rdb.ts) too, for the judge of the bytes. */
export interface KeyTotalsTap {
  update(chunk: Uint8Array): void;
  end(): DumpEnd | undefined;
  result(): KeyCount;
}

const nothing = (): void => undefined;

export function keyTotalsTap(): KeyTotalsTap {
  const table = createKeyTable(0);
  const reader = createRdbReader({
    magic: nothing,
    key: table.add,
    auxiliary: nothing,
    library: nothing,
    module: nothing,
  });
  let failure: string | undefined;
  return {
    update(chunk) {
      if (failure !== undefined) return;
      try {
        reader.update(chunk);
      } catch (error) {
        // A bug of ours must not cost a backup: its keys then are not counted, as in a dump that was not understood.
        failure = `an error of this program: ${error instanceof Error ? error.message : String(error)}`;
      }
    },
    end: () => (failure === undefined ? reader.dumpEnd : undefined),
    result() {
      const { keys, expiring, databases } = table.result();
      const ending = reader.end();
      if (failure !== undefined) return { uncounted: { offset: reader.size, keys, reason: failure } };
      if (ending.kind !== 'complete')
        return { uncounted: { offset: ending.offset, keys, reason: ending.detail } };
      return {
        contents: {
          keys,
          expiring,
          databases: Object.fromEntries(databases.map(({ database, keys: held }) => [database, held])),
        },
      };
    },
  };
}
