/** Before a run: how far is this bucket to be relied on. What was seen of it once is looked up, or seen now; a store that loses archives is refused. */
import { type ArchiverError, asArchiverError } from '../../domain/errors.ts';
import type { CallOptions, Preparation } from '../object-store.ts';
import { type Bucket, relyingOn } from '../s3/client.ts';
import { askHowItLocks, assertLocks } from '../s3/lock-configuration.ts';
import { abortUpload, createUpload } from '../s3/multipart-requests.ts';
import { proofInWords, reliable, type Traits } from '../s3/reliance.ts';
import { assertStorageFits, type WantedStorage, wantedClasses, wantsLock } from '../s3/storage-fit.ts';
import { type Circumstances, circumstancesOf, isFresh, MEMORY, recall, remember } from './memory.ts';
import { assertKeeps, keepsArchives } from './verdict.ts';

export interface PrepareOptions {
  /** With the profile as its provider's, or as configured. */
  readonly bucket: Bucket;
  /** Whether nobody has named the profile. */
  readonly choose: boolean;
  readonly wanted: WantedStorage;
  /** The program's version. */
  readonly version: string;
  /** Makes the keys of the probes' objects. */
  readonly keyOf: (name: string) => string;
  /** A key where the dumps of each source lie: an upload is begun there, and given up, where nothing may be put below the probes' keys. */
  readonly dumpKeys: readonly string[];
  /** Told how far the bucket is relied on from now on. */
  readonly rely: (bucket: Bucket) => void;
}

type Seen = Pick<Preparation, 'measured' | 'warning'> & { readonly traits: Traits };

/**
 * One request where the bucket is known, two with object lock. A warning is given once in the life of the process: the next run would only
 * say the same again.
 */
export function createPreparation(options: PrepareOptions): (call: CallOptions) => Promise<Preparation> {
  const { bucket, choose, wanted, rely } = options;
  let warned = false;
  return async ({ signal }) => {
    if (wantsLock(wanted.objectLock)) assertLocks(bucket, await askHowItLocks(bucket, signal));
    const { traits, ...told } = await look(options, signal);
    assertKeeps(bucket, traits);
    const profile = reliable(bucket.profile, traits, choose);
    assertStorageFits(wanted, profile, 'seen');
    rely(relyingOn(bucket, profile));
    const { warning, ...rest } = told;
    if (!warning || warned) return rest;
    warned = true;
    return told;
  };
}

async function look(options: PrepareOptions, signal: AbortSignal): Promise<Seen> {
  const { bucket, choose, wanted, keyOf } = options;
  const locks = wantsLock(wanted.objectLock);
  const { now, memory } = await recall(bucket, keyOf(MEMORY), signal);
  const circumstances = circumstancesOf(options, now);
  if (memory && isFresh(memory, circumstances, bucket.clock) && isEnough(memory.traits, locks))
    return { traits: memory.traits };
  try {
    const { measure } = await import('./measure.ts');
    const { traits, requests } = await measure(bucket, { keyOf, choose, locks, signal });
    const { server } = circumstances;
    const proof = proofInWords(reliable(bucket.profile, traits, choose));
    const measured = { ...(server !== null && { server }), proof, requests: requests.length };
    // What failed half-way may go well the next time.
    const kept = traits.bodyChecks && (await keep(options, { traits, circumstances }, signal));
    return { traits, measured, ...kept };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'store-refused') await assertTakesDumps(options, signal);
    return { traits: {}, warning: notMeasured(error, keyOf('')) };
  }
}

/**
 * Who may put where the dumps of one source lie, and nowhere else, archives these all the same. Rejects with `store-refused` where he may put none:
 * every backup would fail by itself.
 */
async function assertTakesDumps(options: PrepareOptions, signal: AbortSignal): Promise<void> {
  const refusals: ArchiverError[] = [];
  for (const key of options.dumpKeys) {
    const refusal = await refusalOfDump(key, options, signal);
    if (!refusal) return;
    refusals.push(refusal);
  }
  const [first] = refusals;
  if (first) throw first;
}

/** In the storage class that dumps are put in, since a policy may want it. Undefined where the store does not refuse, whatever else came of it. */
async function refusalOfDump(
  key: string,
  { bucket, wanted }: PrepareOptions,
  signal: AbortSignal,
): Promise<ArchiverError | undefined> {
  const [storageClass] = wantedClasses(wanted);
  const storage = storageClass === undefined ? undefined : { storageClass };
  try {
    const id = await createUpload(bucket, { key, contentType: 'application/octet-stream', storage }, signal);
    // A lifecycle rule removes what may not be given up.
    await abortUpload(bucket, { key, id }, signal).catch(() => undefined);
  } catch (thrown) {
    const error = asArchiverError(thrown);
    if (error.code === 'store-refused') return error;
  }
  signal.throwIfAborted();
  return undefined;
}

/** Whoever measured may have had nothing to lock; and no store is refused on what was seen of it a month ago. */
function isEnough(seen: Traits, locks: boolean): boolean {
  return keepsArchives(seen) && (!locks || seen.lock !== undefined);
}

async function keep(
  { bucket, keyOf }: PrepareOptions,
  seen: { readonly traits: Traits; readonly circumstances: Circumstances },
  signal: AbortSignal,
): Promise<Pick<Seen, 'warning'>> {
  try {
    await remember(bucket, keyOf(MEMORY), seen, signal);
    return {};
  } catch (thrown) {
    signal.throwIfAborted();
    const message = `what was seen of the destination could not be kept: ${asArchiverError(thrown).message}`;
    return {
      warning: { message, hint: 'Every run measures it anew, which costs some requests and no safety.' },
    };
  }
}

function notMeasured({ message }: ArchiverError, place: string): NonNullable<Seen['warning']> {
  return {
    message: `what the destination does with an object could not be tried out, so each is read back: ${message}`,
    hint: `Let the credentials put, get and delete below ${place}; \`rdb-archiver check\` says more.`,
  };
}
