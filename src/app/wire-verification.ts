/** Wires verification. Beside the composition root, as most of its delivery is loaded only where somebody is to have the metrics. */

import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { VerifyRun } from '../domain/verification.ts';
import type { Agents } from '../network/agents.ts';
import type { Observer } from '../report/observer.ts';
import type { VerifyReport } from '../verify/report.ts';
import { createVerifications, type Verifications } from '../verify/verifications.ts';
import { type VerifyPorts, type VerifyRequest, verify } from '../verify/verify.ts';

export interface Verifying {
  readonly verifications: Verifications;
  verify(request: VerifyRequest & { readonly signal: AbortSignal }): Promise<VerifyReport>;
  /** For a status: the last verification of all archives. */
  last(signal: AbortSignal): Promise<{ readonly verified?: VerifyRun }>;
}

interface VerifyingPorts extends Omit<VerifyPorts, 'verifications' | 'deliver' | 'clock' | 'concurrency'> {
  readonly agents: Agents;
  readonly clock: Clock;
  readonly observer: Observer;
}

export function createVerifying(config: Config, ports: VerifyingPorts): Verifying {
  const verifications = createVerifications(ports.reading.store, ports.layout);
  const { concurrency } = config;
  const deliver = (run: VerifyRun, signal: AbortSignal) => deliverTo(config, run, ports, signal);
  return {
    verifications,
    verify: ({ signal, ...request }) =>
      verify({ ...ports, verifications, concurrency, deliver }, request, signal),
    async last(signal) {
      try {
        const run = (await verifications.runs({ signal })).at(-1);
        return run === undefined ? {} : { verified: run };
      } catch (error) {
        signal.throwIfAborted();
        // Who asks how safe the instances are need not be allowed to read this.
        if (error instanceof ArchiverError && error.code !== 'internal') return {};
        throw error;
      }
    },
  };
}

async function deliverTo(
  { metrics: settings }: Config,
  run: VerifyRun,
  { agents, clock, observer }: VerifyingPorts,
  signal: AbortSignal,
): Promise<void> {
  if (settings.pushgateway === undefined && settings.textfile === undefined) return;
  const [{ deliverVerification }, { createExchange }] = await Promise.all([
    import('../report/metrics/verify-delivery.ts'),
    import('../report/notify/exchange.ts'),
  ]);
  const exchange = createExchange(agents, clock);
  await deliverVerification(run, { settings, exchange, clock, observer }, signal);
}
