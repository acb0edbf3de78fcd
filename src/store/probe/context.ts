/** What every probe of a bucket is handed, and what it gives back. */
import type { Finding } from '../../domain/check.ts';
import { type ArchiverError, asArchiverError } from '../../domain/errors.ts';
import type { Bucket } from '../s3/client.ts';
import { answerOf, type S3Answer } from '../s3/errors.ts';
import type { Traits } from '../s3/reliance.ts';

export interface ProbeContext {
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
  /** What was asked and what came of it, a line each: the proof of what is said. */
  readonly requests: string[];
  /** The key of one of the probe's objects. */
  keyOf(name: string): string;
}

export interface ProbeResult {
  readonly finding: Finding;
  readonly traits?: Traits;
}

/** One small function for each question. */
export type Probe = (context: ProbeContext) => Promise<ProbeResult>;

export type Attempt<Output> =
  | { readonly ok: true; readonly output: Output }
  | { readonly ok: false; readonly error: ArchiverError; readonly answer?: S3Answer };

/**
 * A request that may well be refused: that too is an answer. `request` says which it is, by its name at AWS and what matters of it.
 * Rejects with the signal's reason.
 */
export async function attempt<Output>(
  { signal, requests }: ProbeContext,
  request: string,
  send: () => Promise<Output>,
): Promise<Attempt<Output>> {
  try {
    const output = await send();
    requests.push(`${request}: done`);
    return { ok: true, output };
  } catch (thrown) {
    signal.throwIfAborted();
    const answer = answerOf(thrown);
    const error = asArchiverError(thrown);
    const { code = error.code, status } = answer ?? {};
    requests.push(`${request}: ${status === undefined ? code : `${status} ${code}`}`);
    return { ok: false, error, ...(answer && { answer }) };
  }
}
