/** Records are small: whatever else lies under a record's key is not swallowed whole. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSmallObject } from '../../src/catalog/small-object.ts';
import { patterned } from '../support/bodies.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { storeOn } from '../support/s3-stores.ts';

const { signal } = new AbortController();
/** As `readSmallObject` has it. */
const LIMIT = 4 * 1024 * 1024;

describe('a small object', () => {
  let server: S3Server;
  let store: ReturnType<typeof storeOn>;

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws');
  });
  afterEach(async () => {
    store.close();
    await server.close();
  });

  const put = (size: number) =>
    store.put('record', patterned(size), { signal, contentType: 'text/plain', ifAbsent: false });

  it('that is not there is undefined', async () => {
    expect(await readSmallObject(store, 'record', { signal })).toBeUndefined();
  });

  it.each([0, 1, LIMIT])('of %i bytes is read whole', async (size) => {
    await put(size);
    const bytes = await readSmallObject(store, 'record', { signal });
    expect(bytes && Buffer.from(bytes).equals(patterned(size))).toBe(true);
  });

  it('that is larger than any record is refused, with its key and place', async () => {
    await put(LIMIT + 1);
    await expect(readSmallObject(store, 'record', { signal })).rejects.toMatchObject({
      code: 'archive-damaged',
      message: expect.stringMatching(/record.*s3:\/\/archive/),
    });
  });
});
