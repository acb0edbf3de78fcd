/**
 * What a digest is worth on this bucket: one small object, and the same with one bit flipped on the way, each sent with the digest of the
 * sound one, as a whole and in parts. A store that checks refuses the second; one that computes tells the digest of what lies there; one that
 * merely gives back the header it was sent is found out.
 */
import { type DigestWishes, digestWhole, sentWhole } from '../s3/body-digest.ts';
import { relyingOn } from '../s3/client.ts';
import { looksLikeMd5, plainEtag, usesKey } from '../s3/head.ts';
import type { UnfinishedUpload } from '../s3/multipart-requests.ts';
import type { ProviderProfile } from '../s3/provider-profile.ts';
import type { BodyCheck, Echo, Traits } from '../s3/reliance.ts';
import type { Attempt, ProbeContext } from './context.ts';
import {
  abort,
  beginUpload,
  complete,
  headersAt,
  isVersion,
  put,
  sendOnePart,
  type TrialOptions,
} from './requests.ts';

/** `verified`: refuses the flipped bit. `ignored`: stores it. `refused`: takes not even the right digest. `untold`: neither, it failed. */
export type Honour = 'verified' | 'ignored' | 'refused' | 'untold';

export interface Answers {
  /** Checksums, and the ETag as an MD5, that are those of the bytes which lie there. */
  readonly right: readonly (Echo | 'etag')[];
  /** Those that have the form and are not. */
  readonly wrong: readonly (Echo | 'etag')[];
  /** Under a key of KMS: then its ETags say nothing of the store. */
  readonly keyed: boolean;
}

type Failure = Attempt<unknown> & { readonly ok: false };

export interface DigestTrial {
  readonly honour: Honour;
  /** Absent where there was nothing to be asked, or nobody knows what should lie there. */
  readonly answers?: Answers;
  /** Whether the put made a version that outlives the next; absent where that was not asked. */
  readonly versioned?: boolean;
  /** Why not even the sound one could be stored. */
  readonly failure?: Failure;
}

export interface PartsTrial extends DigestTrial {
  /** Whether the finished object was there after another upload to its key had been given up; absent where that could not be tried. */
  readonly abortSparesObject?: boolean;
}

/** One check of a body, tried. */
export interface CheckTrial {
  readonly check: BodyCheck;
  readonly whole: DigestTrial;
  /** Absent where the whole one has shown that nothing is to be had by this check. */
  readonly parts?: PartsTrial;
}

export const SOUND = Buffer.from('rdb-archiver: this small object may be deleted at any time.\n');
const FLIPPED = Buffer.from(SOUND);
FLIPPED.writeUInt8(FLIPPED.readUInt8(0) ^ 1, 0);

/** In the words of the request's headers. */
export const CHECK_HEADERS = { crc32: 'x-amz-checksum-crc32', 'content-md5': 'Content-MD5' } as const;

const ECHOES: readonly Echo[] = ['x-amz-checksum-crc32', 'x-cos-hash-crc64ecma', 'x-oss-hash-crc64ecma'];

/** Whole: three requests at the most. */
export async function tryWhole(outer: ProbeContext, name: string, check: BodyCheck): Promise<DigestTrial> {
  const context = checkingBy(outer, check);
  const [damaged, right] = trialsOf(context, check);
  const flipped = await put(context, name, FLIPPED, damaged);
  const stored = flipped.ok ? flipped : await put(context, name, SOUND, right);
  if (!stored.ok) return failed(stored);
  const versioned = isVersion(stored.output.versionId);
  return { ...(await inspect(context, name, flipped, false)), versioned };
}

/**
 * In parts, by two uploads to one key, seven requests at the most: the flipped part goes into the first, and where that is refused the sound one
 * into the second, for there are gateways that take no part twice under one number. The one is finished, the other given up.
 */
export async function tryParts(outer: ProbeContext, name: string, check: BodyCheck): Promise<PartsTrial> {
  const context = checkingBy(outer, check);
  const [damaged, right] = trialsOf(context, check);
  const first = await beginUpload(context, name);
  if (!first.ok) return failed(first);
  const second = await beginUpload(context, name);
  if (!second.ok) return giveUp(context, name, [first.output], second);
  const [one, other] = [first.output, second.output];
  const flipped = await sendOnePart(context, name, one, { bytes: FLIPPED, ...damaged });
  const stored = flipped.ok ? flipped : await sendOnePart(context, name, other, { bytes: SOUND, ...right });
  if (!stored.ok) return giveUp(context, name, [one, other], stored);
  const [finished, left] = flipped.ok ? [one, other] : [other, one];
  const completed = await complete(context, name, finished, [stored.output]);
  if (!completed.ok) return giveUp(context, name, [one, other], completed);
  const given = await giveUpBeside(context, name, left);
  const { there, ...seen } = await inspect(context, name, flipped, true);
  return { ...seen, ...(given.ok && there !== undefined && { abortSparesObject: there }) };
}

/** Gives up an upload to the key of the finished object: this one, or another where the store has forgotten it with the part that it refused, as rclone does. */
async function giveUpBeside(
  context: ProbeContext,
  name: string,
  upload: UnfinishedUpload,
): Promise<Attempt<unknown>> {
  const note = 'of the other upload, while the finished object lies there';
  const given = await abort(context, name, upload, note);
  if (given.ok || given.answer?.status !== 404) return given;
  const another = await beginUpload(context, name);
  return another.ok ? abort(context, name, another.output, note) : another;
}

async function giveUp(
  context: ProbeContext,
  name: string,
  uploads: readonly UnfinishedUpload[],
  failure: Failure,
): Promise<DigestTrial> {
  for (const upload of uploads) await abort(context, name, upload);
  return failed(failure);
}

/** Of a request that was in order: what the store does not know it calls bad, unwanted (411) or not implemented. */
function failed(failure: Failure): DigestTrial {
  const isUnknown = [400, 405, 411, 501].includes(failure.answer?.status ?? 0);
  return { honour: isUnknown ? 'refused' : 'untold', failure };
}

/** What goes with the flipped body, and with the sound one: the digest of the sound one. */
function trialsOf({ bucket }: ProbeContext, check: BodyCheck): readonly [TrialOptions, TrialOptions] {
  const digest = digestWhole(SOUND, bucket.profile);
  const header = CHECK_HEADERS[check];
  return [
    { digest, note: `${header} of a body that lost a bit on the way` },
    { digest, note: header },
  ];
}

async function inspect(
  context: ProbeContext,
  name: string,
  flipped: Attempt<unknown>,
  multipart: boolean,
): Promise<DigestTrial & { readonly there?: boolean }> {
  const headers = await headersAt(context, name);
  const there = headers.ok ? { there: headers.output !== undefined } : {};
  const honour = flipped.ok ? 'ignored' : flipped.answer?.status === 400 ? 'verified' : 'untold';
  if (honour === 'untold' || !headers.ok || headers.output === undefined) return { honour, ...there };
  const answers = compare(headers.output, flipped.ok ? FLIPPED : SOUND, multipart);
  const [right, wrong] = [answers.right, answers.wrong].map((names) => names.join(' and ') || 'none');
  context.requests.splice(-1, 1, `HeadObject ${name}: right of what lies there ${right}, wrong ${wrong}`);
  return { honour, ...there, answers };
}

function compare(headers: Readonly<Record<string, string>>, lying: Buffer, multipart: boolean): Answers {
  const keyed = usesKey(
    headers['x-amz-server-side-encryption'],
    headers['x-amz-server-side-encryption-customer-algorithm'],
  );
  const etag = plainEtag(headers['etag'] ?? '');
  const told = (wishes: DigestWishes) => sentWhole(lying, wishes, multipart);
  const shown: (readonly [Echo | 'etag', boolean])[] = ECHOES.filter(
    (echo) => headers[echo] !== undefined,
  ).map((echo) => {
    const { checksums = [] } = told({ bodyCheck: 'crc32', echo, md5Etags: 'none' });
    return [echo, checksums.includes(headers[echo] ?? '')];
  });
  if (looksLikeMd5(etag) && !keyed)
    shown.push(['etag', etag === told({ bodyCheck: 'content-md5', echo: 'none', md5Etags: 'all' }).etag]);
  const named = (isRight: boolean) => shown.filter(([, right]) => right === isRight).map(([name]) => name);
  return { right: named(true), wrong: named(false), keyed };
}

/** What the trials say together. What was right counts, unless it was ever wrong of the like: that once shows it to be given back, not computed. */
export function traitsOf(trials: readonly CheckTrial[]): Traits {
  const answersOf = (of: 'whole' | 'parts') => trials.flatMap((one) => one[of]?.answers ?? []);
  const rightOf = (of: 'whole' | 'parts') => {
    const wrong = new Set(answersOf(of).flatMap((one) => one.wrong));
    return new Set(answersOf(of).flatMap((one) => one.right.filter((name) => !wrong.has(name))));
  };
  const answers = [...answersOf('whole'), ...answersOf('parts')];
  const [whole, parts] = [rightOf('whole'), rightOf('parts')];
  const versioned = trials.flatMap((one) => one.whole.versioned ?? []);
  const spared = trials.flatMap((one) => one.parts?.abortSparesObject ?? []);
  const md5Etags = !whole.has('etag') ? 'none' : parts.has('etag') ? 'all' : 'single-put';
  const isVerified = (one: CheckTrial) => one.whole.honour === 'verified' && one.parts?.honour === 'verified';
  const isTold = trials.every((one) => one.whole.honour !== 'untold' && one.parts?.honour !== 'untold');
  return {
    ...(isTold && { bodyChecks: trials.filter(isVerified).map(({ check }) => check) }),
    echoes: [...whole].filter((name): name is Echo => name !== 'etag' && parts.has(name)),
    ...(answers.some(({ keyed }) => keyed) ? {} : { md5Etags }),
    ...(versioned.length > 0 && { versioned: versioned.some(Boolean) }),
    ...(spared.length > 0 && { abortSparesObject: spared.every(Boolean) }),
  };
}

/** The request as the program would send it if this check were relied on. */
function checkingBy(context: ProbeContext, check: BodyCheck): ProbeContext {
  const profile: ProviderProfile = {
    ...context.bucket.profile,
    bodyCheck: check,
    bodyCheckHonoured: true,
    echo: 'x-amz-checksum-crc32',
    // Else a wrong ETag of a part would be an error; here it is an answer.
    md5Etags: 'none',
  };
  return { ...context, bucket: relyingOn(context.bucket, profile) };
}
