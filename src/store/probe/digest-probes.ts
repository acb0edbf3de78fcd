/** What `check` says of digests: what is checked on arrival, what an archive's objects are proved by, and whether an abort costs one. */
import { createHash } from 'node:crypto';
import { type CheckFacts, type Finding, failing, notTried, passed, warned } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import type { ProviderProfile } from '../s3/provider-profile.ts';
import { proofInWords, reliable, type Traits } from '../s3/reliance.ts';
import type { Probe, ProbeContext } from './context.ts';
import {
  CHECK_HEADERS,
  type CheckTrial,
  type Honour,
  SOUND,
  traitsOf,
  tryParts,
  tryWhole,
} from './digest-trial.ts';
import { put } from './requests.ts';
import { assertKeeps } from './verdict.ts';

const WHOLE = 'whole';
const IN_PARTS = 'in-parts';

/** Every object that these trials make. */
export const DIGEST_NAMES = [WHOLE, IN_PARTS];

interface Tried {
  readonly trials: readonly CheckTrial[];
  /** Whether the digest of the body that is signed with the request is compared with the body. */
  readonly signed: Honour;
  readonly traits: Traits;
  /** What a run will go by. */
  readonly inForce: ProviderProfile;
}

/** `choose`: nobody has named the profile. */
export function digestProbes(
  folder: ProbeContext,
  choose: boolean,
): (readonly [name: string, probe: Probe])[] {
  let trying: Promise<Tried> | undefined;
  const tried = () => {
    trying ??= tryAll(folder, choose);
    return trying;
  };
  // All trials are the proof of each of the three, and each shows those requests that it goes by.
  const shown = (pattern: RegExp) => folder.requests.filter((request) => pattern.test(request));
  return [
    [
      'checks-on-arrival',
      async () => {
        const found = await tried();
        const finding = { ...tellChecks(found), requests: shown(/^(PutObject|UploadPart)/) };
        return { finding, traits: found.traits };
      },
    ],
    ['proof', async () => ({ finding: { ...tellProof(await tried()), requests: shown(/^HeadObject/) } })],
    [
      'aborted-uploads',
      async () => {
        const { traits } = await tried();
        return { finding: { ...tellAborts(folder, traits), requests: shown(/ in-parts/) } };
      },
    ],
  ];
}

/** Both checks of a body in full, whatever the profile says. */
async function tryAll(folder: ProbeContext, choose: boolean): Promise<Tried> {
  const trials: CheckTrial[] = [];
  for (const check of ['crc32', 'content-md5'] as const) {
    const whole = await tryWhole(folder, WHOLE, check);
    const parts = whole.failure ? undefined : await tryParts(folder, IN_PARTS, check);
    trials.push({ check, whole, ...(parts && { parts }) });
  }
  const signed = await trySignedDigest(folder);
  const traits = traitsOf(trials);
  return { trials, signed, traits, inForce: reliable(folder.bucket.profile, traits, choose) };
}

async function trySignedDigest(context: ProbeContext): Promise<Honour> {
  const { bucket } = context;
  const digest = createHash('sha256').update('other bytes').digest('hex');
  const payloadHeaders = () => ({ 'x-amz-content-sha256': digest });
  const note = 'x-amz-content-sha256 of other bytes';
  const sent = await put({ ...context, bucket: { ...bucket, payloadHeaders } }, WHOLE, SOUND, { note });
  return sent.ok ? 'ignored' : sent.answer?.status === 400 ? 'verified' : 'untold';
}

function tellChecks({ trials, signed, traits, inForce }: Tried): Finding {
  const facts: Record<string, string> = {};
  for (const { check, whole, parts } of trials) {
    facts[CHECK_HEADERS[check]] = whole.honour;
    facts[`${CHECK_HEADERS[check]} of a part`] = parts?.honour ?? 'not-tried';
  }
  facts['x-amz-content-sha256'] = signed;
  const verified = Object.keys(facts).filter((name) => facts[name] === 'verified');
  const list = verified.join(', ') || 'none';
  if (inForce.bodyCheckHonoured) return passed('checks-on-arrival', `verified: ${list}`, facts);
  const sent = CHECK_HEADERS[inForce.bodyCheck];
  const honour = `is ${facts[sent]}, with a part ${facts[`${sent} of a part`]}`;
  const seen = traits.bodyChecks
    ? honour
    : `${honour}, but not all trials came to an end, so nothing is relied on`;
  const detail = `${sent}, which goes with every body, ${seen}; verified: ${list}`;
  const after = `What was stored is proved by ${proofInWords(inForce)}.`;
  const hint =
    signed === 'verified' ? `The body's SHA-256 is signed besides, and that is verified. ${after}` : after;
  return warned('checks-on-arrival', detail, hint, facts);
}

/** Invariant 5, tried out. */
function tellProof({ traits, inForce }: Tried): Finding {
  if (traits.abortSparesObject === false)
    return notTried(
      'proof',
      'what was stored in parts was gone before it could be looked at (aborted-uploads)',
    );
  const { echo, md5Etags } = inForce;
  const by = proofInWords(inForce);
  const facts: CheckFacts = {
    single: echo !== 'none' || md5Etags !== 'none' ? 'checksum' : 'none',
    multipart: echo !== 'none' || md5Etags === 'all' ? 'checksum' : 'none',
    md5Etags: traits.md5Etags ?? 'none',
    checksums: traits.echoes?.join(', ') || 'none',
    by,
  };
  if (facts['multipart'] === 'checksum') return passed('proof', `by ${by}`, facts);
  const which = facts['single'] === 'checksum' ? 'objects in parts' : 'objects';
  const detail = `the store proves nothing of ${which}: each is read back after its upload`;
  const hint =
    'That doubles the traffic and is as safe. Without a KMS key, or with the right profile, it may be spared.';
  return warned('proof', detail, hint, facts);
}

/** Fails where a finished object does not outlive it that another upload to its key is given up. */
function tellAborts({ bucket }: ProbeContext, { abortSparesObject }: Traits): Finding {
  if (abortSparesObject === undefined)
    return notTried('aborted-uploads', 'no upload could be finished beside one that was given up');
  try {
    assertKeeps(bucket, { abortSparesObject });
  } catch (error) {
    return failing('aborted-uploads', asArchiverError(error));
  }
  const detail = 'a finished object stays when another upload to its key is given up';
  return passed('aborted-uploads', detail, { sparesObject: true });
}
