/**
 * Pulls bytes out of a socket through two windows that are filled in turn, without a new buffer for every read.
 *
 * Node's own streams make a buffer of 64 KiB for each read, and the collector frees them late: four downloads held 60 MB of garbage, and
 * cost four times the processor time of this. `onread` reads into one buffer; copying on from there is nearly free, and necessary:
 * a TLS socket may deliver several records after it was told to pause.
 */
import type { Socket } from 'node:net';

export interface SocketReader {
  /** To be given to `net.connect` or `tls.connect` as `onread`. */
  readonly onread: {
    readonly buffer: Buffer;
    readonly callback: (size: number, buffer: Uint8Array) => boolean;
  };
  /** The socket, once it is made. */
  attach(socket: Socket): void;
  /** True while the connection is open and nothing has come that was not read. */
  isSilent(): boolean;
  /** The next bytes, valid until the next call; undefined at the end. Rejects with the socket's error. One call at a time. */
  read(): Promise<Buffer | undefined>;
}

/** As much as one reading of the socket may bring: with 64 KiB a whole transfer took a twelfth more processor time. */
const READ_SIZE = 512 * 1024;
const WINDOW_SIZE = READ_SIZE;

export function createSocketReader(): SocketReader {
  const windows = [Buffer.allocUnsafeSlow(WINDOW_SIZE), Buffer.allocUnsafeSlow(WINDOW_SIZE)] as const;
  let current: 0 | 1 = 0;
  let filled = 0;
  /** What did not fit: only what a TLS socket still delivers after it was told to pause. */
  let overflow: Buffer[] = [];
  let socket: Socket | undefined;
  let over = false;
  let error: Error | undefined;
  let wake = () => {};

  function callback(size: number, buffer: Uint8Array): boolean {
    const bytes = buffer.subarray(0, size);
    if (overflow.length > 0 || filled + size > WINDOW_SIZE) overflow.push(Buffer.from(bytes));
    else {
      windows[current].set(bytes, filled);
      filled += size;
    }
    wake();
    return overflow.length === 0 && filled + READ_SIZE <= WINDOW_SIZE;
  }

  function take(): Buffer | undefined {
    if (filled > 0) {
      const chunk = windows[current].subarray(0, filled);
      current = current === 0 ? 1 : 0;
      filled = 0;
      return chunk;
    }
    const [first, ...rest] = overflow;
    overflow = rest;
    return first;
  }

  return {
    onread: { buffer: Buffer.allocUnsafeSlow(READ_SIZE), callback },

    attach(made) {
      socket = made;
      made.on('error', (cause) => {
        error ??= cause;
      });
      for (const event of ['end', 'close'] as const) {
        made.on(event, () => {
          over = true;
          wake();
        });
      }
    },

    isSilent: () => filled === 0 && overflow.length === 0 && !over && !error,

    async read() {
      for (;;) {
        const chunk = take();
        if (chunk) {
          if (overflow.length === 0) socket?.resume();
          return chunk;
        }
        if (error) throw error;
        if (over) return undefined;
        await new Promise<void>((resolve) => {
          // Not at once: what else has come by now is taken with it, and a fourth of the chunks is a fourth of their cost.
          wake = () => void setImmediate(resolve);
        });
      }
    },
  };
}
