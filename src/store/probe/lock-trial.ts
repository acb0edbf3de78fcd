/** Whether a lock holds: two small objects of our own, one of them locked for minutes, and the attempt to delete both for good. */
import { GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { toInstant } from '../../domain/instant.ts';
import { retainObject } from '../s3/lock.ts';
import type { Traits } from '../s3/reliance.ts';
import { attempt, type ProbeContext } from './context.ts';
import { SOUND } from './digest-trial.ts';
import { put, remove } from './requests.ts';

/** Milliseconds. Long enough for a clock that is a little behind, short enough that nobody waits for the small objects to be free again. */
export const LOCK_TRIAL_MS = 5 * 60_000;

const LOCKED = 'locked';
const FREE = 'not-locked';

/** Every object that this makes. */
export const LOCK_TRIAL_NAMES = [LOCKED, FREE];

/**
 * By the mode that is easiest undone; `governance` stops whoever does not ask to bypass it, and nobody asks here. Undefined where nothing could
 * be locked: each archive then says why. Five requests.
 */
export async function tryLock(context: ProbeContext): Promise<Traits['lock']> {
  const { bucket, signal } = context;
  const [mode = 'governance'] = bucket.profile.lockModes;
  const storage = { lock: { mode, until: toInstant(bucket.clock.now() + LOCK_TRIAL_MS) } };
  const free = await put(context, FREE, SOUND);
  const locked = await put(context, LOCKED, SOUND, { storage, note: `locked by ${mode}` });
  if (!free.ok || !locked.ok) return undefined;
  const shown = await attempt(context, `HeadObject ${LOCKED} (the lock is shown)`, () =>
    retainObject(bucket, context.keyOf(LOCKED), storage, signal),
  );
  if (!shown.ok) return undefined;
  const deleted = await remove(context, LOCKED, locked.output);
  // Without a version to name, a delete only hides the locked one where versions are kept.
  if (deleted.ok && locked.output.versionId === undefined && (await keepsVersions(context))) return 'untold';
  if (deleted.ok) return 'not-enforced';
  // A key that may delete no version would be refused anyway.
  return (await remove(context, FREE, free.output)).ok ? 'enforced' : 'untold';
}

async function keepsVersions(context: ProbeContext): Promise<boolean> {
  const { client, name, call } = context.bucket;
  const command = new GetBucketVersioningCommand({ Bucket: name });
  const asked = await attempt(context, 'GetBucketVersioning', () =>
    call('ask for the versioning of', '', context.signal, (options) => client.send(command, options)),
  );
  return !asked.ok || asked.output.Status !== undefined;
}
