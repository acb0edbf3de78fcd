/**
 * Gives up one unfinished upload, and nothing but that. There are stores on which AbortMultipartUpload deletes the finished object of the
 * same key (S3Mock 5.2 does): the run that comes second takes away what the first has archived, and so does a sweep. So the object is asked
 * for before, and after.
 */
import { ArchiverError } from '../../domain/errors.ts';
import type { Bucket } from './client.ts';
import { headObject } from './head.ts';
import { abortUpload, type UnfinishedUpload } from './multipart-requests.ts';

/**
 * False where it was left alone, for a finished object lies at its key and the store was not seen to spare such. Rejects with
 * `archive-damaged` where the object is gone afterwards, else as the request does.
 */
export async function giveUpUpload(
  bucket: Bucket,
  upload: UnfinishedUpload,
  signal: AbortSignal,
): Promise<boolean> {
  const { key } = upload;
  const lying = await isThere(bucket, key, signal);
  if (lying !== false && !bucket.profile.abortSparesObject) return false;
  await abortUpload(bucket, upload, signal);
  if (lying === true && (await isThere(bucket, key, signal)) === false) throw lost(bucket, key);
  return true;
}

/** Undefined where the store does not tell. */
async function isThere(bucket: Bucket, key: string, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    return (await headObject(bucket, key, signal)) !== undefined;
  } catch {
    return undefined;
  }
}

function lost(bucket: Bucket, key: string): ArchiverError {
  return new ArchiverError(
    'archive-damaged',
    `s3://${bucket.name}/${key} is gone: the store has deleted it because another upload to its key was given up`,
    {
      hint: 'Keep no archives in this store (`rdb-archiver check`). `rdb-archiver verify` names the archive that lost it; move its manifest out of the catalog and archive the backup again, elsewhere, while the cloud still has it.',
    },
  );
}
