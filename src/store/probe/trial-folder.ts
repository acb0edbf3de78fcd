/** A folder for the objects of one measurement: two that go on at once must not find, or remove, each other's. */
import { randomBytes } from 'node:crypto';
import type { Bucket } from '../s3/client.ts';
import { listObjects } from '../s3/list.ts';
import { attempt, type ProbeContext } from './context.ts';
import { remove } from './requests.ts';

const PREFIX = 'trial-';

/** Milliseconds. A measurement takes seconds: what is older was left by a process that was killed, or that may not delete. */
const LEFTOVER_AGE = 86_400_000;

/** `keyOf` makes the keys below which it lies. */
export function openTrialFolder(
  bucket: Bucket,
  keyOf: (name: string) => string,
  signal: AbortSignal,
): ProbeContext {
  const folder = `${PREFIX}${randomBytes(8).toString('hex')}`;
  return { bucket, signal, requests: [], keyOf: (name) => keyOf(`${folder}/${name}`) };
}

/** Removes what lies in old ones, as far as the key may. One request, and one for each object. */
export async function removeOldTrials(context: ProbeContext, keyOf: (name: string) => string): Promise<void> {
  const { bucket, signal } = context;
  const prefix = keyOf('');
  const old = bucket.clock.now() - LEFTOVER_AGE;
  await attempt(context, `ListObjects ${PREFIX}`, async () => {
    for await (const { key, modifiedAt } of listObjects(bucket, keyOf(PREFIX), { signal }))
      if (modifiedAt !== undefined && modifiedAt < old)
        await remove({ ...context, keyOf }, key.slice(prefix.length));
  });
}
