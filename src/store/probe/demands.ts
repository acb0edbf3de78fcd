/** Why a key is refused that has its rights: the bucket may demand what the program never sends. Tried once a request was refused, to say what to change. */
import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
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

/** A put of the object `name` that was refused. Two requests more. */
export async function refusedPut(
  check: string,
  refusal: Refusal,
  { context, name }: { readonly context: ProbeContext; readonly name: string },
): Promise<Finding> {
  if (refusal.answer?.status !== 403) return failing(check, refusal.error);
  for (const kind of ['AES256', 'aws:kms']) {
    const header = [ENCRYPTION, kind] as const;
    const taken = await put(context, name, SOUND, { header, note: `${ENCRYPTION}: ${kind}` });
    const { status = 403 } = taken.ok ? { status: 200 } : (taken.answer ?? {});
    // Ceph without TLS lets it pass by then, and has no key to encrypt with: 400.
    if (status !== 403 && status < 500) return explained(check, refusal, demandsEncryption(kind));
  }
  return inTheClear(check, refusal, context);
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
