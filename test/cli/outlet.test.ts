/** However slowly somebody takes what a command prints, it does not pile up in memory. */
import { expect, it } from 'vitest';
import { openOutlet } from '../../src/cli/outlet.ts';

it('holds no more than a little for a reader that takes nothing, and then waits', async () => {
  const taken: string[] = [];
  let take = () => {};
  const outlet = openOutlet({
    writeBytes: (text) =>
      new Promise((resolve) => {
        take = () => {
          taken.push(String(text));
          resolve();
        };
      }),
  });
  let written = 0;
  const row = 'x'.repeat(1000);
  const writing = (async () => {
    for (let count = 0; count < 1000; count += 1) {
      await outlet.write(row);
      written += row.length;
    }
  })();
  for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
  const held = written;
  expect(held).toBeLessThan(300_000);
  const ended = writing.then(() => outlet.end());
  let done = false;
  void ended.then(() => {
    done = true;
  });
  while (!done) {
    take();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(taken.join('')).toHaveLength(1_000_000);
});

it('goes on where the reader has gone away', async () => {
  let tries = 0;
  const outlet = openOutlet({
    async writeBytes() {
      tries += 1;
      throw new Error('EPIPE');
    },
  });
  for (let count = 0; count < 1000; count += 1) await outlet.write('x'.repeat(1000));
  await outlet.end();
  expect(tries).toBe(1);
});
