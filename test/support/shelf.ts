/** A bucket with as many archives as a test wants, put there directly, and the retention at work on it over real HTTP. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createCatalog } from '../../src/catalog/catalog.ts';
import { createManifestIndex } from '../../src/catalog/index/manifest-index.ts';
import { encodeManifest } from '../../src/catalog/manifest-codec.ts';
import { createQuarantine } from '../../src/catalog/quarantine.ts';
import { type ArchiveRef, archiveLayout } from '../../src/domain/archive-key.ts';
import { toEpoch, toInstant } from '../../src/domain/instant.ts';
import { MANIFEST_SCHEMA, type Manifest } from '../../src/domain/manifest.ts';
import type { RetentionRule } from '../../src/domain/retention.ts';
import type { ExpirePolicy } from '../../src/expire/expire.ts';
import type { ExpireReport } from '../../src/expire/report.ts';
import { createRetention, type Retention, type RetentionPorts } from '../../src/expire/retention.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { plainAccess } from './access.ts';
import { DAY_MS } from './builders.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { type S3Server, startS3 } from './s3.ts';
import { joinObject, storeChunks } from './s3-bucket.ts';
import { storeOn } from './s3-stores.ts';

export const SOURCE = 'ap-guangzhou';
export const layout = archiveLayout('redis');

export interface ShelvedArchive {
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: string;
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly files?: number;
  /** Changes the manifest as it was worked out from all the rest. */
  readonly adjust?: (manifest: Manifest) => Manifest;
}

export interface Shelf {
  readonly s3: S3Server;
  readonly clock: TestClock;
  put(...archives: readonly ShelvedArchive[]): Promise<void>;
  /** Puts any small object, as if it had lain there for long. */
  putText(key: string, text: string): Promise<void>;
  /** The retention with a connection of its own, as another process would have. */
  retention(policy: Partial<ExpirePolicy>, ports?: Partial<RetentionPorts>): Retention;
  /** Keys below `redis/`. */
  keys(below?: string): string[];
  /** Keys of what is kept about single archives. */
  records(): string[];
}

export async function openShelf(): Promise<Shelf> {
  const s3 = await startS3();
  onTestFinished(() => s3.close());
  const clock = createTestClock();
  const traits = { md5MultipartEtag: true, wholeCrc32: false, withCrc32: true, withCrc64: false };

  const keys = (below = '') =>
    [...s3.objects.keys()].filter((key) => key.startsWith(`redis/${below}`)).sort();

  async function putBytes(key: string, bytes: Uint8Array): Promise<void> {
    const object = await joinObject(
      [storeChunks([Buffer.from(bytes)], { keepBytes: true, withSha256: false })],
      false,
      'x/y',
      traits,
    );
    s3.objects.set(key, { ...object, modified: Date.now() - 30 * DAY_MS });
  }

  return {
    s3,
    clock,
    putText: (key, text) => putBytes(key, Buffer.from(text)),
    async put(...archives) {
      for (const [key, bytes] of archives.flatMap(objectsOf)) await putBytes(key, bytes);
    },
    retention: (policy, ports) => retentionOn(storeOn(s3, 'aws'), policy, { clock, ...ports }),
    keys,
    records: () => keys('state/').filter((key) => !key.startsWith('redis/state/expired/')),
  };
}

/** The retention on any store. */
export function retentionOn(
  store: ObjectStore,
  policy: Partial<ExpirePolicy>,
  ports: Partial<RetentionPorts> = {},
): Retention {
  const clock = ports.clock ?? createTestClock();
  const decoder = {
    obstacle: () => undefined,
    decode: (_encoding: string, stored: AsyncIterable<Uint8Array>) => stored,
  };
  const catalog = createCatalog(store, layout, clock);
  return createRetention(
    {
      layout,
      catalog,
      index: createManifestIndex({ store, layout, catalog }),
      quarantine: createQuarantine(store, layout),
      reading: { store, decoder, access: plainAccess },
      damaged: async () => () => false,
      clock,
      ...ports,
    },
    { rules: [aRule()], minimum: 1, timezone: 'Asia/Shanghai', concurrency: 4, ...policy },
  );
}

/** What lies in a bucket of one archive, in the order in which it is put there. */
export function objectsOf(archive: ShelvedArchive): (readonly [key: string, bytes: Uint8Array])[] {
  const manifest = manifestOf(archive);
  return [
    ...manifest.files.map(({ key }) => [key, dumpOf(key)] as const),
    [layout.manifestKey(refOf(archive)), encodeManifest(manifest)],
  ];
}

/** Keeps the newest two of everything. */
export function aRule(changes: Partial<RetentionRule> = { keepLast: 2 }): RetentionRule {
  return { sources: [], instances: ['*'], exclude: [], names: [], tags: {}, ...changes };
}

/** One archive a day, the newest `daysAgo` days before the tests' now: `backup-0` is the newest, `backup-1` a day older. */
export function daily(count: number, { instanceId = 'crs-orders01', daysAgo = 10 } = {}): ShelvedArchive[] {
  const newest = toEpoch('2026-11-24T02:15:00Z') - daysAgo * DAY_MS;
  return Array.from({ length: count }, (_, index) => ({
    instanceId,
    backupId: `backup-${index}`,
    startedAt: toInstant(newest - index * DAY_MS),
  }));
}

export function refOf({ instanceId, backupId, startedAt }: ShelvedArchive): ArchiveRef {
  return { source: SOURCE, instanceId, backupId, startedAt };
}

function manifestOf(archive: ShelvedArchive): Manifest {
  const { instanceId, backupId, startedAt, name = 'orders', tags = {}, files = 1, adjust } = archive;
  const manifest: Manifest = {
    schema: MANIFEST_SCHEMA,
    source: { name: SOURCE, api: 'tencent-v3', region: SOURCE },
    instance: { id: instanceId, name, engine: 'Redis', version: '7.0', shards: files, tags },
    backup: {
      id: backupId,
      type: '1',
      startedAt,
      expiresAt: toInstant(toEpoch(startedAt) + 7 * DAY_MS),
      encrypted: false,
    },
    files: Array.from({ length: files }, (_, index) => {
      const key = layout.dumpKey(refOf(archive), index + 1, files);
      const bytes = dumpOf(key);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { name: `redis-${index + 1}.rdb`, key, size: bytes.length, sha256 };
    }),
    archivedAt: startedAt,
    archiver: { version: '1.0.0', runId: 'run-1' },
  };
  return adjust ? adjust(manifest) : manifest;
}

function dumpOf(key: string): Buffer {
  return Buffer.from(`the dump at ${key}`);
}

export function first(archives: readonly ShelvedArchive[]): ShelvedArchive {
  const [archive] = archives;
  if (!archive) throw new Error('there is no archive');
  return archive;
}

/** `backup-2: expire`, or `backup-0: last, newest-verified`. */
export function told({ items }: ExpireReport): string[] {
  return items.map(({ backupId, action, reasons }) => {
    const words = reasons.map(({ cause, detail }) => `${cause} ${detail}`.trim()).join(', ');
    return `${backupId}: ${action === 'keep' ? words : action}`;
  });
}
