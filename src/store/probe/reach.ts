/** Whether the bucket answers at all, at which address, and who can read along on the way. */
import { type Finding, failing, notTried, passed, warned } from '../../domain/check.ts';
import { type Bucket, openBucket, type S3ClientOptions } from '../s3/client.ts';
import { destinationInForce } from '../s3/in-force.ts';
import { listObjects } from '../s3/list.ts';
import { attempt, type ProbeContext } from './context.ts';
import { refusedListing } from './demands.ts';

const WAYS = { true: 'in the path', false: 'in the host name' } as const;

/** Lists one key. Where that fails, tries the other way of addressing, to say what to set. Rejects with the signal's reason. */
export async function probeReach(context: ProbeContext, options: S3ClientOptions): Promise<Finding> {
  const { bucket, signal } = context;
  const prefix = context.keyOf('');
  const asked = await attempt(context, 'ListObjects (one key)', () => listOne(bucket, prefix, signal));
  if (!asked.ok) {
    const other = await answersOtherwise(bucket, options, prefix, signal);
    if (other === undefined) return refusedListing('reach', asked, context);
    const { code, message } = asked.error;
    const hint = `It answers with the bucket ${WAYS[`${other}`]}: set ARCHIVER_S3_FORCE_PATH_STYLE=${other}.`;
    return failing('reach', { code, message, hint });
  }
  const facts = await destinationInForce(bucket, options);
  // What our own settings say needs no telling.
  const by = /AWS_|shared/.test(String(facts['endpointBy'])) ? ` (${facts['endpointBy']})` : '';
  const way = WAYS[`${facts['pathStyle'] === true}`];
  const detail = `${facts['endpoint']}${by} answers, the bucket ${way}, region ${facts['region']}`;
  return passed('reach', detail, facts);
}

/** What travels in clear text can be read by whoever stands in between, and archives are whole databases. */
export async function probeTransport(
  bucket: Bucket,
  { agents }: Pick<S3ClientOptions, 'agents'>,
): Promise<Finding> {
  const address = await bucket.address().catch(() => undefined);
  if (address === undefined) return notTried('transport', 'nothing tells where the bucket is');
  const { protocol, hostname } = new URL(address.bucket);
  if (protocol === 'https:' && agents.https.options.rejectUnauthorized === false)
    return warned(
      'transport',
      'encrypted (https), and whoever answers is believed (NODE_TLS_REJECT_UNAUTHORIZED=0)',
      'Unset it: who stands in between reads along. A private authority goes into NODE_EXTRA_CA_CERTS.',
      { verified: false },
    );
  if (protocol === 'https:') return passed('transport', 'encrypted (https)');
  const stays = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  if (stays) return passed('transport', 'clear text, but within this machine', { clearText: true });
  return warned(
    'transport',
    'archives travel in clear text (http)',
    'Give ARCHIVER_S3_ENDPOINT an https:// address; a private authority goes into NODE_EXTRA_CA_CERTS.',
    { clearText: true },
  );
}

async function listOne(bucket: Bucket, prefix: string, signal: AbortSignal): Promise<void> {
  const objects = listObjects(bucket, prefix, { limit: 1, signal });
  await objects.next();
  await objects.return(undefined);
}

/** The setting of `forcePathStyle` by which it answers; undefined where it does not, or where both lead to the same address. */
async function answersOtherwise(
  bucket: Bucket,
  options: S3ClientOptions,
  prefix: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  try {
    const { bucketInPath } = await bucket.address();
    const other = openBucket({ ...options, forcePathStyle: !bucketInPath });
    if ((await other.address()).bucketInPath === bucketInPath) return undefined;
    await listOne(other, prefix, signal);
    return !bucketInPath;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
