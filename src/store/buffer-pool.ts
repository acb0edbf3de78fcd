/** One pool of part buffers over all uploads: the product's memory, whatever the size and number of the dumps. */
import { ArchiverError } from '../domain/errors.ts';

export interface PooledBuffer {
  /** Exactly as long as was asked for; holds whatever was in it before. */
  readonly bytes: Buffer;
  /** Gives it back; a second call does nothing. */
  release(): void;
}

export interface BufferPool {
  /** Bytes that all buffers together never exceed. */
  readonly capacity: number;
  /**
   * A buffer of `size` bytes, first come, first served: a large request at the head is not overtaken by small ones behind it.
   * Cannot deadlock as long as nobody waits here while holding a buffer that only they can set free.
   * Rejects with a `config` error when the pool could never hold it, or with the signal's reason.
   */
  acquire(size: number, signal: AbortSignal): Promise<PooledBuffer>;
  /** A buffer that is to be had at once; undefined where somebody is waiting or there is no room. */
  tryAcquire(size: number): PooledBuffer | undefined;
}

interface Waiter {
  readonly size: number;
  readonly serve: (bytes: Buffer) => void;
}

/** Makes a pool of `capacity` bytes; memory is taken only when it is first needed, and then reused. */
export function createBufferPool(capacity: number): BufferPool {
  const idle: Buffer[] = [];
  const waiting: Waiter[] = [];
  let allocated = 0;

  function take(size: number): Buffer | undefined {
    const reusable = idle.findIndex((buffer) => buffer.length === size);
    if (reusable >= 0) return idle.splice(reusable, 1)[0];
    while (allocated + size > capacity) {
      const discarded = idle.shift();
      if (discarded === undefined) return undefined;
      allocated -= discarded.length;
    }
    allocated += size;
    // Not from Node's shared slab, and not zeroed: every byte that is sent has been written before.
    return Buffer.allocUnsafeSlow(size);
  }

  function serveWaiters(): void {
    for (let head = waiting[0]; head !== undefined; head = waiting[0]) {
      const bytes = take(head.size);
      if (bytes === undefined) return;
      waiting.shift();
      head.serve(bytes);
    }
  }

  function lend(bytes: Buffer): PooledBuffer {
    let lent = true;
    return {
      bytes,
      release() {
        if (!lent) return;
        lent = false;
        idle.push(bytes);
        serveWaiters();
      },
    };
  }

  return {
    capacity,
    tryAcquire(size) {
      const bytes = waiting.length === 0 ? take(size) : undefined;
      return bytes && lend(bytes);
    },
    async acquire(size, signal) {
      signal.throwIfAborted();
      if (size > capacity) throw tooLarge(size, capacity);
      const { promise, resolve, reject } = Promise.withResolvers<PooledBuffer>();
      const waiter: Waiter = { size, serve: (bytes) => resolve(lend(bytes)) };
      const onAbort = () => {
        const place = waiting.indexOf(waiter);
        if (place < 0) return;
        waiting.splice(place, 1);
        reject(signal.reason);
        serveWaiters();
      };
      signal.addEventListener('abort', onAbort);
      waiting.push(waiter);
      serveWaiters();
      return promise.finally(() => signal.removeEventListener('abort', onAbort));
    },
  };
}

function tooLarge(size: number, capacity: number): ArchiverError {
  return new ArchiverError(
    'config',
    `a buffer of ${size} bytes was asked for, but the pool holds only ${capacity} bytes`,
    {
      hint: 'Raise ARCHIVER_BUFFER_MEMORY, or lower ARCHIVER_PART_SIZE.',
    },
  );
}
