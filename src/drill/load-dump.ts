/** One dump in one throw-away server: start, wait until it has loaded, count, ask, stop. */
import type { Census } from '../domain/census.ts';
import type { Clock } from '../domain/clock.ts';
import { askAll, type Demand, type Finding } from './assertions.ts';
import { waitUntilLoaded } from './await-server.ts';
import { type LoadedKeys, readEmptySkipped, readKeyspace } from './compare.ts';
import type { DumpToLoad } from './dump-to-load.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import type { ServerLink } from './server-link.ts';
import { startServer } from './server-process.ts';
import type { ChildEnvironment, ServerProgram } from './server-program.ts';

export type LoadResult =
  | {
      readonly kind: 'loaded';
      readonly loaded: LoadedKeys;
      /** Milliseconds from the start until it had loaded. */
      readonly loadMs: number;
      /** To each demand in turn. */
      readonly findings: readonly Finding[];
    }
  | ({ readonly kind: 'not-loaded' } & Refusal);

export interface LoadOptions {
  readonly program: ServerProgram;
  /** Whether it is told to load versions of the format that are not its own. */
  readonly relaxed: boolean;
  /** Holds the dump by its agreed name. */
  readonly folder: string;
  readonly dump: Pick<DumpToLoad, 'databases'>;
  readonly census: Census;
  readonly demands: readonly Demand[];
  readonly environment: ChildEnvironment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told how far it is, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Loading takes a second for some hundred MiB; a slow disk and a busy machine are allowed to take a hundred times that. */
const LOAD_BASE_MS = 120_000;
const SLOWEST_BYTES_A_MS = 1024;

/** As many databases as the dump and the demands need; these are numbered from 0. */
export function databasesFor(
  { databases }: Pick<DumpToLoad, 'databases'>,
  demands: readonly Demand[],
): number {
  return demands.reduce((most, { database }) => Math.max(most, database + 1), databases);
}

/** Rejects only with the signal's reason; the server is gone when this settles. */
export async function loadDump(options: LoadOptions): Promise<LoadResult> {
  const { program, dump, census, demands, clock, signal } = options;
  const begun = clock.now();
  const server = startServer(program, { ...options, databases: databasesFor(dump, demands) });
  const limit = LOAD_BASE_MS + census.size / SLOWEST_BYTES_A_MS;
  const overdue = new AbortController();
  const alarm = clock.alarm(limit, () => overdue.abort(new Error('it does not answer any more')));
  alarm.restart();
  let link: ServerLink | undefined;
  try {
    const waited = await waitUntilLoaded(server, { ...options, overdue: overdue.signal });
    if (waited.kind === 'ended')
      return { kind: 'not-loaded', ...refusalOf(server.log(), await server.exited, program.name) };
    if (waited.kind === 'too-slow') {
      const detail = `${program.name} had not loaded the dump after ${Math.round(limit / 60_000)} minutes`;
      return { kind: 'not-loaded', objection: 'slow', detail };
    }
    link = waited.link;
    const loadMs = clock.now() - begun;
    const keyspace = await link.ask(['INFO', 'keyspace'], AbortSignal.any([signal, overdue.signal]));
    alarm.stop();
    const loaded = {
      databases: readKeyspace(String(keyspace)),
      emptySkipped: readEmptySkipped(server.log()),
    };
    return { kind: 'loaded', loaded, loadMs, findings: await askAll(link, demands, { clock, signal }) };
  } catch (error) {
    signal.throwIfAborted();
    const detail = `${program.name} broke off: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'not-loaded', objection: 'unexplained', detail };
  } finally {
    alarm.stop();
    link?.close();
    await server.stop();
  }
}
