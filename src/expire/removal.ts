/**
 * Removes an archive: a note of what is about to happen, the manifest, everything in its folders, its records, the note last of all.
 * Interrupted anywhere, the note lets the next expire finish; nothing without a note is ever taken for a leftover, for it may be a run
 * at work.
 */
import { z } from 'zod';
import { createExpiredThrough } from '../catalog/expired-through.ts';
import { parseRecord } from '../catalog/record-schema.ts';
import { putSmallObject, readSmallObject } from '../catalog/small-object.ts';
import {
  type ArchiveLayout,
  type ArchiveRef,
  KEY_RECORD_KINDS,
  type RecordKind,
} from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { type Instant, isInstant, toEpoch, toInstant } from '../domain/instant.ts';
import type { CallOptions, ListedObject, ObjectStore } from '../store/object-store.ts';
import type { Holds } from './holds.ts';
import type { ExpireKind } from './report.ts';

export interface RemovalTarget {
  readonly ref: ArchiveRef;
  readonly kind: ExpireKind;
}

/**
 * `removed`: nothing is left of it. `held`: somebody held it in the last moment, and nothing was touched. `in-hand`: another expire is
 * removing it. `stays`: its manifest is there, so an interrupted expire had not got far (or it was archived anew), and it is an archive
 * like any other.
 */
export type RemovalResult = 'removed' | 'held' | 'in-hand' | 'stays';

/** What an expire has begun to remove, and may still be at. */
export interface Leftover extends RemovalTarget {
  readonly begunAt: Instant;
}

export interface Progress {
  /** Told each key when it has been deleted. */
  deleted(key: string, bytesStay: boolean): void;
}

export interface Removals {
  /** Said before the first archive of an instance goes: the newest one of those that will. */
  announce(newest: ArchiveRef, options: CallOptions): Promise<void>;
  /** What interrupted expires have left. One listing, one read each. What a newer version of the program has begun is left to it, and told to `foreign`. */
  unfinished(
    options: CallOptions & { readonly foreign: (ref: ArchiveRef, error: ArchiverError) => void },
  ): Promise<readonly Leftover[]>;
  /** Removes an archive. Rejects in the middle where the store fails or refuses: then the next expire finishes. */
  remove(target: RemovalTarget, progress: Progress, options: CallOptions): Promise<RemovalResult>;
  /** Goes on where an interrupted expire has left off. */
  finish(target: Leftover, progress: Progress, options: CallOptions): Promise<RemovalResult>;
  /** Writes and deletes a note that means nothing: rejects where deleting is refused, before anything was attempted. */
  rehearse(options: CallOptions): Promise<{ readonly bytesStay: boolean }>;
}

const NOTE_SCHEMA = 'rdb-archiver/expire-note@1';
const note = z.object({
  schema: z.literal(NOTE_SCHEMA),
  kind: z.enum(['archive', 'quarantine']),
  at: z.string().refine(isInstant),
});

/** From its note to the manifest an expire takes a few requests: a note that is older than this, in milliseconds, is nobody's any more. */
const AT_WORK_MS = 3_600_000;

/** Records of what was found out about an archive; they go with it. */
const ABOUT: readonly RecordKind[] = ['drill', 'holds'];

export interface RemovalPorts {
  readonly store: ObjectStore;
  readonly layout: ArchiveLayout;
  readonly holds: Holds;
  readonly clock: Pick<Clock, 'now'>;
}

export function createRemovals({ store, layout, holds, clock }: RemovalPorts): Removals {
  const noteKey = (ref: ArchiveRef) => layout.recordKey('expire', ref);
  /** What makes it an archive, or a quarantined dump, in the eyes of a run. */
  const commitKey = ({ ref, kind }: RemovalTarget) =>
    kind === 'archive' ? layout.manifestKey(ref) : layout.quarantineRecordKey(ref);

  const writeNote = (
    key: string,
    kind: ExpireKind,
    options: CallOptions & { readonly ifAbsent: boolean },
  ) => {
    const value = { schema: NOTE_SCHEMA, kind, at: toInstant(clock.now()) };
    const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8');
    return putSmallObject(store, key, body, { ...options, contentType: 'application/json' });
  };

  async function remove(
    target: RemovalTarget,
    progress: Progress,
    options: CallOptions,
  ): Promise<RemovalResult> {
    const { ref, kind } = target;
    // Another expire was faster, and what lies there now may be the work of a run that archives it anew.
    if (!(await store.head(commitKey(target), options))) return 'removed';
    // The note is its writer's alone: whoever held the archive meanwhile must find the note of each who could still take it.
    if ((await writeNote(noteKey(ref), kind, { ...options, ifAbsent: true })) === 'exists') return 'in-hand';
    const noted = await find(noteKey(ref), options);
    try {
      // After the note: `hold` writes first and looks for the note then, so that one of the two sees the other.
      if ((await holds.find(ref, options))?.held) {
        await store.delete(noteKey(ref), options);
        return 'held';
      }
      await deleteKey(commitKey(target), progress, options);
    } catch (error) {
      // After any other failure the manifest may be gone, and without the note nobody would ever look for its data.
      if (error instanceof ArchiverError && error.code === 'store-refused')
        await store.delete(noteKey(ref), options).catch(() => undefined);
      throw error;
    }
    return noted === undefined ? 'removed' : clearAway(target, noted, progress, options);
  }

  async function finish(target: Leftover, progress: Progress, options: CallOptions): Promise<RemovalResult> {
    const { ref, begunAt } = target;
    const noted = await find(noteKey(ref), options);
    // Two expires at once: the other one has finished it.
    if (noted === undefined) return 'removed';
    for (const key of [layout.manifestKey(ref), commitKey(target)]) {
      if (!(await store.head(key, options))) continue;
      return Math.abs(clock.now() - toEpoch(begunAt)) < AT_WORK_MS ? 'in-hand' : letStay(target, options);
    }
    return clearAway(target, noted, progress, options);
  }

  async function letStay({ ref }: Pick<RemovalTarget, 'ref'>, options: CallOptions): Promise<RemovalResult> {
    await store.delete(noteKey(ref), options);
    return 'stays';
  }

  /** The manifest is gone: everything that lay there when the note was written goes too, and the note last. */
  async function clearAway(
    { ref }: RemovalTarget,
    noted: ListedObject,
    progress: Progress,
    options: CallOptions,
  ): Promise<RemovalResult> {
    const files = [
      ...(await listAll(layout.quarantineFolder(ref), options)),
      ...(await listAll(layout.dataFolder(ref), options)),
    ];
    const record = layout.quarantineRecordKey(ref);
    const inOrder = [
      ...files.filter(({ key }) => key === record),
      ...files.filter(({ key }) => key !== record),
    ];
    for (const file of inOrder) {
      if (!isOlder(file, noted)) continue;
      // A run that archives the same backup anew puts the same keys: what it has committed is not ours to touch.
      if (await store.head(layout.manifestKey(ref), options)) return letStay({ ref }, options);
      await deleteKey(file.key, progress, options);
    }
    const about = [
      ...ABOUT.map((kind) => layout.recordKey(kind, ref)),
      ...((await keepsKeys(options)) ? KEY_RECORD_KINDS.map((kind) => layout.keyRecordKey(kind, ref)) : []),
    ];
    for (const key of about) {
      if (await store.head(key, options)) await deleteKey(key, progress, options);
    }
    await store.delete(noteKey(ref), options);
    return 'removed';
  }

  /**
   * What came later than the note is a new attempt's, and stays. Both times are the store's, so no two clocks are compared. S3 dates an
   * upload in parts by its beginning, and one that began before the note had its plan from a time before the archive was there: its link
   * is dead by now, since nothing is expired that the cloud may still have.
   */
  function isOlder({ key, modifiedAt: theirs }: ListedObject, { modifiedAt: ours }: ListedObject): boolean {
    if (theirs === undefined || ours === undefined)
      throw new ArchiverError('store-failed', `${store.description} does not say when ${key} was written`, {
        hint: 'Without that nobody can tell it from what a run is writing now; delete it by hand.',
      });
    return theirs < ours;
  }

  let keyRecords: boolean | undefined;

  /** Asked once: where no backup is encrypted, two requests less for each archive. */
  async function keepsKeys(options: CallOptions): Promise<boolean> {
    if (keyRecords !== undefined) return keyRecords;
    let found = false;
    for await (const _ of store.list(layout.keyRecordPrefix(), { ...options, limit: 1 })) found = true;
    keyRecords = found;
    return found;
  }

  async function deleteKey(key: string, progress: Progress, options: CallOptions): Promise<void> {
    const { bytesStay } = await store.delete(key, options);
    progress.deleted(key, bytesStay);
  }

  async function listAll(prefix: string, options: CallOptions): Promise<ListedObject[]> {
    const objects: ListedObject[] = [];
    for await (const object of store.list(prefix, options)) objects.push(object);
    return objects;
  }

  async function find(key: string, options: CallOptions): Promise<ListedObject | undefined> {
    return (await listAll(key, options)).find((object) => object.key === key);
  }

  const expired = createExpiredThrough(store, layout);

  return {
    announce: (newest, options) => expired.advance(newest, newest.startedAt, options),
    remove,
    finish,
    async unfinished(options) {
      const targets: Leftover[] = [];
      for (const { key } of await listAll(layout.recordPrefix('expire'), options)) {
        const ref = layout.parseRecordKey('expire', key);
        const bytes = ref && (await readSmallObject(store, key, options));
        if (!ref || !bytes) continue;
        try {
          const said = note.safeParse(parseRecord(bytes, NOTE_SCHEMA, key)).data;
          // A note that nobody can understand is left alone, as is what it was about.
          if (said) targets.push({ ref, kind: said.kind, begunAt: said.at });
        } catch (error) {
          options.foreign(ref, asArchiverError(error));
        }
      }
      return targets;
    },
    async rehearse(options) {
      const key = `${layout.recordPrefix('expire')}rehearsal`;
      await writeNote(key, 'archive', { ...options, ifAbsent: false });
      return store.delete(key, options);
    },
  };
}
