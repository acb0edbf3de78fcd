/**
 * The socket transport: a plain GET over TCP or TLS for what large dumps are served by (HTTP/1.1 with a Content-Length, no proxy, no redirect).
 * Anything else, and anything that it does not understand, is left to got.
 */
import net, { type LookupFunction } from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { connect } from '../network/connect.ts';
import type { GetAnswer, GetRequest } from './http-get.ts';
import type { Connection, IdleConnections } from './idle-connections.ts';
import type { ResponseHead } from './range-response.ts';
import { endOfHead, HEAD_LIMIT, parseResponseHead, plainLength } from './response-head.ts';
import { createSocketReader, type SocketReader } from './socket-reader.ts';

interface Target {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** As in the `Host` header. */
  readonly authority: string;
  /** Scheme, host and port. */
  readonly place: string;
  /** Path and query, byte for byte as the link has them. */
  readonly path: string;
}

/** What a request ends in when not a byte came: on a connection that had been idle, closed meanwhile or dropped on the way, no reason to fail. */
class NoAnswer extends Error {}

/** Resolves with undefined when got should make the request instead. Rejects when no answer came. */
export async function socketGet(
  request: GetRequest,
  clock: Clock,
  { idle, lookup }: { readonly idle?: IdleConnections; readonly lookup?: LookupFunction } = {},
): Promise<GetAnswer | undefined> {
  const target = targetOf(request.link.reveal());
  if (!target || !areSafe(request.headers)) return undefined;

  request.signal.throwIfAborted();
  const used = idle?.take(target.place);
  if (used) {
    try {
      return await ask(request, target, used, clock, idle);
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
  try {
    return await ask(request, target, await open(target, request, clock, lookup), clock, idle);
  } catch (error) {
    throw error instanceof NoAnswer ? (error.cause ?? error) : error;
  }
}

async function ask(
  request: GetRequest,
  target: Target,
  connection: Connection,
  clock: Clock,
  idle: IdleConnections | undefined,
): Promise<GetAnswer | undefined> {
  const { signal, timeoutMs } = request;
  const { socket, reader } = connection;
  const giveUp = () =>
    socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('interrupted'));
  signal.addEventListener('abort', giveUp, { once: true });
  const letGo = () => signal.removeEventListener('abort', giveUp);
  socket.once('close', letGo);
  const alarm = clock.alarm(timeoutMs, () =>
    socket.destroy(new Error(`no answer came for ${timeoutMs / 1000} s`)),
  );
  alarm.restart();
  try {
    socket.write(requestText(target, request.headers, idle !== undefined));
    const answer = await readHead(reader);
    const length = answer && plainLength(answer.head);
    if (answer && length !== undefined && !isRedirect(answer.head)) {
      let given = false;
      const discard = () => {
        if (!given) socket.destroy();
      };
      const keep = () => {
        given = true;
        letGo();
        socket.off('close', letGo);
        idle?.give(target.place, connection);
      };
      const end = idle && mayStay(answer.head) ? keep : discard;
      return { head: answer.head, body: bodyOf(reader, answer.rest, length, { end, discard }), discard };
    }
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    alarm.stop();
  }
  socket.destroy();
  return undefined;
}

/** Undefined for an address that has to be rewritten before it can be sent, as no link of the cloud's has. */
function targetOf(address: string): Target | undefined {
  const [, scheme, authority, path] =
    /^(https?):\/\/([A-Za-z0-9.-]+(?::\d{1,5})?)(\/[\x21\x22\x24-\x7e]*)$/.exec(address) ?? [];
  if (scheme === undefined || authority === undefined || path === undefined) return undefined;
  const secure = scheme === 'https';
  const [host = '', port] = authority.split(':');
  const place = `${scheme}://${authority}`;
  return {
    secure,
    host,
    port: port === undefined ? (secure ? 443 : 80) : Number(port),
    authority,
    place,
    path,
  };
}

function areSafe(headers: GetRequest['headers']): boolean {
  return Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value));
}

/** A reader of its own for each socket that is tried: it is bound to what comes from the moment that the socket is made. */
async function open(
  { secure, host, port }: Target,
  { signal, timeoutMs }: GetRequest,
  clock: Clock,
  lookup: LookupFunction | undefined,
): Promise<Connection> {
  const readers = new Map<net.Socket, SocketReader>();
  // An address has no name to ask a certificate for.
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const attempt = (to: net.TcpNetConnectOpts): net.Socket => {
    const reader = createSocketReader(secure ? 'tls' : 'tcp');
    const options = { ...to, onread: reader.onread };
    const socket = secure ? tls.connect({ ...options, ...servername }) : net.connect(options);
    reader.attach(socket);
    readers.set(socket, reader);
    return socket;
  };
  const socket = await connect({ host, port, lookup }, { clock, signal, timeoutMs, open: attempt });
  const reader = readers.get(socket);
  if (reader) return { socket, reader };
  throw new ArchiverError('internal', 'a connection was made that nobody has opened');
}

function requestText({ authority, path }: Target, headers: GetRequest['headers'], stay: boolean): string {
  const all = {
    host: authority,
    'user-agent': 'rdb-archiver',
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: stay ? 'keep-alive' : 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The head, and what came of the body with it; undefined where this is no answer that we understand. */
async function readHead(reader: SocketReader): Promise<{ head: ResponseHead; rest: Buffer } | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < HEAD_LIMIT) {
    const chunk = await reader.read().catch((cause) => {
      throw bytes.length === 0 ? new NoAnswer('the connection broke before an answer', { cause }) : cause;
    });
    if (!chunk) {
      const problem = 'the connection ended before an answer';
      throw bytes.length === 0 ? new NoAnswer(problem) : new Error(problem);
    }
    bytes = Buffer.concat([bytes, chunk]);
    const end = endOfHead(bytes);
    if (end < 0) continue;
    const head = end <= HEAD_LIMIT ? parseResponseHead(bytes.subarray(0, end)) : undefined;
    return head && { head, rest: bytes.subarray(end) };
  }
  return undefined;
}

/** Exactly so many bytes, or fewer where the connection ends before: whoever reads counts them. `end` is called in place of `discard` where nothing more can come. */
async function* bodyOf(
  reader: SocketReader,
  rest: Buffer,
  length: number,
  { end, discard }: { readonly end: () => void; readonly discard: () => void },
): AsyncGenerator<Uint8Array> {
  let left = length;
  let chunk: Buffer | undefined = rest;
  let clean = false;
  try {
    while (left > 0 && chunk) {
      const mine = chunk.length > left ? chunk.subarray(0, left) : chunk;
      clean = chunk.length === left;
      left -= mine.length;
      if (mine.length > 0) yield mine;
      if (left > 0) chunk = await reader.read();
    }
  } finally {
    if (left === 0 && clean && reader.isSilent()) end();
    else discard();
  }
}

/** HTTP/1.1 stays connected unless it says otherwise. */
function mayStay({ headers }: ResponseHead): boolean {
  return !/\bclose\b/i.test(headers['connection'] ?? '');
}

function isRedirect({ status }: ResponseHead): boolean {
  return status >= 300 && status < 400;
}
