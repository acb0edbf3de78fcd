/** What the cloud said of the settings of backups, kept for a day so that nobody asks it more often. */
import { z } from 'zod';
import type { ArchiveLayout } from '../domain/archive-key.ts';
import type { DownloadRestriction, InstanceSettings } from '../domain/backup-settings.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type Instant, isInstant } from '../domain/instant.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';
import { putSmallObject, readSmallObject } from './small-object.ts';

const SCHEMA = 'rdb-archiver/backup-settings@1';

export interface KnownSettings {
  /** When the cloud was last asked. */
  readonly askedAt: Instant;
  readonly restriction?: DownloadRestriction;
  /** By instance, each with when it was asked. */
  readonly instances: Readonly<Record<string, InstanceSettings & { readonly at: Instant }>>;
}

const instant = z.string().refine(isInstant);
const texts = z.array(z.string());
const known = z.object({
  schema: z.literal(SCHEMA),
  askedAt: instant,
  restriction: z
    .object({
      kind: z.enum(['none', 'intranet-only', 'custom']),
      vpcs: texts,
      addresses: texts,
      notIn: z.boolean(),
    })
    .optional(),
  instances: z.record(
    z.string(),
    z.object({
      at: instant,
      automatic: z.object({ weekDays: texts, storageDays: z.number().optional() }).optional(),
      encryption: z
        .object({
          encrypted: z.boolean(),
          keyOwner: z.enum(['cloud', 'customer']).optional(),
          kmsKeyId: z.string().optional(),
          kmsRegion: z.string().optional(),
        })
        .optional(),
    }),
  ),
});

export interface SettingsRecords {
  /** Undefined where nothing is known, or nothing that can be understood. */
  find(source: string, options: CallOptions): Promise<KnownSettings | undefined>;
  keep(source: string, settings: KnownSettings, options: CallOptions): Promise<void>;
}

/** `shard`: workers that share an account's instances each keep what they asked. */
export function createSettingsRecords(
  store: ObjectStore,
  layout: ArchiveLayout,
  shard: { readonly index: number; readonly count: number },
): SettingsRecords {
  return {
    async find(source, options) {
      try {
        const bytes = await readSmallObject(store, layout.settingsKey(source, shard), options);
        if (bytes === undefined) return undefined;
        const parsed = known.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
        return parsed.data as KnownSettings | undefined;
      } catch (error) {
        const unreadable = error instanceof ArchiverError ? error.code === 'archive-damaged' : true;
        if (options.signal.aborted || !(unreadable && error instanceof Error)) throw error;
        return undefined;
      }
    },
    async keep(source, settings, options) {
      const body = Buffer.from(`${JSON.stringify({ schema: SCHEMA, ...settings })}\n`, 'utf8');
      const key = layout.settingsKey(source, shard);
      await putSmallObject(store, key, body, {
        ...options,
        contentType: 'application/json',
        ifAbsent: false,
      });
    },
  };
}
