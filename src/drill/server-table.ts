/**
 * What each server reads of the RDB format, as data: asked of the servers themselves, each started as a drill starts it, with the dumps
 * that all the others wrote. Asked: Redis 5.0.6, 6.0.16, 6.2.14, 7.0.15, 7.2.4, 7.4.1, 8.0.2, 8.0.6, 8.2.3 and 8.6.3, Redict 7.3.6, and
 * Valkey 8.0.1, 8.1.1, 8.1.8, 9.0.0 and 9.1.2; all of them load what Redis 2.8.19 and 3.2.6 wrote. Not asked, because no package has
 * it: KeyDB, whose row is what its public source says.
 *
 * `test/drill/compatibility.test.ts` asks again those that it finds. In CI these are the distribution's Redis 7.0 and what
 * `test/support/servers` pins (6.2.14, 7.4.1, 8.2.3, Valkey 8.1.8, 9.1.2). No package pins Redis 7.2, 8.0.2 and 8.6, Redict, Valkey 8.0 and
 * 9.0.0: these rows were asked by hand in November 2026, with `test/support/servers-of-debian` for what Debian has of them.
 */

/** Who numbers the format's versions and types: `REDIS` or `VALKEY` at a dump's beginning. */
export type DumpFamily = 'redis' | 'valkey';

/** Both included. */
export type VersionRange = readonly [oldest: number, newest: number];

export interface ServerRow {
  /** The first word of the answer to `--version`. */
  readonly product: string;
  /** From this version on, up to that of the product's next row. */
  readonly since: string;
  /** The versions of the format that it loads. A family that is absent here and below it never takes. */
  readonly loads: Readonly<Partial<Record<DumpFamily, VersionRange>>>;
  /** Those that it loads with `--rdb-version-check relaxed` only. A server without any does not even start with that option. */
  readonly relaxed?: Readonly<Partial<Record<DumpFamily, VersionRange>>>;
  /** The highest type of a value that it loads, as its own family numbers them. */
  readonly newestType: number;
  /** Opcodes are numbered downwards: the lowest that it loads. */
  readonly lowestOpcode: number;
  /** Modules that are built in. */
  readonly modules?: readonly string[];
  /** It calls vector sets damaged that a later version wrote (`Vector set node index loading error`). */
  readonly vectorSetsUpTo?: string;
  /** Memory that each of its databases takes, though it may be empty: the most that a build was seen to take, rounded up. */
  readonly bytesPerDatabase: number;
}

const ANY = Number.POSITIVE_INFINITY;
const VECTORS = { modules: ['vectorset'] };

/** Oldest first within a product; from the oldest that a drill can use. */
export const SERVER_TABLE: readonly ServerRow[] = [
  redis('5.0', 9, 15, 247, 750),
  redis('7.0', 10, 19, 245, 500),
  redis('7.2', 11, 21, 245, 500),
  redis('7.4', 12, 25, 244, 950),
  { ...redis('8.0', 12, 25, 244, 4000), ...VECTORS, vectorSetsUpTo: '8.0.2' },
  // Or 8.0.4, 8.0.5 or 8.0.6, which was the next that could be asked.
  { ...redis('8.0.3', 12, 25, 244, 4000), ...VECTORS },
  // Its opcode 243, for data that modules keep with a key, is from its public source: nothing was found that writes any.
  { ...redis('8.6', 13, 26, 243, 6300), ...VECTORS },
  // A fork from before fields had an expiry of their own, though its dumps bear the same version as those of Redis 7.4.
  { ...redis('7.3', 12, 21, 244, 950), product: 'Redict' },
  { ...redis('5.0', 9, 15, 247, 900), product: 'KeyDB' },
  valkey('7.2', { loads: { redis: [1, 11] } }),
  valkey('8.1', { loads: { redis: [1, 11] }, relaxed: { valkey: [12, ANY] } }),
  valkey('9.0', {
    loads: { redis: [1, 11], valkey: [80, 80] },
    relaxed: { redis: [12, 79], valkey: [81, ANY] },
    newestType: 22,
    // 243, slots on their way to it, it loads in cluster mode only, where no server is a replica from the start.
    lowestOpcode: 244,
    // It makes a database when that is first used.
    bytesPerDatabase: 0,
  }),
];

/** The last release of each product that was asked: what a later one reads besides, nobody here knows. */
const LAST_ASKED: Readonly<Record<string, string>> = {
  Redis: '8.6',
  Redict: '7.3',
  KeyDB: '6.3',
  Valkey: '9.1',
};

/**
 * The names that a module's values, and its data besides the keys, have in a dump; by the module's name in `MODULE LIST`. Search and
 * FalkorDB (`graph`) write such data into every dump, whether anybody uses them or not, and without them a server refuses it.
 */
export const MODULE_TYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['vectorset', ['vectorset']],
  ['ReJSON', ['ReJSON-RL']],
  ['bf', ['MBbloom--', 'MBbloomCF', 'CMSk-TYPE', 'TopK-TYPE', 'TDIS-TYPE']],
  ['timeseries', ['TSDB-TYPE']],
  ['search', ['scdtype00', 'ft_index0']],
  ['graph', ['graphdata']],
]);

/** Undefined for a product of which nothing is known, and for versions before its first row. */
export function rowOf(product: string, version: string): ServerRow | undefined {
  return SERVER_TABLE.findLast((row) => row.product === product && compareVersions(version, row.since) >= 0);
}

/** Undefined for a product of which nothing is known. */
export function lastAsked(product: string): string | undefined {
  return LAST_ASKED[product];
}

/** As for sorting. What a release leaves out counts for any: `8.6.3` is neither before nor after `8.6`. */
export function compareVersions(version: string, release: string): number {
  const parts = version.split('.').map(Number);
  const differences = release.split('.').map((part, index) => (parts[index] ?? 0) - Number(part));
  return differences.find((difference) => difference !== 0) ?? 0;
}

function redis(
  since: string,
  newestVersion: number,
  newestType: number,
  lowestOpcode: number,
  bytesPerDatabase: number,
): ServerRow {
  const loads = { redis: [1, newestVersion] } as const;
  return { product: 'Redis', since, loads, newestType, lowestOpcode, bytesPerDatabase };
}

function valkey(since: string, row: Pick<ServerRow, 'loads'> & Partial<ServerRow>): ServerRow {
  return { product: 'Valkey', since, newestType: 21, lowestOpcode: 244, bytesPerDatabase: 800, ...row };
}
