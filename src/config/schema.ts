/** The configuration: the file's schema, put together from the settings, and the parsed form that everything else is handed. */
import { z } from 'zod';
import type { NOTIFIED_KINDS, PresetName, Template } from '../domain/notification.ts';
import type { Dialect } from '../domain/outcome.ts';
import type { Secret } from '../domain/secret.ts';
import type { ListenAddress } from './daemon-fields.ts';
import { notifyShape } from './notify-settings.ts';
import {
  destinationShape,
  logShape,
  metricsShape,
  runShape,
  scheduleShape,
  sourceShape,
} from './settings.ts';

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
  /** `secretId` and `secretKey` together, or nothing at all: then the other credential sources follow. */
  readonly credentials: SourceCredentials;
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
  /** Absent: the AWS SDK's default chain. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: Secret;
    readonly sessionToken?: Secret;
  };
}

export interface FileDestination {
  readonly kind: 'file';
  /** An absolute path. */
  readonly directory: string;
}

export type DestinationConfig = S3Destination | FileDestination;

/** A receiver of notifications. */
export interface ReceiverConfig {
  readonly name: string;
  readonly preset: PresetName | 'auto';
  /** The whole address is the key to the channel. */
  readonly url: Secret;
  /** Signs the messages. */
  readonly secret?: Secret;
  /** A bearer token. */
  readonly token?: Secret;
  readonly on: readonly (typeof NOTIFIED_KINDS)[number][];
  readonly intervalMs: number;
  readonly method: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: the preset's. */
  readonly template?: Template;
}

/** The configuration in force: parsed once, handed down, never read again. Sizes are bytes, times milliseconds. */
export interface Config {
  /** At least one; no name twice. */
  readonly sources: readonly SourceConfig[];
  readonly destination: DestinationConfig;
  readonly readback: 'auto' | 'always';
  readonly concurrency: number;
  readonly partSize: number;
  /** At least one part. */
  readonly bufferMemory: number;
  readonly stallTimeoutMs: number;
  /** Bytes a second; 0 for none. */
  readonly minimumRate: number;
  readonly attempts: number;
  readonly runDeadlineMs: number;
  /** Longer than `runDeadlineMs`. */
  readonly staleUploadAgeMs: number;
  /** Bytes a second over all transfers. */
  readonly bandwidth?: number;
  readonly shard: { readonly index: number; readonly count: number };
  readonly allowEmpty: boolean;
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
  /** The dead-man switch. */
  readonly heartbeat?: Secret;
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'auto' | 'json' | 'pretty';
    readonly skipped: boolean;
  };
  /** What the adapters read besides: proxies, private CAs, TKE's identity, HOME. A proxy's address may hold a password: never print it. */
  readonly environment: Readonly<Record<string, string>>;
}
