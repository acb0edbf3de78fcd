/** Tries a whole backup again where its error says that this can help. The only user of p-retry. */
import pRetry from 'p-retry';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';

export interface RetryPolicy {
  /** Tries of a whole backup in one run. Each download has its own patience inside, so few are enough. */
  readonly tries: number;
  /** Milliseconds before the second try; doubles with each. */
  readonly waitMs: number;
}

/** One more try, after a quarter of a minute: what lasts longer is for the next run. */
export const BACKUP_RETRY: RetryPolicy = { tries: 2, waitMs: 15_000 };

/** Rejects with the last error as an `ArchiverError`, or with the signal's reason. `onRetry` is told of each try that another follows. */
export async function withRetry<Result>(
  attempt: () => Promise<Result>,
  policy: RetryPolicy,
  signal: AbortSignal,
  onRetry: (failedTry: number, error: ArchiverError) => void,
): Promise<Result> {
  let done: { readonly result: Result } | undefined;
  const classified = async () => {
    try {
      done = { result: await attempt() };
      return done.result;
    } catch (thrown) {
      throw asArchiverError(thrown);
    }
  };
  return pRetry(classified, {
    retries: policy.tries - 1,
    minTimeout: policy.waitMs,
    factor: 2,
    signal,
    shouldRetry: ({ error }) => error instanceof ArchiverError && error.retry === 'backup',
    onFailedAttempt({ error, attemptNumber, retriesLeft }) {
      if (error instanceof ArchiverError && error.retry === 'backup' && retriesLeft > 0)
        onRetry(attemptNumber, error);
    },
  }).catch((error: unknown) => {
    // p-retry (9) throws away what has come when the signal came meanwhile; but what is committed is committed.
    if (done) return done.result;
    throw error;
  });
}
