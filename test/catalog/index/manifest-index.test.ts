/** The index is a cache: whatever becomes of it, no answer differs from the one without it; and where it is whole, nothing is asked for twice. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/catalog/catalog.ts';
import { createManifestIndex, type ManifestIndex } from '../../../src/catalog/index/manifest-index.ts';
import { encodeSegment, type FullRow, openSegment } from '../../../src/catalog/index/segment.ts';
import { encodeManifest } from '../../../src/catalog/manifest-codec.ts';
import { archiveLayout } from '../../../src/domain/archive-key.ts';
import { toInstant } from '../../../src/domain/instant.ts';
import type { Manifest } from '../../../src/domain/manifest.ts';
import { listArchives } from '../../../src/list/archives.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { DAY_MS } from '../../support/builders.ts';
import { objectsOf } from '../../support/shelf.ts';

const { signal } = new AbortController();
const clock = { now: () => Date.parse('2026-11-24T03:00:00Z') };
const layout = archiveLayout('redis');
const START = Date.parse('2026-09-20T02:15:00Z');
const NO_INDEX: ManifestIndex = {
  month: () => ({ find: async () => undefined, note: () => false, keep: async () => undefined }),
  clear: async () => undefined,
};

interface Shelf {
  readonly objects: Map<string, Uint8Array>;
  readonly store: ObjectStore;
  /** Keys that were read, and that were put. */
  readonly asked: { readonly read: string[]; readonly put: string[] };
  etagOf: (bytes: Uint8Array) => string | undefined;
  mayPut: boolean;
}

/** Objects in memory. Each call lets others run for a while in between. */
function openShelf(): Shelf {
  const objects = new Map<string, Uint8Array>();
  const asked = { read: [] as string[], put: [] as string[] };
  const missing = () => {
    throw new Error('not asked for here');
  };
  const shelf: Shelf = {
    objects,
    asked,
    mayPut: true,
    etagOf: (bytes) => createHash('md5').update(bytes).digest('hex'),
    store: {
      description: 'memory',
      async *list(prefix, { after = '', limit = Number.POSITIVE_INFINITY }) {
        await Promise.resolve();
        const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
        for (const key of keys.slice(0, limit)) {
          const bytes = objects.get(key);
          if (bytes === undefined) continue;
          const etag = shelf.etagOf(bytes);
          yield { key, size: bytes.length, ...(etag !== undefined && { etag }) };
        }
      },
      async read(key) {
        asked.read.push(key);
        await Promise.resolve();
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
        asked.put.push(key);
        await Promise.resolve();
        if (!shelf.mayPut) throw new Error('denied');
        objects.set(key, Uint8Array.from(body));
        return 'stored';
      },
      head: missing,
      upload: missing,
      retain: missing,
      mayLock: missing,
      delete: missing,
      sweep: missing,
      close: missing,
    },
  };
  return shelf;
}

interface Archive {
  readonly instance: number;
  readonly day: number;
  readonly run: number;
}

function manifestAt({ instance, day, run }: Archive): readonly [key: string, bytes: Uint8Array] {
  const entry = objectsOf({
    instanceId: `crs-${instance}`,
    backupId: `backup-${day}`,
    startedAt: toInstant(START + day * DAY_MS),
    name: `orders ${run} ü`,
  }).at(-1);
  if (entry === undefined) throw new Error('an archive has a manifest');
  return entry;
}

async function listed(shelf: Shelf, index?: ManifestIndex) {
  const catalog = createCatalog(shelf.store, layout, clock);
  const ports = { catalog, index: index ?? createManifestIndex({ store: shelf.store, layout, catalog }) };
  return listArchives(ports, {}, signal);
}

function indexKeys({ objects }: Shelf): string[] {
  return [...objects.keys()].filter((key) => key.startsWith('redis/state/index/')).sort();
}

function fill(shelf: Shelf, instances: number, days: number): void {
  for (let instance = 0; instance < instances; instance += 1)
    for (let day = 0; day < days; day += 1) shelf.objects.set(...manifestAt({ instance, day, run: 0 }));
}

/** Rows of a segment that say what they like, for any keys. */
async function forged(
  bytes: Uint8Array,
  lie: (
    row: { key: string; text: string },
    all: readonly { key: string; text: string }[],
  ) => { key: string; text: string },
): Promise<Uint8Array> {
  const rows: { key: string; text: string }[] = [];
  for await (const group of openSegment(bytes).all()) rows.push(...group);
  return encodeSegment(
    rows.map((row): FullRow => {
      const { key, text } = lie(row, rows);
      const manifest = JSON.parse(row.text) as Manifest;
      return { key, text, manifest, signature: 'valid', etag: createHash('md5').update(text).digest('hex') };
    }),
  );
}

const archives = fc.record({
  instance: fc.nat({ max: 4 }),
  day: fc.nat({ max: 70 }),
  run: fc.nat({ max: 3 }),
});
const chance = fc.nat();
const happenings = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constant('add' as const),
      fc.array(archives, { minLength: 10, maxLength: 60, size: 'max' }),
    ),
  },
  fc.tuple(fc.constant('remove' as const), chance),
  fc.tuple(fc.constant('anew' as const), chance),
  fc.tuple(fc.constant('tear' as const), chance),
  fc.tuple(
    fc.constantFrom(
      'lose' as const,
      'cut' as const,
      'scribble' as const,
      'put back an old one' as const,
      'put another in its place' as const,
      'change texts' as const,
      'swap texts' as const,
      'repeat a row' as const,
    ),
    chance,
  ),
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('list' as const, 'list twice at once' as const), chance) },
);

function pick<Item>(items: readonly Item[], number: number): Item | undefined {
  return items[number % Math.max(1, items.length)];
}

async function happen(shelf: Shelf, old: Map<string, Uint8Array>, [what, with_]: readonly [string, unknown]) {
  const { objects } = shelf;
  if (what === 'add') {
    for (const archive of with_ as Archive[]) objects.set(...manifestAt(archive));
    return;
  }
  const number = with_ as number;
  const manifest = pick(
    [...objects.keys()].filter((key) => key.startsWith('redis/catalog/')),
    number,
  );
  const segment = pick(indexKeys(shelf), number);
  const bytes = segment === undefined ? undefined : objects.get(segment);
  if (manifest !== undefined && what === 'remove') objects.delete(manifest);
  if (manifest !== undefined && what === 'tear') objects.set(manifest, Buffer.from('{"torn'));
  if (manifest !== undefined && what === 'anew') {
    const text = String(Buffer.from(objects.get(manifest) ?? Buffer.alloc(0))).replace(
      /run-\d+/,
      `run-${number}`,
    );
    objects.set(manifest, Buffer.from(text));
  }
  if (segment === undefined || bytes === undefined) return;
  const other = pick(indexKeys(shelf), number + 1) ?? segment;
  const replaced = {
    cut: () => bytes.subarray(0, number % bytes.length),
    scribble: () => {
      const copy = Uint8Array.from(bytes);
      copy.fill(number % 256, number % copy.length, (number % copy.length) + 9);
      return copy;
    },
    'put back an old one': () => old.get(segment),
    'put another in its place': () => objects.get(other),
    'change texts': () =>
      forged(bytes, ({ key, text }) => ({ key, text: text.replace('"orders', '"forged') })).catch(
        () => bytes,
      ),
    'swap texts': () =>
      forged(bytes, ({ key }, all) => ({ key, text: pick(all, number)?.text ?? '' })).catch(() => bytes),
    'repeat a row': () => forged(bytes, (row, all) => pick(all, number) ?? row).catch(() => bytes),
  }[what];
  if (!old.has(segment)) old.set(segment, bytes);
  if (what === 'lose') objects.delete(segment);
  const now = await replaced?.();
  if (now !== undefined) objects.set(segment, now);
}

describe('an index that is lost, old, torn, forged or written by two at once', () => {
  it('changes no answer', async () => {
    let [compared, spared] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(happenings, { minLength: 5, maxLength: 20, size: 'max' }), async (all) => {
        const shelf = openShelf();
        fill(shelf, 5, 60);
        await listed(shelf);
        const old = new Map<string, Uint8Array>();
        for (const happening of [...all, ['list', 0] as const]) {
          const [what] = happening;
          if (what !== 'list' && what !== 'list twice at once') {
            await happen(shelf, old, happening);
            continue;
          }
          const truth = await listed(shelf, NO_INDEX);
          const times = what === 'list' ? 1 : 2;
          const told = await Promise.all(Array.from({ length: times }, () => listed(shelf)));
          for (const one of told) expect(one).toEqual(truth);
          spared += indexKeys(shelf).length > 0 ? truth.items.length : 0;
          compared += times;
        }
      }),
      { numRuns: 25 },
    );
    expect(compared).toBeGreaterThan(60);
    expect(spared).toBeGreaterThan(10_000);
  }, 120_000);
});

describe('an index', () => {
  it('spares every manifest that it holds its request, and is left alone then', async () => {
    const shelf = openShelf();
    fill(shelf, 20, 60);
    const first = await listed(shelf);
    expect(first.items).toHaveLength(1200);
    shelf.asked.read.length = 0;
    shelf.asked.put.length = 0;
    expect(await listed(shelf)).toEqual(first);
    expect(shelf.asked.put).toEqual([]);
    expect(new Set(shelf.asked.read)).toEqual(new Set(indexKeys(shelf)));
    expect(shelf.asked.read.length).toBeLessThan(50);
  });

  it('takes in what has come since, and forgets what has gone, a segment at a time', async () => {
    const shelf = openShelf();
    fill(shelf, 20, 60);
    await listed(shelf);
    const before = new Map(indexKeys(shelf).map((key) => [key, shelf.objects.get(key)]));
    for (let day = 60; day < 62; day += 1)
      for (let instance = 0; instance < 20; instance += 1)
        shelf.objects.set(...manifestAt({ instance, day, run: 0 }));
    shelf.objects.delete(manifestAt({ instance: 3, day: 61, run: 0 })[0]);
    await listed(shelf);
    const changed = indexKeys(shelf).filter((key) => shelf.objects.get(key) !== before.get(key));
    expect(changed.every((key) => key.includes('/2026-11/'))).toBe(true);
    shelf.asked.read.length = 0;
    await listed(shelf);
    expect(shelf.asked.read.filter((key) => key.includes('/catalog/'))).toEqual([]);
  });

  it('is not written for a few manifests, nor asked for again by who may not write it', async () => {
    const shelf = openShelf();
    fill(shelf, 2, 5);
    await listed(shelf);
    expect(shelf.asked.put).toEqual([]);
    fill(shelf, 20, 60);
    shelf.mayPut = false;
    expect((await listed(shelf)).items).toHaveLength(1200);
    expect(shelf.asked.put).toHaveLength(1);
  });

  it('holds nothing where the ETag proves nothing (a key of KMS), or where there is none', async () => {
    for (const etag of ['0123456789abcdef0123456789abcdef', undefined]) {
      const shelf = openShelf();
      shelf.etagOf = () => etag;
      fill(shelf, 20, 60);
      expect((await listed(shelf)).items).toHaveLength(1200);
      expect(indexKeys(shelf)).toEqual([]);
    }
  });

  it('gives the texts back to the byte, and finds each among its neighbours', async () => {
    const manifest = (index: number): FullRow => {
      const [key, bytes] = manifestAt({ instance: index % 7, day: index, run: 1 });
      const value = JSON.parse(String(Buffer.from(bytes))) as Manifest;
      return {
        key,
        text: String(Buffer.from(encodeManifest(value))),
        manifest: value,
        signature: 'unchecked',
        etag: '',
      };
    };
    const rows = Array.from({ length: 1000 }, (_, index) => manifest(index));
    const bytes = encodeSegment(rows);
    expect(bytes.length / rows.length).toBeLessThan(250);
    const segment = openSegment(bytes);
    for (const { key, text } of rows.filter((_, index) => index % 97 === 0)) {
      const near = await segment.rowsNear(key);
      expect(near.length).toBeLessThan(300);
      expect(near.find((row) => row.key === key)?.text).toBe(text);
    }
    expect(await segment.rowsNear('a')).toEqual([]);
  });
});
