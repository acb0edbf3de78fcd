/**
 * One multipart upload, by our own loop: `lib-storage` has dropped failed parts and completed objects without them.
 * Parts are sent as they are filled; the upload is completed only when every part is known to lie there, and given up only after
 * every part has settled, since a part that outlives its upload is stored, and billed, for ever.
 */
import type { Clock } from '../../domain/clock.ts';
import { ArchiverError } from '../../domain/errors.ts';
import type { SentBody } from './body-digest.ts';
import type { Bucket } from './client.ts';
import { answerOf } from './errors.ts';
import type { FilledPart } from './fill-parts.ts';
import { giveUpUpload } from './give-up.ts';
import { compareHeld, headObject } from './head.ts';
import {
  completeUpload,
  createUpload,
  type NewUpload,
  type StoredPart,
  sendPart,
} from './multipart-requests.ts';

export interface MultipartOptions extends NewUpload {
  /** The caller's: cancels requests on their way. */
  readonly signal: AbortSignal;
  /** Called with the first failure of any part, so that nobody fills further ones. */
  readonly onFailure: (cause: unknown) => void;
}

export interface MultipartUpload {
  /** Takes the part over and sends it; resolves as soon as another one may come. Failures go to `onFailure`. */
  add(part: FilledPart): Promise<void>;
  /** Resolves when no part is on its way any more. */
  settled(): Promise<void>;
  /** Makes the object visible. All parts must have settled well. */
  complete(sent: SentBody): Promise<void>;
  /**
   * Settles all parts and removes what was uploaded. Rejects with nothing that would hide why, but for `archive-damaged`: that giving up
   * has cost a finished object is worse than any reason to do so.
   */
  giveUp(): Promise<void>;
}

/** Milliseconds that each of the two steps of giving up may take, whatever has become of the caller's signal: a pod is killed after sixty seconds. */
const GIVE_UP_TIMEOUT = 20_000;

export function beginMultipartUpload(bucket: Bucket, options: MultipartOptions): MultipartUpload {
  const { key, signal } = options;
  const created = create(bucket, options);
  const stored = new Map<number, StoredPart>();
  const inFlight = new Set<Promise<void>>();
  let begun = 0;

  async function send(part: FilledPart): Promise<void> {
    try {
      const [uploadId, digest] = await Promise.all([created, part.digest]);
      const etag = await sendPart(bucket, { key, id: uploadId }, { ...part, digest }, signal);
      stored.set(part.number, { number: part.number, etag, digest });
    } catch (error) {
      options.onFailure(error);
    } finally {
      // Until it is there the buffer is read.
      await part.digest.catch(() => undefined);
      part.release();
    }
  }

  async function settled(): Promise<void> {
    await Promise.all(inFlight);
  }

  return {
    settled,
    async add(part) {
      begun += 1;
      const sending: Promise<void> = send(part).finally(() => inFlight.delete(sending));
      inFlight.add(sending);
      while (inFlight.size >= bucket.profile.partsInFlight) await Promise.race(inFlight);
    },
    async complete(sent) {
      const parts = listParts(stored, begun, sent.size);
      const uploadId = await created;
      await complete(bucket, key, uploadId, parts, sent, signal);
      bucket.uploadsInHand.delete(uploadId);
    },
    async giveUp() {
      await settled();
      try {
        await abandon(bucket, key, await created);
      } catch (error) {
        if (error instanceof ArchiverError && error.code === 'archive-damaged') throw error;
        // Not begun, already gone, or out of reach: the bucket's lifecycle rule takes what is left, and the first cause is told.
      }
    },
  };
}

/** Not cancelled at once with the rest: an upload whose id we never hear could not be given up. */
async function create(bucket: Bucket, { signal, ...upload }: MultipartOptions): Promise<string> {
  const patience = createPatience(bucket.clock);
  signal.addEventListener('abort', patience.runOut);
  try {
    const uploadId = await createUpload(bucket, upload, patience.signal);
    bucket.uploadsInHand.add(uploadId);
    return uploadId;
  } finally {
    signal.removeEventListener('abort', patience.runOut);
    patience.end();
  }
}

/** The parts in order, after asserting that none is missing and that they are as long as what was sent. */
function listParts(
  stored: ReadonlyMap<number, StoredPart>,
  begun: number,
  size: number,
): readonly StoredPart[] {
  const parts = Array.from({ length: begun }, (_, index) => {
    const part = stored.get(index + 1);
    if (part === undefined)
      throw new ArchiverError('internal', `part ${index + 1} of ${begun} was never stored`);
    return part;
  });
  const total = parts.reduce((bytes, { digest }) => bytes + digest.size, 0);
  if (total !== size) throw new ArchiverError('internal', `the parts hold ${total} bytes of ${size}`);
  return parts;
}

async function complete(
  bucket: Bucket,
  key: string,
  uploadId: string,
  parts: readonly StoredPart[],
  sent: SentBody,
  signal: AbortSignal,
): Promise<void> {
  try {
    await completeUpload(bucket, { key, id: uploadId }, parts, signal);
  } catch (error) {
    if (!(await completedAfterAll(bucket, key, sent, error, signal))) throw error;
  }
}

/**
 * The store may have completed the upload and only its answer was lost: then the SDK's next attempt hears `NoSuchUpload`, or every
 * one times out. The object itself tells. Where it cannot (no digest to compare), the upload's disappearance counts, and the
 * receipt will say that nothing was proved.
 */
async function completedAfterAll(
  bucket: Bucket,
  key: string,
  sent: SentBody,
  error: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = answerOf(error);
  if (answer === undefined || (error instanceof ArchiverError && error.code === 'store-refused'))
    return false;
  const held = await headObject(bucket, key, signal).catch(() => undefined);
  if (held === undefined) return false;
  const verdict = compareHeld(held, sent, bucket.profile);
  return verdict === 'same' || (verdict === 'unknown' && answer.code === 'NoSuchUpload');
}

async function abandon(bucket: Bucket, key: string, uploadId: string): Promise<void> {
  const patience = createPatience(bucket.clock);
  patience.runOut();
  try {
    await giveUpUpload(bucket, { key, id: uploadId }, patience.signal);
  } finally {
    patience.end();
    // Where it failed, a later sweep may try again.
    bucket.uploadsInHand.delete(uploadId);
  }
}

/** A signal that is aborted some time after `runOut()`: what must not be cancelled may not hold up the end either. */
function createPatience(clock: Clock) {
  const controller = new AbortController();
  const alarm = clock.alarm(GIVE_UP_TIMEOUT, () => controller.abort());
  return { signal: controller.signal, runOut: () => alarm.restart(), end: () => alarm.stop() };
}
