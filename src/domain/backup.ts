/** A backup: the cloud's point-in-time copy of an instance, in one file or one a shard. */
import { type Instant, toEpoch } from './instant.ts';
import type { Link } from './link.ts';

/**
 * `available`: its files can be had. `not-ready`: being made, exported or locked; look again later.
 * `expired`: the cloud has deleted its files, or is about to; they can no longer be had.
 */
export type BackupState = 'available' | 'not-ready' | 'expired';

export interface Backup {
  readonly id: string;
  readonly instanceId: string;
  readonly state: BackupState;
  /** As the cloud says it: its codes contradict each other from one API to the next. */
  readonly type: string;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  /** When the cloud will delete it, where the cloud says so (API 3.0). */
  readonly expiresAt?: Instant;
  readonly remark?: string;
  /** The file is encrypted by the cloud (API 3.0), so its format cannot be checked. */
  readonly encrypted: boolean;
}

/** One dump of a backup, with the link it can be had at right now. */
export interface BackupFile {
  /** The cloud's name of it: what a renewed link is found by, never its position. */
  readonly name: string;
  /** Bytes, from the API's answer; absent where the cloud does not know. */
  readonly announcedSize?: number;
  readonly link: Link;
}

/** Backups live seven days by default in both dialects (API documentation of GetRedisBackupList and AutoBackupConfig). */
const DEFAULT_RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** When the cloud will delete the backup, in milliseconds since the epoch: the deadline for archiving it. */
export function deadlineOf(backup: Pick<Backup, 'startedAt' | 'expiresAt'>): number {
  if (backup.expiresAt !== undefined) return toEpoch(backup.expiresAt);
  return toEpoch(backup.startedAt) + DEFAULT_RETENTION_MS;
}
