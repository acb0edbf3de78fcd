/** One dump in one throw-away server: start, wait until it has loaded, count, ask, stop. */
import { existsSync } from 'node:fs';
import type { Census } from '../domain/census.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { askAll, type Demand, type Finding } from './assertions.ts';
import { differences, keysOf, readEmptySkipped, readKeyspace } from './compare.ts';
import { refusalOf } from './refusal.ts';
import type { DrillReason } from './report.ts';
import { openLink, type ServerLink } from './server-link.ts';
import { startServer, type ThrowAwayServer } from './server-process.ts';
import type { ChildEnvironment, ServerProgram } from './server-program.ts';

export type LoadResult =
  | {
      readonly kind: 'loaded';
      readonly keys: number;
      /** Milliseconds from the start until it had loaded. */
      readonly loadMs: number;
      readonly differences: readonly string[];
      /** To each demand in turn. */
      readonly findings: readonly Finding[];
    }
  | { readonly kind: 'not-loaded'; readonly reason: DrillReason; readonly detail: string };

export interface LoadOptions {
  readonly program: ServerProgram;
  /** Holds the dump by its agreed name. */
  readonly folder: string;
  readonly census: Census;
  readonly demands: readonly Demand[];
  readonly environment: ChildEnvironment;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told how far it is, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

const POLL_MS = 50;
/** Loading takes a second for some hundred MiB; a slow disk and a busy machine are allowed to take a hundred times that. */
const LOAD_BASE_MS = 120_000;
const SLOWEST_BYTES_A_MS = 1024;
/** As many as a server has where nobody says otherwise; a dump may need more, and then refuses to load into fewer. */
const USUAL_DATABASES = 16;

/** Rejects only with the signal's reason; the server is gone when this settles. */
export async function loadDump(options: LoadOptions): Promise<LoadResult> {
  const { program, census, demands, clock, signal } = options;
  const begun = clock.now();
  const server = startServer(program, { ...options, databases: databasesOf(census, demands) });
  const limit = LOAD_BASE_MS + census.size / SLOWEST_BYTES_A_MS;
  const overdue = new AbortController();
  const alarm = clock.alarm(limit, () => overdue.abort(new Error('it does not answer any more')));
  alarm.restart();
  let link: ServerLink | undefined;
  try {
    const waited = await waitUntilLoaded(server, { ...options, overdue: overdue.signal });
    if (waited.kind === 'ended') {
      const refusal = refusalOf(server.log(), await server.exited, program.name);
      return { kind: 'not-loaded', ...refusal };
    }
    if (waited.kind === 'too-slow') {
      const detail = `${program.name} had not loaded the dump after ${Math.round(limit / 60_000)} minutes`;
      return { kind: 'not-loaded', reason: 'timeout', detail };
    }
    link = waited.link;
    const loadMs = clock.now() - begun;
    const keyspace = await link.ask(['INFO', 'keyspace'], AbortSignal.any([signal, overdue.signal]));
    alarm.stop();
    const loaded = {
      databases: readKeyspace(String(keyspace)),
      emptySkipped: readEmptySkipped(server.log()),
    };
    return {
      kind: 'loaded',
      keys: keysOf(loaded),
      loadMs,
      differences: differences(census, loaded),
      findings: await askAll(link, demands, { clock, signal }),
    };
  } catch (error) {
    signal.throwIfAborted();
    const detail = `${program.name} broke off: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'not-loaded', reason: 'server-failed', detail };
  } finally {
    alarm.stop();
    link?.close();
    await server.stop();
  }
}

type Waited =
  | { readonly kind: 'loaded'; readonly link: ServerLink }
  | { readonly kind: 'ended' }
  | { readonly kind: 'too-slow' };

/** A server listens before it has loaded and says how far it is (`INFO persistence`). */
async function waitUntilLoaded(
  server: ThrowAwayServer,
  {
    clock,
    signal,
    overdue,
    onProgress,
  }: Pick<LoadOptions, 'clock' | 'signal' | 'onProgress'> & { readonly overdue: AbortSignal },
): Promise<Waited> {
  const inTime = AbortSignal.any([signal, overdue]);
  let ended = false;
  void server.exited.then(() => {
    ended = true;
  });
  let link: ServerLink | undefined;
  try {
    while (!ended) {
      link ??= existsSync(server.socket) ? await openUnlessEarly(server.socket) : undefined;
      const info =
        link && String(await Promise.race([link.ask(['INFO', 'persistence'], inTime), gone(server)]));
      if (link && info && /^loading:0/m.test(info)) {
        onProgress(1);
        const loaded = link;
        link = undefined;
        return { kind: 'loaded', link: loaded };
      }
      const [, percent] = /^loading_loaded_perc:([\d.]+)/m.exec(info ?? '') ?? [];
      if (percent !== undefined) onProgress(Number(percent) / 100);
      await clock.sleep(POLL_MS, inTime);
    }
    return { kind: 'ended' };
  } catch (error) {
    signal.throwIfAborted();
    if (overdue.aborted) return { kind: 'too-slow' };
    // A connection breaks before the exit of a server is known.
    if (await endsSoon(server, clock)) return { kind: 'ended' };
    throw error;
  } finally {
    link?.close();
  }
}

/** The socket is there a moment before anybody listens. */
async function openUnlessEarly(socket: string): Promise<ServerLink | undefined> {
  try {
    return await openLink(socket);
  } catch (error) {
    if (error instanceof ArchiverError && error.code === 'not-drillable') return undefined;
    throw error;
  }
}

async function gone(server: ThrowAwayServer): Promise<never> {
  await server.exited;
  throw new Error('it has ended');
}

/** Whether it has ended, or does within a moment. */
async function endsSoon(server: ThrowAwayServer, clock: Clock): Promise<boolean> {
  const patience = new AbortController();
  const waited = clock.sleep(2000, patience.signal).then(() => false);
  const ended = await Promise.race([server.exited.then(() => true), waited]);
  patience.abort();
  await waited.catch(() => undefined);
  return ended;
}

function databasesOf(census: Census, demands: readonly Demand[]): number {
  const numbers = [...census.databases, ...demands].map(({ database }) => database);
  return Math.max(USUAL_DATABASES, ...numbers.map((number) => number + 1));
}
