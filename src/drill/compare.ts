/** Compares what a server has loaded with what the dump holds, database by database. Pure. */
import type { Census } from '../domain/census.ts';

export interface LoadedDatabase {
  readonly database: number;
  readonly keys: number;
  /** Of these, how many have a time to live. */
  readonly expires: number;
}

/** What a server says of itself when it has loaded, as a replica: nothing has been dropped for its age. */
export interface LoadedKeys {
  readonly databases: readonly LoadedDatabase[];
  /** Collections without elements that it left out (Redis 6.2 and newer; only old, faulty servers ever wrote one). */
  readonly emptySkipped: number;
}

/** `INFO keyspace`: a line `db0:keys=12,expires=3,avg_ttl=0` for each database that holds a key. */
export function readKeyspace(info: string): LoadedDatabase[] {
  return [...info.matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm)].map(([, database, keys, expires]) => ({
    database: Number(database),
    keys: Number(keys),
    expires: Number(expires),
  }));
}

/** The number of empty keys that the server says it left out; the line has it only where there are any. */
export function readEmptySkipped(log: readonly string[]): number {
  for (const line of log) {
    const [, skipped] = /Done loading RDB, .*empty keys skipped: (\d+)/.exec(line) ?? [];
    if (skipped !== undefined) return Number(skipped);
  }
  return 0;
}

export function keysOf({ databases }: LoadedKeys): number {
  return databases.reduce((sum, { keys }) => sum + keys, 0);
}

/**
 * What differs, in sentences; none where the server holds exactly what the dump holds. Of a dump that was not read to its end only the
 * least is known, so the server may hold more. KeyDB counts as expiring also keys of which single members do: `ofMembers` is how many
 * such members the dump has, at the most.
 */
export function differences(census: Census, loaded: LoadedKeys, ofMembers = 0): string[] {
  const inDump = new Map(census.databases.map((database) => [database.database, database]));
  const inServer = new Map(loaded.databases.map((database) => [database.database, database]));
  const numbers = [...new Set([...inDump.keys(), ...inServer.keys()])].sort((left, right) => left - right);
  const whole = census.ending.kind === 'complete';
  const least = whole ? '' : 'at least ';
  // A key that is empty and has expired is counted as expired by the census, and as empty by the server.
  const expected = census.keys - loaded.emptySkipped;
  const fits = whole ? keysOf(loaded) === expected : keysOf(loaded) >= expected;

  return numbers.flatMap((number) => {
    const dump = inDump.get(number) ?? { keys: 0, expiring: 0, expired: 0, empty: 0 };
    const server = inServer.get(number) ?? { keys: 0, expires: 0 };
    const missing = Math.max(dump.keys - server.keys, 0);
    const more = server.keys > dump.keys && whole;
    const mayMiss = loaded.emptySkipped === 0 ? 0 : dump.empty + dump.expired;
    if (more || missing > mayMiss || (missing > 0 && !fits))
      return [`database ${number} holds ${server.keys} keys where the dump has ${least}${dump.keys}`];
    const most = whole ? dump.expiring + ofMembers : Number.POSITIVE_INFINITY;
    return server.expires >= dump.expiring - missing && server.expires <= most
      ? []
      : [`in database ${number} ${server.expires} keys expire where in the dump ${least}${dump.expiring} do`];
  });
}
