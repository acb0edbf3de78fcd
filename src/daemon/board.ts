/** What the worker shows of itself: the metrics and the page, from the events and from a look into the bucket now and then. */
import type { App } from '../app/app.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import type { RunSummary } from '../domain/outcome.ts';
import { STATUS_DEFAULTS, type StatusReport } from '../domain/status.ts';
import { messageChain } from '../report/error-text.ts';
import { createInHand, type InHand } from '../report/in-hand.ts';
import { createMetrics, type Metrics } from '../report/metrics/metrics.ts';
import type { Observer } from '../report/observer.ts';
import { renderPage } from '../report/page/page.ts';
import { reasonsOf } from './readiness.ts';

export interface Board {
  /** Wants every event. */
  readonly observer: Observer;
  readonly inHand: InHand;
  /** Looks at the start, after each run and every half an hour, until the signal is aborted. Tells of a look that failed. */
  keep(look: App['status'], tell: Observer, signal: AbortSignal): Promise<void>;
  readonly metrics: Metrics['text'];
  /** HTML; undefined before the first look. */
  page(): string | undefined;
}

/** Half a minute's work for a look, and a fleet of ten thousand instances is read within half a day; what was read once is known. */
const MANIFESTS_A_LOOK = 20_000;
const LOOK_EVERY_MS = 30 * 60_000;
/** A look lists every instance; runs that follow each other closely share one. */
const PAUSE_MS = 60_000;
const RUNS_SHOWN = 20;

export function createBoard({ clock, version }: { readonly clock: Clock; readonly version: string }): Board {
  const inHand = createInHand(clock);
  const metrics = createMetrics({ version, clock, inHand });
  let runs: readonly RunSummary[] = [];
  let report: StatusReport | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let runEnded = false;
  /** Made once for all who ask: with ten thousand instances it takes its time. */
  let rendered: string | undefined;
  /** What it says of the runs in hand. */
  let shown = '';

  async function lookOnce(look: App['status'], tell: Observer, signal: AbortSignal): Promise<void> {
    lookedAt = clock.now();
    runEnded = false;
    try {
      report = await look({ ...STATUS_DEFAULTS, manifestReads: MANIFESTS_A_LOOK, signal });
      metrics.setStatus(report);
      rendered = undefined;
    } catch (error) {
      if (!signal.aborted) tell({ type: 'warning', ...failedLook(error) });
    }
  }

  return {
    inHand,

    observer(event) {
      inHand.observer(event);
      metrics.observer(event);
      if (event.type !== 'run.summary') return;
      runs = [event.summary, ...runs].slice(0, RUNS_SHOWN);
      runEnded = true;
      rendered = undefined;
    },

    async keep(look, tell, signal) {
      while (!signal.aborted) {
        const age = clock.now() - lookedAt;
        // Negative: the clock was set back.
        if (runEnded || age >= LOOK_EVERY_MS || age < 0) await lookOnce(look, tell, signal);
        await clock.sleep(PAUSE_MS, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
      }
    },

    metrics: () => metrics.text(),

    page() {
      if (report === undefined) return undefined;
      const now = { late: inHand.late(), silence: reasonsOf(inHand) };
      const said = JSON.stringify(now);
      if (said !== shown) rendered = undefined;
      shown = said;
      rendered ??= renderPage({ report, runs, version, now });
      return rendered;
    },
  };
}

function failedLook(error: unknown): { message: string; hint: string } {
  const known = asArchiverError(error);
  return { message: `the status could not be read: ${messageChain(known)}`, hint: known.hint };
}
