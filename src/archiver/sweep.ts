/** The beginning of a run: what killed runs have left of their uploads goes. */
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Observer } from '../report/observer.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface SweepPorts {
  readonly store: Pick<ObjectStore, 'sweep'>;
  readonly layout: ArchiveLayout;
  readonly clock: Clock;
  /** Milliseconds; longer than any run goes on beginning uploads. */
  readonly ageMs: number;
}

/**
 * A store that has no such call, or refuses it, keeps nobody from archiving. Rejects only with `archive-damaged`, where the store has deleted
 * a finished object with an upload.
 */
export type Sweep = (runId: string, observer: Observer, signal: AbortSignal) => Promise<void>;

/** A failure is told once in the life of the process: the next run would only say the same again. */
export function createSweep({ store, layout, clock, ageMs }: SweepPorts): Sweep {
  let told = false;

  return async (runId, observer, signal) => {
    try {
      const removed = await store.sweep(layout.rootPrefix, {
        isOurs: (key) => layout.isDumpKey(key) || key.startsWith(layout.probeKey('')),
        begunBefore: clock.now() - ageMs,
        signal,
      });
      if (removed > 0) observer({ type: 'uploads.swept', runId, removed });
    } catch (thrown) {
      if (thrown instanceof ArchiverError && thrown.code === 'archive-damaged') throw thrown;
      if (signal.aborted || told) return;
      told = true;
      const { message } = asArchiverError(thrown);
      observer({
        type: 'warning',
        message: `what killed runs may have left of uploads was not removed: ${message}`,
        hint: 'Grant s3:ListBucketMultipartUploads, s3:ListMultipartUploadParts and s3:AbortMultipartUpload, or have a lifecycle rule of the bucket do it (docs/deployment.md).',
      });
    }
  };
}
