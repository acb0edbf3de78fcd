/** Probes of a destination as the tests run them, and what they found by name. */

import { archiveLayout } from '../../src/domain/archive-key.ts';
import type { Finding } from '../../src/domain/check.ts';
import { fixed } from '../../src/domain/current.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { StoreProbe } from '../../src/store/object-store.ts';
import { createS3Probe, type S3ProbeOptions } from '../../src/store/probe/s3-probe.ts';
import { MIB } from '../../src/store/s3/part-size.ts';
import { systemClock } from '../../src/system-clock.ts';
import type { S3Server } from './s3.ts';

export const PROBE_PREFIX = 'redis/state/probe/';

/** What lies in the bucket but what was seen of it. */
export function objectsIn({ objects }: Pick<S3Server, 'objects'>): string[] {
  return [...objects.keys()].filter((key) => key !== `${PROBE_PREFIX}seen.json`).sort();
}

export function probeOn(
  place: Pick<S3Server, 'bucket' | 'endpoint' | 'credentials' | 'agents'>,
  overrides: Partial<S3ProbeOptions> = {},
): StoreProbe {
  const { accessKeyId, secretAccessKey } = place.credentials;
  return createS3Probe({
    bucket: place.bucket,
    endpoint: place.endpoint,
    credentials: fixed({ accessKeyId, secretAccessKey: new Secret(secretAccessKey) }),
    agents: place.agents,
    clock: systemClock,
    partSize: 8 * MIB,
    poolCapacity: 128 * MIB,
    version: '0.0.0-test',
    wanted: { objectLock: [], storageClasses: [], readback: 'auto' },
    ...overrides,
  });
}

export interface Findings {
  readonly all: readonly Finding[];
  /** The finding of this name; fails the test where there is none. */
  of(check: string): Finding;
  /** `check: verdict` for all that is not ok. */
  readonly troubles: readonly string[];
}

export async function findingsOf(
  probe: StoreProbe,
  signal: AbortSignal = new AbortController().signal,
): Promise<Findings> {
  const { probeKey } = archiveLayout('redis');
  const all = await probe.run(probeKey, { signal });
  return {
    all,
    of(check) {
      const finding = all.find((one) => one.check === check);
      if (!finding) throw new Error(`there is no finding ${check}`);
      return finding;
    },
    troubles: all
      .filter(({ verdict }) => verdict !== 'ok')
      .map(({ check, verdict }) => `${check}: ${verdict}`),
  };
}
