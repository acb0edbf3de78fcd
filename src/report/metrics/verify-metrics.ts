/** The metrics of verifications, as the last one of all archives has left them. */
import { Registry } from 'prom-client';
import { toEpoch } from '../../domain/instant.ts';
import type { VerifyRun } from '../../domain/verification.ts';
import { verifyFamilies } from './families.ts';

/** Puts the gauges into the registry; the answer takes over what is known: no series where nothing is. */
export function verificationGauges(registry: Registry): (run: VerifyRun | undefined) => void {
  const { at, archives, bytes } = verifyFamilies(registry);
  return (run) => {
    archives.reset();
    // Without labels, a series that was only reset says 0.
    at.remove();
    bytes.remove();
    if (run === undefined) return;
    at.set(toEpoch(run.at) / 1000);
    bytes.set(run.bytesRead);
    archives.set({ result: 'ok' }, run.archives - run.damaged - run.unreadable);
    archives.set({ result: 'damaged' }, run.damaged);
    archives.set({ result: 'unreadable' }, run.unreadable);
  };
}

export function verificationText(run: VerifyRun): Promise<string> {
  const registry = new Registry();
  verificationGauges(registry)(run);
  return registry.metrics();
}
