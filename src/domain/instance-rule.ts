/** What rules of every kind (retention, object lock, storage class) have in common: which instances one is for. The first that fits is the only one. */

export interface InstanceRule {
  /** Globs over the source's name; any where empty. */
  readonly sources: readonly string[];
  readonly instances: readonly string[];
  readonly exclude: readonly string[];
  /** Globs over the instance's name; any where empty. */
  readonly names: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}
