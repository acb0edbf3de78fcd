/** Probes of single objects: can they be put, read and proved, are they encrypted, what checks does the store make. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { failing, passed, warned } from '../../domain/check.ts';
import { type DigestWishes, sentWhole } from '../s3/body-digest.ts';
import { compareHeld, headObject, looksLikeMd5, plainEtag, usesKey } from '../s3/head.ts';
import type { ProviderProfile } from '../s3/provider-profile.ts';
import type { Probe, ProbeContext, Traits } from './context.ts';
import { bytesAt, headersAt, put, putChecked, uploadParts } from './requests.ts';

export const BODY = Buffer.from('rdb-archiver check: this small object may be deleted at any time.\n');

/** What is asked for to hear whether ETags are MD5s. */
const MD5_ONLY: DigestWishes = { bodyCheck: 'content-md5', echo: 'none', md5Etags: 'all' };

const ECHOES = ['x-amz-checksum-crc32', 'x-cos-hash-crc64ecma', 'x-oss-hash-crc64ecma'] as const;

/** Everything else builds upon this one. */
export const probeWriteRead: Probe = async (context) => {
  const stored = await putChecked(context, 'object', BODY);
  if (!stored.ok) return { finding: failing('write-and-read', stored.error) };
  const back = await bytesAt(context, 'object');
  if (!back.ok) return { finding: failing('write-and-read', back.error) };
  if (back.output.equals(BODY))
    return { finding: passed('write-and-read', 'an object comes back as it was put') };
  const message = `${context.keyOf('object')} came back with other bytes than were put`;
  const hint = 'Something between here and the store changes bytes: look for a proxy that does.';
  return { finding: failing('write-and-read', { code: 'store-failed', message, hint }) };
};

export const probeEncryption: Probe = async (context) => {
  const facts = await headersAt(context, 'object');
  if (!facts.ok) return { finding: failing('encryption', facts.error) };
  const kind = facts.output['x-amz-server-side-encryption'] ?? 'none';
  const keyed = usesKey(kind, facts.output['x-amz-server-side-encryption-customer-algorithm']);
  const detail = keyed ? `${kind}: under a key of KMS an ETag proves nothing` : kind;
  const said = kind === 'none' ? 'the store tells of none' : detail;
  return { finding: passed('encryption', said, { algorithm: kind, kms: keyed }) };
};

interface BodyCheckTrial {
  readonly name: string;
  readonly profile?: ProviderProfile['bodyCheck'];
  readonly right: Readonly<Record<string, string>>;
  readonly wrong: Readonly<Record<string, string>>;
}

const WRONG = Buffer.from('other bytes');

const TRIALS: readonly BodyCheckTrial[] = [
  trial(
    'Content-MD5',
    'content-md5',
    (bytes) => createHash('md5').update(bytes).digest('base64'),
    'content-md5',
  ),
  trial('x-amz-checksum-crc32', 'x-amz-checksum-crc32', crc32Text, 'crc32'),
  trial('x-amz-checksum-sha256', 'x-amz-checksum-sha256', (bytes) => sha256(bytes).toString('base64')),
  // The one that is signed, and so there in every request.
  trial('x-amz-content-sha256', 'x-amz-content-sha256', (bytes) => sha256(bytes).toString('hex')),
];

/** Sends each with the digest of other bytes: a store that checks it refuses. One that refuses the right digest too does not know the header. */
export const probeBodyChecks: Probe = async (context) => {
  const { profile } = context.bucket;
  const results: Record<string, string> = {};
  const bodyChecks: ProviderProfile['bodyCheck'][] = [];
  for (const { name, right, wrong, profile: claimed } of TRIALS) {
    const accepted = await put(context, 'checked', { Body: BODY }, right);
    const refused = accepted.ok && !(await put(context, 'checked', { Body: BODY }, wrong)).ok;
    results[name] = accepted.ok ? (refused ? 'verified' : 'ignored') : 'refused';
    if (refused && claimed) bodyChecks.push(claimed);
  }
  const verified = Object.keys(results).filter((name) => results[name] === 'verified');
  const traits: Traits = { bodyChecks };
  if (bodyChecks.includes(profile.bodyCheck))
    return { finding: passed('checks-on-arrival', `verified: ${verified.join(', ')}`, results), traits };
  const sent = TRIALS.find((one) => one.profile === profile.bodyCheck)?.name;
  const detail = `${sent}, which the profile sends, is ${results[sent ?? '']}; verified: ${verified.join(', ') || 'none'}`;
  const hint =
    verified.length > 0
      ? 'Bytes are checked on arrival all the same, and proved after storing.'
      : 'Bytes are proved only after they are stored: set ARCHIVER_READBACK=always where that matters.';
  return { finding: warned('checks-on-arrival', detail, hint, results), traits };
};

/** Invariant 5, tried out: what the program would accept as proof that an object, and one in parts, holds the right bytes. */
export const probeProof: Probe = async (context) => {
  const inParts = await uploadParts(context, 'multipart', [BODY]);
  const single = await proofOf(context, 'object', false);
  const multipart = inParts.ok ? await proofOf(context, 'multipart', true) : undefined;
  const { keyed } = single;
  const md5Etags = multipart?.md5Etag && single.md5Etag ? 'all' : single.md5Etag ? 'single-put' : 'none';
  const traits: Traits = {
    echoes: ECHOES.filter((name) => single.echoes.includes(name)),
    ...(keyed ? {} : { md5Etags }),
  };
  const facts = {
    single: single.proof,
    multipart: multipart?.proof ?? 'not-tried',
    md5Etags,
    checksums: single.echoes.join(', ') || 'none',
  };
  const unproved = [single, multipart].filter((one) => one !== undefined && one.proof !== 'checksum');
  if (unproved.length === 0)
    return { finding: passed('proof', `by ${single.echoes[0] ?? 'MD5 ETags'}`, facts), traits };
  const which = single.proof === 'checksum' ? 'objects in parts' : 'objects';
  const detail = `the store proves nothing of ${which}: each is read back after its upload`;
  const hint =
    'That doubles the traffic and is as safe. Without a KMS key, or with the right profile, it may be spared.';
  return { finding: warned('proof', detail, hint, facts), traits };
};

interface Proof {
  readonly proof: 'checksum' | 'none';
  readonly md5Etag: boolean;
  /** Under a key of KMS: then its ETags say nothing of the store. */
  readonly keyed: boolean;
  /** Checksums of its own that are right. */
  readonly echoes: readonly string[];
}

async function proofOf(context: ProbeContext, name: string, multipart: boolean): Promise<Proof> {
  const { bucket, signal } = context;
  const sent = sentWhole(BODY, bucket.profile, multipart);
  const { etag: md5 } = sentWhole(BODY, MD5_ONLY, multipart);
  const held = await headObject(bucket, context.keyOf(name), signal).catch(() => undefined);
  signal.throwIfAborted();
  const headers = await headersAt(context, name);
  const shown = headers.ok ? headers.output : {};
  const echoes: string[] = [];
  for (const echo of ECHOES) {
    const { checksums = [] } = sentWhole(BODY, { ...bucket.profile, echo }, multipart);
    if (checksums.includes(shown[echo] ?? '')) echoes.push(echo);
  }
  const etag = plainEtag(shown['etag'] ?? '');
  return {
    proof: held && compareHeld(held, sent, bucket.profile) === 'same' ? 'checksum' : 'none',
    keyed: held?.keyed === true,
    md5Etag: looksLikeMd5(etag) && etag === md5,
    echoes,
  };
}

function trial(
  name: string,
  header: string,
  digest: (bytes: Uint8Array) => string,
  profile?: ProviderProfile['bodyCheck'],
): BodyCheckTrial {
  return {
    name,
    right: { [header]: digest(BODY) },
    wrong: { [header]: digest(WRONG) },
    ...(profile && { profile }),
  };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function crc32Text(bytes: Uint8Array): string {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest.toString('base64');
}
