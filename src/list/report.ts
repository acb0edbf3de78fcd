/** What `plan` and `list` answer: one row each, the same for a table and for `--json`. */
import type { KeyState } from '../domain/encryption.ts';
import type { Instant } from '../domain/instant.ts';
import type { Dialect } from '../domain/outcome.ts';

/** One row of `plan`: what would happen to a backup, and why. */
export interface PlanItem {
  readonly source: string;
  readonly region: string;
  readonly instanceId: string;
  readonly instanceName: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  /** When the cloud will delete it. */
  readonly deadline: Instant;
  readonly action: 'archive' | 'skip' | 'fail';
  /** Null for `archive`; the outcome's reason else. */
  readonly reason: string | null;
  /** Of a backup that the cloud encrypts: what would become of its key. Null for others, and for what stays where it is. */
  readonly key: KeyState | null;
}

export interface InstanceItem {
  readonly source: string;
  readonly region: string;
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  readonly version: string | null;
  /** What it runs on, for instance `general II`; null where the cloud does not say. */
  readonly product: string | null;
  readonly shards: number;
  readonly backups: number;
  /** False where the configured filters leave it out. */
  readonly selected: boolean;
  readonly vanished: boolean;
}

export interface BackupItem {
  readonly source: string;
  readonly region: string;
  readonly instanceId: string;
  readonly id: string;
  readonly state: string;
  readonly type: string;
  readonly startedAt: Instant;
  readonly deadline: Instant;
  readonly archived: boolean;
}

export interface ArchiveItem {
  readonly source: string;
  readonly region: string;
  readonly api: Dialect;
  readonly instanceId: string;
  readonly instanceName: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly archivedAt: Instant;
  readonly files: number;
  readonly bytes: number;
  /** The manifest's key. */
  readonly manifest: string;
}
