/** A dump that lies in no archive: a file on this machine, or whatever comes on standard input. */
import { open } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { ArchiverError } from '../domain/errors.ts';
import { inspectBytes } from './inspect.ts';
import type { InspectReport } from './report.ts';

export interface FileRequest {
  /** `-` for standard input. */
  readonly path: string;
  /** As it was given. */
  readonly name: string;
  /** Milliseconds since the epoch that expiries are counted for. */
  readonly asOf: number;
  readonly top: number;
  readonly signal: AbortSignal;
}

const STANDARD_INPUT = '-';
const CHUNK_BYTES = 256 * 1024;

/** Rejects with `usage` where the file cannot be read, or with the signal's reason. */
export async function inspectFile({
  path,
  name: given,
  signal,
  ...options
}: FileRequest): Promise<InspectReport> {
  // The stream ends with the signal, even while whoever writes to it writes nothing.
  const [name, body] =
    path === STANDARD_INPUT
      ? ['standard input', addAbortSignal(signal, process.stdin)]
      : [given, chunksOf(path, signal)];
  try {
    return await inspectBytes(name, body, options);
  } catch (error) {
    signal.throwIfAborted();
    if (!isSystemError(error)) throw error;
    throw new ArchiverError('usage', `cannot read ${name}: ${error.message}`, {
      cause: error,
      hint: 'Give a file that can be read, or an instance’s id to look into its archives.',
    });
  }
}

/** Through one buffer, used again for each piece: with a new one each, a dump of many gigabytes would leave as much garbage. */
async function* chunksOf(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';
}
