/** One piece of work for all who ask for it at the same time: none of them can break it for the others. */

interface Flight<T> {
  readonly result: Promise<T>;
  readonly stop: AbortController;
  passengers: number;
}

/**
 * Wraps `work` so that callers who come while it runs wait for the same result. A caller whose signal is aborted leaves
 * with the signal's reason; the work itself is aborted only when the last one has left. Nothing is remembered, so the
 * next call after a success or a failure begins anew.
 */
export function singleFlight<T>(
  work: (signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  let current: Flight<T> | undefined;

  function begin(): Flight<T> {
    const stop = new AbortController();
    return { result: work(stop.signal), stop, passengers: 0 };
  }

  return async (signal) => {
    signal.throwIfAborted();
    current ??= begin();
    const flight = current;
    flight.passengers += 1;
    try {
      return await untilAborted(flight.result, signal);
    } finally {
      flight.passengers -= 1;
      if (flight.passengers === 0) {
        current = undefined;
        flight.stop.abort();
      }
    }
  };
}

async function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([result, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
