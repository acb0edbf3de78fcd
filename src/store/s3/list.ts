/** Lists a bucket page by page, and says so loudly when the store's pages cannot be the whole truth. */
import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import type { ListedObject, ListOptions } from '../object-store.ts';
import type { Bucket } from './client.ts';
import { plainEtag } from './head.ts';
import { NOT_S3 } from './hints.ts';

/** What the answers of both versions of the call have in common. */
interface Page {
  readonly Contents?:
    | readonly {
        readonly Key?: string | undefined;
        readonly Size?: number | undefined;
        readonly LastModified?: Date | undefined;
        readonly ETag?: string | undefined;
        readonly StorageClass?: string | undefined;
      }[]
    | undefined;
  readonly EncodingType?: string | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly NextContinuationToken?: string | undefined;
}

/** Where the next page begins: a token for the second version of the call; behind a key for the first, and for the first page. */
interface Position {
  readonly token?: string;
  readonly after?: string;
}

/** S3's own maximum. */
const PAGE_SIZE = 1000;
/** In a row, with the word that there is more. Stores that filter versions or deleted keys out of a page give one now and then. */
const MOST_EMPTY_PAGES = 10;

export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListedObject> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let position: Position | undefined = options.after === undefined ? {} : { after: options.after };
  let last: string | undefined;
  let orders: readonly Order[] = ['bytes', 'folders'];
  let idle = 0;
  while (position !== undefined && left > 0) {
    const page: Page = await fetchPage(bucket, prefix, position, Math.min(PAGE_SIZE, left), options.signal);
    idle = page.Contents?.length ? 0 : idle + 1;
    if (idle > MOST_EMPTY_PAGES) throw withoutEnd(bucket, prefix);
    for (const object of objectsOf(page)) {
      if (last !== undefined) {
        const here = ordersOf(last, object.key);
        orders = orders.filter((order) => here.includes(order));
        if (orders.length === 0) throw outOfOrder(bucket, last, object.key);
      }
      last = object.key;
      if (left === 0) return;
      left -= 1;
      yield object;
    }
    const next = nextPosition(bucket, page, last);
    if (next?.token !== undefined && next.token === position.token) throw withoutEnd(bucket, prefix);
    position = next;
  }
}

async function fetchPage(
  bucket: Bucket,
  prefix: string,
  position: Position,
  limit: number,
  signal: AbortSignal,
): Promise<Page> {
  // Keys may hold what XML cannot: the store writes them percent-encoded.
  const request = { Bucket: bucket.name, Prefix: prefix, MaxKeys: limit, EncodingType: 'url' as const };
  const { client } = bucket;
  const page = await bucket.call('list', prefix, signal, (options): Promise<Page> => {
    if (bucket.profile.listing === 'v1')
      return client.send(new ListObjectsCommand({ ...request, Marker: position.after }), options);
    const { token, after } = position;
    return client.send(
      new ListObjectsV2Command({ ...request, ContinuationToken: token, StartAfter: after }),
      options,
    );
  });
  if (page.IsTruncated === undefined) throw noListing(bucket);
  return page;
}

function objectsOf(page: Page): ListedObject[] {
  const decode = page.EncodingType === 'url' ? decodeKey : (key: string) => key;
  return (page.Contents ?? []).map(({ Key, Size, LastModified, ETag, StorageClass }) => ({
    key: decode(Key ?? ''),
    size: Size ?? 0,
    ...(LastModified === undefined ? {} : { modifiedAt: LastModified.getTime() }),
    ...(ETag === undefined ? {} : { etag: plainEtag(ETag) }),
    ...(StorageClass === undefined ? {} : { storageClass: StorageClass }),
  }));
}

/** Encoded as in a form: AWS and Ceph differ in the space, but a plus sign is never written as itself. */
function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}

function nextPosition(bucket: Bucket, page: Page, last: string | undefined): Position | undefined {
  if (page.IsTruncated !== true) return undefined;
  const { NextContinuationToken: token } = page;
  if (bucket.profile.listing === 'v1' && last !== undefined) return { after: last };
  if (token !== undefined && token !== '') return { token };
  throw new ArchiverError(
    'store-failed',
    `s3://${bucket.name} cut its listing short without saying how to go on`,
    {
      hint: "Archives would be overlooked. Set the store's profile, or ask its operator about ListObjectsV2.",
    },
  );
}

/** The SDK takes a web page (of a proxy, of a wrong endpoint) for an empty listing, as if nothing were archived. */
function noListing(bucket: Bucket): ArchiverError {
  return new ArchiverError('store-failed', `what answered for s3://${bucket.name} sent no listing`, {
    hint: NOT_S3,
  });
}

function withoutEnd(bucket: Bucket, prefix: string): ArchiverError {
  return new ArchiverError(
    'store-failed',
    `s3://${bucket.name}/${prefix} is listed without end: pages that hold nothing new, and the word that there is more`,
    {
      hint: "Archives would be overlooked. Set the store's profile, or ask its operator about ListObjectsV2.",
    },
  );
}

/**
 * The orders that whole listings are known to have: that of the bytes, as S3's, in which `a-b` comes before `a/b`; and folder by folder, in which it
 * comes behind (SeaweedFS). What is in neither may be the same page again.
 */
export type Order = 'bytes' | 'folders';

/** Those in which the one key comes before the other. */
export function ordersOf(before: string, after: string): readonly Order[] {
  const isByBytes = Buffer.compare(Buffer.from(before), Buffer.from(after)) < 0;
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  const [one, other] = [before[at], after[at]];
  // They differ in where the slash stands: as in the table of characters, or in front of them all.
  const isByFolders = one === '/' ? other !== undefined : other === '/' ? one === undefined : isByBytes;
  return [...(isByBytes ? (['bytes'] as const) : []), ...(isByFolders ? (['folders'] as const) : [])];
}

function outOfOrder(bucket: Bucket, before: string, after: string): ArchiverError {
  return new ArchiverError(
    'store-failed',
    `s3://${bucket.name} lists ${after} after ${before}: out of order, or the same page again`,
    {
      hint: "Archives would be overlooked. Set the store's profile, or use a bucket that lists in order (no directory bucket).",
    },
  );
}
