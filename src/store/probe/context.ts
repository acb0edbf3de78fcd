/** What every probe of a bucket is handed, and what it gives back. */
import type { Finding } from '../../domain/check.ts';
import { type ArchiverError, asArchiverError } from '../../domain/errors.ts';
import type { Bucket } from '../s3/client.ts';
import { answerOf, type S3Answer } from '../s3/errors.ts';
import type { ProviderProfile } from '../s3/provider-profile.ts';

export interface ProbeContext {
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
  /** The key of one of the probe's objects. */
  keyOf(name: string): string;
}

/** What of a profile can be seen from outside. A member that is absent could not be found out. */
export interface Traits {
  /** Checks of a body that the store was seen to make. */
  readonly bodyChecks?: readonly ProviderProfile['bodyCheck'][];
  /** Checksums of its own that it answers with, and rightly so. */
  readonly echoes?: readonly ProviderProfile['echo'][];
  readonly md5Etags?: ProviderProfile['md5Etags'];
  /** Names of the headers by which a put fails where something lies. */
  readonly ifAbsent?: readonly string[];
  /** Whether the second version of the list call says how to go on. */
  readonly pagesByToken?: boolean;
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

/** A request that may well be refused: that too is an answer. Rejects with the signal's reason. */
export async function attempt<Output>(
  { bucket, signal }: ProbeContext,
  action: string,
  key: string,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<Output>,
): Promise<Attempt<Output>> {
  try {
    return { ok: true, output: await bucket.call(action, key, signal, send) };
  } catch (thrown) {
    signal.throwIfAborted();
    const answer = answerOf(thrown);
    return { ok: false, error: asArchiverError(thrown), ...(answer && { answer }) };
  }
}
