/**
 * Pulls bytes out of a socket through two windows that are filled in turn, without a new buffer for every read.
 *
 * Node's own streams make a buffer of 64 KiB for each read, and the collector frees them late: four downloads held 60 MB of garbage, and
 * receiving cost four times the processor time of this. What a chunk costs hardly depends on its size, so windows are large: half a mebibyte at once
 * in place of a quarter took a twelfth off a whole transfer.
 */
import type { OnReadOpts, Socket } from 'node:net';

export interface SocketReader {
  /** To be given to `net.connect` or `tls.connect` as `onread`. */
  readonly onread: OnReadOpts;
  /** The socket, once it is made. */
  attach(socket: Socket): void;
  /** True while the connection is open and nothing has come that was not read. */
  isSilent(): boolean;
  /** The next bytes, valid until the next call; undefined at the end. Rejects with the socket's error. One call at a time. */
  read(): Promise<Buffer | undefined>;
}

/** Where a socket's bytes land. */
interface Intake {
  readonly onread: OnReadOpts;
  isEmpty(): boolean;
  /** What has come, valid until the next call; reading may go on when nothing is left. */
  take(): Buffer | undefined;
}

const WINDOW_SIZE = 512 * 1024;
/** As much as one reading below TLS brings. */
const RECORDS_SIZE = 64 * 1024;

export function createSocketReader(over: 'tcp' | 'tls'): SocketReader {
  let socket: Socket | undefined;
  let ended = false;
  let error: Error | undefined;
  let wake = () => {};
  const intake = (over === 'tls' ? collecting : swapping)(() => wake());

  return {
    onread: intake.onread,

    attach(made) {
      socket = made;
      made.on('error', (cause) => {
        error ??= cause;
      });
      for (const event of ['end', 'close'] as const) {
        made.on(event, () => {
          ended = true;
          wake();
        });
      }
    },

    isSilent: () => intake.isEmpty() && !ended && !error,

    async read() {
      for (;;) {
        const chunk = intake.take();
        if (chunk) {
          if (intake.isEmpty()) socket?.resume();
          return chunk;
        }
        if (error) throw error;
        if (ended) return undefined;
        await new Promise<void>((resolve) => {
          // Not at once: what else has come by now is taken with it (the kernel's buffer is fuller, a window holds more records), and fewer chunks cost less.
          wake = () => void setImmediate(resolve);
        });
      }
    },
  };
}

/** For TCP, which brings nothing more once it was told to pause: each reading is a chunk, and the other window the next one's. */
function swapping(notify: () => void): Intake {
  const windows = twoWindows();
  let next: 0 | 1 = 0;
  let chunk: Buffer | undefined;
  return {
    onread: {
      buffer: () => {
        next = next === 0 ? 1 : 0;
        return windows[next];
      },
      callback(size) {
        // `buffer` is asked for the next window only behind this.
        chunk = windows[next].subarray(0, size);
        notify();
        return false;
      },
    },
    isEmpty: () => chunk === undefined,
    take() {
      const taken = chunk;
      chunk = undefined;
      return taken;
    },
  };
}

/** For TLS, which brings records of 16 KiB, several of them after it was told to pause: they are collected in a window. */
function collecting(notify: () => void): Intake {
  const windows = twoWindows();
  let current: 0 | 1 = 0;
  let filled = 0;
  /** What did not fit. */
  const overflow: Buffer[] = [];
  return {
    onread: {
      buffer: Buffer.allocUnsafeSlow(RECORDS_SIZE),
      callback(size, buffer) {
        const bytes = buffer.subarray(0, size);
        if (overflow.length > 0 || filled + size > WINDOW_SIZE) overflow.push(Buffer.from(bytes));
        else {
          windows[current].set(bytes, filled);
          filled += size;
        }
        notify();
        return overflow.length === 0 && filled + RECORDS_SIZE <= WINDOW_SIZE;
      },
    },
    isEmpty: () => filled === 0 && overflow.length === 0,
    take() {
      if (filled === 0) return overflow.shift();
      const chunk = windows[current].subarray(0, filled);
      current = current === 0 ? 1 : 0;
      filled = 0;
      return chunk;
    },
  };
}

function twoWindows() {
  return [Buffer.allocUnsafeSlow(WINDOW_SIZE), Buffer.allocUnsafeSlow(WINDOW_SIZE)] as const;
}
