/** What every object store promises: one suite, run on each adapter and on a real server. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ListedObject, ObjectStore } from '../../src/store/object-store.ts';
import { MIN_PART_SIZE } from '../../src/store/s3/part-size.ts';
import { collect, patterned, streamOf } from '../support/bodies.ts';

export interface StoreUnderTest {
  /** Empty, with parts of `MIN_PART_SIZE` where it uploads in parts. */
  readonly store: ObjectStore;
  /** How much of uploads that nobody will complete lies there. */
  leftovers(): Promise<number>;
  /** Leaves behind what a process leaves that is killed in mid-upload to this key. */
  strand(key: string): Promise<void>;
  close(): Promise<void>;
}

export interface Traits {
  /** `checksum` where the store answers with one; `single-put` where it does so of what was put whole alone. */
  readonly proof: 'checksum' | 'single-put' | 'none';
  /** False where a leftover does not show its key, only that it is ours. */
  readonly leftoversHaveKeys: boolean;
  /** Promises of S3 that a real server does not keep, each with what was seen of it. The suite then holds it to what is left of them. */
  readonly departures?: Departures;
}

/**
 * - `no-etags`: what is read bears none, so that nobody can tell by it that an object was replaced.
 * - `undecided-races`: of puts if absent at once several may be told that they stored, or none, loudly.
 * - `dates-uploads-wrong`: when an upload began cannot be told, so a sweep takes any for an old one.
 * - `folder-order`: keys are listed folder by folder, and behind the bare name of a folder nothing of it.
 * - `utf16-order`: keys are listed in the order of UTF-16, which differs from that of the bytes beyond the basic plane. Ours have none of those.
 */
export type Departures = Partial<
  Record<'no-etags' | 'undecided-races' | 'dates-uploads-wrong' | 'folder-order' | 'utf16-order', string>
>;

const signal = new AbortController().signal;
const binary = { signal, contentType: 'application/octet-stream' };

/** Bodies at every place where a store could miscount: none, one byte, about a part's border, several parts. */
const SIZES = [
  0,
  1,
  MIN_PART_SIZE - 1,
  MIN_PART_SIZE,
  MIN_PART_SIZE + 1,
  2 * MIN_PART_SIZE,
  2 * MIN_PART_SIZE + 1,
  5 * MIN_PART_SIZE + 12_345,
];

/** Names that some layer between here and the disk could rewrite. */
const HOSTILE_KEYS = [
  'plain/dump.rdb',
  'percent/%2F%2e%25',
  'space/a b  c',
  'plus/a+b',
  'unicode/备份-ü-😀',
  "signs/(a)!*'~$&=@:,;?#[]",
  'quotes/"<tag>&amp;',
  'dots/...hidden',
];

export function objectStoreContract(name: string, traits: Traits, open: () => Promise<StoreUnderTest>): void {
  describe(`the object store on ${name}`, () => {
    const { departures = {} } = traits;
    let opened: StoreUnderTest;
    let store: ObjectStore;
    let folders = 0;
    /** A prefix that no other test uses. */
    const fresh = () => {
      folders += 1;
      return `case-${folders}/`;
    };

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened.close());

    const put = (key: string, text: string, ifAbsent = false) =>
      store.put(key, Buffer.from(text), { ...binary, ifAbsent });
    const text = async (key: string) => (await collect(await store.read(key, { signal })))?.toString();
    const listed = async (prefix: string, limit?: number) => {
      const objects: Pick<ListedObject, 'key' | 'size'>[] = [];
      const options = { signal, ...(limit === undefined ? {} : { limit }) };
      for await (const { key, size } of store.list(prefix, options)) objects.push({ key, size });
      return objects;
    };

    test.each(SIZES)('gives back exactly the bytes of an upload of %i bytes', async (size) => {
      const key = `${fresh()}dump.rdb`;
      const bytes = patterned(size);
      const receipt = await store.upload(key, streamOf(bytes), { ...binary, size });
      const isProved =
        traits.proof === 'checksum' || (traits.proof === 'single-put' && size <= MIN_PART_SIZE);
      expect(receipt).toMatchObject({ size, proof: isProved ? 'checksum' : 'none' });
      expect(await store.head(key, { signal })).toMatchObject({ size });
      const back = await collect(await store.read(key, { signal }));
      expect(back?.equals(bytes)).toBe(true);
      expect(await opened.leftovers()).toBe(0);
    });

    test.each([1, 999, MIN_PART_SIZE - 1, MIN_PART_SIZE, 2 * MIN_PART_SIZE + 6])(
      'reads on from byte %i to the end, and of the same object only',
      async (from) => {
        const key = `${fresh()}dump.rdb`;
        const bytes = patterned(2 * MIN_PART_SIZE + 7);
        await store.upload(key, streamOf(bytes), binary);
        const whole = await store.read(key, { signal });
        expect(whole?.size).toBe(bytes.length);
        await collect(whole);
        const { etag } = whole ?? {};
        const rest = await store.read(key, { signal, from, ...(etag !== undefined && { etag }) });
        expect(rest?.size).toBe(bytes.length);
        expect((await collect(rest))?.equals(bytes.subarray(from))).toBe(true);
        if (departures['no-etags']) {
          expect(etag).toBeUndefined();
          return;
        }
        expect(etag).toMatch(/^[^"]+$/);

        await store.upload(key, streamOf(patterned(bytes.length, 2)), binary);
        await expect(store.read(key, { signal, from, etag: etag ?? '' })).rejects.toMatchObject({
          code: 'object-replaced',
        });
      },
    );

    test('reads nothing from the end of an object on, and says so where there is none', async () => {
      const prefix = fresh();
      await put(`${prefix}a`, '0123456789');
      for (const from of [10, 11, 1_000_000])
        expect(await collect(await store.read(`${prefix}a`, { signal, from }))).toEqual(Buffer.alloc(0));
      expect(await store.read(`${prefix}none`, { signal, from: 5 })).toBeUndefined();
    });

    test('takes a stream whose length nobody knows', async () => {
      const key = `${fresh()}unknown`;
      const bytes = patterned(2 * MIN_PART_SIZE + 7);
      expect(await store.upload(key, streamOf(bytes, { chunkSize: 999_983 }), binary)).toMatchObject({
        size: bytes.length,
      });
      expect((await collect(await store.read(key, { signal })))?.equals(bytes)).toBe(true);
    });

    test('an upload replaces what lay there', async () => {
      const key = `${fresh()}again`;
      await store.upload(key, streamOf(patterned(10)), binary);
      await store.upload(key, streamOf(patterned(20, 2)), binary);
      expect(await collect(await store.read(key, { signal }))).toEqual(patterned(20, 2));
    });

    test.each([0, 100, MIN_PART_SIZE + 1, 3 * MIN_PART_SIZE])(
      'shows nothing of a body that fails after %i bytes, and leaves nothing behind',
      async (cut) => {
        const prefix = fresh();
        const failure = new Error('the download broke off');
        const body = streamOf(patterned(4 * MIN_PART_SIZE), {
          chunkSize: 100_000,
          before: (position) => {
            if (position >= cut) throw failure;
          },
        });
        await expect(store.upload(`${prefix}dump.rdb`, body, binary)).rejects.toBe(failure);
        expect(await listed(prefix)).toEqual([]);
        expect(await store.head(`${prefix}dump.rdb`, { signal })).toBeUndefined();
        expect(await opened.leftovers()).toBe(0);
      },
    );

    test('a failure at the very end of a body keeps what lay there before', async () => {
      const key = `${fresh()}kept`;
      await put(key, 'the good copy');
      const failure = new Error('the checksum in the footer is wrong');
      const body = streamOf(patterned(MIN_PART_SIZE + 10), {
        before: (position) => {
          if (position === MIN_PART_SIZE + 10) throw failure;
        },
      });
      await expect(store.upload(key, body, binary)).rejects.toBe(failure);
      expect(await text(key)).toBe('the good copy');
    });

    test.each([
      ['fewer', 99],
      ['more', 101],
    ])('shows nothing when %s bytes come than were promised', async (_word, came) => {
      const prefix = fresh();
      const upload = store.upload(`${prefix}dump.rdb`, streamOf(patterned(came)), { ...binary, size: 100 });
      await expect(upload).rejects.toMatchObject({ code: 'store-failed' });
      expect(await listed(prefix)).toEqual([]);
    });

    test('stops at once when asked to, even while the body waits, and leaves nothing behind', async () => {
      const prefix = fresh();
      const stop = new AbortController();
      const reason = new Error('asked to stop');
      const body = streamOf(patterned(3 * MIN_PART_SIZE), {
        before: (position) => {
          if (position <= 2 * MIN_PART_SIZE) return;
          stop.abort(reason);
          return new Promise(() => undefined);
        },
      });
      await expect(store.upload(`${prefix}dump.rdb`, body, { ...binary, signal: stop.signal })).rejects.toBe(
        reason,
      );
      expect(await listed(prefix)).toEqual([]);
      expect(await opened.leftovers()).toBe(0);
    });

    test('closes the body when it stops early', async () => {
      let closed = false;
      async function* body() {
        try {
          while (true) yield patterned(1000);
        } finally {
          closed = true;
        }
      }
      await expect(store.upload(`${fresh()}dump.rdb`, body(), { ...binary, size: 1500 })).rejects.toThrow();
      expect(closed).toBe(true);
    });

    test('starts nothing that was cancelled beforehand', async () => {
      const cancelled = { ...binary, signal: AbortSignal.abort(new Error('too late')) };
      const key = `${fresh()}never`;
      await expect(store.upload(key, streamOf(patterned(10)), cancelled)).rejects.toThrow('too late');
      await expect(store.put(key, patterned(10), { ...cancelled, ifAbsent: true })).rejects.toThrow(
        'too late',
      );
      await expect(store.head(key, cancelled)).rejects.toThrow('too late');
      expect(await store.head(key, { signal })).toBeUndefined();
    });

    test('says that there is nothing where there is nothing', async () => {
      const prefix = fresh();
      expect(await store.head(`${prefix}none`, { signal })).toBeUndefined();
      expect(await store.read(`${prefix}none`, { signal })).toBeUndefined();
      expect(await listed(prefix)).toEqual([]);
      await store.delete(`${prefix}none`, { signal });
    });

    test('deletes an object and no other', async () => {
      const prefix = fresh();
      await put(`${prefix}a`, '1');
      await put(`${prefix}ab`, '2');
      await store.delete(`${prefix}a`, { signal });
      expect(await listed(prefix)).toEqual([{ key: `${prefix}ab`, size: 1 }]);
    });

    test('tells in a listing when each object came to lie there, by a clock of its own, and whether deleted bytes stay', async () => {
      const prefix = fresh();
      for (const name of ['b', 'a']) await put(`${prefix}${name}`, name);
      const times: number[] = [];
      for await (const { modifiedAt } of store.list(prefix, { signal })) times.push(modifiedAt ?? Number.NaN);
      const [a = Number.NaN, b = Number.NaN] = times;
      // `a` was put later.
      expect(a).toBeGreaterThanOrEqual(b);
      await put(`${prefix}b`, 'again');
      for await (const { key, modifiedAt = Number.NaN } of store.list(`${prefix}b`, { signal }))
        expect([key, modifiedAt >= a]).toEqual([`${prefix}b`, true]);
      expect(await store.delete(`${prefix}a`, { signal })).toEqual({ bytesStay: false });
    });

    test('says whether anything may be locked in here, and that nothing is where nothing may', async () => {
      const key = `${fresh()}lockable`;
      await put(key, 'text');
      const facts = await store.head(key, { signal, withLock: true });
      if (!(await store.mayLock({ signal }))) expect(facts).not.toHaveProperty('lock');
    });

    test('has nothing to make sure of where no lock is asked for', async () => {
      const key = `${fresh()}manifest.json`;
      await put(key, 'text');
      await store.retain(key, {}, { signal });
      await store.retain(key, { storageClass: 'STANDARD' }, { signal });
      expect(await text(key)).toBe('text');
    });

    test('a put replaces what lay there, a put-if-absent never does', async () => {
      const key = `${fresh()}manifest.json`;
      expect(await put(key, 'first', true)).toBe('stored');
      expect(await put(key, 'second', true)).toBe('exists');
      expect(await text(key)).toBe('first');
      expect(await put(key, 'third')).toBe('stored');
      expect(await text(key)).toBe('third');
    });

    const race = departures['undecided-races']
      ? 'nobody leaves a mixture of bytes there'
      : 'exactly one is told that it stored, and its bytes are there';
    test(`of many who put the same key if absent at once, ${race}`, async () => {
      const key = `${fresh()}manifest.json`;
      const rivals = Array.from({ length: 16 }, (_, index) => `run ${index}`);
      const answers = await Promise.allSettled(rivals.map((rival) => put(key, rival, true)));
      const there = await text(key);
      if (departures['undecided-races']) {
        expect([undefined, ...rivals]).toContain(there);
        return;
      }
      expect(answers.map(({ status }) => status)).toEqual(rivals.map(() => 'fulfilled'));
      const isTold = (answer: (typeof answers)[number] | undefined) =>
        answer?.status === 'fulfilled' && answer.value === 'stored';
      expect(rivals.filter((_, index) => isTold(answers[index]))).toEqual([there]);
    });

    test.each(HOSTILE_KEYS)('keeps the name %s as it is', async (name) => {
      const prefix = fresh();
      const key = `${prefix}${name}`;
      await put(key, name);
      await store.upload(`${key}.large`, streamOf(patterned(MIN_PART_SIZE + 1)), binary);
      expect(await text(key)).toBe(name);
      expect(await listed(key)).toEqual([
        { key, size: Buffer.byteLength(name) },
        { key: `${key}.large`, size: MIN_PART_SIZE + 1 },
      ]);
    });

    /** Where the two orders differ. */
    const lastNames = departures['utf16-order'] ? ['～'] : ['～', '😀'];

    const compared = (key: string) =>
      Buffer.from(departures['folder-order'] ? key.replaceAll('/', '\0') : key);
    const inOrder = (one: string, other: string) => Buffer.compare(compared(one), compared(other));

    test('lists in the order of the bytes, by any prefix, folder or not', async () => {
      const prefix = fresh();
      const names = ['a', 'a-b', 'a.b/c', 'a0/x', 'aa', 'b/1', 'b/10', 'b/2', 'b-', 'b0', ...lastNames];
      for (const name of names.toReversed()) await put(`${prefix}${name}`, '');
      const sorted = names.map((name) => `${prefix}${name}`).sort(inOrder);
      const keys = async (of: string, limit?: number) => (await listed(of, limit)).map(({ key }) => key);
      expect(await keys(prefix)).toEqual(sorted);
      expect(await keys(`${prefix}b`)).toEqual(sorted.filter((key) => key.startsWith(`${prefix}b`)));
      expect(await keys(`${prefix}b/1`)).toEqual([`${prefix}b/1`, `${prefix}b/10`]);
      expect(await keys(`${prefix}a.`)).toEqual([`${prefix}a.b/c`]);
      expect(await keys(prefix, 3)).toEqual(sorted.slice(0, 3));
      expect(await keys(prefix, 0)).toEqual([]);
    });

    test('lists only what lies behind a key, there or not', async () => {
      const prefix = fresh();
      const names = ['a', 'a-b', 'aa/b/c', 'aa/b/d', 'aa/c', 'aa0', 'b/1', 'b/2', 'b0', ...lastNames];
      for (const name of names) await put(`${prefix}${name}`, '');
      const sorted = names.map((name) => `${prefix}${name}`).sort(inOrder);
      const behind = async (name: string, limit?: number) => {
        const keys: string[] = [];
        const options = { signal, after: `${prefix}${name}`, ...(limit !== undefined && { limit }) };
        for await (const { key } of store.list(prefix, options)) keys.push(key);
        return keys;
      };
      const probes = [
        '',
        'a',
        'aa',
        'aa/',
        'aa/b',
        'aa/b/',
        'aa/b/c',
        'aa/b/zz',
        'aa/zz',
        'aa0',
        'aa00',
        'b',
        'b/1',
        ...lastNames,
        `${lastNames.at(-1)}z`,
      ];
      for (const probe of probes) {
        if (departures['folder-order'] && ['aa', 'aa/b', 'b'].includes(probe)) continue;
        const rest = sorted.filter((key) => inOrder(key, `${prefix}${probe}`) > 0);
        expect([probe, await behind(probe)]).toEqual([probe, rest]);
        expect(await behind(probe, 2)).toEqual(rest.slice(0, 2));
      }
    });

    test('lists every one of more than a thousand keys, once', async () => {
      const prefix = fresh();
      const keys = Array.from({ length: 1003 }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`);
      for (let begin = 0; begin < keys.length; begin += 50) {
        await Promise.all(keys.slice(begin, begin + 50).map((key) => put(key, 'x')));
      }
      expect((await listed(prefix)).map(({ key }) => key)).toEqual(keys);
      expect(await listed(prefix, 1001)).toHaveLength(1001);
    });

    describe('a sweep', () => {
      const sweep = (prefix: string, begunBefore: number, isOurs = (_key: string) => true) =>
        store.sweep(prefix, { isOurs, begunBefore, signal });
      /** Beyond any difference between the clocks, so that everything is old. */
      const later = () => Date.now() + 3_600_000;

      test('removes what killed runs have left, once it is old enough', async () => {
        const prefix = fresh();
        await opened.strand(`${prefix}a b+ü/dump.rdb`);
        await opened.strand(`${prefix}other/dump.rdb`);
        const young = departures['dates-uploads-wrong'] ? 2 : 0;
        expect(await sweep(prefix, Date.now() - 3_600_000)).toBe(young);
        expect(await opened.leftovers()).toBe(2 - young);
        expect(await sweep(prefix, later())).toBe(2 - young);
        expect(await opened.leftovers()).toBe(0);
        expect(await sweep(prefix, later())).toBe(0);
      });

      test('touches no upload that this process has in hand, and none that is done', async () => {
        const prefix = fresh();
        await put(`${prefix}done`, 'whole');
        const bytes = patterned(6 * MIN_PART_SIZE);
        let swept: number | undefined;
        const body = streamOf(bytes, {
          before: async (position) => {
            // With four buffers the first part has arrived by then, so the upload is known here by its id.
            if (position > 5 * MIN_PART_SIZE) swept ??= await sweep(prefix, later());
          },
        });
        await store.upload(`${prefix}dump.rdb`, body, binary);
        expect(swept).toBe(0);
        expect((await collect(await store.read(`${prefix}dump.rdb`, { signal })))?.equals(bytes)).toBe(true);
        expect(await text(`${prefix}done`)).toBe('whole');
      });

      if (traits.leftoversHaveKeys)
        test('leaves alone what lies elsewhere or is not named as ours are', async () => {
          const prefix = fresh();
          const elsewhere = fresh();
          await opened.strand(`${prefix}ours`);
          await opened.strand(`${prefix}theirs`);
          await opened.strand(`${elsewhere}ours`);
          expect(await sweep(prefix, later(), (key) => key === `${prefix}ours`)).toBe(1);
          expect(await opened.leftovers()).toBe(2);
          for (const place of [prefix, elsewhere]) expect(await sweep(place, later())).toBe(1);
        });

      test('stops when asked to', async () => {
        const stopped = {
          isOurs: () => true,
          begunBefore: later(),
          signal: AbortSignal.abort(new Error('stop')),
        };
        const prefix = fresh();
        await opened.strand(`${prefix}a`);
        await expect(store.sweep(prefix, stopped)).rejects.toThrow('stop');
        expect(await sweep(prefix, later())).toBe(1);
      });
    });

    test('uploads many at once from one small pool', async () => {
      const prefix = fresh();
      const keys = Array.from({ length: 6 }, (_, index) => `${prefix}${index}`);
      const bytes = keys.map((_, index) => patterned(2 * MIN_PART_SIZE + index, index + 1));
      await Promise.all(
        keys.map((key, index) => store.upload(key, streamOf(bytes[index] ?? Buffer.alloc(0)), binary)),
      );
      for (const [index, key] of keys.entries()) {
        expect(
          (await collect(await store.read(key, { signal })))?.equals(bytes[index] ?? Buffer.alloc(0)),
        ).toBe(true);
      }
    });
  });
}
