/** Probes of object lock: is the bucket made for it, does it keep versions beside it, does it lock what this program asks it to, and hold it. */
import { GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { type Finding, failing, notTried, passed, warned } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import { toInstant } from '../../domain/instant.ts';
import type { ObjectLock, Storage } from '../../domain/object-lock.ts';
import { retainObject } from '../s3/lock.ts';
import { askHowItLocks, assertLocks, type LockConfiguration } from '../s3/lock-configuration.ts';
import type { Traits } from '../s3/reliance.ts';
import { attempt, type Probe, type ProbeContext } from './context.ts';
import { SOUND } from './digest-trial.ts';
import { LOCK_TRIAL_MS, tryLock } from './lock-trial.ts';
import { headersAt, put, uploadParts } from './requests.ts';
import { assertKeeps } from './verdict.ts';

/**
 * `wanted`: whether the configuration has anything locked. Only then objects are locked for the trial, by the mode that is easiest undone.
 * `folder` is where nobody else's objects lie.
 */
export function probeObjectLock(wanted: boolean, folder: ProbeContext): Probe {
  return async (context) => {
    const { bucket, signal } = context;
    const asked = await attempt(context, 'GetObjectLockConfiguration', () => askHowItLocks(bucket, signal));
    if (!asked.ok) return { finding: failing('object-lock', asked.error) };
    if (!wanted) return { finding: configured(asked.output) };
    try {
      assertLocks(bucket, asked.output);
      const ways = await tryWays(context);
      const lock = await tryLock({ ...folder, requests: context.requests });
      const traits = lock ? { lock } : {};
      assertKeeps(bucket, traits);
      return { finding: locking(asked.output, { mode: modeOf(context), ways, lock }), traits };
    } catch (error) {
      signal.throwIfAborted();
      return { finding: failing('object-lock', asArchiverError(error)) };
    }
  };
}

function configured(found: LockConfiguration): Finding {
  if (found.state === 'untold') {
    const why =
      found.why === 'not-allowed'
        ? 'the key may not ask (s3:GetBucketObjectLockConfiguration)'
        : `the store does not tell (${found.answer})`;
    return notTried('object-lock', why);
  }
  if (found.state === 'off') return passed('object-lock', 'off', { enabled: false });
  // It holds for the small objects of every check and for what is kept of notices, too.
  const hint = found.byDefault ? 'That locks whatever is put; `objectLock` locks the archives alone.' : '';
  return passed('object-lock', `on, ${inWords(found)}`, factsOf(found), hint);
}

type Way = 'with the upload' | 'by a request of its own';

const WAYS = {
  locked: (context: ProbeContext, name: string, storage: Storage) => put(context, name, SOUND, { storage }),
  'locked-in-parts': (context: ProbeContext, name: string, storage: Storage) =>
    uploadParts(context, name, [SOUND], { storage }),
} as const;

/** Every object that these probes make. */
export const LOCK_NAMES = Object.keys(WAYS);

/** Locks two small objects as a run would lock an archive's: one put whole, one in parts. Rejects where one is not locked. */
async function tryWays(context: ProbeContext): Promise<Record<keyof typeof WAYS, Way>> {
  const { bucket, signal } = context;
  const storage = { lock: { mode: modeOf(context), until: toInstant(bucket.clock.now() + LOCK_TRIAL_MS) } };
  const tryWay = async (name: keyof typeof WAYS): Promise<Way> => {
    const sent = await WAYS[name](context, name, storage);
    if (!sent.ok) throw sent.error;
    const headers = await headersAt(context, name);
    const isShown = headers.ok && headers.output?.['x-amz-object-lock-mode'] !== undefined;
    await retainObject(bucket, context.keyOf(name), storage, signal);
    return isShown ? 'with the upload' : 'by a request of its own';
  };
  return { locked: await tryWay('locked'), 'locked-in-parts': await tryWay('locked-in-parts') };
}

interface Locking {
  readonly mode: ObjectLock['mode'];
  readonly ways: Record<keyof typeof WAYS, Way>;
  readonly lock: Traits['lock'];
}

function locking(found: LockConfiguration, { mode, ways, lock }: Locking): Finding {
  const [single, inParts] = [ways.locked, ways['locked-in-parts']];
  const how = single === inParts ? single : `${single}, in parts ${inParts}`;
  const holds = lock === 'enforced' ? '; a locked version could not be deleted' : '';
  const standing = found.state === 'on' ? `; ${inWords(found)}` : '';
  const verb = lock === 'enforced' ? 'locks' : 'shows locks';
  const detail = `${verb} ${how} (tried by ${mode}, for 5 minutes)${holds}${standing}`;
  const facts = { ...factsOf(found), ...ways, held: lock ?? 'not-tried' };
  return passed('object-lock', detail, facts, lock === 'enforced' ? '' : NOT_TRIED);
}

const NOT_TRIED =
  'Whether the lock holds was not tried, since the key may delete no version: grant s3:DeleteObjectVersion below `state/probe/` for that (deploy/policies).';

function modeOf({ bucket }: ProbeContext): ObjectLock['mode'] {
  return bucket.profile.lockModes[0] ?? 'governance';
}

function inWords({ byDefault }: LockConfiguration & { readonly state: 'on' }): string {
  return byDefault ? `${byDefault.mode} for ${byDefault.span} by default` : 'no default retention';
}

function factsOf(found: LockConfiguration) {
  return found.state === 'on' ? { enabled: true, mode: found.byDefault?.mode ?? 'none' } : {};
}

/** Without versions a locked object can neither be deleted nor replaced: what a killed run left would block its archive. */
export const probeVersioning: Probe = async (context) => {
  const { client, name, call } = context.bucket;
  const command = new GetBucketVersioningCommand({ Bucket: name });
  const asked = await attempt(context, 'GetBucketVersioning', () =>
    call('ask for the versioning of', '', context.signal, (options) => client.send(command, options)),
  );
  if (!asked.ok) {
    const { code, status } = asked.answer ?? {};
    const why =
      status === 403
        ? 'the key may not ask (s3:GetBucketVersioning)'
        : `the store does not tell (${code ?? status})`;
    return { finding: notTried('versioning', why) };
  }
  const status = asked.output.Status ?? 'off';
  const facts = { status };
  if (status === 'Enabled') return { finding: passed('versioning', 'on', facts) };
  const hint =
    'Turn it on beside object lock: else a dump that a killed run has left locked cannot be replaced, and its backup not archived.';
  return { finding: warned('versioning', status === 'off' ? 'off' : 'suspended', hint, facts) };
};
