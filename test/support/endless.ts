/** Servers that do not know when to stop: they begin as they should, and go on for as long as anybody listens. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply } from '../../src/sandbox/exchange.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import type { Fault } from './cloud.ts';
import { changeJson } from './cloud-api-faults.ts';

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

/** An answer that begins as one should, and goes on byte by byte for as long as anybody listens. */
export function trickling(): Fault {
  return async ({ signal }) => ({ status: 200, headers: {}, body: byByte('{"Response":{"x":"', signal) });
}

async function* byByte(beginning: string, gone: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from(beginning);
  for (;;) {
    await delay(20, undefined, { signal: gone }).catch(() => undefined);
    if (gone.aborted) return;
    yield Buffer.from('x');
  }
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

/** Every page has new rows, by the thousand, with long remarks, and the list so many as it is told to have. */
export function endlessPages(total: number, remark = ''): Fault {
  let made = 0;
  return changeJson((answer) => {
    const set = ['InstanceSet', 'BackupSet'].find((name) => name in answer);
    if (set === undefined) return;
    const [first = {}] = answer[set] as Record<string, unknown>[];
    answer['TotalCount'] = total;
    answer[set] = Array.from({ length: 1000 }, () => {
      made += 1;
      // No two alike: what rows share costs nothing.
      const text = remark === '' ? '' : `${made} ${remark}`;
      return {
        ...first,
        InstanceId: `crs-${made}`,
        BackupId: `${made}-1`,
        InstanceName: text,
        Remark: text,
      };
    });
  });
}

/** A page of a bucket's listing that holds nothing and says that there is more, for ever; behind a new token each time, or behind one. */
export function emptyPages(tokens: 'one' | 'new'): () => { readonly status: number; readonly body: string } {
  let page = 0;
  return () => {
    page += 1;
    const token = tokens === 'one' ? 'more' : `more-${page}`;
    return {
      status: 200,
      body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken></ListBucketResult>`,
    };
  };
}
