/**
 * How much a store may say. The SDK collects every answer but an object's bytes in memory, however long it is, and waits for its end, however
 * slowly it comes: one listing without end took 3 GB, and the pod with it.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Clock } from '../../domain/clock.ts';

type Request = Parameters<NodeHttpHandler['handle']>[0];
type Handled = Awaited<ReturnType<NodeHttpHandler['handle']>>;

const MiB = 1024 * 1024;

/** A page of a thousand keys of 1,024 bytes, each of them percent-encoded, has 3.6 MB. */
const LONGEST_ANSWER = 8 * MiB;
/** Refusals have a few hundred bytes; some proxies send a page with pictures in it. */
const LONGEST_REFUSAL = MiB / 4;
/** Milliseconds from its head to its end. AWS sends blanks for minutes while it puts a large object together. */
const SLOWEST_ANSWER = 15 * 60_000;

/** As the SDK's own errors are: with the status, which decides about another attempt and about what is told. */
class NoShortAnswer extends Error {
  override readonly name = 'NoShortAnswer';
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(message: string, httpStatusCode: number) {
    super(message);
    this.$metadata = { httpStatusCode };
  }
}

/** The same answer, which ends in an error where it is too long or takes too long. An object's bytes are left to who reads them. */
export function shortAnswer(
  { method, query }: Request,
  handled: Handled,
  clock: Pick<Clock, 'alarm'>,
): Handled {
  const { response } = handled;
  const isRefusal = response.statusCode >= 300;
  if (method === 'HEAD' || (query?.['x-id'] === 'GetObject' && !isRefusal)) return handled;
  const limit = isRefusal ? LONGEST_REFUSAL : LONGEST_ANSWER;
  const body = bounded(response.body, { limit, status: response.statusCode, clock });
  response.body = Readable.from(body, { objectMode: false });
  return handled;
}

async function* bounded(
  answer: IncomingMessage,
  {
    limit,
    status,
    clock,
  }: { readonly limit: number; readonly status: number; readonly clock: Pick<Clock, 'alarm'> },
): AsyncGenerator<Uint8Array> {
  const late = clock.alarm(SLOWEST_ANSWER, () =>
    answer.destroy(
      new NoShortAnswer(`the answer did not end within ${SLOWEST_ANSWER / 60_000} minutes`, status),
    ),
  );
  late.restart();
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limit) throw new NoShortAnswer(`the answer did not end after ${limit / MiB} MiB`, status);
      yield chunk;
    }
  } finally {
    late.stop();
  }
}
