/** Writes down what a verification finds, now and then on the way, so that one that is killed after hours has not been in vain. */
import type { CatalogEntry } from '../catalog/catalog.ts';
import type { Clock } from '../domain/clock.ts';
import { asArchiverError } from '../domain/errors.ts';
import { type Instant, toEpoch, toInstant } from '../domain/instant.ts';
import type { VerifyResult } from '../domain/verification.ts';
import type { Verifications, Verified } from './verifications.ts';

export interface VerifyLog {
  /** One time for all of a run, so that an archive's turn does not depend on how long the others took. */
  readonly at: Instant;
  /** What is written down of it. */
  note(entry: CatalogEntry, result: VerifyResult, signal: AbortSignal): Promise<Verified>;
  /** Writes down the rest. */
  close(signal: AbortSignal): Promise<void>;
  /** Why it could not be kept, where it could not: nothing that was found is less true for that. */
  failure(): { readonly message: string; readonly hint: string } | undefined;
}

export interface LogPorts {
  readonly verifications: Verifications;
  readonly clock: Pick<Clock, 'now'>;
}

const SAVE_EVERY_MS = 5 * 60_000;
const DAY_MS = 24 * 3_600_000;

/** `isGone`: whether there is no such archive any more, as far as is known by now. */
export function openLog(
  isGone: (ref: CatalogEntry['ref']) => boolean,
  { verifications, clock }: LogPorts,
): VerifyLog {
  const begunAt = clock.now();
  const at = toInstant(begunAt);
  let unsaved: (readonly [CatalogEntry['ref'], Verified])[] = [];
  let savedAt = begunAt;
  let saving = false;
  let failure: { readonly message: string; readonly hint: string } | undefined;

  async function save(signal: AbortSignal): Promise<void> {
    const batch = unsaved;
    if (batch.length === 0) return;
    unsaved = [];
    saving = true;
    try {
      // What another run has verified since may be an archive that is newer than our listing.
      const gone = (ref: CatalogEntry['ref'], verified: Verified) =>
        toEpoch(verified.at) < begunAt - DAY_MS && isGone(ref);
      await verifications.save(batch, gone, { signal });
    } catch (thrown) {
      signal.throwIfAborted();
      const { code, message, hint } = asArchiverError(thrown);
      if (code === 'internal') throw thrown;
      failure = {
        message: `what was verified could not be written down: ${message}`,
        hint:
          code === 'newer-version'
            ? hint
            : 'The next sample reads the same archives again. Grant s3:PutObject on state/verify/ below the prefix.',
      };
    } finally {
      saving = false;
      savedAt = clock.now();
    }
  }

  return {
    at,
    async note(entry, result, signal) {
      const verified = { at, result };
      unsaved.push([entry.ref, verified]);
      if (!saving && clock.now() - savedAt >= SAVE_EVERY_MS) await save(signal);
      return verified;
    },
    close: save,
    failure: () => failure,
  };
}
