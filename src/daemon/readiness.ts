/** Whether the next run could do its work: the destination and every source answered recently, to a run or to a probe. */
import type { Clock } from '../domain/clock.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Reach } from '../domain/reach.ts';
import type { InHand } from '../report/in-hand.ts';
import type { Observer } from '../report/observer.ts';
import { redact } from '../report/redact.ts';

export interface ReadinessOptions {
  /** The configured sources' names. */
  readonly sources: readonly string[];
  readonly clock: Clock;
}

type Probe = (signal: AbortSignal) => Promise<readonly Reach[]>;

export interface Readiness {
  /** Learns from the runs: what they reach need not be probed. */
  readonly observer: Observer;
  /** Probes what no run has reached lately, until the signal is aborted. */
  keep(probe: Probe, signal: AbortSignal): Promise<void>;
  /** Why not, in sentences; none when ready. */
  reasons(): string[];
}

/** Probes are a request each, so a minute between them burdens nobody. */
const LOOK_EVERY_MS = 60_000;
/** What answered is left in peace for so long. */
const FRESH_MS = 5 * 60_000;
/** After this nothing is known any more, because a probe hangs. */
const STALE_MS = 15 * 60_000;

/** Beyond every time-out of a run, and beyond the time in which the largest dump is read back. */
const SILENCE_MS = 30 * 60_000;

/** What a run says of the destination when it fails as a whole. */
const STORE_CODES: readonly string[] = ['store-refused', 'store-unreachable', 'store-failed'];

interface Evidence {
  readonly at: number;
  readonly error?: ArchiverError;
}

/** A run that makes no progress: no byte, no page of a list, no event. */
export function reasonsOf(inHand: Pick<InHand, 'silentMs'>): string[] {
  const silentMs = inHand.silentMs() ?? 0;
  return silentMs > SILENCE_MS
    ? [`the run in hand has made no progress for ${Math.floor(silentMs / 60_000)} minutes`]
    : [];
}

export function createReadiness({ sources, clock }: ReadinessOptions): Readiness {
  /** By source; undefined stands for the destination. */
  const known = new Map<string | undefined, Evidence>();
  /** By run in progress, its sources that were told to have failed: where a part was listed, they are told as listed too. */
  const failing = new Map<string, Set<string>>();

  const learn = ({ source, error }: Reach): void => {
    known.set(source, { at: clock.now(), ...(error !== undefined && { error }) });
  };
  const needsProbe = (subject: string | undefined): boolean => {
    const evidence = known.get(subject);
    if (evidence === undefined || evidence.error !== undefined) return true;
    const age = clock.now() - evidence.at;
    // Negative: the clock was set back.
    return age > FRESH_MS || age < 0;
  };
  const reasonAgainst = (source: string | undefined): string | undefined => {
    const what = source === undefined ? 'the destination' : `source ${source}`;
    const evidence = known.get(source);
    if (evidence === undefined) return `${what} was not reached yet`;
    if (evidence.error !== undefined) return redact(`${what}: ${evidence.error.message}`);
    const age = clock.now() - evidence.at;
    return age > STALE_MS ? `${what} was last reached ${Math.round(age / 60_000)} minutes ago` : undefined;
  };

  return {
    observer(event) {
      switch (event.type) {
        case 'source.failed': {
          const sources = failing.get(event.runId) ?? new Set();
          failing.set(event.runId, sources.add(event.source));
          learn({ source: event.source, error: event.error });
          return;
        }
        case 'source.listed': {
          // A run asks the destination before it lists anything.
          learn({});
          if (failing.get(event.runId)?.delete(event.source) !== true) learn({ source: event.source });
          return;
        }
        case 'run.summary': {
          failing.delete(event.summary.runId);
          return;
        }
        case 'run.failed': {
          if (STORE_CODES.includes(event.error.code)) learn({ error: event.error });
          return;
        }
        default:
      }
    },

    async keep(probe, signal) {
      while (!signal.aborted) {
        if ([undefined, ...sources].some(needsProbe)) await ask(probe, signal);
        await clock.sleep(LOOK_EVERY_MS, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
      }
    },

    reasons: () => [undefined, ...sources].map(reasonAgainst).filter((reason) => reason !== undefined),
  };

  async function ask(probe: Probe, signal: AbortSignal): Promise<void> {
    try {
      for (const reach of await probe(signal)) learn(reach);
    } catch (thrown) {
      // A probe puts its failures in the answer: this is a bug, to be seen where people look.
      if (!signal.aborted) learn({ error: asArchiverError(thrown) });
    }
  }
}
