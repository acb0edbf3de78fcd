/** How far the listings of a source have come: of the cloud's API, and of the destination. */
import type { OnPage, Source } from '../source/source.ts';

/** How far the listings of one source have come. */
export interface ListingProgress {
  readonly source: Source;
  /** The one that goes on: `DescribeInstances of the region`, `the catalog`. */
  readonly list: string;
  /** Of all lists so far. */
  readonly pages: number;
  readonly rows: number;
}

/** Keys that a store lists at once. */
const STORE_PAGE = 1000;

/** Adds up the pages of all lists of a source. */
export function counting(
  source: Source,
  onListing: ((progress: ListingProgress) => void) | undefined,
): OnPage {
  let pages = 0;
  let total = 0;
  return ({ list, rows }) => {
    pages += 1;
    total += rows;
    onListing?.({ source, list, pages, rows: total });
  };
}

/** Passes a listing of the store on, and tells each page of it. */
export async function* told<Item>(
  items: AsyncIterable<Item>,
  list: string,
  onPage: OnPage,
): AsyncGenerator<Item> {
  let rows = 0;
  for await (const item of items) {
    yield item;
    rows += 1;
    if (rows % STORE_PAGE === 0) onPage({ list, rows: STORE_PAGE });
  }
}
