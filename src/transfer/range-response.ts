/** Decides, from status and headers alone, what an answer of the download host means: pure, so every case is a row of a table. */

export interface ResponseHead {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What is known of the file from earlier answers. */
export interface Expectation {
  /** The next byte wanted; 0 for a file's beginning. */
  readonly offset: number;
  /** The byte behind the last one wanted; the file's end where absent. */
  readonly end?: number;
  /** The whole file's bytes, once an answer has told them. */
  readonly total?: number;
  /** The strong ETag seen first; without one, nothing proves that the rest belongs to what is already here. */
  readonly validator?: string;
}

export type RangeVerdict =
  /** The body goes on exactly at the wanted byte. */
  | { readonly kind: 'continue'; readonly total?: number; readonly validator?: string }
  /** What is here and what would come do not provably belong together: throw it away and begin the file again. */
  | { readonly kind: 'restart'; readonly cause: string }
  /** The link is refused; its answer's text and its expiry tell whether a new one helps. */
  | { readonly kind: 'refused'; readonly cause: string }
  /** There is no such object. */
  | { readonly kind: 'missing'; readonly cause: string }
  /** A passing failure; `retryAfterMs` where the server asks for patience. */
  | { readonly kind: 'retry'; readonly cause: string; readonly retryAfterMs?: number };

/** Judges the answer to a plain GET (offset 0) or to a GET with `Range: bytes=OFFSET-`. */
export function judgeResponse(head: ResponseHead, expected: Expectation, now: number): RangeVerdict {
  const cause = `the download host answered ${head.status}`;
  switch (head.status) {
    case 200:
      return expected.offset === 0
        ? judgeWhole(head, expected)
        : { kind: 'restart', cause: 'the host ignores Range' };
    case 206:
      return judgePartial(head, expected);
    case 401:
    case 403:
      return { kind: 'refused', cause };
    case 404:
    case 410:
      return { kind: 'missing', cause };
    case 407:
      return {
        kind: 'retry',
        cause: 'the proxy wants a user name and password, or others than HTTP_PROXY holds (407)',
      };
    case 412:
      return expected.offset === 0
        ? { kind: 'retry', cause }
        : { kind: 'restart', cause: 'the file at the link has changed (412)' };
    case 416:
      return expected.offset === 0
        ? { kind: 'retry', cause }
        : { kind: 'restart', cause: 'the file at the link is shorter now (416)' };
    default: {
      const retryAfterMs = parseRetryAfter(head.headers['retry-after'], now);
      return { kind: 'retry', cause, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    }
  }
}

function judgeWhole(head: ResponseHead, expected: Expectation): RangeVerdict {
  const encoded = encodingProblem(head);
  if (encoded) return { kind: 'retry', cause: encoded };
  const total = parseLength(head.headers['content-length']);
  if (expected.total !== undefined && total !== undefined && total !== expected.total) {
    return { kind: 'restart', cause: `the file at the link has ${total} bytes now, not ${expected.total}` };
  }
  const validator = strongValidator(head);
  if (expected.validator !== undefined && validator !== expected.validator) return anotherFile();
  return proceed(total, validator);
}

function judgePartial(head: ResponseHead, expected: Expectation): RangeVerdict {
  const encoded = encodingProblem(head);
  if (encoded) return { kind: 'retry', cause: encoded };
  if (expected.offset === 0)
    return { kind: 'retry', cause: 'the host sent a part (206) where the whole was asked for' };

  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(head.headers['content-range'] ?? '');
  if (!range) return { kind: 'restart', cause: 'the host sent a part (206) without saying which' };
  const [start, end, total] = [Number(range[1]), Number(range[2]), Number(range[3])];
  const validator = strongValidator(head);
  if (start !== expected.offset || end !== (expected.end ?? total) - 1) {
    const wanted = expected.end === undefined ? 'all' : `those up to ${expected.end - 1}`;
    return {
      kind: 'restart',
      cause: `the host sent bytes ${start}-${end} of ${total} where ${wanted} from ${expected.offset} were asked for`,
    };
  }
  if (expected.total !== undefined && total !== expected.total) {
    return { kind: 'restart', cause: `the file at the link has ${total} bytes now, not ${expected.total}` };
  }
  if (validator !== undefined && validator !== expected.validator) return anotherFile();
  const length = parseLength(head.headers['content-length']);
  if (length !== undefined && length !== end - start + 1) {
    return { kind: 'restart', cause: "the part's Content-Length does not fit its Content-Range" };
  }
  return proceed(total, expected.validator);
}

function anotherFile(): RangeVerdict {
  return { kind: 'restart', cause: 'the file at the link has another ETag now' };
}

function proceed(total: number | undefined, validator: string | undefined): RangeVerdict {
  return {
    kind: 'continue',
    ...(total !== undefined && { total }),
    ...(validator !== undefined && { validator }),
  };
}

/** Weak ETags (`W/…`) promise the same meaning, not the same bytes. */
function strongValidator(head: ResponseHead): string | undefined {
  const etag = head.headers['etag'];
  return etag?.startsWith('"') ? etag : undefined;
}

/** We ask for `identity`; a host or proxy that compresses all the same gives neither our bytes nor their length. */
function encodingProblem(head: ResponseHead): string | undefined {
  const encoding = head.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return undefined;
  return `the host sent the dump encoded as ${encoding}, which was not asked for`;
}

function parseLength(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Seconds or an HTTP date to milliseconds from now; never negative. */
function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
