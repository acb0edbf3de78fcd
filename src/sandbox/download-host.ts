/** The download host: serves ranges of dumps by link, and refuses in COS' words. */
import { createHash } from 'node:crypto';
import type { Dump } from './dump.ts';
import { type Exchange, type Received, type Reply, textReply } from './exchange.ts';
import type { IssuedLink, Links } from './links.ts';
import type { World } from './world.ts';

/** Answers a download. API 2.0 always fetches the one exported dump of a cluster edition. */
export function createDownloadHost(world: World, links: Links): (exchange: Exchange) => Reply {
  return ({ received }) => {
    if (received.method !== 'GET' && received.method !== 'HEAD')
      return cosError(405, 'MethodNotAllowed', 'Method not allowed.');
    const link = links.find(received.target);
    if (link === undefined)
      return cosError(403, 'SignatureDoesNotMatch', 'The Signature you specified is invalid.');
    if (links.expired(link)) return expiredReply();
    const dump = dumpOf(world, link);
    if (dump === undefined) return cosError(404, 'NoSuchKey', 'The specified key does not exist.');
    return serve(dump, received, cosHeaders(dump, link.blob));
  };
}

/** What COS answers to a link that has run out (its FAQ, document 436/38958). */
export function expiredReply(): Reply {
  return cosError(403, 'AccessDenied', 'Request has expired');
}

/** An error as COS writes it. */
export function cosError(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Reply {
  const id = createHash('md5').update(message).digest('hex');
  const xml =
    `<?xml version='1.0' encoding='utf-8' ?>\n<Error><Code>${code}</Code><Message>${message}</Message>` +
    `<RequestId>${id}</RequestId><TraceId>${id}</TraceId></Error>`;
  return textReply(status, 'application/xml', xml, {
    server: 'tencent-cos',
    'x-cos-request-id': id,
    ...headers,
  });
}

function dumpOf(world: World, link: IssuedLink): Dump | undefined {
  const file = world.file(link.instanceId, link.backupId, link.file);
  if (file === undefined || !link.blob) return file?.dump;
  return world.backup(link.instanceId, link.backupId)?.exported ?? file.dump;
}

/** API 2.0's download host is not COS, and nobody has written down what it answers beyond the bytes. */
function cosHeaders(dump: Dump, blob: boolean): Record<string, string> {
  return blob ? {} : { server: 'tencent-cos', 'x-cos-hash-crc64ecma': dump.crc64ecma() };
}

function serve(dump: Dump, { method, headers }: Received, cos: Record<string, string>): Reply {
  const common = {
    ...cos,
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    etag: dump.etag,
  };
  const condition = headers['if-match'];
  if (condition !== undefined && condition !== '*' && condition !== dump.etag) {
    return cosError(412, 'PreconditionFailed', 'Precondition Failed');
  }
  const unchanged = headers['if-range'] === undefined || headers['if-range'] === dump.etag;
  const range = unchanged ? parseRange(headers.range, dump.size) : undefined;
  if (range === 'unsatisfiable') {
    return cosError(416, 'InvalidRange', 'The requested range cannot be satisfied.', {
      'content-range': `bytes */${dump.size}`,
    });
  }
  const { start, end } = range ?? { start: 0, end: dump.size };
  const partial = range && { 'content-range': `bytes ${start}-${end - 1}/${dump.size}` };
  return {
    status: range ? 206 : 200,
    headers: { ...common, ...partial, 'content-length': String(end - start) },
    body: method === 'HEAD' ? [] : dump.read(start, end),
  };
}

/**
 * One range of bytes, `end` exclusive; undefined (the whole file) for none and for what COS does not know, as several ranges
 * (document 436/7753).
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  if (first === '')
    return Number(last) === 0 ? 'unsatisfiable' : { start: Math.max(0, size - Number(last)), end: size };
  const start = Number(first);
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
