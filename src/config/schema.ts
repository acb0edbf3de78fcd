/** The configuration: the file's schema, put together from the settings, and the parsed form that everything else is handed. */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Current } from '../domain/current.ts';
import type { DrillRule } from '../domain/drill.ts';
import type { EncryptedBackups } from '../domain/encryption.ts';
import type { FileAccess } from '../domain/file-access.ts';
import type { Instant } from '../domain/instant.ts';
import type { NOTIFIED_KINDS, PresetName, Template } from '../domain/notification.ts';
import type { ClassRule, LockRule } from '../domain/object-lock.ts';
import type { Dialect } from '../domain/outcome.ts';
import type { RetentionRule } from '../domain/retention.ts';
import type { Secret } from '../domain/secret.ts';
import type { ListenAddress } from './daemon-fields.ts';
import { drillRuleShape, drillShape } from './drill-settings.ts';
import { notifyShape } from './notify-settings.ts';
import { floorShape, retentionSchema } from './retention-settings.ts';
import { scheduleShape } from './schedule-settings.ts';
import type { SecretFiles } from './secret-files.ts';
import { destinationShape, logShape, metricsShape, runShape, sourceShape } from './settings.ts';
import { objectLockSchema, storageClassesSchema } from './storage-settings.ts';
import { storedShape } from './stored-settings.ts';

/** The file as a whole. Sources and destination may also come from the environment, so nothing is required here. */
export const fileSchema = z.strictObject({
  sources: z
    .array(z.strictObject(sourceShape, { error: 'expected a mapping' }), {
      error: 'expected a list of sources',
    })
    .prefault([])
    .meta({ description: 'Accounts and regions to archive, besides those that the environment names.' }),
  destination: z
    .strictObject(destinationShape, { error: 'expected a mapping with `url`' })
    .exactOptional()
    .meta({ description: 'Where archives go.' }),
  objectLock: z
    .array(objectLockSchema, { error: 'expected a list of rules' })
    .prefault([])
    .meta({ description: 'Which archives the bucket locks, for how long; none without a rule for them.' }),
  storageClasses: z
    .array(storageClassesSchema, { error: 'expected a list of rules' })
    .prefault([])
    .meta({ description: 'Storage classes of single instances, besides `destination.storageClass`.' }),
  ...storedShape,
  ...runShape,
  ...scheduleShape,
  metrics: z
    .strictObject(metricsShape, { error: 'expected a mapping' })
    .prefault({})
    .meta({ description: 'Where the metrics of one-shot runs go.' }),
  notify: z
    .array(z.strictObject(notifyShape, { error: 'expected a mapping' }), {
      error: 'expected a list of receivers',
    })
    .prefault([])
    .meta({ description: 'Who is told of failures, besides the receiver that the environment names.' }),
  drill: z
    .strictObject(
      {
        ...drillShape,
        rules: z
          .array(z.strictObject(drillRuleShape, { error: 'expected a mapping' }), {
            error: 'expected a list of rules',
          })
          .prefault([])
          .meta({ description: 'What restore tests demand of the archives of which instances.' }),
      },
      { error: 'expected a mapping' },
    )
    .prefault({})
    .meta({ description: 'Restore tests.' }),
  retention: z
    .array(retentionSchema, { error: 'expected a list of rules' })
    .prefault([])
    .meta({ description: 'Which archives `expire` keeps; without a rule for them all stay.' }),
  ...floorShape,
  log: z
    .strictObject(logShape, { error: 'expected a mapping' })
    .prefault({})
    .meta({ description: 'What is written.' }),
});

export type FileSettings = z.output<typeof fileSchema>;

export interface SourceCredentials {
  readonly secretId?: string;
  readonly secretKey?: Secret;
  /** Session token of temporary keys. */
  readonly token?: Secret;
}

export interface SourceConfig {
  readonly name: string;
  readonly api: Dialect;
  /** Long name. */
  readonly region: string;
  /** `{region}` is filled in already; no slash at the end. */
  readonly endpoint?: string;
  readonly site: 'auto' | 'china' | 'international';
  /** `secretId` and `secretKey` together, or nothing at all: then the other credential sources follow. */
  readonly credentials: Current<SourceCredentials>;
  /** Ids or globs; never empty. */
  readonly instances: readonly string[];
  readonly exclude: readonly string[];
  /** Empty: any name. */
  readonly names: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly network: 'auto' | 'intranet' | 'extranet';
  readonly utcOffsetMinutes: number;
  readonly exportClusters: boolean;
  /** A cron expression of its own; absent: the general one. */
  readonly schedule?: string;
}

export interface S3Destination {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slashes at its ends; empty for the bucket's root. */
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  /** Absent: as the provider wants it. */
  readonly forcePathStyle?: boolean;
  /** `auto` tells by the endpoint. */
  readonly profile: z.output<typeof destinationShape.profile>;
  /** Of dumps, where no rule says another; absent: the bucket's default. */
  readonly storageClass?: string;
  /** Absent: the AWS SDK's default chain. */
  readonly credentials?: Current<S3Keys>;
}

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary keys. */
  readonly sessionToken?: Secret;
}

export interface FileDestination {
  readonly kind: 'file';
  /** An absolute path. */
  readonly directory: string;
}

export type DestinationConfig = S3Destination | FileDestination;

/** What manifests are signed with and checked by. */
export interface SigningConfig {
  /** A private key. */
  readonly signing?: { readonly id: string; readonly key: KeyObject };
  /** Public keys; the private key's own among them. */
  readonly trusted: readonly { readonly id: string; readonly key: KeyObject }[];
  /** Archives of backups that were started earlier need no signature. */
  readonly since?: Instant;
}

export interface ReceiverSecrets {
  /** The whole address is the key to the channel. */
  readonly url: Secret;
  /** Signs the messages. */
  readonly secret?: Secret;
  /** A bearer token. */
  readonly token?: Secret;
}

/** A receiver of notifications. */
export interface ReceiverConfig {
  readonly name: string;
  readonly preset: PresetName | 'auto';
  readonly secrets: Current<ReceiverSecrets>;
  readonly events: readonly (typeof NOTIFIED_KINDS)[number][];
  readonly intervalMs: number;
  readonly method: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: the preset's. */
  readonly template?: Template;
}

/** The configuration in force: parsed once, handed down; only secrets are read again, where they lie in files. Sizes are bytes, times milliseconds. */
export interface Config {
  /** At least one; no name twice. */
  readonly sources: readonly SourceConfig[];
  readonly destination: DestinationConfig;
  /** In this order; the first that fits an instance is the one for it. Empty for a folder. */
  readonly objectLock: readonly LockRule[];
  readonly storageClasses: readonly ClassRule[];
  /** The form that new archives get. */
  readonly compression: 'none' | 'zstd';
  readonly compressionLevel: number;
  /** Empty: no encryption. */
  readonly ageRecipients: readonly string[];
  readonly encryptedBackups: EncryptedBackups;
  /** Not empty with `encryptedBackups: seal`, and empty without. */
  readonly keyRecipients: readonly string[];
  /** Open what is encrypted, whoever it was encrypted by. */
  readonly ageIdentities: Current<readonly Secret[]>;
  readonly readback: 'auto' | 'always';
  /** Whether each dump's keys are counted on its way. */
  readonly inspect: boolean;
  readonly concurrency: number;
  /** For one dump. */
  readonly connections: number | 'auto';
  readonly partSize: number;
  /** At least one part. */
  readonly bufferMemory: number;
  readonly stallTimeoutMs: number;
  /** Bytes a second; 0 for none. */
  readonly minimumRate: number;
  /** Hosts and networks that links may lead to besides. */
  readonly allowedHosts: readonly string[];
  /** Bytes of a dump; more are taken for none. */
  readonly largestDump: number;
  readonly attempts: number;
  readonly runDeadlineMs: number;
  /** Longer than `runDeadlineMs`. */
  readonly staleUploadAgeMs: number;
  /** Bytes a second over all transfers. */
  readonly bandwidth?: number;
  readonly shard: { readonly index: number; readonly count: number };
  readonly allowBackupRequests: boolean;
  readonly allowEmpty: boolean;
  readonly fileAccess: FileAccess;
  /** A cron expression of five fields. */
  readonly schedule: string;
  readonly timezone: string;
  readonly runOnStart: boolean;
  readonly jitterMs: number;
  readonly httpListen: ListenAddress;
  /** Where each run leaves its metrics, besides where the long-running mode serves them. */
  readonly metrics: { readonly pushgateway?: string; readonly textfile?: string };
  /** No name twice. */
  readonly notify: readonly ReceiverConfig[];
  /** In this order; the first that fits an instance is the one for it. */
  readonly retention: readonly RetentionRule[];
  /** Archives of each instance that stay whatever the rules say; at least 1. */
  readonly keepMinimum: number;
  /** The dead-man switch. */
  readonly heartbeat?: Current<Secret>;
  /** Absent: nothing is signed, no signature checked. */
  readonly signing?: Current<SigningConfig>;
  /** Restore tests. */
  readonly drill: {
    /** The only one; never with `servers`. */
    readonly server?: string;
    /** Before those of the search path. */
    readonly servers: readonly string[];
    readonly directory?: string;
    readonly rules: readonly DrillRule[];
    /** Where programs are looked for, as `PATH` says it. */
    readonly searchPath: string;
  };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'auto' | 'json' | 'pretty';
    readonly skipped: boolean;
  };
  /** What the adapters read besides: proxies, private CAs, TKE's identity, HOME. A proxy's address may hold a password: never print it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Who is told when the file of a secret cannot be used; absent where none lies in a file. */
  readonly warnOfSecrets?: SecretFiles['warn'];
}
