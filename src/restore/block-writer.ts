/** Writes to a file in large blocks, one of them while the next is filled: the disk works while the bytes are measured. */
import type { FileHandle } from 'node:fs/promises';

export interface BlockWriter {
  /** Takes a copy of the chunk. Rejects with the disk's error, which may be one of an earlier chunk. */
  append(chunk: Uint8Array): Promise<void>;
  /** Resolves when all that was appended is written. */
  flush(): Promise<void>;
}

/** Bytes; of smaller ones each costs a trip to another thread, larger ones only take memory. */
const BLOCK = 2 * 1024 * 1024;

/** From the byte `start` of the file on. */
export function createBlockWriter(handle: FileHandle, start: number): BlockWriter {
  let [filling, other] = [Buffer.allocUnsafeSlow(BLOCK), Buffer.allocUnsafeSlow(BLOCK)];
  let filled = 0;
  let position = start;
  let writing = Promise.resolve();

  async function send(): Promise<void> {
    await writing;
    const block = filling.subarray(0, filled);
    writing = writeAll(handle, block, position);
    // Told by the next one to wait for it.
    writing.catch(() => undefined);
    position += filled;
    filled = 0;
    [filling, other] = [other, filling];
  }

  return {
    async append(chunk) {
      for (let done = 0; done < chunk.length; ) {
        const taken = Math.min(BLOCK - filled, chunk.length - done);
        filling.set(chunk.subarray(done, done + taken), filled);
        filled += taken;
        done += taken;
        if (filled === BLOCK) await send();
      }
    },
    async flush() {
      if (filled > 0) await send();
      await writing;
    },
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
