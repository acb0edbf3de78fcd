/** Measuring in passing changes nothing, and measures everything once. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { drain, sha256Tap, sizeTap, tapped } from '../../src/integrity/taps.ts';
import { collect } from '../support/bodies.ts';

async function* give(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const streams = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });

it('a stream comes out as it went in, its size and digest are those of all its bytes', async () => {
  await fc.assert(
    fc.asyncProperty(streams, async (chunks) => {
      const whole = Buffer.concat(chunks);
      const [size, sha256] = [sizeTap(), sha256Tap()];
      expect(await collect(tapped(give(chunks), [size, sha256]))).toEqual(whole);
      expect(size.result()).toBe(whole.length);
      expect(sha256.result()).toBe(createHash('sha256').update(whole).digest('hex'));
    }),
  );
});

it('a stream that nobody wants is measured all the same', async () => {
  const [size, sha256] = [sizeTap(), sha256Tap()];
  await drain(give([Buffer.from('abc'), Buffer.from(''), Buffer.from('de')]), [size, sha256]);
  expect(size.result()).toBe(5);
  // printf abcde | sha256sum
  expect(sha256.result()).toBe('36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c');
});

it('a stream is measured as it is read, not ahead', async () => {
  const size = sizeTap();
  const stream = tapped(give([Buffer.alloc(3), Buffer.alloc(4)]), [size]);
  await stream.next();
  expect(size.result()).toBe(3);
});

it('what breaks on its way breaks for the reader too', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(3);
    throw new Error('reset');
  }
  await expect(collect(tapped(broken(), []))).rejects.toThrow('reset');
  await expect(drain(broken(), [])).rejects.toThrow('reset');
});
