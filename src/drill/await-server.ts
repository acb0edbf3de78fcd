/** Waits until a throw-away server answers and has loaded what lies in its folder, or has ended. */
import { existsSync } from 'node:fs';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { openLink, type ServerLink } from './server-link.ts';
import type { ThrowAwayServer } from './server-process.ts';

const POLL_MS = 50;
/** A connection breaks before the exit of a server is known. */
const PATIENCE_MS = 2000;

export type Waited =
  | { readonly kind: 'loaded'; readonly link: ServerLink }
  | { readonly kind: 'ended' }
  | { readonly kind: 'too-slow' };

export interface WaitOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Aborted when it has had its time. */
  readonly overdue: AbortSignal;
  /** Told how far it is, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * A server listens before it has loaded and says how far it is (`INFO persistence`). Whoever is given the link closes it. Rejects with the
 * signal's reason, or when a server that lives on breaks off.
 */
export async function waitUntilLoaded(
  server: ThrowAwayServer,
  { clock, signal, overdue, onProgress }: WaitOptions,
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
  const waited = clock.sleep(PATIENCE_MS, patience.signal).then(() => false);
  const ended = await Promise.race([server.exited.then(() => true), waited]);
  patience.abort();
  await waited.catch(() => undefined);
  return ended;
}
