/** What came of a restore: one item for each dump of the archive, and how it was checked. */
import type { Instant } from '../domain/instant.ts';
import type { Listing } from '../domain/listing.ts';
import type { RdbFacts } from '../domain/manifest.ts';

export type RestoreTarget =
  | { readonly kind: 'folder'; readonly directory: string }
  /** `write` resolves when the chunk has been taken, so that its memory may be used again. */
  | { readonly kind: 'stream'; readonly write: (chunk: Uint8Array) => Promise<void> };

/** The archive that a time stands for. */
export interface ChosenArchive {
  readonly backupId: string;
  readonly startedAt: Instant;
  /** When the next newer one was started; absent where there is none. */
  readonly next?: Instant;
}

export interface RestoreItem {
  /** `dump.rdb`, or `dump-2-of-5.rdb` for one of several shards. */
  readonly file: string;
  /** Where it lies now, also what is damaged; null where nothing does, and for standard output. */
  readonly path: string | null;
  readonly result:
    | 'restored'
    /** It lay there before, and is the same. */
    | 'already-there'
    | 'missing'
    | 'size-differs'
    | 'digest-differs'
    | 'rdb-damaged'
    /** The cloud encrypted it, and no dump that its checksum proves comes out. Nothing is written. */
    | 'not-opened';
  /** What is wrong, in a sentence; empty where nothing is. */
  readonly detail: string;
  /** Of the file as it is written. */
  readonly size: number;
  readonly sha256: string;
  /** With `decrypt`: by which layout it opened; null where it was not opened. */
  readonly opened: string | null;
  /** What the dump says of itself; null where its format is none that could be checked. */
  readonly rdb: RdbFacts | null;
  /** Bytes that came from the store now. */
  readonly bytesRead: number;
  /** Bytes that an earlier, interrupted restore had written. */
  readonly resumedAt: number;
}

export interface RestoreReport extends Listing<RestoreItem> {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly archivedAt: Instant;
  /** As the cloud says it, for instance `Redis`. */
  readonly engine: string;
  /** Encrypted by the cloud. */
  readonly encrypted: boolean;
  /** Where its key was handed out to; absent where nobody asked. */
  readonly key?: {
    readonly path: string;
    readonly fingerprint: string;
    readonly algorithm: string | null;
    readonly kmsKeyId: string | null;
  };
  /** How many dumps the archive has; `items` are fewer where one shard was asked for. */
  readonly files: number;
}

/** How far a dump has come; `position` counts from its beginning. */
export interface RestoreProgress {
  /** From 1. */
  readonly index: number;
  readonly file: string;
  readonly size: number;
  readonly position: number;
  readonly ended: boolean;
}
