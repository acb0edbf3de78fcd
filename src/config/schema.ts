/** The configuration: the file's schema, put together from the settings, and the parsed form that everything else is handed. */
import { z } from 'zod';
import type { Dialect } from '../domain/outcome.ts';
import type { Secret } from '../domain/secret.ts';
import { destinationShape, logShape, runShape, sourceShape } from './settings.ts';

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
  readonly attempts: number;
  readonly runDeadlineMs: number;
  /** Bytes a second over all transfers. */
  readonly bandwidth?: number;
  readonly shard: { readonly index: number; readonly count: number };
  readonly allowEmpty: boolean;
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'auto' | 'json' | 'pretty';
    readonly skipped: boolean;
  };
  /** What the adapters read besides: proxies, private CAs, TKE's identity, HOME. A proxy's address may hold a password: never print it. */
  readonly environment: Readonly<Record<string, string>>;
}
