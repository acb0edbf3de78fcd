/** What can go wrong with a download: each fault bends the sandbox's right answer in one way. Positions count from the file's start. */
import { gzipSync } from 'node:zlib';
import { cosError, expiredReply } from '../../src/sandbox/download-host.ts';
import { type Body, type Exchange, type Reply, textReply } from '../../src/sandbox/exchange.ts';
import { type Fault, startOf } from './cloud.ts';

/** The connection breaks once the byte `position` has been sent; a request that starts behind it breaks at once. */
export function cutAt(position: number): Fault {
  return bend((reply) => ({ ...reply, body: broken(reply.body, position - startOf(reply)) }));
}

/** The connection breaks after so many bytes of each answer: progress each time. */
export function cutAfter(bytes: number): Fault {
  return bend((reply) => ({ ...reply, body: broken(reply.body, bytes) }));
}

/** The connection breaks before there is any answer. */
export function cutBeforeAnswer(): Fault {
  return async () => {
    throw new Error('the fault cuts the connection');
  };
}

/** The server announces the whole length and closes the connection in good order at `position`. */
export function endEarlyAt(position: number): Fault {
  return bend((reply) => ({
    ...reply,
    headers: { ...reply.headers, connection: 'close' },
    body: first(reply.body, position - startOf(reply)),
  }));
}

/** The server announces no length, sends chunks, and ends them properly at `position`. */
export function endChunksEarlyAt(position: number): Fault {
  return bend((reply) => ({
    ...reply,
    headers: without(reply.headers, 'content-length'),
    body: first(reply.body, position - startOf(reply)),
  }));
}

/** The server announces no length, and sends everything. */
export function chunked(): Fault {
  return bend((reply) => ({ ...reply, headers: without(reply.headers, 'content-length') }));
}

/** Not a byte more after `position`, but the connection stays open until the client gives up. */
export function stallAt(position: number): Fault {
  return async (exchange, answer) => {
    const reply = await answer(exchange);
    return { ...reply, body: stalled(reply.body, position - startOf(reply), exchange.signal) };
  };
}

/** The connection breaks at `position`, and from then on this link, and only this one, has expired. Once: a new link is good. */
export function expireLinkAt(position: number): Fault {
  let dead: string | undefined;
  return async (exchange, answer) => {
    const { target } = exchange.received;
    if (target === dead) return expiredReply();
    const reply = await answer(exchange);
    if (dead !== undefined) return reply;
    dead = target;
    return { ...reply, body: broken(reply.body, position - startOf(reply)) };
  };
}

/** Every link is refused as expired, however fresh. */
export function expired(): Fault {
  return async () => expiredReply();
}

/** Answers the whole file, whatever was asked for. */
export function ignoreRange(): Fault {
  return async (exchange, answer) => {
    return answer(withoutHeaders(exchange, ['range']));
  };
}

/** The validator is another one from now on, and the server does not look at the client's. */
export function changeEtag(etag = '"another-file"'): Fault {
  return async (exchange, answer) => {
    const reply = await answer(withoutHeaders(exchange, ['if-match', 'if-range']));
    return { ...reply, headers: { ...reply.headers, etag } };
  };
}

export function weakEtag(): Fault {
  return withHeaders((headers) => ({ ...headers, etag: `W/${headers['etag']}` }));
}

export function noEtag(): Fault {
  return withHeaders((headers) => without(headers, 'etag'));
}

/** `Content-Range` claims another start; the bytes are those asked for. */
export function wrongRangeStart(by = 1): Fault {
  return withContentRange((start, end, total) => `bytes ${start + by}-${end}/${total}`);
}

/** `Content-Range` claims another total. */
export function wrongRangeTotal(by = 1): Fault {
  return withContentRange((start, end, total) => `bytes ${start}-${end}/${total + by}`);
}

/** One bit of the byte at `position` is wrong; the length and all headers are right. */
export function flipBit(position: number): Fault {
  return bend((reply) => ({ ...reply, body: flipped(reply.body, position - startOf(reply)) }));
}

/** A web page, as a captive portal or a login answers. */
export function htmlPage(): Fault {
  return async () =>
    textReply(200, 'text/html', '<!doctype html><title>Sign in</title><p>Please sign in.</p>\n');
}

export function emptyFile(): Fault {
  return bend((reply) => ({ ...reply, headers: { ...reply.headers, 'content-length': '0' }, body: [] }));
}

/** A file that lacks its last bytes and says so nowhere: the announced length is that of the cut file. Whole requests only. */
export function cutFile(missing = 1): Fault {
  return bend((reply) => {
    const length = Number(reply.headers['content-length']) - missing;
    return {
      ...reply,
      headers: { ...reply.headers, 'content-length': String(length) },
      body: first(reply.body, length),
    };
  });
}

/** The announced length is larger than what comes, and the connection is closed at its end. */
export function announceMore(by = 1): Fault {
  return bend((reply) => ({
    ...reply,
    headers: {
      ...reply.headers,
      connection: 'close',
      'content-length': String(Number(reply.headers['content-length']) + by),
    },
  }));
}

/** From `position` on byte by byte, and before each of them `pass` lets time pass. */
export function trickleAt(position: number, pass: () => void): Fault {
  return bend((reply) => ({ ...reply, body: trickled(reply.body, position - startOf(reply), pass) }));
}

/** The same path at another host, which has the file too. */
export function redirectTo(host: string): Fault {
  return async ({ received }) => {
    const location = `http://${host}${received.target}`;
    return { status: 302, headers: { location, 'content-length': '0' }, body: [] };
  };
}

/** The body in gzip, although nobody asked for it. */
export function gzipBody(): Fault {
  return bend(async (reply) => {
    const chunks = [];
    for await (const chunk of reply.body) chunks.push(chunk);
    const body = gzipSync(Buffer.concat(chunks), { level: 1 });
    const headers = { ...reply.headers, 'content-encoding': 'gzip', 'content-length': String(body.length) };
    return { ...reply, headers, body: [body] };
  });
}

/** The region's setting (LimitType) lets this network not download. The message is a guess: nobody has published it. */
export function restrictedNetwork(): Fault {
  return async () => cosError(403, 'AccessDenied', 'Access denied by bucket policy.');
}

export function signatureRefused(): Fault {
  return async () => cosError(403, 'SignatureDoesNotMatch', 'The Signature you specified is invalid.');
}

export function noSuchKey(): Fault {
  return async () => cosError(404, 'NoSuchKey', 'The specified key does not exist.');
}

/** 429 or 503, with how long to wait where given. */
export function comeBackLater(status: 429 | 503, retryAfterSeconds?: number): Fault {
  const headers = retryAfterSeconds === undefined ? undefined : { 'retry-after': String(retryAfterSeconds) };
  return async () => cosError(status, 'SlowDown', 'Please reduce your request rate.', headers);
}

export function hostError(): Fault {
  return async () => cosError(500, 'InternalError', 'We encountered an internal error.');
}

/** The range is refused, whatever it is. */
export function rangeRefused(): Fault {
  return async () => cosError(416, 'InvalidRange', 'The requested range cannot be satisfied.');
}

export function redirect(location: string, status = 302): Fault {
  return async () => ({ status, headers: { location, 'content-length': '0' }, body: [] });
}

/** Changes a good answer; leaves an error as it is. */
function bend(change: (reply: Reply) => Reply | Promise<Reply>): Fault {
  return async (exchange, answer) => {
    const reply = await answer(exchange);
    return reply.status < 300 ? change(reply) : reply;
  };
}

function withHeaders(change: (headers: Reply['headers']) => Reply['headers']): Fault {
  return bend((reply) => ({ ...reply, headers: change(reply.headers) }));
}

function withContentRange(write: (start: number, end: number, total: number) => string): Fault {
  return withHeaders((headers) => {
    const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
    if (start === undefined) return headers;
    return { ...headers, 'content-range': write(Number(start), Number(end), Number(total)) };
  });
}

/** The question as if the client had not sent these. */
function withoutHeaders(exchange: Exchange, names: readonly string[]): Exchange {
  const headers = Object.fromEntries(
    Object.entries(exchange.received.headers).filter(([name]) => !names.includes(name)),
  );
  return { ...exchange, received: { ...exchange.received, headers } };
}

function without(headers: Reply['headers'], name: string): Reply['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

async function* first(body: Body, bytes: number): AsyncGenerator<Uint8Array> {
  let rest = bytes;
  if (rest <= 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, rest);
    rest -= chunk.length;
    if (rest <= 0) return;
  }
}

async function* broken(body: Body, bytes: number): AsyncGenerator<Uint8Array> {
  yield* first(body, bytes);
  // Throwing at once would destroy the socket with the last bytes still in it.
  await new Promise((resume) => setImmediate(resume));
  throw new Error('the fault cuts the connection');
}

async function* stalled(body: Body, bytes: number, gone: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* first(body, bytes);
  await new Promise<void>((resume) => gone.addEventListener('abort', () => resume(), { once: true }));
}

async function* trickled(body: Body, bytes: number, pass: () => void): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of body) {
    const fast = Math.min(chunk.length, Math.max(0, bytes - at));
    if (fast > 0) yield chunk.subarray(0, fast);
    for (let index = fast; index < chunk.length; index += 1) {
      // A turn or two, so that whoever reads waits for each byte.
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resume) => setImmediate(resume));
      pass();
      yield chunk.subarray(index, index + 1);
    }
    at += chunk.length;
  }
}

async function* flipped(body: Body, position: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of body) {
    const index = position - at;
    at += chunk.length;
    const byte = index < 0 ? undefined : chunk[index];
    if (byte === undefined) {
      yield chunk;
      continue;
    }
    const copy = Uint8Array.from(chunk);
    copy[index] = byte ^ 1;
    yield copy;
  }
}
