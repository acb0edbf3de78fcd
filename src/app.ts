/** The composition root: configuration in, wired application out. The only file that knows every adapter. */
import type { Clock } from './domain/clock.ts';
import type { Instant } from './domain/instant.ts';
import type { Dialect, RunSummary } from './domain/outcome.ts';
import type { Observer } from './report/observer.ts';
import type { Config } from './config/schema.ts';

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
}

export interface InstanceItem {
  readonly source: string;
  readonly region: string;
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  readonly version: string | null;
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

export interface VerifyItem {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  /** `ok`, or what is wrong with it. `unreadable`: could not be read, so nothing is known. */
  readonly result: 'ok' | 'missing' | 'size-differs' | 'digest-differs' | 'rdb-damaged' | 'bad-manifest' | 'unreadable';
  /** What was found, in a sentence; empty for `ok`. */
  readonly detail: string;
  readonly files: number;
  /** Bytes that were really read (0 for quick). */
  readonly bytesRead: number;
}

/** What a listing command found: rows, what could not be listed, and the exit status that means. */
export interface Listing<Item> {
  readonly items: readonly Item[];
  /** Sentences for standard error: what could not be listed and what to do. */
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  readonly exitCode: number;
}

export interface App {
  run(options: { readonly signal: AbortSignal }): Promise<RunSummary>;
  archive(request: { readonly instanceId: string; readonly backupId: string; readonly source?: string; readonly signal: AbortSignal }): Promise<RunSummary>;
  plan(options: { readonly signal: AbortSignal }): Promise<Listing<PlanItem>>;
  listInstances(options: { readonly instanceId?: string; readonly signal: AbortSignal }): Promise<Listing<InstanceItem>>;
  listBackups(options: { readonly instanceId?: string; readonly signal: AbortSignal }): Promise<Listing<BackupItem>>;
  listArchives(options: { readonly instanceId?: string; readonly signal: AbortSignal }): Promise<Listing<ArchiveItem>>;
  verify(options: { readonly instanceId?: string; readonly backupId?: string; readonly quick: boolean; readonly signal: AbortSignal }): Promise<Listing<VerifyItem>>;
  close(): Promise<void>;
}

export interface AppPorts {
  readonly observer: Observer;
  readonly clock: Clock;
}

export type CreateApp = (config: Config, ports: AppPorts) => Promise<App>;
