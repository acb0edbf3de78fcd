/** Restore tests: what the configuration demands of an archive, and what status and metrics know of them. */
import type { Instant } from './instant.ts';

/** What the configuration demands of the archives of some instances; every rule that selects an instance holds for it. */
export interface DrillRule {
  /** Ids or globs; one of them must match. */
  readonly instances: readonly string[];
  readonly exclude: readonly string[];
  /** Empty: any name. */
  readonly names: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** In which the keys and scripts of this rule are looked for. */
  readonly database: number;
  /** Keys over all databases and shards, at the least; those that have expired since count too. */
  readonly minimumKeys?: number;
  /** Names of keys. */
  readonly exists: readonly string[];
  readonly ttl: readonly TtlDemand[];
  readonly scripts: readonly ScriptDemand[];
}

/** A key that must be there and must expire, in milliseconds from now where there are limits. */
export interface TtlDemand {
  readonly key: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface ScriptDemand {
  readonly name: string;
  readonly lua: string;
}

/** What is known of the drills of one source, for metrics and alarms. */
export interface DrillSummary {
  readonly source: string;
  readonly lastDrilledAt: Instant;
  readonly lastPassedAt?: Instant;
  /** Archives whose last drill failed, and when that was. */
  readonly failing: readonly {
    readonly instanceId: string;
    readonly backupId: string;
    readonly at: Instant;
  }[];
}
