/** Probes of the bucket's own ways: listing, deletion. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { failing, passed } from '../../domain/check.ts';
import { listObjects, type Order } from '../s3/list.ts';
import { attempt, type Probe, type ProbeContext } from './context.ts';
import { SOUND } from './digest-trial.ts';
import { put, remove } from './requests.ts';

/** Names in the order of their bytes; folder by folder the first one comes last. */
const ORDER = ['order-one', 'order/one', 'order/two'] as const;

/** Every object that the probe of listings makes. */
export const ORDER_NAMES: readonly string[] = ORDER;

/** `untold` where it could not be tried, `none` where it is neither of those that are known. */
async function orderOf(context: ProbeContext): Promise<Order | 'none' | 'untold'> {
  const { bucket, keyOf, signal } = context;
  for (const name of ORDER) if (!(await put(context, name, SOUND)).ok) return 'untold';
  const asked = await attempt(context, 'ListObjects (three keys, two of them in a folder)', async () => {
    const keys: string[] = [];
    for await (const { key } of listObjects(bucket, keyOf('order'), { signal })) keys.push(key);
    return keys;
  });
  if (!asked.ok) return asked.answer === undefined ? 'none' : 'untold';
  const found = asked.output.join(' ');
  const [first = '', ...others] = ORDER.map(keyOf);
  if (found === [first, ...others].join(' ')) return 'bytes';
  return found === [...others, first].join(' ') ? 'folders' : 'none';
}

/** With more than one object below the prefix a page of one must say how to go on; where it does not, archives would be overlooked. */
export const probeListing: Probe = async (context) => {
  const { client, name, profile, call } = context.bucket;
  const order = await orderOf(context);
  const prefix = context.keyOf('');
  const command = new ListObjectsV2Command({ Bucket: name, Prefix: prefix, MaxKeys: 1 });
  const page = await attempt(context, 'ListObjectsV2 (one key of several)', () =>
    call('list', prefix, context.signal, (options) => client.send(command, options)),
  );
  const pagesByToken = page.ok && page.output.IsTruncated === true && !!page.output.NextContinuationToken;
  const traits = { pagesByToken };
  const facts = { version: profile.listing, secondVersionWorks: pagesByToken, order };
  if (order === 'none') {
    const message = 'keys are listed in no order that is known: archives would be overlooked';
    const hint = 'Use a bucket that lists in order (no directory bucket).';
    return { finding: failing('listing', { code: 'store-failed', message, hint }), traits };
  }
  if (profile.listing === 'v1' || pagesByToken) {
    const detail = `page by page, by version ${profile.listing.slice(1)}${order === 'folders' ? ', folder by folder' : ''}`;
    return { finding: passed('listing', detail, facts), traits };
  }
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
