/** Real dumps of servers that the tests cannot start, each with what its own server answered about it (test/rdb/samples/README.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface RdbSample {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: {
    /** For instance `valkey-9.1.2`. */
    readonly server: string;
    readonly magic: string;
    readonly dbs: Readonly<Record<string, { readonly keys: number; readonly expires: number }>>;
    readonly types: Readonly<Record<string, number>>;
    /** Of those types whose elements are counted. */
    readonly elements: Readonly<Record<string, number>>;
  };
}

const FOLDER = join(import.meta.dirname, '../rdb/samples');

export const RDB_SAMPLES: readonly RdbSample[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.rdb'))
  .map((file) => ({
    name: file.slice(0, -'.rdb'.length),
    bytes: readFileSync(join(FOLDER, file)),
    expected: JSON.parse(
      readFileSync(join(FOLDER, file.replace(/\.rdb$/, '.expected.json')), 'utf8'),
    ) as RdbSample['expected'],
  }));
