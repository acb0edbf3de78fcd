/** What verification calls an archive, and what is kept of the last one for status and metrics. */
import type { Instant } from './instant.ts';

/**
 * What an archive is called by. `unreadable`: nothing is known, since it could not be read. `not-opened`: the bytes are those that the cloud
 * gave, encrypted, and no dump comes out of them. `unreadable-cold`: a lifecycle rule moved it to where it cannot be read at once.
 * `newer-version`: a newer version of the product has written it, which this one cannot read. `bad-signature`: the manifest is not what the
 * holder of the key has signed. `unsigned`: it should be signed, and is not.
 */
export type VerifyResult =
  | 'ok'
  | 'missing'
  | 'size-differs'
  | 'digest-differs'
  | 'rdb-damaged'
  | 'not-opened'
  | 'bad-manifest'
  | 'bad-signature'
  | 'unsigned'
  | 'unreadable'
  | 'unreadable-cold'
  | 'newer-version';

/** What is kept of a verification of all archives, quick ones left out. */
export interface VerifyRun {
  readonly at: Instant;
  /** Archives that were checked against their manifests. */
  readonly archives: number;
  /** Of these. */
  readonly damaged: number;
  readonly unreadable: number;
  readonly bytesRead: number;
  /** Only of a sample. */
  readonly percent?: number;
}
