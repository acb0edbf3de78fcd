/** Servers that do not know when to stop: they begin as they should, and go on for as long as anybody listens. */
import type { Reply } from '../../src/sandbox/exchange.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import type { Fault } from './cloud.ts';

const BLOCK = Buffer.alloc(64 * 1024, 'x');

/** A beginning, and then blocks for as long as anybody listens. */
export async function* endlessly(beginning: string | Buffer, gone: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from(beginning);
  while (!gone.aborted) {
    yield BLOCK;
    // Whoever listens may leave meanwhile.
    await new Promise((resume) => setImmediate(resume));
  }
}

/** An answer that begins as one should, and never ends. */
export function endlessAnswer(beginning: string, status = 200, headers: Reply['headers'] = {}): Fault {
  return async ({ signal }) => ({ status, headers, body: endlessly(beginning, signal) });
}

/** A dump that begins as one should, in chunks without a length, and never ends. */
export function endlessDump(): Fault {
  const { read } = syntheticDump({ size: 4000, seed: 1 });
  return async ({ signal }) => ({
    status: 200,
    headers: { etag: '"endless"' },
    body: endlessly(await firstOf(read(0, 1000)), signal),
  });
}

async function firstOf(body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
