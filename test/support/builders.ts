/** Builders of domain values, so that a test states only what it is about. */
import type { Backup, BackupFile } from '../../src/domain/backup.ts';
import type { Instance } from '../../src/domain/instance.ts';
import { toEpoch, toInstant } from '../../src/domain/instant.ts';
import { Link } from '../../src/domain/link.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export function anInstance(changes: Partial<Instance> = {}): Instance {
  return {
    id: 'crs-ab12cd34',
    name: 'orders-cache',
    engine: 'Redis',
    version: '6.2',
    shards: 1,
    tags: {},
    cluster: false,
    vanished: false,
    ...changes,
  };
}

/** Started at 02:15 UTC of the tests' day, to be deleted seven days later. */
export function aBackup(changes: Partial<Backup> = {}): Backup {
  const startedAt = changes.startedAt ?? '2026-11-24T02:15:00Z';
  return {
    id: 'backup-1',
    instanceId: 'crs-ab12cd34',
    state: 'available',
    type: '1',
    startedAt,
    expiresAt: toInstant(toEpoch(startedAt) + 7 * DAY_MS),
    encrypted: false,
    ...changes,
  };
}

export function aFile(address: string, changes: Partial<BackupFile> = {}): BackupFile {
  return { name: 'dump.rdb', link: new Link(address, Number.POSITIVE_INFINITY), ...changes };
}
