/** How the bucket says that it locks. It is asked before anything is locked: a gateway that gives unknown headers back shows every lock it is asked for. */
import { GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import type { Bucket } from './client.ts';
import { answerOf } from './errors.ts';

/** `untold`: the key may not ask, or the store does not answer in a way that one understands. */
export type LockConfiguration =
  | { readonly state: 'on'; readonly byDefault?: { readonly mode: string; readonly span: string } }
  | { readonly state: 'off' }
  | { readonly state: 'untold'; readonly why: 'not-allowed' | 'no-answer'; readonly answer: string };

/** One request. Rejects where nobody answers, or with the signal's reason. */
export async function askHowItLocks(bucket: Bucket, signal: AbortSignal): Promise<LockConfiguration> {
  const { client, name } = bucket;
  const command = new GetObjectLockConfigurationCommand({ Bucket: name });
  try {
    const { ObjectLockConfiguration: found } = await bucket.call(
      'ask for the object lock of',
      '',
      signal,
      (options) => client.send(command, options),
    );
    if (found?.ObjectLockEnabled !== 'Enabled') return { state: 'off' };
    const { Mode: mode, Days, Years } = found.Rule?.DefaultRetention ?? {};
    if (mode === undefined) return { state: 'on' };
    return {
      state: 'on',
      byDefault: { mode, span: Days === undefined ? `${Years ?? 0} years` : `${Days} days` },
    };
  } catch (error) {
    const { code = '', status } = answerOf(error) ?? {};
    if (status === undefined || (status >= 500 && status !== NOT_IMPLEMENTED)) throw error;
    if (code === 'ObjectLockConfigurationNotFoundError' || status === 404) return { state: 'off' };
    const why = status === 403 ? 'not-allowed' : 'no-answer';
    return { state: 'untold', why, answer: `${status} ${code}` };
  }
}

const NOT_IMPLEMENTED = 501;

/** Throws `store-refused` where the bucket has no object lock, or does not know what that is. Who may not ask goes by what becomes of a lock. */
export function assertLocks({ name }: Bucket, found: LockConfiguration): void {
  if (found.state === 'on' || (found.state === 'untold' && found.why === 'not-allowed')) return;
  const why = found.state === 'off' ? 'has no object lock' : `does not tell of object lock (${found.answer})`;
  throw new ArchiverError('store-refused', `\`objectLock\` is configured, and s3://${name} ${why}`, {
    hint: NO_OBJECT_LOCK,
  });
}

const NO_OBJECT_LOCK =
  'Make a bucket with object lock, or turn it on where the store lets one, or take `objectLock` out of the configuration.';
