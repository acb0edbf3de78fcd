/** Which archives there are, and that a commit happens once: on a real bucket over HTTP. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts';
import { encodeManifest } from '../../src/catalog/manifest-codec.ts';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { createTestClock } from '../support/clock.ts';
import { aManifest } from '../support/manifest.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { storeOn } from '../support/s3-stores.ts';

const { signal } = new AbortController();
const layout = archiveLayout('redis');

/** The archive of another backup. */
function another(
  id: string,
  startedAt: string,
  { source = 'prod', instance = 'crs-orders01' } = {},
): Manifest {
  const manifest = aManifest();
  return {
    ...manifest,
    source: { ...manifest.source, name: source },
    instance: { ...manifest.instance, id: instance },
    backup: { ...manifest.backup, id, startedAt },
  };
}

const refOf = ({ source, instance, backup }: Manifest) => ({
  source: source.name,
  instanceId: instance.id,
  backupId: backup.id,
  startedAt: backup.startedAt,
});
const keyOf = (manifest: Manifest) => layout.manifestKey(refOf(manifest));
const byRun = (manifest: Manifest, runId: string): Manifest => ({
  ...manifest,
  archiver: { version: '1.2.3', runId },
});

describe('the catalog', () => {
  let server: S3Server;
  let catalog: Catalog;
  let store: ReturnType<typeof storeOn>;

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws');
    catalog = createCatalog(store, layout, createTestClock());
  });
  afterEach(async () => {
    store.close();
    await server.close();
  });

  const put = (key: string, body: Uint8Array = Buffer.from('x')) =>
    store.put(key, body, { signal, contentType: 'text/plain', ifAbsent: false });
  const idsOf = async (source?: string, days?: readonly string[]) => {
    const ids: string[] = [];
    for await (const { ref, key } of catalog.entries(source, days, { signal })) {
      expect(layout.parseManifestKey(key)).toEqual(ref);
      ids.push(`${ref.source}/${ref.backupId}`);
    }
    return ids;
  };
  const sourcesOf = async () => {
    const found: string[] = [];
    for await (const source of catalog.sources({ signal })) found.push(source);
    return found;
  };
  const listings = () => server.requests.filter(({ operation }) => operation === 'ListObjectsV2').length;

  it('finds what was committed, by its backup and by its key', async () => {
    const manifest = aManifest();
    expect(await catalog.commit(manifest, { signal })).toMatchObject({ kind: 'committed' });
    expect(await catalog.find(refOf(manifest), { signal })).toEqual(manifest);
    expect(await catalog.read(keyOf(manifest), { signal })).toEqual(manifest);
    expect(server.requests.find(({ operation }) => operation === 'PutObject')?.headers['content-type']).toBe(
      'application/json',
    );
  });

  it.each<[string, (manifest: Manifest) => Manifest]>([
    ['too large', (one) => ({ ...one, instance: { ...one.instance, name: 'x'.repeat(5_000_000) } })],
    ['of half a shard', (one) => ({ ...one, instance: { ...one.instance, shards: 1.5 } })],
    ['of no file', (one) => ({ ...one, files: [] })],
  ])('commits no manifest that it could not read back: %s', async (_, spoil) => {
    const manifest = spoil(aManifest());
    await expect(catalog.commit(manifest, { signal })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('read back'),
    });
    expect(server.objects.size).toBe(0);
  });

  it('knows nothing of a backup that was not archived', async () => {
    await catalog.commit(aManifest(), { signal });
    const other = another('backup-2', '2026-11-24T02:15:00Z');
    expect(await catalog.find(refOf(other), { signal })).toBeUndefined();
  });

  it('lists the asked days of a source, one listing each, and nothing that is no manifest', async () => {
    for (const manifest of [
      another('monday', '2026-11-23T02:15:00Z'),
      another('tuesday', '2026-11-24T02:15:00Z'),
      another('wednesday', '2026-11-25T02:15:00Z'),
      another('elsewhere', '2026-11-24T02:15:00Z', { source: 'test' }),
    ])
      await catalog.commit(manifest, { signal });
    await put('redis/catalog/prod/2026-11-24/crs-orders01/notes.txt');
    const before = listings();
    expect(await idsOf('prod', ['2026-11-23', '2026-11-24'])).toEqual(['prod/monday', 'prod/tuesday']);
    expect(listings() - before).toBe(2);
    expect(await idsOf('prod')).toEqual(['prod/monday', 'prod/tuesday', 'prod/wednesday']);
    expect(await idsOf()).toEqual(['prod/monday', 'prod/tuesday', 'prod/wednesday', 'test/elsewhere']);
    // Days without a source would be a listing of everything, so that is what is given.
    expect(await idsOf(undefined, ['2026-11-23'])).toHaveLength(4);
    expect(await idsOf('prod', [])).toEqual([]);
  });

  it('is asked for one key before a run, whatever lies there', async () => {
    for (const day of ['23', '24', '25'])
      await catalog.commit(another(`of-${day}`, `2026-11-${day}T02:15:00Z`), { signal });
    const before = listings();
    await catalog.probe({ signal });
    expect(listings() - before).toBe(1);
    server.denied.add('ListObjectsV2');
    await expect(catalog.probe({ signal })).rejects.toMatchObject({ code: 'store-refused' });
  });

  it('names every source that has archives, whatever else lies there, by one small listing each', async () => {
    expect(await sourcesOf()).toEqual([]);
    for (const source of ['b', 'a', 'a b', 'c/d'])
      for (const day of ['23', '24'])
        await catalog.commit(another(`of-${day}`, `2026-11-${day}T02:15:00Z`, { source }), { signal });
    await put('redis/catalog/readme.txt');
    await put('redis/catalog/b/notes.txt');
    await put('redis/other/b/2026-11-24/i/20261124T021500Z_b.json');
    const before = listings();
    expect((await sourcesOf()).toSorted()).toEqual(['a', 'a b', 'b', 'c/d']);
    // One for each source, for each stranger in between, and for the end.
    expect(listings() - before).toBeLessThanOrEqual(7);
  });

  it('overlooks no source whose name begins as another does, where the store lists folder by folder', async () => {
    server.behaviour.listOrder = 'folders';
    for (const source of ['ap', 'ap-fsi', 'ap0'])
      await catalog.commit(another(`of-${source}`, '2026-11-23T02:15:00Z', { source }), { signal });
    expect(await sourcesOf()).toEqual(['ap', 'ap-fsi', 'ap0']);
    expect(await idsOf()).toEqual(['ap/of-ap', 'ap-fsi/of-ap-fsi', 'ap0/of-ap0']);
  });

  describe('an instance’s archives from the newest backwards', () => {
    const walk = async (until?: string) => {
      const ids: string[] = [];
      const options = { signal, ...(until !== undefined && { until }) };
      for await (const { ref } of catalog.newestFirst('prod', 'crs-orders01', options))
        ids.push(ref.backupId);
      return ids;
    };

    beforeEach(async () => {
      for (const [id, startedAt] of [
        ['first', '2026-01-02T02:15:00Z'],
        ['autumn', '2026-10-31T23:59:59Z'],
        ['yesterday', '2026-11-23T02:15:00Z'],
        ['morning', '2026-11-24T00:00:00Z'],
        ['noon', '2026-11-24T02:59:00Z'],
        ['wrong-clock', '2026-11-25T02:00:00Z'],
        ['far-future', '2027-01-01T02:00:00Z'],
      ] as const)
        await catalog.commit(another(id, startedAt), { signal });
      await catalog.commit(another('x', '2026-11-24T01:00:00Z', { instance: 'crs-orders012' }), { signal });
      await catalog.commit(another('y', '2026-11-24T01:00:00Z', { source: 'test' }), { signal });
    });

    it('are all of them, over any gap, and none of another instance or source', async () => {
      // The cloud's clock may be a day ahead of ours, not a month.
      expect(await walk()).toEqual(['wrong-clock', 'noon', 'morning', 'yesterday', 'autumn', 'first']);
    });

    it('begin at a time, that second included', async () => {
      expect(await walk('2026-11-24T00:00:00Z')).toEqual(['morning', 'yesterday', 'autumn', 'first']);
      expect(await walk('2026-11-23T23:59:59Z')).toEqual(['yesterday', 'autumn', 'first']);
      expect(await walk('2026-01-01T00:00:00Z')).toEqual([]);
      expect((await walk('2030-01-01T00:00:00Z'))[0]).toBe('wrong-clock');
    });

    it('are found without listing the years before, when the newest is all that is wanted', async () => {
      const before = listings();
      for await (const { ref } of catalog.newestFirst('prod', 'crs-orders01', { signal })) {
        expect(ref.backupId).toBe('wrong-clock');
        break;
      }
      expect(listings() - before).toBeLessThanOrEqual(2);
    });

    it('are none where nothing of the source was archived', async () => {
      const none: string[] = [];
      for await (const { key } of catalog.newestFirst('elsewhere', 'crs-orders01', { signal }))
        none.push(key);
      expect(none).toEqual([]);
    });
  });

  it('refuses a manifest that lies under another archive’s key', async () => {
    const key = keyOf(another('backup-2', '2026-11-24T02:15:00Z'));
    await put(key, encodeManifest(aManifest()));
    await expect(catalog.read(key, { signal })).rejects.toMatchObject({
      code: 'archive-damaged',
      message: expect.stringContaining(key),
    });
  });

  describe('a commit', () => {
    it('is done once: of two runs the first one stays, and the second learns who won', async () => {
      const first = byRun(aManifest(), 'run-1');
      expect(await catalog.commit(first, { signal })).toMatchObject({ kind: 'committed' });
      const lost = await catalog.commit(byRun(aManifest(), 'run-2'), { signal });
      expect(lost).toMatchObject({ kind: 'lost', winner: first });
      expect(await catalog.find(refOf(first), { signal })).toEqual(first);
    });

    it('whose answer was lost is the same run’s own when it tries again', async () => {
      const manifest = aManifest();
      await catalog.commit(manifest, { signal });
      const later = { ...manifest, archivedAt: '2026-11-24T03:00:09Z' };
      expect(await catalog.commit(later, { signal })).toMatchObject({ kind: 'committed' });
      // The archive is as it was made first.
      expect(await catalog.find(refOf(manifest), { signal })).toEqual(manifest);
    });

    it('that lies there otherwise than the same run wrote it is told as damage', async () => {
      const manifest = aManifest();
      await catalog.commit(manifest, { signal });
      const [file, ...files] = manifest.files;
      const flipped = { ...manifest, files: [{ ...file, sha256: '0'.repeat(64) }, ...files] } as Manifest;
      await expect(catalog.commit(flipped, { signal })).rejects.toMatchObject({ code: 'archive-damaged' });
    });

    it('over what is no manifest fails, and leaves it as it is', async () => {
      const key = keyOf(aManifest());
      await put(key, Buffer.from('<html>'));
      await expect(catalog.commit(aManifest(), { signal })).rejects.toMatchObject({
        code: 'archive-damaged',
      });
      expect(String(server.bytesOf(key))).toBe('<html>');
    });

    it('is tried three times with a store that says the manifest is there and then that it is not', async () => {
      server.fail({ on: 'PutObject', effect: 'answer', status: 412, code: 'PreconditionFailed', times: 3 });
      await expect(catalog.commit(aManifest(), { signal })).rejects.toMatchObject({
        code: 'store-failed',
        message: expect.stringContaining(keyOf(aManifest())),
      });
      expect(server.counts.get('PutObject')).toBe(3);

      server.fail({ on: 'PutObject', effect: 'answer', status: 412, code: 'PreconditionFailed', times: 2 });
      expect(await catalog.commit(aManifest(), { signal })).toMatchObject({ kind: 'committed' });
    });
  });

  describe('the oldest archive of an instance', () => {
    const dump = (manifest: Manifest, index = 1, count = 1) =>
      put(layout.dumpKey(refOf(manifest), index, count));
    const oldest = () => catalog.oldest('prod', 'crs-orders01', { signal });

    it('is none where nothing was archived', async () => {
      await dump(another('other', '2026-11-20T02:15:00Z', { instance: 'crs-other' }));
      expect(await oldest()).toBeUndefined();
    });

    it('is the first one with a manifest: dumps that a killed run left do not count', async () => {
      const killed = another('killed', '2026-11-20T02:15:00Z');
      await dump(killed, 1, 2);
      await dump(killed, 2, 2);
      await put('redis/data/prod/crs-orders01/notes/readme.txt');
      const archived = another('archived', '2026-11-22T02:15:00Z');
      await dump(archived);
      await catalog.commit(archived, { signal });
      const before = server.counts.get('HeadObject') ?? 0;
      expect(await oldest()).toBe('2026-11-22T02:15:00Z');
      // One question a backup, however many shards it has.
      expect((server.counts.get('HeadObject') ?? 0) - before).toBe(2);
    });

    it('is, behind a moment, the next one with a manifest that was started later', async () => {
      for (const day of ['20', '21', '22']) {
        const one = another(`backup-${day}`, `2026-11-${day}T02:15:00Z`);
        await dump(one);
        if (day !== '21') await catalog.commit(one, { signal });
      }
      const behind = (moment: string) => catalog.oldest('prod', 'crs-orders01', { signal, after: moment });
      expect(await behind('2026-11-20T02:14:59Z')).toBe('2026-11-20T02:15:00Z');
      expect(await behind('2026-11-20T02:15:00Z')).toBe('2026-11-22T02:15:00Z');
      expect(await behind('2026-11-22T02:15:00Z')).toBeUndefined();
    });
  });
});
