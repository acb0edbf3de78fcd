/** Manifests as bytes: written with stable indentation for people, read with a strict check for us. */
import { z } from 'zod';
import { ArchiverError } from '../domain/errors.ts';
import { MANIFEST_SCHEMA, type Manifest } from '../domain/manifest.ts';
import { assertOwnVersion } from './record-schema.ts';

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const size = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Also of the records below `state/keys/`. */
export const sealedKey = z.object({
  algorithm: z.string().optional(),
  kmsKeyId: z.string().optional(),
  keyFingerprint: z.string().regex(/^[0-9a-f]{16}$/),
  sealedKey: z.string().min(1),
  opened: z.string().nullable().optional().catch(undefined),
});

const file = z.object({
  name: z.string(),
  key: z.string().min(1),
  size,
  sha256,
  announcedSize: size.optional(),
  etag: z.string().optional(),
  stored: z.object({ encoding: z.string(), size, sha256 }).optional(),
  rdb: z
    .object({
      // One that a newer version of the product has learned is no reason to lose sight of the archive.
      family: z.enum(['redis', 'valkey']).optional().catch(undefined),
      version: z.number().int(),
      magic: z.string().optional(),
      serverVersion: z.string().optional(),
      redisVersion: z.string().optional(),
      createdAt: instant.optional(),
      checksum: z.enum(['verified', 'absent']),
      trailingBytes: size.optional(),
      contents: z
        .object({ keys: size, expiring: size, databases: z.record(z.string().regex(/^\d+$/), size) })
        .optional(),
      uncounted: z.object({ offset: size, keys: size, reason: z.string() }).optional(),
    })
    .optional(),
});

/** Unknown fields are let through: a newer version of the product may have added some. */
const manifest = z.object({
  schema: z.literal(MANIFEST_SCHEMA),
  source: z.object({ name: z.string(), api: z.string(), region: z.string() }),
  instance: z.object({
    id: z.string(),
    name: z.string(),
    engine: z.string(),
    version: z.string().nullable(),
    shards: z.number().int(),
    tags: z.record(z.string(), z.string()),
    vanished: z.literal(true).optional(),
  }),
  backup: z.object({
    id: z.string(),
    type: z.string(),
    startedAt: instant,
    endedAt: instant.optional(),
    expiresAt: instant.optional(),
    remark: z.string().optional(),
    encrypted: z.boolean(),
    // One that a newer version has learned to write otherwise is no reason to lose sight of the archive, nor to say that its key was not kept.
    encryption: z
      .union([sealedKey, z.object({ key: z.enum(['not-kept', 'newer-version']) })])
      .optional()
      .catch({ key: 'newer-version' }),
  }),
  files: z.array(file).min(1),
  archivedAt: instant,
  archiver: z.object({ version: z.string(), runId: z.string() }),
  // A broken one is no reason to lose sight of the archive; what it is worth is judged from the bytes.
  signature: z
    .object({ algorithm: z.literal('Ed25519'), keyId: z.string(), value: z.string() })
    .optional()
    .catch(undefined),
});

/** Without a signature, even if the value has one: that is for who has the key. */
export function encodeManifest({ signature: _, ...value }: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
}

/** Rejects with `archive-damaged` what is no manifest, and with `newer-version` what is one of a version to come; `key` is for the message. */
export function decodeManifest(bytes: Uint8Array, key: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new ArchiverError('archive-damaged', `the manifest ${key} is not JSON`, { cause: error });
  }
  assertOwnVersion(value, MANIFEST_SCHEMA, `the manifest ${key}`);
  const parsed = manifest.safeParse(value);
  if (parsed.success) return parsed.data as Manifest;
  const problem = parsed.error.issues[0];
  const where = problem?.path.join('.') || 'its top';
  throw new ArchiverError(
    'archive-damaged',
    `the manifest ${key} is not one of ours: ${where}: ${problem?.message}`,
  );
}
