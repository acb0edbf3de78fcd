/** Brings what the last verification found to a Pushgateway or a textfile, as it is over before anybody could scrape it. */
import type { Clock } from '../domain/clock.ts';
import type { VerifyRun } from '../domain/verification.ts';
import { messageChain } from './error-text.ts';
import type { Exchange } from './notify/exchange.ts';
import { withinTime } from './notify/time-limit.ts';
import type { Observer } from './observer.ts';
import { pushGroups } from './pushgateway.ts';
import { writeTextfile } from './textfile.ts';
import { verificationText } from './verify-metrics.ts';

export interface VerifyDelivery {
  readonly settings: { readonly pushgateway?: string; readonly textfile?: string };
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** A dead receiver changes no result, and is told of. */
export async function deliverVerification(
  run: VerifyRun,
  { settings, exchange, clock, observer }: VerifyDelivery,
  signal: AbortSignal,
): Promise<void> {
  const body = await verificationText(run);
  const attempt = async (what: string, hint: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? messageChain(error) : String(error);
      observer({
        type: 'warning',
        message: `the metrics of this verification were not ${what}: ${why}`,
        hint,
      });
    }
  };
  const { pushgateway: url, textfile } = settings;
  if (url !== undefined)
    await attempt('pushed', 'Check ARCHIVER_PUSHGATEWAY_URL and that the Pushgateway runs.', () =>
      withinTime(clock, signal, (limit) =>
        pushGroups([{ labels: {}, body }], { url, exchange, signal: limit }),
      ),
    );
  if (textfile !== undefined)
    await attempt(
      'written',
      'ARCHIVER_METRICS_TEXTFILE must name a file in a folder that can be written to.',
      () => writeTextfile(textfile.replace(/\.prom$/, '-verify.prom'), body),
    );
}
