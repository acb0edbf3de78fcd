/** Which archive a person means: the newest, the newest before a moment, one by its id; and how little has to be asked for it. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Catalog, createCatalog } from '../../src/catalog/catalog.ts';
import { type ArchiveChoice, findArchive } from '../../src/catalog/find-archive.ts';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { type Instant, toEpoch, toInstant } from '../../src/domain/instant.ts';
import { MANIFEST_SCHEMA, type Manifest } from '../../src/domain/manifest.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { DAY_MS, HOUR_MS } from '../support/builders.ts';
import { createTestClock } from '../support/clock.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { storeOn } from '../support/s3-stores.ts';

const { signal } = new AbortController();
const layout = archiveLayout('redis');
const NOW = toEpoch('2026-11-24T03:00:00Z');
const ID = 'crs-orders01';

interface Archive {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
}

const daysAgo = (days: number): Instant => toInstant(NOW - days * DAY_MS);
const archive = (days: number, more: Partial<Archive> = {}): Archive => ({
  source: 'ap-guangzhou',
  instanceId: ID,
  backupId: `b${days}`,
  startedAt: daysAgo(days),
  ...more,
});

describe('finding an archive', () => {
  let server: S3Server;
  let store: ObjectStore;
  let catalog: Catalog;

  beforeEach(async () => {
    server = await startS3();
    store = storeOn(server, 'aws');
    catalog = createCatalog(store, layout, createTestClock());
  });
  afterEach(() => server.close());

  const put = (key: string, body: Uint8Array) =>
    store.put(key, body, { signal, contentType: 'text/plain', ifAbsent: false });
  const keep = async (...archives: readonly Archive[]) => {
    for (const one of archives) {
      await put(layout.dumpKey(one, 1, 1), Buffer.from('dump'));
      await catalog.commit(manifestOf(one), { signal });
    }
  };
  const find = async (choice: Partial<ArchiveChoice> = {}) =>
    (await findArchive(catalog, { instanceId: ID, ...choice }, signal)).backup.id;
  const failure = async (choice: Partial<ArchiveChoice> = {}) => {
    const error: unknown = await find(choice).catch((thrown: unknown) => thrown);
    if (!(error instanceof ArchiverError)) return expect.unreachable(`it failed, but ${String(error)}`);
    return error;
  };

  it('takes the newest, whether it is called latest or not', async () => {
    await keep(archive(3), archive(1), archive(2));
    expect(await find()).toBe('b1');
    expect(await find({ backupId: 'latest' })).toBe('b1');
    expect(await find({ backupId: 'b3' })).toBe('b3');
  });

  it('takes a backup that was started at the very second asked for, and none a second later', async () => {
    await keep(archive(1), archive(2));
    expect(await find({ at: daysAgo(1) })).toBe('b1');
    expect(await find({ at: toInstant(toEpoch(daysAgo(1)) - 1000) })).toBe('b2');
    expect(await failure({ at: toInstant(toEpoch(daysAgo(2)) - 1000) })).toMatchObject({
      code: 'unknown-backup',
      exit: 3,
      message: expect.stringContaining('2026-11-22T02:59:59Z or before'),
      hint: expect.stringContaining(daysAgo(2)),
    });
  });

  it('finds a backup of the cloud’s clock, which is ahead of ours by some hours', async () => {
    await keep(archive(1), archive(0, { startedAt: toInstant(NOW + 20 * HOUR_MS) }));
    expect(await find()).toBe('b0');
  });

  it('asks for little, however long the history and however large the fleet', async () => {
    for (let day = 0; day < 40; day += 1) await keep(archive(day), archive(day, { instanceId: 'crs-other' }));
    const requestsOf = async (choice: Partial<ArchiveChoice>) => {
      const before = server.requests.length;
      await find(choice);
      return server.requests.length - before;
    };
    expect(await requestsOf({})).toBeLessThanOrEqual(9);
    expect(await requestsOf({ at: daysAgo(35) })).toBeLessThanOrEqual(9);
    expect(server.requests.filter(({ operation }) => operation === 'GetObject')).toHaveLength(2);
  });

  it('tells of a newest manifest that is damaged, and does not hand out an older archive for it', async () => {
    await keep(archive(1), archive(2));
    const key = layout.manifestKey(archive(1));
    await put(key, Buffer.from('<html>'));
    const error = await failure();
    expect(error).toMatchObject({ code: 'archive-damaged', exit: 4 });
    expect(error.message).toContain(key);
    expect(error.hint).toMatch(/backup b1, .*--at/);
    expect(await find({ at: daysAgo(2) })).toBe('b2');
    expect(await find({ backupId: 'b2' })).toBe('b2');
  });

  it('tells of a newest manifest that cannot be read, and does not hand out an older archive for it', async () => {
    await keep(archive(1), archive(2));
    server.fail({ on: 'GetObject', effect: 'answer', status: 403, code: 'AccessDenied', times: 9 });
    expect(await failure()).toMatchObject({ code: 'store-refused', exit: 11 });
  });

  it('finds an archive whose dump somebody deleted, so that its damage is told', async () => {
    await keep(archive(1), archive(2), archive(3));
    server.objects.delete(layout.dumpKey(archive(1), 1, 1));
    expect(await find()).toBe('b1');
  });

  it('never takes the dump of a killed run for an archive', async () => {
    await keep(archive(2));
    await put(layout.dumpKey(archive(1), 1, 1), Buffer.from('dump'));
    expect(await find()).toBe('b2');
    expect(await failure({ backupId: 'b1' })).toMatchObject({ code: 'unknown-backup' });
  });

  it('passes over an archive that is removed at that moment', async () => {
    await keep(archive(1), archive(2));
    const gate = server.holdAt(({ operation }) => operation === 'GetObject');
    const found = find();
    await gate.arrived;
    server.objects.delete(layout.manifestKey(archive(1)));
    gate.release();
    expect(await found).toBe('b2');
  });

  it('asks which source is meant where several have the instance, and looks in one that is configured no more', async () => {
    await keep(
      archive(1),
      archive(2, { source: 'old account' }),
      archive(3, { source: 'z', instanceId: 'crs-other' }),
    );
    expect(await failure()).toMatchObject({
      code: 'usage',
      exit: 2,
      message: expect.stringContaining('ap-guangzhou, old account'),
      hint: expect.stringContaining('--source'),
    });
    expect(await find({ source: 'old account' })).toBe('b2');
    expect(await failure({ source: 'typo' })).toMatchObject({
      code: 'unknown-instance',
      hint: expect.stringContaining('ap-guangzhou, old account, z'),
    });
    expect(await find({ instanceId: 'crs-other' })).toBe('b3');
  });

  it.each([
    ['an instance that is not there', { instanceId: 'crs-none' }, 'unknown-instance'],
    ['a backup that is not there', { backupId: 'none' }, 'unknown-backup'],
  ] as const)('says what to do about %s', async (_, choice, code) => {
    await keep(archive(1));
    const error = await failure(choice);
    expect(error).toMatchObject({ code, exit: 3 });
    expect(error.hint).toContain('rdb-archiver list archives');
  });

  it('refuses a backup and a time together', async () => {
    expect(await failure({ backupId: 'b1', at: daysAgo(1) })).toMatchObject({ code: 'usage', exit: 2 });
  });

  it('agrees with a simple model, whatever is there and whatever is asked', async () => {
    const moment = fc.integer({ min: 0, max: 80 * 24 }).map((hours) => toInstant(NOW - hours * HOUR_MS));
    const kept = fc.uniqueArray(
      fc.record({
        source: fc.constantFrom('a', 'b'),
        instanceId: fc.constantFrom(ID, 'crs-orders010', 'crs-other'),
        startedAt: moment,
      }),
      {
        maxLength: 8,
        selector: ({ source, instanceId, startedAt }) => [source, instanceId, startedAt].join(),
      },
    );
    await fc.assert(
      fc.asyncProperty(kept, fc.option(moment), async (facts, at) => {
        server.objects.clear();
        const archives = facts.map((one, index) => ({ ...one, backupId: `n${index}` }));
        await keep(...archives);
        const fitting = archives
          .filter(({ source, instanceId }) => source === 'a' && instanceId === ID)
          .filter(({ startedAt }) => at === null || startedAt <= at)
          .sort((one, other) => (one.startedAt < other.startedAt ? 1 : -1));
        const found = await find({ source: 'a', ...(at !== null && { at }) }).catch(() => undefined);
        expect(found).toBe(fitting[0]?.backupId);
      }),
      { numRuns: 40 },
    );
  });
});

function manifestOf({ source, instanceId, backupId, startedAt }: Archive): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    source: { name: source, api: 'tencent-v3', region: 'ap-guangzhou' },
    instance: { id: instanceId, name: 'orders', engine: 'Redis', version: '6.2', shards: 1, tags: {} },
    backup: { id: backupId, type: '1', startedAt, encrypted: false },
    files: [{ name: 'dump.rdb', key: 'x', size: 4, sha256: 'a'.repeat(64) }],
    archivedAt: startedAt,
    archiver: { version: '0', runId: `run-${source}-${backupId}` },
  };
}
