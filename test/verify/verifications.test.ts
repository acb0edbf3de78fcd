/** What is kept of verifications: few objects, whatever the number of archives, and never worth more than the archives themselves. */
import { describe, expect, it } from 'vitest';
import { type ArchiveRef, archiveLayout } from '../../src/domain/archive-key.ts';
import { toInstant } from '../../src/domain/instant.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createVerifications, type Verifications, type Verified } from '../../src/verify/verifications.ts';
import { DAY_MS } from '../support/builders.ts';

const options = { signal: new AbortController().signal };
const START = Date.parse('2026-11-24T02:15:00Z');

/** Objects in memory: what matters here is how many there are, and how large. */
function memoryStore(): ObjectStore & { readonly objects: Map<string, Uint8Array> } {
  const objects = new Map<string, Uint8Array>();
  const missing = () => {
    throw new Error('not of this store');
  };
  return {
    objects,
    description: 'memory',
    async *list(prefix) {
      for (const key of [...objects.keys()].sort())
        if (key.startsWith(prefix)) yield { key, size: objects.get(key)?.length ?? 0 };
    },
    async read(key) {
      const bytes = objects.get(key);
      return (
        bytes && {
          async *[Symbol.asyncIterator]() {
            yield bytes;
          },
        }
      );
    },
    async put(key, body) {
      objects.set(key, body);
      return 'stored';
    },
    head: missing,
    upload: missing,
    retain: missing,
    mayLock: missing,
    delete: missing,
    sweep: missing,
    close: missing,
  };
}

const ref = (index: number, changes: Partial<ArchiveRef> = {}): ArchiveRef => ({
  source: 'ap-guangzhou',
  instanceId: `crs-${index % 274}`,
  backupId: `${154_572_602 + index}-1320306924-308303840`,
  startedAt: toInstant(START - Math.floor(index / 274) * DAY_MS),
  ...changes,
});

const at = (result: Verified['result'] = 'ok', day = 0): Verified => ({
  at: toInstant(START + day * DAY_MS),
  result,
});
const none = () => false;

/** What is known of these, whatever else is. */
async function loaded(verifications: Verifications, refs: readonly ArchiveRef[]) {
  const keyOf = archiveLayout('').manifestKey;
  const months = new Map(refs.map((one) => [`${one.source} ${one.startedAt.slice(0, 7)}`, one]));
  const found = new Map<string, Verified>();
  const lost: string[] = [];
  for (const { source, startedAt } of months.values()) {
    const tell = (one: ArchiveRef, verified: Verified) => void found.set(keyOf(one), verified);
    const problem = await verifications.known(source, startedAt.slice(0, 7), tell, options);
    if (problem !== undefined) lost.push(problem);
  }
  return { of: (one: ArchiveRef) => found.get(keyOf(one)), lost };
}
const run = (day: number) => ({
  at: at('ok', day).at,
  percent: 5,
  archives: 9,
  damaged: 1,
  unreadable: 2,
  bytesRead: 99,
});

describe('what is kept of verifications', () => {
  it('of 100,000 archives of a year is a dozen objects of some megabytes', async () => {
    const store = memoryStore();
    const verifications = createVerifications(store, archiveLayout('redis'));
    const refs = Array.from({ length: 100_000 }, (_, index) => ref(index));
    await verifications.save(
      refs.map((one) => [one, at()] as const),
      none,
      options,
    );
    const known = await loaded(verifications, refs);
    expect(refs.filter((one) => known.of(one)?.result === 'ok')).toHaveLength(100_000);
    expect(store.objects.size).toBe(13);
    const bytes = [...store.objects.values()].reduce((sum, { length }) => sum + length, 0);
    expect(bytes / 100_000).toBeLessThan(100);
  });

  it('tells archives apart whose ids only look alike, and takes any id', async () => {
    const verifications = createVerifications(memoryStore(), archiveLayout(''));
    const odd = ['..', '__proto__', 'a/b', 'a b', 'ü', '100%', 'x\ny'].map((id) =>
      ref(1, { instanceId: id, backupId: id }),
    );
    const results = odd.map((one, day) => [one, at('ok', day)] as const);
    await verifications.save(results, none, options);
    const known = await loaded(verifications, odd);
    expect(odd.map((one) => known.of(one))).toEqual(results.map(([, verified]) => verified));
    expect(known.lost).toEqual([]);
    expect(known.of(ref(1, { source: 'elsewhere' }))).toBeUndefined();
  });

  it('is the later word on each archive, in whichever order the words come', async () => {
    const verifications = createVerifications(memoryStore(), archiveLayout(''));
    await verifications.save([[ref(1), at('missing', 5)]], none, options);
    await verifications.save([[ref(1), at('ok', 3)]], none, options);
    expect((await loaded(verifications, [ref(1)])).of(ref(1))).toEqual(at('missing', 5));
    await verifications.save([[ref(1), at('ok', 6)]], none, options);
    expect((await loaded(verifications, [ref(1)])).of(ref(1))).toEqual(at('ok', 6));
  });

  it('tells which archives were damaged, for who is about to delete others', async () => {
    const verifications = createVerifications(memoryStore(), archiveLayout('p'));
    await verifications.save(
      [
        [ref(1), at('digest-differs')],
        [ref(2), at()],
        [ref(3), at('unreadable-cold')],
      ],
      none,
      options,
    );
    await verifications.addRun(run(0), options);
    const isDamaged = await verifications.damaged(options);
    expect([1, 2, 3, 4].map((index) => isDamaged(ref(index)))).toEqual([true, false, false, false]);
  });

  it('of runs is the last twenty', async () => {
    const verifications = createVerifications(memoryStore(), archiveLayout(''));
    for (let day = 0; day < 25; day += 1) await verifications.addRun(run(day), options);
    expect(await verifications.runs(options)).toEqual(Array.from({ length: 20 }, (_, day) => run(day + 5)));
  });
});
