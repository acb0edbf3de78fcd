/** A stream that gives no byte for too long is a failure. The alarm runs only while waiting for the source: a slow bucket cannot trip it. */
import type { Clock } from '../domain/clock.ts';

export interface StallOptions {
  readonly clock: Clock;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Gives up the stream below, which also ends a read that is waiting. */
  readonly cancel: () => void;
}

/** The same chunks; throws when one takes longer than the stall time-out, or when the signal is aborted. */
export async function* withStallTimeout(
  body: AsyncIterable<Uint8Array>,
  options: StallOptions,
): AsyncGenerator<Uint8Array> {
  const { clock, stallTimeoutMs, signal, cancel } = options;
  const iterator = body[Symbol.asyncIterator]();
  let fail: (reason: Error) => void = () => {};
  // One promise a step: racing against a single long-lived one would keep a reaction for every chunk ever read.
  const next = () =>
    new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      fail = reject;
      iterator.next().then(resolve, reject);
    });
  const alarm = clock.alarm(stallTimeoutMs, () =>
    fail(new Error(`no byte came for ${stallTimeoutMs / 1000} s`)),
  );
  const onAbort = () => fail(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      alarm.restart();
      const step = await next();
      alarm.stop();
      if (step.done) return;
      yield step.value;
      signal.throwIfAborted();
    }
  } finally {
    alarm.stop();
    signal.removeEventListener('abort', onAbort);
    // Not `iterator.return()`: it would wait behind a read that never comes.
    cancel();
  }
}
