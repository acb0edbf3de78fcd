/** Probes of object lock: is the bucket made for it, does it keep versions beside it, and does it lock what this program asks it to. */
import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import { type Finding, failing, notTried, passed, warned } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import { toInstant } from '../../domain/instant.ts';
import type { ObjectLock } from '../../domain/object-lock.ts';
import { retainObject, storageInput } from '../s3/lock.ts';
import { attempt, type Probe, type ProbeContext } from './context.ts';
import { BODY } from './objects.ts';
import { headersAt, putChecked, uploadParts } from './requests.ts';

/** Milliseconds. Long enough for a clock that is a little behind, short enough that nobody waits for the small objects to be free again. */
const TRIAL = 5 * 60_000;

/** `wanted`: whether the configuration has anything locked. Only then objects are locked for the trial, by the mode that is easiest undone. */
export function probeObjectLock(wanted: boolean): Probe {
  return async (context) => {
    const asked = await configurationOf(context);
    if (!wanted) return { finding: asked.finding };
    if (asked.enabled === false)
      return {
        finding: failing('object-lock', {
          code: 'store-refused',
          message: '`objectLock` is configured, and the bucket has no object lock',
          hint: 'Make a bucket with object lock, or turn it on where the store lets one, or take `objectLock` out of the configuration.',
        }),
      };
    return { finding: await tryLocking(context, asked.finding) };
  };
}

interface Configuration {
  readonly finding: Finding;
  /** Undefined where it is not told. */
  readonly enabled?: boolean;
}

async function configurationOf(context: ProbeContext): Promise<Configuration> {
  const { client, name } = context.bucket;
  const command = new GetObjectLockConfigurationCommand({ Bucket: name });
  const asked = await attempt(context, 'ask for the object lock of', '', (options) =>
    client.send(command, options),
  );
  if (!asked.ok) return notTold(asked.answer?.code, asked.answer?.status);
  const { ObjectLockEnabled, Rule } = asked.output.ObjectLockConfiguration ?? {};
  const { Mode, Days, Years } = Rule?.DefaultRetention ?? {};
  if (ObjectLockEnabled !== 'Enabled') return OFF;
  const span = Days === undefined ? `${Years ?? 0} years` : `${Days} days`;
  const rule = Mode === undefined ? 'no default retention' : `${Mode} for ${span} by default`;
  // It holds for the small objects of every check and for what is kept of notices, too.
  const hint = Mode === undefined ? '' : 'That locks whatever is put; `objectLock` locks the archives alone.';
  const facts = { enabled: true, mode: Mode ?? 'none' };
  return { finding: passed('object-lock', `on, ${rule}`, facts, hint), enabled: true };
}

const OFF: Configuration = { finding: passed('object-lock', 'off', { enabled: false }), enabled: false };

function notTold(code: string | undefined, status: number | undefined): Configuration {
  if (code === 'ObjectLockConfigurationNotFoundError' || status === 404) return OFF;
  if (status === 403)
    return {
      finding: notTried('object-lock', 'the key may not ask (s3:GetBucketObjectLockConfiguration)'),
    };
  return { finding: notTried('object-lock', `the store does not tell (${code ?? status})`) };
}

/** Locks two small objects as a run would lock an archive's: one put whole, one in parts. */
async function tryLocking(context: ProbeContext, { detail, verdict, facts }: Finding): Promise<Finding> {
  const { bucket, signal } = context;
  const [mode = 'governance'] = bucket.profile.lockModes;
  const storage = { lock: { mode, until: toInstant(bucket.clock.now() + TRIAL) } };
  const ways: Record<string, string> = {};
  for (const [name, send] of Object.entries(WAYS)) {
    const sent = await send(context, name, storageInput(storage));
    if (!sent.ok) return failing('object-lock', sent.error);
    ways[name] = (await isShown(context, name)) ? 'with the upload' : 'by a request of its own';
    try {
      await retainObject(bucket, context.keyOf(name), storage, signal);
    } catch (error) {
      signal.throwIfAborted();
      return failing('object-lock', asArchiverError(error));
    }
  }
  return passed('object-lock', inWords(verdict === 'ok' ? detail.replace(/^on,/, ';') : '', mode, ways), {
    ...facts,
    ...ways,
  });
}

const WAYS = {
  locked: (context: ProbeContext, name: string, input: ReturnType<typeof storageInput>) =>
    putChecked(context, name, BODY, {}, input),
  'locked-in-parts': (context: ProbeContext, name: string, input: ReturnType<typeof storageInput>) =>
    uploadParts(context, name, [BODY], {}, input),
} as const;

/** Every object that these probes make. */
export const LOCK_NAMES = Object.keys(WAYS);

async function isShown(context: ProbeContext, name: string): Promise<boolean> {
  const headers = await headersAt(context, name);
  return headers.ok && headers.output['x-amz-object-lock-mode'] !== undefined;
}

function inWords(detail: string, mode: ObjectLock['mode'], ways: Readonly<Record<string, string>>): string {
  const [single, inParts] = [ways['locked'], ways['locked-in-parts']];
  const how = single === inParts ? single : `${single}, in parts ${inParts}`;
  return `locks ${how} (tried by ${mode}, for 5 minutes)${detail}`;
}

/** Without versions a locked object can neither be deleted nor replaced: what a killed run left would block its archive. */
export const probeVersioning: Probe = async (context) => {
  const { client, name } = context.bucket;
  const command = new GetBucketVersioningCommand({ Bucket: name });
  const asked = await attempt(context, 'ask for the versioning of', '', (options) =>
    client.send(command, options),
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

export function wantsLock(rules: readonly { readonly mode: string; readonly legalHold: boolean }[]): boolean {
  return rules.some(({ mode, legalHold }) => mode !== 'none' || legalHold);
}
