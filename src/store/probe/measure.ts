/** Finds out in a few requests what a run relies on: which proof holds, whether put-if-absent does, and that no abort costs an archive. */
import type { Bucket } from '../s3/client.ts';
import type { BodyCheck, Traits } from '../s3/reliance.ts';
import { honourOfPut } from './conditions.ts';
import type { ProbeContext } from './context.ts';
import { type CheckTrial, traitsOf, tryParts, tryWhole } from './digest-trial.ts';
import { LOCK_TRIAL_NAMES, tryLock } from './lock-trial.ts';
import { remove } from './requests.ts';
import { openTrialFolder, removeOldTrials } from './trial-folder.ts';

export interface MeasureOptions {
  /** Makes the keys below which all objects lie. */
  readonly keyOf: (name: string) => string;
  readonly signal: AbortSignal;
  /** Nobody has named the profile: then the cheapest proof is looked for. */
  readonly choose: boolean;
  /** Whether anything is to be locked, and so a lock to be tried. */
  readonly locks: boolean;
}

export interface Measured {
  readonly traits: Traits;
  /** A line each. */
  readonly requests: readonly string[];
}

const OBJECT = 'object';

/** Rejects where not even one small object could be put, and with the signal's reason. */
export async function measure(bucket: Bucket, options: MeasureOptions): Promise<Measured> {
  const { choose, locks, keyOf, signal } = options;
  const { bodyCheck, ifAbsent: condition, ifAbsentHonoured } = bucket.profile;
  const context = openTrialFolder(bucket, keyOf, signal);
  await removeOldTrials(context, keyOf);
  try {
    const trials = await tryChecks(context, choose ? ['crc32', 'content-md5'] : [bodyCheck]);
    const believed = ifAbsentHonoured ? condition : undefined;
    const honour = believed && (await honourOfPut(context, OBJECT, believed));
    const lock = locks ? await tryLock(context) : undefined;
    const traits: Traits = {
      ...traitsOf(trials),
      ...(believed && { ifAbsent: honour === 'honoured' ? [believed[0]] : [] }),
      ...(lock && { lock }),
    };
    return { traits, requests: context.requests };
  } finally {
    await removeAll(context, [OBJECT, ...(locks ? LOCK_TRIAL_NAMES : [])]);
  }
}

/** In this order until one proves what a run needs, or the store is to be refused; the last one is tried in full, for it is what is left. */
async function tryChecks(context: ProbeContext, checks: readonly BodyCheck[]): Promise<CheckTrial[]> {
  const trials: CheckTrial[] = [];
  for (const [index, check] of checks.entries()) {
    const whole = await tryWhole(context, OBJECT, check);
    const isLast = index === checks.length - 1;
    if (whole.failure && (isLast || whole.honour === 'untold')) throw whole.failure.error;
    const isPromising = whole.honour === 'verified' && whole.answers?.right.some((name) => name !== 'etag');
    const parts = isPromising || isLast ? await tryParts(context, OBJECT, check) : undefined;
    trials.push({ check, whole, ...(parts && { parts }) });
    const { echoes = [], abortSparesObject } = traitsOf(trials);
    if (echoes.length > 0 || abortSparesObject === false) break;
  }
  return trials;
}

/** As far as the key may: what stays is small, and a later measurement may have better luck. */
async function removeAll(context: ProbeContext, names: readonly string[]): Promise<void> {
  if (context.signal.aborted) return;
  for (const name of names) await remove(context, name);
}
