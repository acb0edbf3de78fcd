/** Tries a download link with as few bytes as possible: is it a dump, and could a broken download be resumed. */
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Link } from '../domain/link.ts';
import { readMagic } from '../domain/rdb-magic.ts';
import { looksLikeWebPage, WEB_PAGE_HEAD } from '../integrity/rdb.ts';
import { describeNetworkError, type GetAnswer, type HttpGet } from './http-get.ts';
import { judgeResponse } from './range-response.ts';
import { withStallTimeout } from './stall-timeout.ts';

export interface LinkTrial {
  /** Bytes of the whole file, where the host says. */
  readonly size?: number;
  readonly looksLike: 'rdb' | 'web-page' | 'something else';
  /** Why a download that breaks would start over; absent where it would be resumed. */
  readonly obstacle?: string;
}

export interface TrialPorts {
  readonly get: HttpGet;
  readonly clock: Clock;
  readonly stallTimeoutMs: number;
}

/** Two requests, both given up after their first bytes. Rejects with `link-refused`, `download-failed` or the signal's reason. */
export async function tryLink(link: Link, ports: TrialPorts, signal: AbortSignal): Promise<LinkTrial> {
  const first = await request(link, {}, ports, signal);
  const verdict = judgeResponse(first.head, { offset: 0 }, ports.clock.now());
  if (verdict.kind !== 'continue') {
    first.discard();
    const code = verdict.kind === 'refused' ? 'link-refused' : 'download-failed';
    throw new ArchiverError(code, `${link}: ${verdict.cause}`);
  }
  const head = await firstBytes(first, ports, signal);
  const { total, validator } = verdict;
  const obstacle =
    validator === undefined
      ? 'the host sends no ETag, so nothing proves that later bytes belong to earlier ones'
      : await whyNoRange(link, { ...(total !== undefined && { total }), validator }, ports, signal);
  return {
    ...(total !== undefined && { size: total }),
    looksLike: looksLikeWebPage(head) ? 'web-page' : readMagic(head) ? 'rdb' : 'something else',
    ...(obstacle !== undefined && { obstacle }),
  };
}

async function whyNoRange(
  link: Link,
  seen: { readonly total?: number; readonly validator: string },
  ports: TrialPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const headers = { range: 'bytes=1-', 'if-match': seen.validator };
  const answer = await request(link, headers, ports, signal);
  answer.discard();
  const verdict = judgeResponse(answer.head, { offset: 1, ...seen }, ports.clock.now());
  return verdict.kind === 'continue' ? undefined : verdict.cause;
}

async function request(
  link: Link,
  headers: Readonly<Record<string, string>>,
  { get, stallTimeoutMs }: TrialPorts,
  signal: AbortSignal,
): Promise<GetAnswer> {
  try {
    return await get({ link, headers, timeoutMs: stallTimeoutMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ArchiverError ? error : unreachable(link, error);
  }
}

async function firstBytes(
  answer: GetAnswer,
  { clock, stallTimeoutMs }: TrialPorts,
  signal: AbortSignal,
): Promise<Buffer> {
  let head = Buffer.alloc(0);
  const body = withStallTimeout(answer.body, { clock, stallTimeoutMs, signal, cancel: answer.discard });
  try {
    for await (const chunk of body) {
      head = Buffer.concat([head, chunk.subarray(0, WEB_PAGE_HEAD)]);
      if (head.length >= WEB_PAGE_HEAD) break;
    }
    return head;
  } catch (error) {
    signal.throwIfAborted();
    throw new ArchiverError(
      'download-failed',
      `the first bytes did not come: ${describeNetworkError(error)}`,
    );
  }
}

function unreachable(link: Link, error: unknown): ArchiverError {
  return new ArchiverError('download-failed', `${link}: ${describeNetworkError(error)}`, {
    hint: 'Intranet links lead somewhere only inside the cloud: set ARCHIVER_SOURCE_NETWORK, or open the way to this host and port.',
  });
}
