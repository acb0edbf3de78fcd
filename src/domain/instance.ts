/** An instance: one managed Redis of the cloud (`crs-…`). */

export interface Instance {
  readonly id: string;
  readonly name: string;
  /** `Redis`, `Valkey`, `CKV`, `Memcached`; what the cloud says where we do not know the code. */
  readonly engine: string;
  /** For instance `6.2`; null where the cloud does not say. */
  readonly version: string | null;
  /** What it runs on, as the cloud sells it: `general II`; absent where the cloud does not say. */
  readonly product?: string;
  /** How many shards the cloud says it has; 1 for a standard edition. */
  readonly shards: number;
  readonly tags: Readonly<Record<string, string>>;
  /** True for a cluster edition: API 2.0 hands out its dumps only after an export. */
  readonly cluster: boolean;
  /** True when the cloud no longer lists the instance but still keeps backups of it: the most precious ones. */
  readonly vanished: boolean;
}

/** CKV and Memcached write dumps of their own formats, which the RDB checks would call damaged. */
export function writesRdb(instance: Pick<Instance, 'engine'>): boolean {
  return instance.engine === 'Redis' || instance.engine === 'Valkey';
}
