/** Which archives were verified when, and what came of it: kept in the destination, a few objects of plain JSON that may be lost at any time. */
import { z } from 'zod';
import { assertOwnVersion } from '../catalog/record-schema.ts';
import { putSmallObject, readSmallObject } from '../catalog/small-object.ts';
import { isDamage } from '../catalog/verify-archive.ts';
import type { ArchiveLayout, ArchiveRef } from '../domain/archive-key.ts';
import { ArchiverError } from '../domain/errors.ts';
import { type Instant, isInstant } from '../domain/instant.ts';
import type { VerifyResult, VerifyRun } from '../domain/verification.ts';
import type { CallOptions, ObjectStore } from '../store/object-store.ts';

export interface Verified {
  readonly at: Instant;
  readonly result: VerifyResult;
}

/** What was known when it was asked for. */
export interface VerifiedBefore {
  /** Undefined: nobody ever verified it, as far as is known. */
  of(ref: ArchiveRef): Verified | undefined;
  /** Records that could not be understood, each in a sentence: they count as if they had never been. */
  readonly lost: readonly string[];
}

export interface Verifications {
  /** Of these archives. One read for each source and month among them. */
  load(refs: Iterable<ArchiveRef>, options: CallOptions): Promise<VerifiedBefore>;
  /**
   * Adds what was found to what is there, and of two words about one archive keeps the later. Others may do so at the same time: at worst
   * some of it is lost, and those archives are read again sooner. `gone` says of what no longer exists. Rejects with `newer-version` where a
   * newer version of the program has written of them.
   */
  save(
    found: Iterable<readonly [ArchiveRef, Verified]>,
    gone: (ref: ArchiveRef, verified: Verified) => boolean,
    options: CallOptions,
  ): Promise<void>;
  /**
   * Tells the archives that were found damaged when they were last verified. One listing, one read for each source and month. Rejects where
   * a record cannot be understood, with `newer-version` where a newer version of the program can.
   */
  damaged(options: CallOptions): Promise<(ref: ArchiveRef) => boolean>;
  /** The last full verifications and samples of all archives, oldest first. Rejects with `newer-version`, as `addRun` does. */
  runs(options: CallOptions): Promise<readonly VerifyRun[]>;
  addRun(run: VerifyRun, options: CallOptions): Promise<void>;
}

const RECORD_SCHEMA = 'rdb-archiver/verified@1';
const RUNS_SCHEMA = 'rdb-archiver/verify-runs@1';
const RUNS_KEPT = 20;

/** A month of 10,000 instances that are archived daily takes 22 MB. */
const RECORD_LIMIT = 64 * 1024 * 1024;
const RECORDS_AT_ONCE = 8;

const runsRecord = z.object({
  schema: z.literal(RUNS_SCHEMA),
  runs: z.array(
    z.object({
      at: z.string().refine(isInstant),
      percent: z.number().exactOptional(),
      archives: z.number(),
      damaged: z.number(),
      unreadable: z.number(),
      bytesRead: z.number(),
    }),
  ),
});

/** By instance, then by `STAMP_BACKUP` as in the keys: `INSTANT`, or `INSTANT RESULT` for anything but `ok`. */
type Month = Map<string, Map<string, string>>;

export function createVerifications(store: ObjectStore, layout: ArchiveLayout): Verifications {
  const monthKey = ({ source, startedAt }: ArchiveRef) => layout.verifiedKey(source, startedAt.slice(0, 7));
  const nameOf = (ref: ArchiveRef) => {
    const key = layout.manifestKey(ref);
    return key.slice(key.lastIndexOf('/') + 1, -'.json'.length);
  };

  async function readMonth(key: string, lost: string[], options: CallOptions): Promise<Month> {
    const value = await readJson(store, key, options);
    assertOwnVersion(value, RECORD_SCHEMA, `the record ${key}`);
    const month = value === undefined ? new Map<string, Map<string, string>>() : monthOf(value);
    if (month === undefined) lost.push(`${key} is no record of verifications of ours`);
    return month ?? new Map<string, Map<string, string>>();
  }

  async function put(key: string, value: unknown, options: CallOptions): Promise<void> {
    const body = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
    await putSmallObject(
      store,
      key,
      body,
      { ...options, contentType: 'application/json', ifAbsent: false },
      RECORD_LIMIT,
    );
  }

  async function runs(options: CallOptions): Promise<readonly VerifyRun[]> {
    const key = layout.verifyRunsKey();
    const value = await readJson(store, key, options);
    assertOwnVersion(value, RUNS_SCHEMA, `the record ${key}`);
    return runsRecord.safeParse(value).data?.runs ?? [];
  }

  return {
    async load(refs, options) {
      const keys = new Set<string>();
      for (const ref of refs) keys.add(monthKey(ref));
      const months = new Map<string, Month>();
      const lost: string[] = [];
      await inTurns(keys, async (key) => {
        try {
          months.set(key, await readMonth(key, lost, options));
        } catch (error) {
          if (!(error instanceof ArchiverError) || error.code !== 'newer-version') throw error;
          lost.push(error.message);
        }
      });
      return {
        of: (ref) => decode(months.get(monthKey(ref))?.get(ref.instanceId)?.get(nameOf(ref))),
        lost,
      };
    },

    async save(found, gone, options) {
      const byMonth = Map.groupBy(found, ([ref]) => monthKey(ref));
      await inTurns(byMonth, async ([key, entries]) => {
        // Read anew, so that what others have written meanwhile stays.
        const month = await readMonth(key, [], options);
        const source = entries[0]?.[0].source ?? '';
        for (const [ref, verified] of entries) enter(month, ref.instanceId, nameOf(ref), verified);
        forget(month, (instanceId, name, verified) => {
          const ref = layout.parseManifestKey(
            `${layout.catalogPrefix(source, dayOfName(name), instanceId)}${name}.json`,
          );
          return ref === undefined || gone(ref, verified);
        });
        await put(key, { schema: RECORD_SCHEMA, verified: plain(month) }, options);
      });
    },

    async damaged(options) {
      const keys: string[] = [];
      for await (const { key } of store.list(layout.verifiedPrefix(), options))
        if (key !== layout.verifyRunsKey()) keys.push(key);
      const damaged = new Set<string>();
      const lost: string[] = [];
      await inTurns(keys, async (key) => {
        for (const [instance, archives] of await readMonth(key, lost, options))
          for (const [name, text] of archives)
            if (isDamage(decode(text)?.result ?? 'ok')) damaged.add(`${key}\n${instance}\n${name}`);
      });
      if (lost.length > 0)
        throw new ArchiverError(
          'store-failed',
          `${lost.join('; ')}: which archives are damaged is not known`,
          {
            hint: 'Nothing can take the place of an archive that may be damaged. A full `rdb-archiver verify` writes the records anew.',
          },
        );
      return (ref) => damaged.has(`${monthKey(ref)}\n${ref.instanceId}\n${nameOf(ref)}`);
    },

    runs,

    async addRun(run, options) {
      const all = [...(await runs(options)), run].sort((one, other) => (one.at < other.at ? -1 : 1));
      await put(layout.verifyRunsKey(), { schema: RUNS_SCHEMA, runs: all.slice(-RUNS_KEPT) }, options);
    },
  };
}

/** Undefined for what is not there; null for what is there and cannot be used: no JSON, far too large, or moved to cold storage. */
async function readJson(store: ObjectStore, key: string, options: CallOptions): Promise<unknown> {
  try {
    const bytes = await readSmallObject(store, key, options, RECORD_LIMIT);
    return bytes && parseJson(bytes);
  } catch (error) {
    const code = error instanceof ArchiverError ? error.code : undefined;
    if (code === 'archive-damaged' || code === 'unreadable-cold') return null;
    throw error;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}

/** Undefined for anything else. By hand, since a schema library loses ids that JavaScript finds odd, and takes seconds for a large fleet. */
function monthOf(value: unknown): Month | undefined {
  if (!isMapping(value) || value['schema'] !== RECORD_SCHEMA || !isMapping(value['verified']))
    return undefined;
  const month: Month = new Map();
  for (const [instance, archives] of Object.entries(value['verified'])) {
    if (!isMapping(archives)) return undefined;
    const texts = Object.entries(archives).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    month.set(instance, new Map(texts));
  }
  return month;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function enter(month: Month, instanceId: string, name: string, verified: Verified): void {
  const archives = month.get(instanceId) ?? new Map<string, string>();
  const earlier = decode(archives.get(name));
  if (earlier === undefined || earlier.at <= verified.at) archives.set(name, encode(verified));
  month.set(instanceId, archives);
}

function forget(month: Month, gone: (instanceId: string, name: string, verified: Verified) => boolean): void {
  for (const [instanceId, archives] of month) {
    for (const [name, text] of archives) {
      const verified = decode(text);
      if (verified === undefined || gone(instanceId, name, verified)) archives.delete(name);
    }
    if (archives.size === 0) month.delete(instanceId);
  }
}

function encode({ at, result }: Verified): string {
  return result === 'ok' ? at : `${at} ${result}`;
}

function decode(text: string | undefined): Verified | undefined {
  const [at, result = 'ok'] = text?.split(' ') ?? [];
  return isInstant(at) ? { at, result: result as VerifyResult } : undefined;
}

/** `20261124T021500Z_1-2-3` to `2026-11-24`. */
function dayOfName(name: string): string {
  return `${name.slice(0, 4)}-${name.slice(4, 6)}-${name.slice(6, 8)}`;
}

function plain(month: Month): Record<string, Record<string, string>> {
  const sorted = <Value>(map: ReadonlyMap<string, Value>) =>
    [...map].sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(
    sorted(month).map(([instance, archives]) => [instance, Object.fromEntries(sorted(archives))]),
  );
}

async function inTurns<Item>(items: Iterable<Item>, work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: RECORDS_AT_ONCE }, worker));
}
