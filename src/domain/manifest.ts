/** The manifest: the record of one archive. An archive exists if and only if its manifest exists. */
import type { ArchiveRef } from './archive-key.ts';
import type { KeyTotals, Uncounted } from './census.ts';
import type { Encryption } from './encryption.ts';
import type { Instant } from './instant.ts';
import type { Dialect } from './outcome.ts';
import type { RdbWriter } from './rdb-magic.ts';

export const MANIFEST_SCHEMA = 'rdb-archiver/manifest@1';

/** What the dump says of itself. `absent`: the server wrote it with `rdbchecksum no`, so nobody can check it. */
export interface RdbFacts extends RdbWriter {
  /** Of the format; 0 where `magic` is none that we know. */
  readonly version: number;
  /** How it begins, printable, where that is neither `REDIS` nor `VALKEY` and a version: only its CRC-64 says that it is a dump. */
  readonly magic?: string;
  /** What version 0.1 called `serverVersion`: written for whoever reads that, and all that its manifests have. */
  readonly redisVersion?: string;
  readonly createdAt?: Instant;
  readonly checksum: 'verified' | 'absent';
  /** Bytes behind the dump's end, mostly some tool's: no server reads them. Where `checksum` is `absent`, nobody can tell whose they are. */
  readonly trailingBytes?: number;
  /** Where the dump was looked into on its way (`run --inspect`), and understood to its end. */
  readonly contents?: KeyTotals;
  /** In place of `contents`, where it was looked into and not understood to its end. */
  readonly uncounted?: Uncounted;
}

/** What lies in the bucket, where that is not the cloud's bytes (compression, encryption). */
export interface StoredFacts {
  /** The steps from the cloud's bytes to these, in that order: `zstd`, `age` or `zstd+age`. */
  readonly encoding: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface ManifestFile {
  /** The cloud's name of the file. */
  readonly name: string;
  /** The whole object key, with the destination's prefix. */
  readonly key: string;
  /** Bytes of the dump as the cloud gave it. */
  readonly size: number;
  /** Lower-case hex, of the same bytes: `sha256sum dump.rdb` gives it. */
  readonly sha256: string;
  /** The API's `FileSize`, where it differs from what was delivered although the CRC holds. */
  readonly announcedSize?: number;
  readonly etag?: string;
  readonly stored?: StoredFacts;
  /** Absent for encrypted dumps and for engines that write no RDB: those are not checked. */
  readonly rdb?: RdbFacts;
}

export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly source: { readonly name: string; readonly api: Dialect; readonly region: string };
  readonly instance: {
    readonly id: string;
    readonly name: string;
    readonly engine: string;
    readonly version: string | null;
    readonly shards: number;
    readonly tags: Readonly<Record<string, string>>;
    /** The cloud had the instance no more, only backups of it, so nobody could tell its tags. */
    readonly vanished?: true;
  };
  readonly backup: {
    readonly id: string;
    readonly type: string;
    readonly startedAt: Instant;
    readonly endedAt?: Instant;
    readonly expiresAt?: Instant;
    readonly remark?: string;
    readonly encrypted: boolean;
    /** Of a backup that the cloud encrypted, from version 0.2 on. */
    readonly encryption?: Encryption;
  };
  readonly files: readonly ManifestFile[];
  readonly archivedAt: Instant;
  readonly archiver: { readonly version: string; readonly runId: string };
  /** Over the manifest's bytes without the line that this stands in; absent where nobody signed. */
  readonly signature?: { readonly algorithm: 'Ed25519'; readonly keyId: string; readonly value: string };
}

/** What identifies the archive that a manifest records. */
export function refOf({ source, instance, backup }: Manifest): ArchiveRef {
  return { source: source.name, instanceId: instance.id, backupId: backup.id, startedAt: backup.startedAt };
}
