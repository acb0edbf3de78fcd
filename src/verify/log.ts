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
  /** Each archive as it was found. */
  readonly found: ReadonlyMap<string, Verified>;
  note(entry: CatalogEntry, result: VerifyResult, signal: AbortSignal): Promise<void>;
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

/** `existing`: the manifests' keys of all archives that there are; undefined where only some were listed. */
export function openLog(
  existing: ReadonlySet<string> | undefined,
  keyOf: (ref: CatalogEntry['ref']) => string,
  { verifications, clock }: LogPorts,
): VerifyLog {
  const begunAt = clock.now();
  const at = toInstant(begunAt);
  const found = new Map<string, Verified>();
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
        existing !== undefined && !existing.has(keyOf(ref)) && toEpoch(verified.at) < begunAt - DAY_MS;
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
    found,
    async note(entry, result, signal) {
      const verified = { at, result };
      found.set(entry.key, verified);
      unsaved.push([entry.ref, verified]);
      if (!saving && clock.now() - savedAt >= SAVE_EVERY_MS) await save(signal);
    },
    close: save,
    failure: () => failure,
  };
}
