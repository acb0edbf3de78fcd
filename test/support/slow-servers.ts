/** Servers that are slow as far as the clock of a test tells, above any floor. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Fault } from './cloud.ts';
import type { Scenario } from './scenario.ts';

/** In pieces of `bytes`, with `seconds` before each, as far as the clock tells; all the rest at once as soon as that is `over`. */
export function crawling(
  scenario: Pick<Scenario, 'clock'>,
  pace: { readonly bytes: number; readonly seconds: number; readonly over?: () => boolean },
): Fault {
  return async (exchange, answer) => {
    const reply = await answer(exchange);
    return { ...reply, body: crawl(reply.body) };
  };

  async function* crawl(body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      let at = 0;
      for (; at < chunk.length && pace.over?.() !== true; ) {
        const piece = chunk.subarray(at, at + pace.bytes);
        at += piece.length;
        yield piece;
        // Time passes no faster than the others get on.
        for (let turn = 0; turn < 30; turn += 1) await nextTurn();
        scenario.clock.advance(pace.seconds * 1000);
      }
      if (at < chunk.length) yield chunk.subarray(at);
    }
  }
}
