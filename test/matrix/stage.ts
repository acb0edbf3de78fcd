/** Where a cell is played: a cloud with the backup that it is about, a destination, and a look at what lies there. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Dump } from '../../src/sandbox/dump.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { PARTIAL_PREFIX } from '../../src/store/file/key.ts';
import { HOUR_MS } from '../support/builders.ts';
import type { S3Server } from '../support/s3.ts';
import { createScenario, INSTANCE, type Scenario } from '../support/scenario.ts';
import type { Cell, Side, Stage } from './table.ts';

interface KeptObject {
  readonly sha256: string;
  readonly text: string;
}

/** What lies in the destination, and what the cloud has for comparison. */
export interface Kept {
  /** By backup: the digests of its files. */
  readonly dumps: ReadonlyMap<string, readonly string[]>;
  /** By key. */
  objects(kind: 'catalog' | 'data'): Promise<ReadonlyMap<string, KeptObject>>;
  /** How many uploads, or files that were not finished, are left. */
  strays(): Promise<number>;
}

/** Files beside the one that the fault is for are small: they are there to be kept back when that one fails. */
const SIBLING = 2000;

export async function openStage(
  cell: Cell,
  side: Side,
): Promise<{ readonly stage: Stage; readonly kept: Kept }> {
  const { row, shape, column, variant } = cell;
  const size = side.size(cell);
  const sizes = shape === 'one file' ? [size] : [SIBLING, size, SIBLING];
  const others = Array.from({ length: row.others ?? 0 }, (_, index) => `other-${index + 1}`);
  const backups = new Map([['backup-1', sizes], ...others.map((id): [string, number[]] => [id, [SIBLING]])]);
  const directory = side.folder ? await newFolder() : undefined;

  const scenario = await createScenario({
    ...side.scenario?.(cell),
    ...(row.behaviour && { behaviour: row.behaviour, measured: false }),
    config: {
      ...row.config,
      ...(directory !== undefined && { destination: { kind: 'file', directory } }),
    },
    world(world, clock) {
      world.addInstance({ id: INSTANCE, shards: sizes.length });
      for (const [index, [id, files]] of [...backups].entries()) {
        const startedAt = clock.now() - (3 + index) * HOUR_MS;
        world.addBackup(INSTANCE, { id, startedAt, files: files.map(fileOf) });
      }
    },
  });
  const file = fileOf(size, shape === 'one file' ? 0 : 1).name;
  const times = row.lasts === 'once' ? 1 : Number.POSITIVE_INFINITY;
  const dumps = new Map(
    [...backups].map(([id, files]) => [id, files.map(fileOf).map(({ dump }) => digestOf(dump))]),
  );
  return {
    stage: { ...scenario, column, variant, shape, file, size, times },
    kept: { dumps, ...(directory === undefined ? bucketOf(scenario) : folderAt(directory)) },
  };
}

function bucketOf({ s3, keys }: Scenario): Omit<Kept, 'dumps'> {
  return {
    async objects(kind) {
      return new Map(keys(kind).map((key) => [key, keptIn(s3, key)]));
    },
    strays: async () => s3.uploads.size,
  };
}

/** What was looked at before and has not been stored anew since is the same. */
const seen = new WeakMap<object, KeptObject>();

function keptIn(s3: S3Server, key: string): KeptObject {
  const object = s3.objects.get(key);
  const kept = (object && seen.get(object)) ?? read(s3.bytesOf(key) ?? Buffer.alloc(0));
  if (object) seen.set(object, kept);
  return kept;
}

function folderAt(directory: string): Omit<Kept, 'dumps'> {
  async function files(): Promise<string[]> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  }
  const isFinished = (key: string): boolean => !basename(key).startsWith(PARTIAL_PREFIX);
  return {
    async objects(kind) {
      const keys = (await files()).filter((key) => key.startsWith(`${kind}/`) && isFinished(key));
      const bytes = await Promise.all(keys.map((key) => readFile(join(directory, key))));
      return new Map(keys.map((key, index) => [key, read(bytes[index] ?? Buffer.alloc(0))]));
    },
    strays: async () => (await files()).filter((key) => !isFinished(key)).length,
  };
}

async function newFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'archiver-matrix-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

function read(bytes: Buffer): KeptObject {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    text: bytes.length > 100_000 ? '' : String(bytes),
  };
}

/** The same size and place always give the same dump, made once: most of a cell's time would go into making it. */
const made = new Map<string, { readonly name: string; readonly dump: Dump }>();

function fileOf(size: number, index: number): { readonly name: string; readonly dump: Dump } {
  const key = `${size}/${index}`;
  const file = made.get(key) ?? {
    name: `redis-${index + 1}.rdb`,
    dump: syntheticDump({ size, seed: index + 1 }),
  };
  made.set(key, file);
  return file;
}

const digests = new Map<Dump, string>();

function digestOf(dump: Dump): string {
  let digest = digests.get(dump);
  if (digest !== undefined) return digest;
  const hash = createHash('sha256');
  for (const chunk of dump.read(0, dump.size) as Iterable<Uint8Array>) hash.update(chunk);
  digest = hash.digest('hex');
  digests.set(dump, digest);
  return digest;
}
