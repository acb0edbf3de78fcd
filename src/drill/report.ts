/** What is asked of a drill, and what it answers: a row for each archive, which is also the record that is kept. */
import type { Instant } from '../domain/instant.ts';
import type { Each } from '../domain/listing.ts';

export interface AssertionResult {
  /** The demand in words, for instance `exists config:region`. */
  readonly assertion: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
}

/** A server that was at hand for a file of the archive, and what came of it. */
export interface ServerTrial {
  readonly file: string;
  /** For instance `Redis 8.6.3`. */
  readonly server: string;
  readonly path: string;
  /** Whether it was told to load versions of the format that are not its own (`rdb-version-check relaxed`). */
  readonly relaxed: boolean;
  /** `passed-over`: by what is known of it, it does not load such a dump, so it was not asked. */
  readonly result: 'loaded' | 'passed-over' | DrillReason;
  /** Why it was taken, or passed over, or what came of it. */
  readonly detail: string;
  /** The line of its own in which it gave its reason. */
  readonly said?: string;
}

/** A difference that is the archive's fault: exit status 4. */
export type DrillFailure =
  /** The archive's bytes are not what its manifest says, or are not there. */
  | 'damaged'
  /** A server that should load the dump does not take it, although its bytes are the cloud's. */
  | 'refused'
  /** The server loaded other keys than the dump holds. */
  | 'keys-differ'
  | 'assertion-failed';

/** Nothing is known of the archive, since it could not be tried: exit status 3. */
export type DrillObstacle =
  /** By the cloud, and there is nothing here to open it with. */
  | 'encrypted'
  /** By the cloud, and no dump comes out with its key. */
  | 'not-opened'
  | 'no-rdb'
  /** Of the servers at hand none is new enough, or what one that is older than the dump says against it is no proof. */
  | 'server-too-old'
  /** All servers at hand are of another family than the one that wrote the dump, and do not load it or prove nothing. */
  | 'other-family'
  | 'module-missing'
  /** Slots of a Valkey cluster were on their way when it was written: only a node of a cluster loads that. */
  | 'slots-moving'
  | 'no-memory'
  | 'no-space'
  /** Our own reader understands less of it than a server does, so that nothing can be compared or no reason be given. */
  | 'not-understood'
  | 'timeout'
  /** The server did not start, or died for a reason of its own. */
  | 'server-failed'
  /** The destination did not hand the archive out (cold storage, say). */
  | 'unreadable';

export type DrillReason = DrillFailure | DrillObstacle;

export interface DrilledFile {
  readonly name: string;
  /** Keys in the dump; where it was not read to its end, those that the server holds. */
  readonly keys: number;
  /** Of these, what a server that is started on this dump drops, because it had expired by then. */
  readonly expired: number;
  /** Keys that the server held when it had loaded, those that have expired among them. */
  readonly loaded: number;
  /** Milliseconds from the server's start until it had loaded. */
  readonly loadMs: number;
  /** Where our own reader knows a type less than the server: up to which byte of the dump the keys were compared. */
  readonly comparedTo?: number;
  /** Of what the cloud encrypted: by which layout it opened. */
  readonly opened?: string;
}

/** The result of one drill: a row of `drill`, and the record that is kept. */
export interface DrillItem {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly outcome: 'passed' | 'failed' | 'not-drillable';
  /** Null for `passed`. */
  readonly reason: DrillReason | null;
  /** Where a file that was loaded whole could be compared only up to a type that our own reader does not know (`comparedTo`). */
  readonly partial?: true;
  /** What was found, in a sentence. */
  readonly detail: string;
  /** What to do; absent for `passed`. */
  readonly hint?: string;
  /** When the drill began. */
  readonly at: Instant;
  readonly durationMs: number;
  /** For instance `Redis 7.0.15`; absent where it did not come to that. */
  readonly server?: string;
  /** Over all files that were loaded. */
  readonly keys: number;
  readonly expired: number;
  readonly files: readonly DrilledFile[];
  readonly assertions: readonly AssertionResult[];
  /** File by file, in the order in which the servers were considered. */
  readonly trials: readonly ServerTrial[];
}

/** How many archives a drill takes of those that there are. */
export type SampleSize = { readonly count: number } | { readonly percent: number };

/** One archive, or a sample of all that there are. */
export type DrillChoice =
  | { readonly instanceId: string; readonly backupId?: string; readonly source?: string }
  | { readonly sample: SampleSize };

/** What a person at a terminal may see of a drill; `share` is from 0 to 1. */
export type DrillStep = (step: { readonly what: string; readonly share: number }) => void;

export type DrillRequest = DrillChoice & {
  readonly signal: AbortSignal;
  /** Paths or names of servers, in place of the configured ones and those in the search path. */
  readonly servers?: readonly string[];
  /** Told each result as it comes; all are in the answer besides. */
  readonly each?: Each<DrillItem>;
  /** Told how far an archive is. */
  readonly tell?: (archive: { readonly instanceId: string; readonly backupId: string }) => DrillStep;
};
