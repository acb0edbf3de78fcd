/** The port to the cloud: what the product needs of an account and region, whatever API it speaks. */
import type { Backup, BackupFile } from '../domain/backup.ts';
import type { DownloadRestriction, InstanceSettings } from '../domain/backup-settings.ts';
import type { BackupKey } from '../domain/encryption.ts';
import type { ArchiverError } from '../domain/errors.ts';
import type { Instance } from '../domain/instance.ts';
import type { Dialect } from '../domain/outcome.ts';

/** The part that falls to one worker of several. */
export interface Share {
  readonly takes: (instanceId: string) => boolean;
  /** Also instances that are known only by their backups, since the cloud no longer lists them. */
  readonly strays: boolean;
}

/** Told after each page of a list. */
export type OnPage = (page: {
  /** The API's name of it, and whose rows: `DescribeInstances of the region`. */
  readonly list: string;
  /** Those that no earlier page had. */
  readonly rows: number;
}) => void;

export interface InventoryRequest {
  readonly onPage?: OnPage;
  /** Only these instances, by literal id; absent: everything in the region. An id that is not there is simply not in the answer. */
  readonly instanceIds?: readonly string[];
  /** Backups of others need not be listed, where that saves calls; absent: all are wanted. */
  readonly share?: Share;
  readonly signal: AbortSignal;
}

/** What could not be listed. Without `instanceId` the source's own listing broke off. */
export interface ListingFailure {
  readonly instanceId?: string;
  readonly error: ArchiverError;
}

/** What the cloud has, as far as it could be listed: a failure never hides what was listed before it. */
export interface Inventory {
  /** The union of the instance listing and of the owners of all listed backups (those are marked `vanished`). No id twice. */
  readonly instances: readonly Instance[];
  /** In every state. No id twice within an instance; each one's instance is in `instances`. */
  readonly backups: readonly Backup[];
  readonly failures: readonly ListingFailure[];
}

export interface CheckupRequest {
  /** Literal ids, where the selection names nothing else. */
  readonly instanceIds?: readonly string[];
  readonly selects: (instance: Instance) => boolean;
  /** Whether archiving asks for the keys of encrypted backups. */
  readonly keys: boolean;
  readonly signal: AbortSignal;
}

/** One action of the API, called once. Neither member: it was answered well. */
export interface TriedAction {
  readonly action: string;
  readonly error?: ArchiverError;
  /** Why it was not called. */
  readonly untried?: string;
}

export interface Checkup {
  /** In the order in which archiving calls them. */
  readonly actions: readonly TriedAction[];
  /** Ids of the selected instances, as far as the first page shows them. */
  readonly instances: readonly string[];
  /** Who was asked: a host, and a port where it is no usual one. */
  readonly host: string;
  /** The cloud's clock minus ours, in milliseconds; absent where nothing answered. */
  readonly skewMs?: number;
  /** A backup whose links were had just now. */
  readonly sample?: {
    readonly instance: Instance;
    readonly backup: Backup;
    readonly files: readonly BackupFile[];
  };
}

/** How the cloud is set to make, encrypt and hand out backups. Each rejects as `files` does. */
export interface SettingsSource {
  /** The API's names of the three questions. */
  readonly actions: { readonly automatic: string; readonly encryption: string; readonly restriction: string };
  /** Two calls. What the cloud does not offer to the instance is absent. */
  ofInstance(instanceId: string, signal: AbortSignal): Promise<InstanceSettings>;
  /** One call, of the account. */
  restriction(signal: AbortSignal): Promise<DownloadRestriction>;
  /** Which links this machine uses. */
  readonly network: (signal: AbortSignal) => Promise<'intranet' | 'extranet'>;
}

/** A backup to be made now. */
export interface BackupOrder {
  readonly instanceId: string;
  readonly remark: string;
  /** As the instance's automatic ones where absent. */
  readonly storageDays?: number;
}

export interface Source {
  readonly name: string;
  readonly api: Dialect;
  /** Long name, for instance `ap-guangzhou`. */
  readonly region: string;

  /** Lists instances and backups. Rejects only when the signal is aborted; every other failure is in the answer. */
  inventory(request: InventoryRequest): Promise<Inventory>;

  /** Absent where the dialect knows of no such settings. */
  readonly settings?: SettingsSource;

  /** One small request, to see whether the API answers and takes the credentials. Rejects as `files` does. */
  probe(signal: AbortSignal): Promise<void>;

  /** Calls each action that archiving needs, where that changes nothing in the cloud. Rejects only with the signal's reason. */
  checkup(request: CheckupRequest): Promise<Checkup>;

  /**
   * Asks for fresh links, so call it when the transfer starts and not before (invariant 1). At least one file, no name twice,
   * in an order that does not depend on the answer's (natural order of the names).
   * Rejects with `not-ready`, `backup-gone`, `export-required`, `link-refused`, `permission`, `credentials`, `throttled`,
   * `api-unavailable`, `api-rejected`, or the signal's reason.
   */
  files(backup: Backup, instance: Instance, signal: AbortSignal): Promise<readonly BackupFile[]>;

  /**
   * Has the cloud make a backup. Absent where the dialect cannot. `in-doubt`: no answer tells whether it will; the order is never given twice.
   * Rejects as `files` does.
   */
  order?(order: BackupOrder, signal: AbortSignal): Promise<'taken' | 'in-doubt'>;

  /** The key that the cloud has encrypted the backup with, which it knows only while it has the backup. Rejects as `files` does. */
  key(backup: Backup, signal: AbortSignal): Promise<BackupKey>;
}
