/** Reads an object from a bucket, whole or from some byte on, and takes no byte that it cannot be sure of. */
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { ArchiverError } from '../../domain/errors.ts';
import type { ReadOptions, StoredBody } from '../object-store.ts';
import type { Bucket } from './client.ts';
import { answerOf } from './errors.ts';
import { plainEtag } from './head.ts';

/** What an answer holds: bytes of the object from `start` to its end. */
interface Span {
  readonly start: number;
  /** Bytes of the whole object; absent where the store does not say. */
  readonly total: number | undefined;
}

/** Bytes; below, a cheap read saves nothing. */
const LARGE = 1024 * 1024;

export async function readObject(
  bucket: Bucket,
  key: string,
  { from = 0, etag, expectedSize = 0, signal }: ReadOptions,
): Promise<StoredBody | undefined> {
  const command = new GetObjectCommand({
    Bucket: bucket.name,
    Key: key,
    ...(from > 0 && { Range: `bytes=${from}-` }),
    ...(etag !== undefined && { IfMatch: `"${etag}"` }),
  });
  try {
    const isLarge = expectedSize - from >= LARGE;
    const answer = await bucket.call('read', key, signal, (options) =>
      bucket.client.send(command, { ...options, ...(isLarge && { large: signal }) }),
    );
    const span = spanOf(answer);
    const body = (answer.Body ?? []) as unknown as AsyncIterable<Uint8Array>;
    const problem = problemOf(answer, span, { from, etag }, `s3://${bucket.name}/${key}`);
    if (problem !== undefined) {
      await body[Symbol.asyncIterator]().return?.();
      throw problem;
    }
    return {
      // As it came, since a store may tell capitals from small letters; without the quotes, which not every store writes.
      ...(answer.ETag !== undefined && { etag: answer.ETag.replaceAll('"', '') }),
      ...(span.total !== undefined && { size: span.total }),
      [Symbol.asyncIterator]: () => bytesFrom(from, bytesOf(bucket, key, body, span, signal), span),
    };
  } catch (error) {
    const answer = answerOf(error);
    if (answer?.code === 'NoSuchKey') return undefined;
    if (answer?.status === 412) throw replaced(`s3://${bucket.name}/${key}`, error);
    // Nothing lies at that byte or behind it.
    if (answer?.status === 416 && from > 0) return nothing();
    throw error;
  }
}

/** Some gateways know no ranges and answer with the whole object: then it begins at 0. */
function spanOf({ ContentRange, ContentLength }: GetObjectCommandOutput): Span {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? '') ?? [];
  return start === undefined
    ? { start: 0, total: ContentRange === undefined ? ContentLength : undefined }
    : { start: Number(start), total: Number(total) };
}

function problemOf(
  { ETag, ContentRange }: GetObjectCommandOutput,
  { start, total }: Span,
  asked: { readonly from: number; readonly etag: string | undefined },
  what: string,
): ArchiverError | undefined {
  // Not every store honours the condition.
  if (asked.etag !== undefined && plainEtag(asked.etag) !== plainEtag(ETag ?? '')) return replaced(what);
  if (ContentRange === undefined || (total !== undefined && start === asked.from)) return undefined;
  return new ArchiverError(
    'store-failed',
    `${what}: the store answered "${ContentRange}" where all from byte ${asked.from} was asked for`,
  );
}

function replaced(what: string, cause?: unknown): ArchiverError {
  return new ArchiverError('object-replaced', `${what} was replaced while it was being read`, { cause });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Of an answer that began earlier, only what was asked for. */
async function* bytesFrom(
  from: number,
  chunks: AsyncIterable<Uint8Array>,
  { start }: Span,
): AsyncGenerator<Uint8Array> {
  let position = start;
  for await (const chunk of chunks) {
    const skipped = Math.min(chunk.length, Math.max(0, from - position));
    position += chunk.length;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}

/** The answer's chunks; a connection that breaks or ends early is an error of the store's kind. */
async function* bytesOf(
  bucket: Bucket,
  key: string,
  body: AsyncIterable<Uint8Array>,
  { start, total }: Span,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let position = start;
  try {
    while (true) {
      const next = await bucket.call('read on in', key, signal, () => chunks.next());
      if (next.done === true) break;
      position += next.value.length;
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
  if (total !== undefined && position !== total) {
    throw new ArchiverError(
      'store-failed',
      `s3://${bucket.name}/${key}: the answer ended after ${position} of ${total} bytes`,
    );
  }
}
