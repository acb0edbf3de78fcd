/** Probes of the bucket's own ways: listing, deletion. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { failing, passed } from '../../domain/check.ts';
import { attempt, type Probe, type ProbeContext } from './context.ts';
import { remove } from './requests.ts';

/** With more than one object below the prefix a page of one must say how to go on; where it does not, archives would be overlooked. */
export const probeListing: Probe = async (context) => {
  const { client, name, profile, call } = context.bucket;
  const prefix = context.keyOf('');
  const command = new ListObjectsV2Command({ Bucket: name, Prefix: prefix, MaxKeys: 1 });
  const page = await attempt(context, 'ListObjectsV2 (one key of several)', () =>
    call('list', prefix, context.signal, (options) => client.send(command, options)),
  );
  const pagesByToken = page.ok && page.output.IsTruncated === true && !!page.output.NextContinuationToken;
  const traits = { pagesByToken };
  const facts = { version: profile.listing, secondVersionWorks: pagesByToken };
  if (profile.listing === 'v1' || pagesByToken)
    return {
      finding: passed('listing', `page by page, by version ${profile.listing.slice(1)}`, facts),
      traits,
    };
  const message =
    'the second version of the list call does not say how to go on: archives would be overlooked';
  const hint = 'Set ARCHIVER_S3_PROFILE to a profile that lists by the first version: cos or obs.';
  return { finding: failing('listing', { code: 'store-failed', message, hint }), traits };
};

/** The others have the same names each time. */
const TRIALS_STAY =
  'Each check leaves those in a folder `trial-…` of its own: have a lifecycle rule remove what lies below `state/probe/trial-` after a day.';

/** Removes the probe's objects. A key that may not delete is no fault: it is the safer one. */
export function probeDelete(objects: readonly (readonly [place: ProbeContext, name: string])[]): Probe {
  return async ({ requests }) => {
    const kept: string[] = [];
    for (const [place, name] of objects)
      if (!(await remove({ ...place, requests }, name)).ok) kept.push(place.keyOf(name));
    if (kept.length === 0)
      return {
        finding: passed('delete', 'allowed here: the small objects of this check are gone', { kept: '' }),
      };
    const detail = `not allowed, which protects archives; these small objects stay: ${kept.join(', ')}`;
    return { finding: passed('delete', detail, { kept: kept.join(', ') }, TRIALS_STAY) };
  };
}
