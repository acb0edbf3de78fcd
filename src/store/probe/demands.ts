/** Why a key is refused that has its rights: the bucket may demand what the program never sends. Tried once a request was refused, to say what to change. */
import { GetBucketEncryptionCommand, ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { type Finding, failing } from '../../domain/check.ts';
import { type Attempt, attempt, type ProbeContext } from './context.ts';
import { SOUND } from './digest-trial.ts';
import { put } from './requests.ts';

type Refusal = Attempt<unknown> & { readonly ok: false };

const REQUESTER_PAYS =
  'The bucket has whoever asks pay (requester pays) and takes the request once that is agreed to, which this program never does: use the keys of the account that the bucket belongs to, or turn requester pays off.';

const ENCRYPTION = 'x-amz-server-side-encryption';

/** A listing that was refused. One request more. */
export async function refusedListing(
  check: string,
  refusal: Refusal,
  context: ProbeContext,
): Promise<Finding> {
  if (refusal.answer?.status !== 403) return failing(check, refusal.error);
  const { bucket, keyOf, signal } = context;
  const agreed = { Bucket: bucket.name, Prefix: keyOf(''), MaxKeys: 1, RequestPayer: 'requester' } as const;
  const paid = await attempt(context, 'ListObjects (x-amz-request-payer)', () =>
    bucket.call<unknown>('list', keyOf(''), signal, (options) =>
      bucket.profile.listing === 'v1'
        ? bucket.client.send(new ListObjectsCommand(agreed), options)
        : bucket.client.send(new ListObjectsV2Command(agreed), options),
    ),
  );
  return paid.ok ? explained(check, refusal, REQUESTER_PAYS) : inTheClear(check, refusal, context);
}

/** A put of the object `name` that was refused. Two requests more at the most. */
export async function refusedPut(
  check: string,
  refusal: Refusal,
  { context, name }: { readonly context: ProbeContext; readonly name: string },
): Promise<Finding> {
  if (refusal.answer?.status === 400) return byDefault(check, refusal, context);
  if (refusal.answer?.status !== 403) return failing(check, refusal.error);
  let passed: string | undefined;
  for (const kind of ['AES256', 'aws:kms']) {
    const header = [ENCRYPTION, kind] as const;
    const taken = await put(context, name, SOUND, { header, note: `${ENCRYPTION}: ${kind}` });
    if (taken.ok) return explained(check, refusal, demandsEncryption(kind));
    const { status = 403 } = taken.answer ?? {};
    // The policy lets it pass by then, and the store has no key to encrypt with: Ceph answers 400.
    if (status !== 403 && status < 500) passed ??= kind;
  }
  if (passed === undefined) return inTheClear(check, refusal, context);
  const hint = `${demandsEncryption(passed)} With that header the store refuses otherwise: see to it that it has a key service.`;
  return explained(check, refusal, hint);
}

/** Ceph takes any default encryption for a bucket, and then refuses every put where it has no service for such keys. */
async function byDefault(check: string, refusal: Refusal, context: ProbeContext): Promise<Finding> {
  const { bucket, signal } = context;
  const command = new GetBucketEncryptionCommand({ Bucket: bucket.name });
  const asked = await attempt(context, 'GetBucketEncryption', () =>
    bucket.call('ask for the default encryption of', '', signal, (options) =>
      bucket.client.send(command, options),
    ),
  );
  const [rule] = (asked.ok && asked.output.ServerSideEncryptionConfiguration?.Rules) || [];
  const kind = rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
  if (kind === undefined) return failing(check, refusal.error);
  const hint = `The bucket's default encryption is ${kind}, and the store may have no service for such keys: set one up there, or take the default encryption from the bucket.`;
  return explained(check, refusal, hint);
}

function demandsEncryption(kind: string): string {
  return `The bucket's policy demands the header ${ENCRYPTION}: ${kind}, which this program leaves to the bucket: make ${kind} the bucket's default encryption, and take the demand out of its policy.`;
}

/** What remains: no right, or a policy (aws:SecureTransport) that refuses whatever comes in clear text. */
async function inTheClear(check: string, refusal: Refusal, { bucket }: ProbeContext): Promise<Finding> {
  const { bucket: address } = await bucket.address();
  if (!address.startsWith('http:')) return failing(check, refusal.error);
  const { hint = '' } = refusal.error;
  const also = 'Or its policy demands TLS: give ARCHIVER_S3_ENDPOINT an https:// address.';
  return explained(check, refusal, `${hint} ${also}`.trim());
}

function explained(check: string, { error: { code, message } }: Refusal, hint: string): Finding {
  return failing(check, { code, message, hint });
}
