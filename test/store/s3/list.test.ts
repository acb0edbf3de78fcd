/** A listing is believed in the orders that stores are known to have, and in no other. */
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ordersOf } from '../../../src/store/s3/list.ts';
import { startS3 } from '../../support/s3.ts';
import { storeOn } from '../../support/s3-stores.ts';

const signal = new AbortController().signal;

test('two keys are in the order of their bytes, of their folders, of both or of none', () => {
  const key = fc.stringMatching(/^[a0/.-]{1,6}$/);
  const isBefore = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
  const inFolders = (name: string) => name.replaceAll('/', '\0');
  fc.assert(
    fc.property(key, key, (one, other) => {
      const orders = [
        ...(isBefore(one, other) ? ['bytes'] : []),
        ...(isBefore(inFolders(one), inFolders(other)) ? ['folders'] : []),
      ];
      expect(ordersOf(one, other)).toEqual(orders);
    }),
    { numRuns: 2000 },
  );
});

async function keysOf(listOrder: 'bytes' | 'folders' | 'none', names: readonly string[]): Promise<string[]> {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  Object.assign(s3.behaviour, { listOrder, pageSize: 2 });
  const store = storeOn(s3, 'other');
  for (const name of names)
    await store.put(name, Buffer.from('x'), { signal, contentType: 'text/plain', ifAbsent: false });
  const keys: string[] = [];
  for await (const { key } of store.list('', { signal })) keys.push(key);
  return keys;
}

test('a store that lists folder by folder is listed whole, page by page', async () => {
  const names = ['a/1', 'a/2', 'a/b/3', 'a-b/1', 'a.', 'a0'];
  expect(await keysOf('folders', names)).toEqual(['a/1', 'a/2', 'a/b/3', 'a-b/1', 'a.', 'a0']);
  expect(await keysOf('bytes', names)).toEqual(['a-b/1', 'a.', 'a/1', 'a/2', 'a/b/3', 'a0']);
});

test('a listing in no order, or that changes from one to the other, is never taken for the whole', async () => {
  await expect(keysOf('none', ['a1', 'b0', 'c2'])).rejects.toMatchObject({
    code: 'store-failed',
    message: expect.stringContaining('out of order'),
  });
});
