/** A manifest with every field that there can be, so that a test states only what it is about. */
import { MANIFEST_SCHEMA, type Manifest } from '../../src/domain/manifest.ts';

export function aManifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    source: { name: 'prod', api: 'tencent-v3', region: 'ap-guangzhou' },
    instance: {
      id: 'crs-orders01',
      name: 'orders',
      engine: 'Redis',
      version: '7.0',
      shards: 1,
      tags: { env: 'production' },
    },
    backup: {
      id: 'backup-1',
      type: '1',
      startedAt: '2026-11-24T02:15:00Z',
      endedAt: '2026-11-24T02:15:37Z',
      expiresAt: '2026-12-01T02:15:00Z',
      remark: 'before the upgrade',
      encrypted: false,
    },
    files: [
      {
        name: 'redis-1.rdb',
        key: 'redis/data/prod/crs-orders01/20261124T021500Z_backup-1/dump.rdb',
        size: 4000,
        sha256: 'ab'.repeat(32),
        announcedSize: 4001,
        etag: 'cd'.repeat(16),
        rdb: {
          family: 'redis',
          version: 10,
          serverVersion: '7.0.15',
          redisVersion: '7.0.15',
          createdAt: '2026-11-24T02:15:01Z',
          checksum: 'verified',
        },
      },
    ],
    archivedAt: '2026-11-24T03:00:00Z',
    archiver: { version: '1.2.3', runId: 'run-1' },
    ...changes,
  };
}
