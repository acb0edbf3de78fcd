/** Which stores are refused, whoever finds it out: those that do not keep what an archive is made of. */
import { ArchiverError } from '../../domain/errors.ts';
import type { Bucket } from '../s3/client.ts';
import type { Traits } from '../s3/reliance.ts';

type Keeping = Pick<Traits, 'abortSparesObject' | 'lock'>;

export function keepsArchives({ abortSparesObject, lock }: Keeping): boolean {
  return abortSparesObject !== false && lock !== 'not-enforced';
}

/** Throws `store-refused` where it does not. */
export function assertKeeps({ name }: Pick<Bucket, 'name'>, { abortSparesObject, lock }: Keeping): void {
  if (abortSparesObject === false)
    throw new ArchiverError(
      'store-refused',
      `s3://${name} lies in a store that loses finished objects: giving up an upload (AbortMultipartUpload) deletes the object of the same key`,
      {
        hint: 'Two runs at once, or a run after one that was killed, would lose archives there: choose another store.',
      },
    );
  if (lock === 'not-enforced')
    throw new ArchiverError(
      'store-refused',
      `s3://${name} shows object locks and does not keep them: a locked version could be deleted`,
      { hint: 'Choose a store that enforces object lock, or take `objectLock` out of the configuration.' },
    );
}
