/** Archives in a folder and drills of them in this process, with a real server or with a script that plays a faulty one. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createBackupAccess } from '../../src/catalog/backup-access.ts';
import { createCatalog } from '../../src/catalog/catalog.ts';
import { createKeyRecords } from '../../src/catalog/key-records.ts';
import { createKeyVault } from '../../src/codec/key-vault.ts';
import { type ArchiveRef, archiveLayout } from '../../src/domain/archive-key.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { fixed } from '../../src/domain/current.ts';
import type { DrillRule } from '../../src/domain/drill.ts';
import { ArchiverError } from '../../src/domain/errors.ts';
import { MANIFEST_SCHEMA, type Manifest } from '../../src/domain/manifest.ts';
import { type DrillPorts, type DrillResult, drill } from '../../src/drill/drill.ts';
import { createDrillRecords, type DrillRecords } from '../../src/drill/record.ts';
import type { DrillItem, DrillRequest } from '../../src/drill/report.ts';
import { type RealDumpName, realDumpPath } from '../../src/sandbox/real-dumps.ts';
import { createFileStore } from '../../src/store/file/file-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { systemClock } from '../../src/system-clock.ts';

const layout = archiveLayout('');
const signal = new AbortController().signal;

export interface ArchiveOptions {
  readonly instanceId?: string;
  readonly backupId?: string;
  readonly startedAt?: string;
  readonly engine?: string;
  readonly encrypted?: boolean;
  readonly name?: string;
  readonly source?: string;
}

export interface Drillground {
  readonly store: ObjectStore;
  readonly records: DrillRecords;
  /** Where private folders are made; empty when no drill goes on. */
  readonly scratch: string;
  archive(dumps: readonly Uint8Array[], options?: ArchiveOptions): Promise<ArchiveRef>;
  /** Bytes in the bucket, in place of what lies there. */
  overwrite(ref: ArchiveRef, bytes: Uint8Array): Promise<void>;
  /** Drills the one instance `crs-orders01` unless told otherwise. */
  drill(
    request?: Partial<DrillRequest> & object,
    settings?: Partial<DrillPorts['settings']>,
  ): Promise<DrillResult>;
  /** The only archive's result. */
  only(
    request?: object,
    settings?: Partial<DrillPorts['settings']>,
  ): Promise<DrillItem & { exitCode: number }>;
  /** An executable script of bash, in which `$SERVER` is the real server. */
  script(body: string): string;
  /** The record of an archive as it lies in the bucket. */
  recordOf(ref: ArchiveRef): Record<string, unknown>;
  scratchIsEmpty(): boolean;
}

const INSTANCE_ID = 'crs-orders01';

export function openDrillground({ clock = systemClock }: { readonly clock?: Clock } = {}): Drillground {
  const folder = mkdtempSync(join(tmpdir(), 'drillground-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [bucket, scratch] = [join(folder, 'bucket'), join(folder, 's')];
  for (const path of [bucket, scratch]) mkdirSync(path);
  const store = createFileStore({ directory: bucket });
  const catalog = createCatalog(store, layout, clock);
  const records = createDrillRecords(store, layout);
  const decoder = {
    obstacle: (encoding: string) => new ArchiverError('config', `nothing here reads ${encoding}`),
    decode: (_encoding: string, body: AsyncIterable<Uint8Array>) => body,
  };
  const vault = createKeyVault({ keyRecipients: [], ageIdentities: fixed([]) });
  const access = createBackupAccess(createKeyRecords(store, layout, clock), vault);
  let scripts = 0;

  const run: Drillground['drill'] = (request = {}, settings = {}) =>
    drill(
      { ...('sample' in request ? {} : { instanceId: INSTANCE_ID }), signal, ...request } as DrillRequest,
      {
        catalog,
        records,
        reading: { store, decoder, access },
        clock,
        sources: ['ap-guangzhou'],
        settings: {
          servers: [],
          rules: [],
          searchPath: process.env['PATH'] ?? '',
          directory: scratch,
          ...settings,
        },
      },
    );

  return {
    store,
    records,
    scratch,
    drill: run,
    async archive(dumps, options = {}) {
      const ref = refOf(options);
      const files = dumps.map((dump, index) => ({
        name: `${index + 1}.rdb`,
        key: layout.dumpKey(ref, index + 1, dumps.length),
        size: dump.byteLength,
        sha256: createHash('sha256').update(dump).digest('hex'),
        ...(options.encrypted || options.engine === 'Memcached'
          ? {}
          : { rdb: { version: 10, checksum: 'verified' as const } }),
      }));
      for (const [index, { key }] of files.entries())
        await store.put(key, dumps[index] ?? new Uint8Array(), {
          signal,
          contentType: 'application/octet-stream',
          ifAbsent: false,
        });
      await catalog.commit(manifestOf(ref, files, options), { signal });
      return ref;
    },
    async overwrite(ref, bytes) {
      const key = layout.dumpKey(ref, 1, 1);
      await store.put(key, bytes, { signal, contentType: 'application/octet-stream', ifAbsent: false });
    },
    async only(request, settings) {
      const { listing } = await run(request, settings);
      const [item, other] = listing.items;
      if (!item || other) throw new Error(`one archive was expected, not ${listing.items.length}`);
      return { ...item, exitCode: listing.exitCode };
    },
    script(body) {
      const path = join(folder, `server-${++scripts}`);
      writeFileSync(path, `#!/bin/bash\nSERVER=redis-server\n${body}\n`);
      chmodSync(path, 0o755);
      return path;
    },
    recordOf: (ref) => JSON.parse(readFileSync(join(bucket, layout.recordKey('drill', ref)), 'utf8')),
    scratchIsEmpty: () => readdirSync(scratch).length === 0,
  };
}

/** One of the dumps that a real server wrote. */
export function dumpBytes(name: RealDumpName): Buffer {
  return readFileSync(realDumpPath(name));
}

/** A rule for every instance that demands nothing yet. */
export function aRule(changes: Partial<DrillRule>): DrillRule {
  return {
    instances: ['*'],
    exclude: [],
    names: [],
    tags: {},
    database: 0,
    exists: [],
    ttl: [],
    scripts: [],
    ...changes,
  };
}

function refOf({
  source = 'ap-guangzhou',
  instanceId = INSTANCE_ID,
  backupId = 'backup-1',
  startedAt = '2026-11-23T02:15:00Z',
}: ArchiveOptions): ArchiveRef {
  return { source, instanceId, backupId, startedAt };
}

function manifestOf(ref: ArchiveRef, files: Manifest['files'], options: ArchiveOptions): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    source: { name: ref.source, api: 'tencent-v3', region: 'ap-guangzhou' },
    instance: {
      id: ref.instanceId,
      name: options.name ?? 'orders',
      engine: options.engine ?? 'Redis',
      version: '7.0',
      shards: files.length,
      tags: {},
    },
    backup: { id: ref.backupId, type: '1', startedAt: ref.startedAt, encrypted: options.encrypted ?? false },
    files,
    archivedAt: '2026-11-23T03:00:00Z',
    archiver: { version: '0.0.0', runId: 'run-1' },
  };
}
