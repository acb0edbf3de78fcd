/** How many keys a dump holds, in passing while it is archived: what the manifest keeps of `run --inspect`. */
import type { KeyTotals } from '../domain/census.ts';
import { createKeyTable } from './key-table.ts';
import { createRdbReader } from './reader.ts';

export interface KeyTotalsTap {
  update(chunk: Uint8Array): void;
  /** Undefined where the dump was not understood to its end: a backup never fails for that, since its checksum decides. */
  result(): KeyTotals | undefined;
}

const nothing = (): void => undefined;

export function keyTotalsTap(): KeyTotalsTap {
  const table = createKeyTable(0);
  const reader = createRdbReader({
    version: nothing,
    key: table.add,
    auxiliary: nothing,
    library: nothing,
    module: nothing,
  });
  let failed = false;
  return {
    update(chunk) {
      if (failed) return;
      try {
        reader.update(chunk);
      } catch {
        // A bug of ours must not cost a backup: the manifest then has no counts, as for a dump that was not understood.
        failed = true;
      }
    },
    result() {
      if (failed || reader.end().kind !== 'complete') return undefined;
      const { keys, expiring, databases } = table.result();
      return {
        keys,
        expiring,
        databases: Object.fromEntries(databases.map(({ database, keys: held }) => [database, held])),
      };
    },
  };
}
