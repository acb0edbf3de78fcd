/** Whether the bucket answers at all, and by which way of addressing it. */
import { isIP } from 'node:net';
import { type Finding, failing, passed, warned } from '../../domain/check.ts';
import { asArchiverError } from '../../domain/errors.ts';
import { type Bucket, openBucket, type S3ClientOptions } from '../s3/client.ts';
import { listObjects } from '../s3/list.ts';

const WAYS = { true: 'in the path', false: 'in the host name' } as const;

/** Lists one key. Where that fails, tries the other way of addressing, to say what to set. Rejects with the signal's reason. */
export async function probeReach(
  bucket: Bucket,
  options: S3ClientOptions,
  prefix: string,
  signal: AbortSignal,
): Promise<Finding> {
  const pathStyle = options.forcePathStyle ?? bucket.profile.pathStyle;
  const way = WAYS[`${pathStyle}`];
  try {
    await listOne(bucket, prefix, signal);
    const region = await bucket.client.config.region();
    return passed('reach', `${addressOf(options)} answers, the bucket ${way}, region ${region}`, {
      endpoint: addressOf(options),
      pathStyle,
      region,
    });
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (!(await answersOtherwise(options, !pathStyle, prefix, signal))) return failing('reach', error);
    const hint = `It answers with the bucket ${WAYS[`${!pathStyle}`]}: set ARCHIVER_S3_FORCE_PATH_STYLE=${!pathStyle}.`;
    return failing('reach', { code: error.code, message: error.message, hint });
  }
}

/** What travels in clear text can be read by whoever stands in between, and archives are whole databases. */
export function probeTransport({ endpoint }: Pick<S3ClientOptions, 'endpoint'>): Finding {
  if (endpoint === undefined || endpoint.startsWith('https:'))
    return passed('transport', 'encrypted (https)');
  const { hostname } = new URL(endpoint);
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

async function answersOtherwise(
  options: S3ClientOptions,
  forcePathStyle: boolean,
  prefix: string,
  signal: AbortSignal,
): Promise<boolean> {
  // A bucket cannot stand in front of an address that is no name.
  const host = options.endpoint === undefined ? '' : new URL(options.endpoint).hostname;
  if (!forcePathStyle && isIP(host.replace(/^\[|\]$/g, '')) !== 0) return false;
  const other = openBucket({ ...options, forcePathStyle });
  try {
    await listOne(other, prefix, signal);
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function addressOf({ endpoint }: S3ClientOptions): string {
  return endpoint ?? 'AWS';
}
