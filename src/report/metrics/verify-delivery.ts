/** Brings what the last verification found to a Pushgateway or a textfile, as it is over before anybody could scrape it. */
import type { VerifyRun } from '../../domain/verification.ts';
import { deliverMetrics, type Receivers } from './deliver.ts';
import { verificationText } from './verify-metrics.ts';

export function deliverVerification(
  run: VerifyRun,
  receivers: Receivers,
  signal: AbortSignal,
): Promise<void> {
  const text = () => verificationText(run);
  const groups = async () => [{ labels: {}, body: await text() }];
  return deliverMetrics({ of: 'verification', suffix: '-verify', groups, text }, receivers, signal);
}
