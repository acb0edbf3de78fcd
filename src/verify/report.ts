/** What `verify` answers: a row for each archive, how much was really read, and when all of them will have been. */
import type { Instant } from '../domain/instant.ts';
import type { Listing } from '../domain/listing.ts';
import type { VerifyResult, VerifyRun } from '../domain/verification.ts';

/** `full`: every byte. `sample`: every byte of some archives, in rotation. `quick`: only what the store says of its objects. */
export type VerifyDepth = 'full' | 'sample' | 'quick';

export interface VerifyItem {
  readonly source: string;
  readonly instanceId: string;
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly result: VerifyResult;
  /** What was found, in a sentence; for `ok` empty, or how it was looked at where that was not as asked. */
  readonly detail: string;
  /** What to do; empty for `ok`. */
  readonly hint: string;
  readonly files: number;
  /** Bytes that were really read (mostly 0 for quick). */
  readonly bytesRead: number;
}

/** How far the samples have come, and when they will have been through. */
export interface Rotation {
  readonly percent: number;
  /** Hours from one sample to the next: as observed, or a day. */
  readonly everyHours: number;
  readonly observed: boolean;
  /** What the samples are taken of. */
  readonly archives: number;
  readonly bytes: number;
  /** Archives that nobody has read since they were made, this sample counted. */
  readonly neverRead: number;
  /** Of all, the one that was not read for longest: when that was. Absent while some never were. */
  readonly readSince?: Instant;
  /** The day (UTC) by which every archive that is there now will have been read: for the first time while some never were, else once more. */
  readonly allReadBy: string;
  /** New archives come in faster than such samples read; so many percent would keep up. */
  readonly enoughPercent?: number;
}

export interface VerifySummary extends Pick<VerifyRun, 'archives' | 'damaged' | 'unreadable' | 'bytesRead'> {
  readonly depth: VerifyDepth;
  /** Only of a sample. */
  readonly rotation?: Rotation;
}

export interface VerifyReport extends Listing<VerifyItem> {
  readonly summary: VerifySummary;
}
