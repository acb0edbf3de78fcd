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
import { jsonMembers } from './json-members.ts';

export interface Verified {
  readonly at: Instant;
  readonly result: VerifyResult;
}

export interface Verifications {
  /**
   * Tells what is known of the archives of one month (`2026-11`) of a source, one after the other; nothing where the record cannot be
   * understood: then the sentence that says so is the answer. One read, and no more memory than its bytes.
   */
  known(
    source: string,
    month: string,
    tell: (ref: ArchiveRef, verified: Verified) => void,
    options: CallOptions,
  ): Promise<string | undefined>;
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

/** By `STAMP_BACKUP` as in the keys: `INSTANT`, or `INSTANT RESULT` for anything but `ok`. */
type OfInstance = Map<string, string>;

/** A month's record, of which only the instance that is asked for is taken apart: all of it would take ten times its bytes. */
interface Month {
  readonly instances: ReadonlyMap<string, Buffer>;
}

export function createVerifications(store: ObjectStore, layout: ArchiveLayout): Verifications {
  const monthKey = ({ source, startedAt }: ArchiveRef) => layout.verifiedKey(source, startedAt.slice(0, 7));
  const nameOf = (ref: ArchiveRef) => {
    const key = layout.manifestKey(ref);
    return key.slice(key.lastIndexOf('/') + 1, -'.json'.length);
  };
  const refOf = (source: string, instanceId: string, name: string) =>
    layout.parseManifestKey(`${layout.catalogPrefix(source, dayOfName(name), instanceId)}${name}.json`);

  async function readMonth(key: string, lost: string[], options: CallOptions): Promise<Month> {
    const bytes = await readBytes(store, key, options);
    if (bytes === undefined) return { instances: new Map() };
    assertOwnVersion({ schema: schemaIn(bytes) }, RECORD_SCHEMA, `the record ${key}`);
    const month = monthOf(bytes);
    if (month === undefined) lost.push(`${key} is no record of verifications of ours`);
    return month ?? { instances: new Map() };
  }

  const putText = (key: string, text: readonly string[], options: CallOptions) =>
    putSmallObject(
      store,
      key,
      Buffer.from(text.join(''), 'utf8'),
      { ...options, contentType: 'application/json', ifAbsent: false },
      RECORD_LIMIT,
    );

  async function runs(options: CallOptions): Promise<readonly VerifyRun[]> {
    const key = layout.verifyRunsKey();
    const bytes = await readBytes(store, key, options);
    const value = bytes && parseJson(bytes);
    assertOwnVersion(value, RUNS_SCHEMA, `the record ${key}`);
    return runsRecord.safeParse(value).data?.runs ?? [];
  }

  return {
    async known(source, month, tell, options) {
      const lost: string[] = [];
      try {
        const { instances } = await readMonth(layout.verifiedKey(source, month), lost, options);
        for (const [instanceId, value] of instances)
          for (const [name, text] of namesOf(value)) {
            const ref = refOf(source, instanceId, name);
            const verified = decode(text);
            if (ref && verified) tell(ref, verified);
          }
      } catch (error) {
        if (!(error instanceof ArchiverError) || error.code !== 'newer-version') throw error;
        return error.message;
      }
      return lost[0];
    },

    async save(found, gone, options) {
      const byMonth = Map.groupBy(found, ([ref]) => monthKey(ref));
      for (const [key, entries] of byMonth) {
        // Read anew, so that what others have written meanwhile stays.
        const { instances } = await readMonth(key, [], options);
        const source = entries[0]?.[0].source ?? '';
        const byInstance = Map.groupBy(entries, ([ref]) => ref.instanceId);
        const all = [...new Set([...instances.keys(), ...byInstance.keys()])].sort();
        const text = [`{"schema":${JSON.stringify(RECORD_SCHEMA)},"verified":{`];
        for (const instanceId of all) {
          const value = instances.get(instanceId);
          const names: OfInstance = value === undefined ? new Map() : namesOf(value);
          for (const [ref, verified] of byInstance.get(instanceId) ?? []) enter(names, nameOf(ref), verified);
          forget(names, (name, verified) => {
            const ref = refOf(source, instanceId, name);
            return ref === undefined || gone(ref, verified);
          });
          if (names.size === 0) continue;
          text.push(text.length === 1 ? '' : ',', `${JSON.stringify(instanceId)}:${textOf(names)}`);
        }
        await putText(key, [...text, '}}\n'], options);
      }
    },

    async damaged(options) {
      const damaged = new Set<string>();
      const lost: string[] = [];
      for await (const { key } of store.list(layout.verifiedPrefix(), options)) {
        if (key === layout.verifyRunsKey()) continue;
        for (const [instance, value] of (await readMonth(key, lost, options)).instances)
          for (const [name, text] of namesOf(value))
            if (isDamage(decode(text)?.result ?? 'ok')) damaged.add(`${key}\n${instance}\n${name}`);
      }
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
      const text = JSON.stringify({ schema: RUNS_SCHEMA, runs: all.slice(-RUNS_KEPT) });
      await putText(layout.verifyRunsKey(), [text, '\n'], options);
    },
  };
}

const NONE = Buffer.alloc(0);

/** Undefined for what is not there; empty for what is there and cannot be used: far too large, or moved to cold storage. */
async function readBytes(store: ObjectStore, key: string, options: CallOptions): Promise<Buffer | undefined> {
  try {
    const bytes = await readSmallObject(store, key, options, RECORD_LIMIT);
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    const code = error instanceof ArchiverError ? error.code : undefined;
    if (code === 'archive-damaged' || code === 'unreadable-cold') return NONE;
    throw error;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function schemaIn(bytes: Buffer): unknown {
  try {
    for (const { name, value } of jsonMembers(bytes)) if (name === 'schema') return parseJson(value);
  } catch {
    // What is no JSON is of no version.
  }
  return undefined;
}

/** Undefined for anything else. By hand, since a schema library loses ids that JavaScript finds odd, and takes seconds for a large fleet. */
function monthOf(bytes: Buffer): Month | undefined {
  try {
    const members = new Map([...jsonMembers(bytes)].map(({ name, value }) => [name, value]));
    const verified = members.get('verified');
    if (verified === undefined || parseJson(members.get('schema') ?? NONE) !== RECORD_SCHEMA)
      return undefined;
    const instances = new Map<string, Buffer>();
    for (const { name, value } of jsonMembers(verified)) {
      if (!isMapping(JSON.parse(value.toString('utf8')))) return undefined;
      instances.set(name, value);
    }
    return { instances };
  } catch {
    return undefined;
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesOf(value: Buffer): OfInstance {
  const archives = JSON.parse(value.toString('utf8')) as Record<string, unknown>;
  return new Map(
    Object.entries(archives).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function textOf(names: OfInstance): string {
  const sorted = [...names].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

function enter(names: OfInstance, name: string, verified: Verified): void {
  const earlier = decode(names.get(name));
  if (earlier === undefined || earlier.at <= verified.at) names.set(name, encode(verified));
}

function forget(names: OfInstance, gone: (name: string, verified: Verified) => boolean): void {
  for (const [name, text] of names) {
    const verified = decode(text);
    if (verified === undefined || gone(name, verified)) names.delete(name);
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
