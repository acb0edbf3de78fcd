/** Makes one object of a store readable to its end over as many connections as it takes. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { ObjectStore, ReadOptions, StoredBody } from '../store/object-store.ts';

export interface ReadRetry {
  /** Attempts in a row without a byte. */
  readonly attempts: number;
  readonly clock: Pick<Clock, 'sleep' | 'random'>;
}

/** Milliseconds; doubles with each failure in a row. The store's client has its own patience with a single request. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * The same store, whose reads go on at the byte where a connection broke: of the very same object, or they fail (`object-replaced`).
 * Each byte that comes refills the attempts, so that a long read survives many blips.
 */
export function resumableReads(store: ObjectStore, retry: ReadRetry): ObjectStore {
  return {
    ...store,
    async read(key, options) {
      const first = await store.read(key, options);
      if (first === undefined) return undefined;
      return {
        ...(first.etag !== undefined && { etag: first.etag }),
        ...(first.size !== undefined && { size: first.size }),
        [Symbol.asyncIterator]: () => readOn(first, { store, key, options, retry }),
      };
    },
  };
}

interface Reading {
  readonly store: ObjectStore;
  readonly key: string;
  readonly options: ReadOptions;
  readonly retry: ReadRetry;
}

async function* readOn(first: StoredBody, reading: Reading): AsyncGenerator<Uint8Array> {
  const { options, retry } = reading;
  const { etag } = first;
  let body: StoredBody | undefined = first;
  let position = options.from ?? 0;
  let failures = 0;
  for (;;) {
    try {
      body ??= await reopen(reading, position, etag);
      for await (const chunk of body) {
        position += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      options.signal.throwIfAborted();
      failures += 1;
      // Without an ETag nothing proves that what follows would be of the same object.
      if (etag === undefined || !mayPass(error) || failures >= retry.attempts) throw error;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
      await retry.clock.sleep(wait * (0.5 + retry.clock.random() / 2), options.signal);
      body = undefined;
    }
  }
}

async function reopen(
  { store, key, options }: Reading,
  from: number,
  etag: string | undefined,
): Promise<StoredBody> {
  const body = await store.read(key, { ...options, from, ...(etag !== undefined && { etag }) });
  if (body) return body;
  throw new ArchiverError(
    'object-replaced',
    `${key} in ${store.description} was removed while it was being read`,
  );
}

function mayPass(error: unknown): boolean {
  return error instanceof ArchiverError && error.retry === 'backup';
}
