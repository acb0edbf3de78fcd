/**
 * The dead-man switch: pings an address when a run begins and when it has ended, so that silence is what raises the alarm.
 * The convention is that of healthchecks.io ("Pinging API", "Signaling failures", "Measuring script run time"): the address itself
 * for success, `/start` and `/fail` behind it for the rest, a short body for people.
 */
import { type Current, withCurrent } from '../../domain/current.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Exchange, Verdict } from './exchange.ts';
import type { RunFacts } from './facts.ts';

/** Both reject with an `ArchiverError` of code `notify-failed`. */
export interface Heartbeat {
  /** `sources`: over how many of them the run goes. */
  begin(run: { readonly runId: string; readonly sources: number }, signal: AbortSignal): Promise<void>;
  /** Success only when every source has had a run that did all it should, since the last ping or the last failure. */
  end(facts: RunFacts, signal: AbortSignal): Promise<void>;
}

export interface HeartbeatOptions {
  readonly url: Current<Secret>;
  /** Names of all that are configured: where each has a schedule of its own, no single run speaks for the others. */
  readonly sources: readonly string[];
}

/** A missed start is no drama; a missed success is a false alarm. */
const TRIES = { begin: 1, end: 3 };

export function createHeartbeat({ url, sources }: HeartbeatOptions, exchange: Exchange): Heartbeat {
  let awaited = new Set(sources);

  async function ping(path: '' | '/start' | '/fail', body: string, tries: number, signal: AbortSignal) {
    const send = (secret: Secret) => {
      const message = {
        address: below(secret.reveal(), path),
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body,
      } as const;
      return exchange({ message: () => message, judge, secrets: [secret.reveal()], tries }, signal);
    };
    await withCurrent(url, send, () => !signal.aborted);
  }

  return {
    async begin(run, signal) {
      // A start without an end would be an alarm, and the end of a part is not told.
      if (run.sources === sources.length) await ping('/start', `run ${run.runId}`, TRIES.begin, signal);
    },

    async end({ summary, listed }, signal) {
      const { runId, archived, skipped, failed, exitCode } = summary;
      const body = `run ${runId}: archived ${archived}, skipped ${skipped}, failed ${failed}, exit ${exitCode}`;
      if (exitCode !== 0) {
        awaited = new Set(sources);
        await ping('/fail', body, TRIES.end, signal);
        return;
      }
      for (const source of listed) awaited.delete(source);
      if (awaited.size > 0) return;
      awaited = new Set(sources);
      await ping('', body, TRIES.end, signal);
    },
  };
}

function below(address: string, path: string): string {
  const url = new URL(address);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url.href;
}

/** healthchecks.io answers 200 `OK (not found)` for an address that nobody watches, and `OK (rate limited)`. */
function judge(_status: number, answer: string): Verdict {
  return /^OK \(/i.test(answer) ? { ok: false, said: answer } : { ok: true };
}
