/** Reads a list that moves while it is read, page by page, without losing a row. */
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { OnPage } from './source.ts';

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** How many rows the whole list has, in the same answer. */
  readonly total: number;
}

export interface PagedList<Row> {
  /** For messages: `DescribeInstances`. */
  readonly what: string;
  /** The most rows that the API gives at once. */
  readonly maxLimit: number;
  /** `offset` is always a multiple of `limit`: API 3.0 refuses others. */
  readonly fetch: (offset: number, limit: number) => Promise<Page<Row>>;
  /** Tells rows apart. */
  readonly idOf: (row: Row) => string;
  /** Bytes of memory that a row takes by itself. */
  readonly weigh: (row: Row) => number;
  /** Bytes of all rows together; absent: as many as a fleet's backups take. */
  readonly mostBytes?: number | undefined;
  readonly onPage?: OnPage | undefined;
  readonly signal: AbortSignal;
}

export interface Rows<Row> {
  /** No id twice; of a row that came twice the younger state. */
  readonly rows: Row[];
  /** Why there may be more. What was read before stays in `rows`. */
  readonly failure?: ArchiverError;
}

const MAX_PASSES = 3;

/** No account has so many: whoever says so would be asked for days. Ten thousand instances have 140,000 backups in a fortnight. */
const MOST_ROWS = 200_000;
/** Bytes of all rows together; those 140,000 take about fifty million. */
const MOST_BYTES = 64 * 1024 * 1024;

/** An overlapping page must bring at least this share of a full one, or the first pass begins the page at the seam instead. */
const WORTHWHILE = 0.8;

/**
 * Every row that is there from the first call to the last is in the answer, whatever comes and goes meanwhile.
 *
 * A row that goes from an earlier page moves all later ones up by one, so the first row of the next page is lost; when another one
 * comes at the end, as in a region whose nightly backups replace last week's, not even the total tells. Therefore pages overlap by a
 * row or more, and a page that holds no known row proves that something moved: reading then goes back until it finds the thread.
 * Offsets have to be multiples of the limit, so it is the limit that varies (100 rows at 0, 99 at 99, 98 at 196 …).
 *
 * A few pages of a long first pass do not overlap (5 of 79 for 7,000 rows: 80 calls for a region is what we allow ourselves).
 * They are trusted only when nothing at all moved; else, and when fewer rows came than the total says, there is another pass.
 * Rejects only when the signal is aborted.
 */
export async function paginate<Row>(list: PagedList<Row>): Promise<Rows<Row>> {
  const found = new Map<string, Row>();
  try {
    for (let pass = 1; pass <= MAX_PASSES; pass++) {
      const { proven, leastTotal } = await readThrough(list, found, pass > 1);
      if (proven && found.size >= leastTotal) return { rows: [...found.values()] };
    }
    const message = `${list.what}: the list did not hold still, or does not hold the rows it announces (${found.size} read)`;
    throw new ArchiverError('api-unavailable', message);
  } catch (error) {
    list.signal.throwIfAborted();
    return { rows: [...found.values()], failure: asArchiverError(error) };
  }
}

/** One pass from the first row to the last. `proven`: no row can have slipped through between two pages. */
async function readThrough<Row>(list: PagedList<Row>, found: Map<string, Row>, strict: boolean) {
  /** Ids from the list's beginning on without a gap: every lasting row in front of one of these has been read. */
  const thread = new Set<string>();
  let limit = list.maxLimit;
  let position = 0;
  let stepBack = limit;
  let seams = false;
  let moved = false;
  // Of an earlier pass it is known to be bearable.
  let weight = 0;
  let leastTotal = Number.POSITIVE_INFINITY;

  for (let calls = 1; ; calls++) {
    const { offset, size } = nextPage(position, limit, strict);
    const { rows, total } = await list.fetch(offset, size);
    const ids = rows.map(list.idOf);
    const before = found.size;
    rows.forEach((row, at) => {
      const id = ids[at] ?? '';
      if (!found.has(id)) weight += list.weigh(row);
      found.set(id, row);
    });
    list.onPage?.({ list: list.what, rows: found.size - before });
    assureAnEnd(list, { rows: found.size, total, weight });

    const known = ids.filter((id) => thread.has(id)).length;
    if (known !== position - offset || (calls > 1 && total !== leastTotal)) moved = true;
    leastTotal = Math.min(leastTotal, total);
    if (calls > callBudget(total, limit)) return { proven: false, leastTotal };

    const seam = offset === position;
    if (offset > 0 && seam) seams = true;
    if (offset > 0 && !seam && known === 0) {
      position = Math.max(0, offset - stepBack);
      stepBack *= 2;
      continue;
    }

    for (const id of ids) thread.add(id);
    stepBack = limit;
    position = offset + rows.length;
    if (rows.length === 0 || position >= total) return { proven: !(seams && moved), leastTotal };
    // A server that gives fewer rows than asked, although there are more, caps its pages lower than documented.
    if (rows.length < size) limit = rows.length;
  }
}

/** Rejects a list that goes on, or says that it will, beyond what any account has. */
function assureAnEnd(
  { what, mostBytes = MOST_BYTES }: Pick<PagedList<never>, 'what' | 'mostBytes'>,
  { rows, total, weight }: { readonly rows: number; readonly total: number; readonly weight: number },
): void {
  if (total <= MOST_ROWS && rows <= MOST_ROWS && weight <= mostBytes) return;
  throw new ArchiverError(
    'api-unavailable',
    `${what}: the list does not end: ${rows} rows were read (${Math.round(weight / 1e6)} MB) of ${total} announced`,
    { hint: 'No account has that many: check the endpoint. What was read so far is archived.' },
  );
}

/** Ample for a list that moves now and then; an end for one that never holds still, and for totals out of thin air. */
function callBudget(total: number, limit: number): number {
  return Math.min(20 + 8 * Math.ceil(total / limit), 10_000);
}

interface Window {
  readonly offset: number;
  readonly size: number;
}

/** The page to ask for when everything in front of `position` is read. */
function nextPage(position: number, limit: number, strict: boolean): Window {
  if (position === 0) return { offset: 0, size: limit };
  const overlapping = farthestPage(position - 1, limit);
  const gain = overlapping.offset + overlapping.size - position;
  const worthwhile = gain > 0 && (strict || gain >= WORTHWHILE * limit);
  return worthwhile ? overlapping : farthestPage(position, limit);
}

/** Of all pages that hold the given row and begin at a multiple of their size, the one that reaches farthest. */
function farthestPage(row: number, limit: number): Window {
  let best = aligned(row, limit);
  for (let size = limit - 1; size > limit / 2; size--) {
    const page = aligned(row, size);
    if (page.offset + page.size > best.offset + best.size) best = page;
  }
  return best;
}

function aligned(row: number, size: number): Window {
  return { offset: row - (row % size), size };
}
