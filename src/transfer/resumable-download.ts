/**
 * Downloads one file over as many connections as it takes, and goes on only where the bytes provably belong together.
 *
 * Two failures look different and are the same: a connection that breaks, and one that ends cleanly before the announced length (a proxy
 * that gave up closes politely). Both go on at the byte where they stopped, with the strong validator seen first. What cannot be proved is
 * thrown away: `FileRestart` tells the transfer to begin the file again.
 */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Link } from '../domain/link.ts';
import { describeNetworkError, type GetAnswer, type HttpGet, withoutQueries } from './http-get.ts';
import type { LinkLease } from './link-lease.ts';
import { TooSlow, withMinimumRate } from './minimum-rate.ts';
import { judgeResponse } from './range-response.ts';
import type { RetryBudget } from './retry-budget.ts';
import { withStallTimeout } from './stall-timeout.ts';

/** The file has to be begun again: what came so far and what would come do not provably belong together. */
export class FileRestart extends Error {
  override readonly name = 'FileRestart';
}

/** A part of a file of which an earlier answer has told all this. */
export interface ByteRange {
  readonly start: number;
  /** The byte behind its last one. */
  readonly end: number;
  readonly total: number;
  readonly validator: string;
}

export interface DownloadOptions {
  readonly subject: string;
  readonly lease: LinkLease;
  readonly get: HttpGet;
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte that count as a failure. */
  readonly stallTimeoutMs: number;
  /** Bytes a second that must come on average over a stall time-out of waiting; 0 for none. */
  readonly minimumRate: number;
  /** Bytes beyond which nothing is taken for a dump, whoever says so. */
  readonly largestDump: number;
  /** Bytes of the file, as far as the API knows. */
  readonly expectedSize?: number;
  /** Absent: the whole file. */
  readonly range?: ByteRange;
  /** Called with the byte at which a broken download goes on. */
  readonly onResume: (position: number, cause: string) => void;
}

export interface Download {
  /** Bytes of the whole file, as the download host announced them; absent where it did not. */
  readonly size?: number;
  /** The strong ETag that it came with: what proves that a range belongs to the same file. */
  readonly validator?: string;
  /** The file's bytes, in order, each once. A chunk is valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Refusals that a new link may cure: an expired one surely, any other once, for the text of the answer is not documented. */
const RENEWALS_WHEN_EXPIRED = 3;
const RENEWALS_WHEN_REFUSED = 1;
const REFUSAL_TEXT_LIMIT = 8 * 1024;
const RAISE = 'If it really is that large, raise ARCHIVER_LARGEST_DUMP.';

/** Resolves when the first answer is there. Rejects with `download-failed`, `link-refused`, `backup-gone`, what the lease says, or `FileRestart`. */
export async function openDownload(options: DownloadOptions): Promise<Download> {
  const { subject, lease, get, budget, clock, signal, stallTimeoutMs } = options;
  const floor = { clock, windowMs: stallTimeoutMs, bytes: (options.minimumRate * stallTimeoutMs) / 1000 };
  const { range } = options;
  let position = range?.start ?? 0;
  let total = range?.total;
  let validator = range?.validator;
  const end = () => range?.end ?? total;

  /** Asks until an answer's body goes on exactly at `position`. */
  async function connect(): Promise<GetAnswer> {
    for (;;) {
      signal.throwIfAborted();
      const link = await patiently(() => lease.current(signal));
      if (!link) continue;
      const expectedSize = total ?? options.expectedSize;
      let answer: GetAnswer;
      try {
        answer = await get({
          link,
          headers: rangeHeaders(position, range?.end, validator),
          timeoutMs: stallTimeoutMs,
          ...(expectedSize !== undefined && { expectedSize }),
          signal,
        });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ArchiverError) throw error;
        await budget.failed(describeNetworkError(error));
        continue;
      }
      const expected = { offset: position, ...known({ end: range?.end, total, validator }) };
      const verdict = judgeResponse(answer.head, expected, clock.now());
      if (verdict.kind === 'continue') {
        total = verdict.total ?? total;
        validator = verdict.validator;
        return answer;
      }
      const text = verdict.kind === 'refused' ? await readText(answer) : '';
      answer.discard();
      if (verdict.kind === 'restart') throw new FileRestart(verdict.cause);
      if (verdict.kind === 'retry') await budget.failed(verdict.cause, verdict.retryAfterMs);
      if (verdict.kind === 'refused') await renewRefused(`${verdict.cause}${text}`);
      if (verdict.kind === 'missing') await renewMissing(verdict.cause);
    }
  }

  async function renewRefused(cause: string): Promise<void> {
    const expired = lease.lapsed() || /expired/i.test(cause);
    if (!budget.refused(expired ? RENEWALS_WHEN_EXPIRED : RENEWALS_WHEN_REFUSED)) {
      throw new ArchiverError(
        'link-refused',
        `the download link of ${subject} was refused, a new one too: ${cause}`,
      );
    }
    await patiently(() => lease.renew(signal));
  }

  async function renewMissing(cause: string): Promise<void> {
    if (!budget.refused(RENEWALS_WHEN_REFUSED)) {
      throw new ArchiverError(
        'backup-gone',
        `the cloud no longer has ${subject}: ${cause}, with a new link too`,
      );
    }
    await patiently(() => lease.renew(signal));
  }

  /** An API that is down for a while must not cost what has come already: it counts as a failure like any other on the way. */
  async function patiently(ask: () => Promise<Link>): Promise<Link | undefined> {
    try {
      return await ask();
    } catch (error) {
      const passes = error instanceof ArchiverError && ['api-unavailable', 'throttled'].includes(error.code);
      if (!passes || position === 0) throw error;
      await budget.failed(error.message);
      return undefined;
    }
  }

  async function readText(answer: GetAnswer): Promise<string> {
    try {
      return await refusalText(
        withStallTimeout(answer.body, { clock, stallTimeoutMs, signal, cancel: answer.discard }),
      );
    } catch {
      // The status alone says enough; a refusal whose text cannot be read is still a refusal.
      return '';
    }
  }

  async function* body(first: GetAnswer): AsyncGenerator<Uint8Array> {
    let answer = first;
    try {
      for (;;) {
        let cause = '';
        try {
          const guarded = withStallTimeout(answer.body, {
            clock,
            stallTimeoutMs,
            signal,
            cancel: answer.discard,
          });
          for await (const chunk of withMinimumRate(guarded, floor)) {
            position += chunk.byteLength;
            if (position > (end() ?? mostBytes(options))) throw endless();
            budget.progress(position);
            yield chunk;
          }
          if (position >= (end() ?? 0)) return;
          cause = `the connection ended after ${position} of ${total} bytes`;
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof ArchiverError) throw error;
          if (position === end()) return;
          if (error instanceof TooSlow) budget.demand(floor.bytes);
          cause = describeNetworkError(error);
        }
        // Whoever begins the file again counts this failure.
        if (position > 0 && validator === undefined)
          throw new FileRestart(`${cause}; without an ETag nothing proves what would follow`);
        await budget.failed(cause);
        answer = await connect();
        if (position > 0) options.onResume(position, cause);
      }
    } finally {
      answer.discard();
    }
  }

  /** Not asked for again at once: it would go on for as long again. */
  function endless(): ArchiverError {
    const { expectedSize } = options;
    const announced = expectedSize === undefined ? '' : `, although the API announced ${expectedSize}`;
    return new ArchiverError(
      'download-failed',
      `${subject} does not end: the download host sent more than ${end() ?? mostBytes(options)} bytes${announced}`,
      {
        retry: 'never',
        ...(expectedSize === undefined && { hint: RAISE }),
      },
    );
  }

  function tooLarge(size: number): ArchiverError {
    return new ArchiverError(
      'download-failed',
      `${subject} has ${size} bytes, more than the largest dump that is taken`,
      {
        hint: RAISE,
        retry: 'never',
      },
    );
  }

  const first = await connect();
  if (total !== undefined && total > options.largestDump) {
    first.discard();
    throw tooLarge(total);
  }
  return { ...known({ size: total, validator }), body: body(first) };
}

/**
 * Bytes that may come of a file whose host tells no length. The API's size is of another moment, or of the dump before it was packed: what is off by a
 * hundredth (large dumps) or by 64 MiB (small ones) may still be the dump, and its end and CRC-64 decide. What goes on behind that is no dump.
 */
function mostBytes({ expectedSize, largestDump }: DownloadOptions): number {
  if (expectedSize === undefined) return largestDump;
  return Math.min(largestDump, expectedSize + Math.max(expectedSize / 100, SLACK));
}

const SLACK = 64 * 1024 * 1024;

function rangeHeaders(
  offset: number,
  end: number | undefined,
  validator: string | undefined,
): Record<string, string> {
  if (offset === 0) return {};
  const last = end === undefined ? '' : String(end - 1);
  return { range: `bytes=${offset}-${last}`, ...(validator !== undefined && { 'if-match': validator }) };
}

/** Only the members that are known. */
function known<Facts extends object>(facts: Facts): { [Name in keyof Facts]?: NonNullable<Facts[Name]> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as never;
}

/** `Code: Message` of a COS error document (API documentation 436/7730), or its beginning. */
async function refusalText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk));
    size += chunk.byteLength;
    if (size >= REFUSAL_TEXT_LIMIT) break;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const code = /<Code>([^<]{1,100})<\/Code>/.exec(text)?.[1];
  const message = /<Message>([^<]{1,300})<\/Message>/.exec(text)?.[1];
  return code ? ` ${code}: ${withoutQueries(message ?? '')}` : '';
}
