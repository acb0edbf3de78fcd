/** How a body is cut into parts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBufferPool } from '../../../src/store/buffer-pool.ts';
import { createBodyDigest } from '../../../src/store/s3/body-digest.ts';
import { fillParts } from '../../../src/store/s3/fill-parts.ts';
import { createPartMd5 } from '../../../src/store/s3/part-md5.ts';
import { MAX_PARTS } from '../../../src/store/s3/part-size.ts';
import { systemClock } from '../../../src/system-clock.ts';
import { patterned, streamOf } from '../../support/bodies.ts';

const MD5S = createPartMd5(systemClock);
const signal = new AbortController().signal;

async function fill(body: AsyncIterable<Uint8Array>, partSize: number) {
  // One buffer: whoever waited for a second one while holding it would wait for ever.
  const pool = createBufferPool(partSize);
  const parts: { readonly number: number; readonly bytes: Buffer; readonly last: boolean }[] = [];
  for await (const part of fillParts(body, {
    partSize,
    pool,
    digest: createBodyDigest({ bodyCheck: 'content-md5', echo: 'none', md5Etags: 'all' }, MD5S),
    signal,
  })) {
    parts.push({ number: part.number, bytes: Buffer.from(part.bytes), last: part.last });
    part.release();
  }
  return parts;
}

describe('the parts of a body', () => {
  test('are the body, in order, all full but the last, however the network cuts it', async () => {
    const lengths = fc.integer({ min: 0, max: 200 });
    await fc.assert(
      fc.asyncProperty(
        lengths,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 60 }),
        async (size, partSize, chunkSize) => {
          const bytes = patterned(size);
          const parts = await fill(streamOf(bytes, { chunkSize }), partSize);
          expect(Buffer.concat(parts.map((part) => part.bytes)).equals(bytes)).toBe(true);
          expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
          expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1));
          expect(parts.slice(0, -1).every((part) => part.bytes.length === partSize)).toBe(true);
          expect(parts).toHaveLength(Math.max(1, Math.ceil(size / partSize)));
        },
      ),
    );
  });

  test('are never more than S3 takes: a longer body is told what to configure', async () => {
    expect(await fill(streamOf(patterned(MAX_PARTS)), 1)).toHaveLength(MAX_PARTS);
    await expect(fill(streamOf(patterned(MAX_PARTS + 1)), 1)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('ARCHIVER_PART_SIZE'),
    });
  });
});
