/** What `inspect` answers: for each dump what is in it, and how it was checked. */
import type { Census, KeyCounts } from '../domain/census.ts';
import type { Instant } from '../domain/instant.ts';

/** One dump that was walked, and what is known of its bytes besides. */
export interface InspectedFile {
  /** Of an archive the dump's own name, else the path as it was given. */
  readonly name: string;
  /** The object's key; absent for a file that lies in no archive. */
  readonly key?: string;
  /**
   * `damaged`: the bytes are not what they should be. `not-understood`: nothing speaks against the bytes, but the walk ended before their
   * end. `not-opened`: the cloud encrypted it, and no dump comes out with its key. `unreadable`: the destination did not hand them out.
   */
  readonly result: 'ok' | 'damaged' | 'not-understood' | 'not-opened' | 'unreadable';
  /** What was found, in a sentence; empty for `ok`. */
  readonly detail: string;
  /** Of what the cloud encrypted: by which layout it opened. */
  readonly opened?: string;
  /** `absent`: the server wrote none, so nobody can check it. Null where it does not match, or was not read. */
  readonly checksum: 'verified' | 'absent' | null;
  /** Null where nothing could be read. */
  readonly census: Census | null;
}

export interface InspectReport {
  /** Null for a file that lies in no archive. */
  readonly archive: {
    readonly source: string;
    readonly instanceId: string;
    readonly backupId: string;
    readonly startedAt: Instant;
  } | null;
  readonly items: readonly InspectedFile[];
  /** Over all files, as far as they could be walked. */
  readonly total: KeyCounts & { readonly size: number };
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  readonly exitCode: number;
}
