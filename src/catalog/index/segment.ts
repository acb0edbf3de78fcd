/**
 * A segment of the index in Parquet: a row for each manifest, with the manifest's very text among what people query it by. We read the text alone,
 * and believe it only as far as its digest goes, so the other columns are for others.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { isSealed } from '../../domain/encryption.ts';
import { ArchiverError } from '../../domain/errors.ts';
import { type Instant, toInstant } from '../../domain/instant.ts';
import type { Manifest } from '../../domain/manifest.ts';

/** What is known of an archive besides its manifest: of its last verification and its last drill. */
export interface Annotations {
  readonly verifiedAt?: Instant;
  readonly verified?: string;
  readonly drilledAt?: Instant;
  readonly drilled?: string;
}

export interface IndexRow extends Annotations {
  /** The manifest's key. */
  readonly key: string;
  /** Its text, as it lies there. */
  readonly text: string;
}

/** A row to be written, with what its columns are filled from. */
export interface FullRow extends IndexRow {
  readonly etag: string;
  readonly manifest: Manifest;
  /** What the writer's keys make of its signature. */
  readonly signature: string;
}

export interface Segment {
  /** The rows among which this key would be. */
  rowsNear(key: string): Promise<readonly IndexRow[]>;
  /** All rows, some at a time. */
  all(): AsyncIterable<readonly IndexRow[]>;
}

/** So many rows are unpacked at once: some 400 kB. */
const GROUP_ROWS = 256;
const FIRST_KEYS = 'rdb-archiver.first-keys';
const COMPRESSION = { [constants.ZSTD_c_compressionLevel]: 6 };
const OURS = ['manifest_key', 'manifest', 'verified_at', 'verified', 'drilled_at', 'drilled'];

/** In the order of their keys, which is the catalog's. */
export function encodeSegment(rows: readonly FullRow[]): Uint8Array {
  const sorted = rows.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  const firstKeys = sorted.filter((_, index) => index % GROUP_ROWS === 0).map(({ key }) => key);
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: COLUMNS.map(({ name, type, value, nullable = false }) => ({
      name,
      type,
      nullable,
      data: sorted.map((row) => value(row) ?? null),
    })),
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, { params: COMPRESSION }) },
    rowGroupSize: GROUP_ROWS,
    kvMetadata: [{ key: FIRST_KEYS, value: JSON.stringify(firstKeys) }],
    createdBy: 'rdb-archiver',
  });
  return writer.getBytes();
}

/** Throws whatever its bytes make the reader throw, now or when rows are asked for: then it is no segment of ours. */
export function openSegment(bytes: Uint8Array): Segment {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const told = metadata.key_value_metadata?.find(({ key }) => key === FIRST_KEYS)?.value;
  const firstKeys: unknown = JSON.parse(told ?? '[]');
  if (!isTexts(firstKeys)) throw notOurs();
  const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows));
  const starts = groups.map((_, index) => groups.slice(0, index).reduce((sum, rows) => sum + rows, 0));

  async function group(index: number): Promise<readonly IndexRow[]> {
    const rowStart = starts[index] ?? 0;
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: OURS,
      rowStart,
      rowEnd: rowStart + (groups[index] ?? 0),
      compressors: { ZSTD: (input) => unpacked(input) },
    });
    return rows.map(rowOf);
  }

  return {
    async rowsNear(key) {
      const next = firstKeys.findIndex((first) => first > key);
      const index = (next === -1 ? firstKeys.length : next) - 1;
      return index < 0 || index >= groups.length ? [] : group(index);
    },
    async *all() {
      for (let index = 0; index < groups.length; index += 1) yield await group(index);
    },
  };
}

/** A page of ours has less; a forged one must not fill the memory. */
const MOST_UNPACKED = 64 * 1024 * 1024;

function unpacked(input: Uint8Array): Uint8Array {
  return zstdDecompressSync(input, { maxOutputLength: MOST_UNPACKED });
}

function rowOf(row: Record<string, unknown>): IndexRow {
  const { manifest_key: key, manifest: text } = row;
  if (typeof key !== 'string' || typeof text !== 'string') throw notOurs();
  const instant = (value: unknown) => (value instanceof Date ? toInstant(value.getTime()) : undefined);
  const [verifiedAt, drilledAt] = [instant(row['verified_at']), instant(row['drilled_at'])];
  const { verified, drilled } = row;
  return {
    key,
    text,
    ...(verifiedAt !== undefined && typeof verified === 'string' && { verifiedAt, verified }),
    ...(drilledAt !== undefined && typeof drilled === 'string' && { drilledAt, drilled }),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function notOurs(): ArchiverError {
  return new ArchiverError('archive-damaged', 'is no segment of an index of ours');
}

type Cell = string | number | bigint | boolean | Date | undefined;

interface IndexColumn {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'INT64' | 'BOOLEAN' | 'TIMESTAMP';
  readonly nullable?: boolean;
  readonly value: (row: FullRow) => Cell;
}

const date = (instant: Instant | undefined) => (instant === undefined ? undefined : new Date(instant));
const first = ({ manifest }: FullRow) => manifest.files[0];
const total = ({ manifest }: FullRow, of: (file: Manifest['files'][number]) => number) =>
  BigInt(manifest.files.reduce((sum, file) => sum + of(file), 0));
/** Undefined where not all files were looked into. */
function keys({ manifest }: FullRow, of: 'keys' | 'expiring'): bigint | undefined {
  const counts = manifest.files.map(({ rdb }) => rdb?.contents?.[of]);
  return counts.includes(undefined)
    ? undefined
    : BigInt(counts.reduce<number>((sum, one) => sum + (one ?? 0), 0));
}
function keyOf({ manifest: { backup } }: FullRow): string | undefined {
  if (!backup.encrypted) return undefined;
  return isSealed(backup.encryption) ? 'sealed' : 'not-kept';
}

/** docs/index-queries.md tells what each of them is. */
const COLUMNS: readonly IndexColumn[] = [
  { name: 'source', type: 'STRING', value: ({ manifest }) => manifest.source.name },
  { name: 'region', type: 'STRING', value: ({ manifest }) => manifest.source.region },
  { name: 'api', type: 'STRING', value: ({ manifest }) => manifest.source.api },
  { name: 'instance_id', type: 'STRING', value: ({ manifest }) => manifest.instance.id },
  { name: 'instance_name', type: 'STRING', value: ({ manifest }) => manifest.instance.name },
  { name: 'engine', type: 'STRING', value: ({ manifest }) => manifest.instance.engine },
  {
    name: 'engine_version',
    type: 'STRING',
    nullable: true,
    value: ({ manifest }) => manifest.instance.version ?? undefined,
  },
  { name: 'shards', type: 'INT32', value: ({ manifest }) => manifest.instance.shards },
  { name: 'backup_id', type: 'STRING', value: ({ manifest }) => manifest.backup.id },
  { name: 'backup_type', type: 'STRING', value: ({ manifest }) => manifest.backup.type },
  { name: 'started_at', type: 'TIMESTAMP', value: ({ manifest }) => date(manifest.backup.startedAt) },
  {
    name: 'ended_at',
    type: 'TIMESTAMP',
    nullable: true,
    value: ({ manifest }) => date(manifest.backup.endedAt),
  },
  {
    name: 'expires_at',
    type: 'TIMESTAMP',
    nullable: true,
    value: ({ manifest }) => date(manifest.backup.expiresAt),
  },
  { name: 'archived_at', type: 'TIMESTAMP', value: ({ manifest }) => date(manifest.archivedAt) },
  { name: 'files', type: 'INT32', value: ({ manifest }) => manifest.files.length },
  { name: 'bytes', type: 'INT64', value: (row) => total(row, ({ size }) => size) },
  {
    name: 'stored_bytes',
    type: 'INT64',
    value: (row) => total(row, ({ stored, size }) => stored?.size ?? size),
  },
  {
    name: 'sha256',
    type: 'STRING',
    value: ({ manifest }) => manifest.files.map(({ sha256 }) => sha256).join(','),
  },
  { name: 'rdb_version', type: 'INT32', nullable: true, value: (row) => first(row)?.rdb?.version },
  {
    name: 'server_version',
    type: 'STRING',
    nullable: true,
    value: (row) => first(row)?.rdb?.serverVersion ?? first(row)?.rdb?.redisVersion,
  },
  { name: 'checksum', type: 'STRING', nullable: true, value: (row) => first(row)?.rdb?.checksum },
  { name: 'keys', type: 'INT64', nullable: true, value: (row) => keys(row, 'keys') },
  { name: 'expiring', type: 'INT64', nullable: true, value: (row) => keys(row, 'expiring') },
  { name: 'encrypted', type: 'BOOLEAN', value: ({ manifest }) => manifest.backup.encrypted },
  { name: 'key', type: 'STRING', nullable: true, value: keyOf },
  { name: 'archiver_version', type: 'STRING', value: ({ manifest }) => manifest.archiver.version },
  { name: 'run_id', type: 'STRING', value: ({ manifest }) => manifest.archiver.runId },
  { name: 'signature', type: 'STRING', value: ({ signature }) => signature },
  { name: 'verified_at', type: 'TIMESTAMP', nullable: true, value: ({ verifiedAt }) => date(verifiedAt) },
  { name: 'verified', type: 'STRING', nullable: true, value: ({ verified }) => verified },
  { name: 'drilled_at', type: 'TIMESTAMP', nullable: true, value: ({ drilledAt }) => date(drilledAt) },
  { name: 'drilled', type: 'STRING', nullable: true, value: ({ drilled }) => drilled },
  { name: 'etag', type: 'STRING', value: ({ etag }) => etag },
  { name: 'manifest_key', type: 'STRING', value: ({ key }) => key },
  { name: 'manifest', type: 'STRING', value: ({ text }) => text },
];
