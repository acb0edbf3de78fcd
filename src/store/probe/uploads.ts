/** Probes of multipart uploads: can they be made, how small may a part be, can unfinished ones be found and given up. */
import { type Finding, failing, passed, warned } from '../../domain/check.ts';
import { choosePartSize, largestBody, MAX_PARTS, MIB, MIN_PART_SIZE } from '../s3/part-size.ts';
import { listUploads } from '../s3/sweep.ts';
import { attempt, type Probe } from './context.ts';
import { SOUND } from './digest-trial.ts';
import { abort, beginUpload, uploadParts } from './requests.ts';

/** As small as a probe should be: no store's documented minimum lies below it. */
const SMALL_PART = Buffer.alloc(64 * 1024);

/** Two parts, the first of them small: S3's 5 MiB are asked for by most, and this program never sends less. */
export const probeMultipart: Probe = async (context) => {
  const whole = await uploadParts(context, 'multipart', [SOUND]);
  if (!whole.ok) return { finding: failing('multipart', whole.error) };
  const small = await uploadParts(context, 'small-parts', [SMALL_PART, SOUND]);
  const minimum = small.ok ? 'small parts are taken too' : `parts below the store's minimum are refused`;
  const facts = {
    smallParts: small.ok ? 'accepted' : 'refused',
    code: small.ok ? '' : (small.answer?.code ?? ''),
  };
  return {
    finding: passed('multipart', `works; ${minimum} (ours are ${MIN_PART_SIZE / MIB} MiB or more)`, facts),
  };
};

/** What `run` needs at its beginning, to remove what killed runs have left. */
export const probeStaleUploads: Probe = async (context) => {
  const { bucket, signal } = context;
  const begun = await beginUpload(context, 'multipart');
  if (!begun.ok) return { finding: failing('stale-uploads', begun.error) };
  const listed = await attempt(context, 'ListMultipartUploads', async () => {
    const { Uploads = [] } = await listUploads(bucket, begun.output.key, {}, signal);
    return Uploads.map(({ UploadId = '' }) => UploadId);
  });
  const aborted = await abort(context, 'multipart', begun.output);
  const refusal = [aborted, listed].find((step) => !step.ok);
  if (refusal?.ok === false) {
    const hint =
      'Grant s3:ListBucketMultipartUploads and s3:AbortMultipartUpload, or have a lifecycle rule of the bucket remove them; they are billed.';
    return { finding: warned('stale-uploads', `cannot be removed: ${refusal.error.message}`, hint) };
  }
  const isShown = listed.ok && listed.output.includes(begun.output.id);
  const detail = isShown
    ? 'can be found and removed'
    : 'can be removed, but the store did not list one that had just begun';
  return { finding: passed('stale-uploads', detail, { listed: isShown }) };
};

interface PoolFacts {
  readonly partSize: number;
  readonly poolCapacity: number;
}

/** Told before the first byte, not after hours at part 10,001. */
export function tellLargestBody({ partSize, poolCapacity }: PoolFacts): Finding {
  const bytes = largestBody(poolCapacity);
  const unannounced = choosePartSize({ configured: partSize, poolCapacity }) * MAX_PARTS;
  const gib = (size: number) => `${Math.floor(size / (1024 * MIB))} GiB`;
  const detail = `${gib(bytes)}, ${gib(unannounced)} where nobody says its size; more with more ARCHIVER_BUFFER_MEMORY`;
  return passed('largest-dump', detail, { bytes, unannounced, partSize, poolCapacity });
}
