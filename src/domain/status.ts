/** What an external monitor asks: for every instance, how safe is it? From the catalog in the bucket, so true even when no worker ever ran. */
import type { DrillSummary } from './drill.ts';
import type { Instant } from './instant.ts';
import type { VerifyRun } from './verification.ts';

/** What is asked where nobody says otherwise: a daily backup and two hours to archive it in; a month, and what of it lies before the first Monday. */
export const STATUS_DEFAULTS = { maxAgeMs: 26 * 3_600_000, daysBack: 35, includeVanished: false } as const;

/** A backup that the cloud shows and that is not archived. */
export interface OpenBackup {
  readonly backupId: string;
  readonly startedAt: Instant;
  /** When the cloud will delete it. */
  readonly deadline: Instant;
  /** Hours until then; negative where it has passed. */
  readonly hoursLeft: number;
  readonly state: 'available' | 'not-ready' | 'expired';
  /** Its dump stays damaged; it lies in quarantine. */
  readonly quarantined: boolean;
  /** The cloud will delete it within a day, and it can still be had. */
  readonly atRisk: boolean;
}

/** One square of the calendar, in UTC. */
export interface DayStatus {
  /** For instance `2026-11-24`. */
  readonly day: string;
  readonly archived: number;
  readonly quarantined: number;
  /** Shown by the cloud and not archived. */
  readonly open: number;
}

export interface InstanceStatus {
  readonly source: string;
  readonly region: string;
  readonly instanceId: string;
  readonly name: string;
  /** The cloud no longer lists the instance, or none of its backups. */
  readonly vanished: boolean;
  /** Absent where there is none within the days looked at. */
  readonly newest?: { readonly backupId: string; readonly startedAt: Instant };
  /** Milliseconds since the newest archive's backup was started. */
  readonly ageMs?: number;
  /** Within the days looked at. */
  readonly archives: number;
  /**
   * Of these archives, those that the cloud encrypted and whose key was not kept; absent where there is none. `savable`: the cloud still has the
   * backup, and so the key.
   */
  readonly keyless?: { readonly archives: number; readonly savable: number };
  /** Of these archives, those whose key is kept and did not open them; absent where there is none. */
  readonly notOpened?: number;
  /** Of these archives' dumps; absent where not all of their manifests have been read. */
  readonly bytes?: number;
  readonly open: readonly OpenBackup[];
  /** No archive within the days looked at, or the newest is older than allowed. */
  readonly stale: boolean;
  /** Oldest first, without gaps. */
  readonly days: readonly DayStatus[];
}

export interface StatusWarning {
  readonly message: string;
  readonly hint: string;
}

export interface StatusReport {
  readonly generatedAt: Instant;
  /** Names of all that are configured, also of those that show no instance. */
  readonly sources: readonly string[];
  readonly maxAgeMs: number;
  /** How many days back the catalog was looked at. */
  readonly daysBack: number;
  /** Worst first. */
  readonly instances: readonly InstanceStatus[];
  /** What is known of restore tests, by source; absent where nobody asked. */
  readonly drills?: readonly DrillSummary[];
  /** The last verification of all archives; absent where none is known, or nobody asked. */
  readonly verified?: VerifyRun;
  /** What is no failure, and yet somebody should know: the exit status does not tell it. */
  readonly warnings: readonly StatusWarning[];
  /** What could not be listed. */
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  readonly exitCode: number;
}
