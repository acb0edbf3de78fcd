/** Lists many instances one by one, several at once, and gives up on an API that has stopped answering. */
import pLimit from 'p-limit';
import type { BackupListing } from './inventory.ts';
import type { Fields } from './json-fields.ts';
import type { Rows } from './paginate.ts';

const AT_ONCE = 8;

/** One instance may fail by itself, and that stops no other; so many in a row are the API's or the account's trouble. */
const HOPELESS = 10;

/**
 * One listing each, in the order of the ids. Each failure costs half a minute of retries, so a thousand instances and a dead API
 * would take an hour: after ten failures of that kind in a row, the rest fails with the last of them, untried.
 */
export function listEach(
  ids: readonly string[],
  list: (instanceId: string) => Promise<Rows<Fields>>,
): Promise<Required<BackupListing>[]> {
  let failuresInARow = 0;
  let last: Rows<Fields>['failure'];

  return pLimit(AT_ONCE).map(ids, async (instanceId) => {
    if (failuresInARow >= HOPELESS && last !== undefined)
      return { instanceId, list: { rows: [], failure: last } };
    const listed = await list(instanceId);
    const general = ['api-unavailable', 'throttled', 'credentials'].includes(listed.failure?.code ?? '');
    failuresInARow = general ? failuresInARow + 1 : 0;
    last = listed.failure;
    return { instanceId, list: listed };
  });
}
