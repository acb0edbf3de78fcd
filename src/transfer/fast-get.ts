/**
 * The fast lane: a plain GET over TCP or TLS for what large dumps are served by (HTTP/1.1 with a Content-Length, no proxy, no redirect).
 * Anything else, and anything that it does not understand, is left to got.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../domain/clock.ts';
import type { GetAnswer, GetRequest } from './http-get.ts';
import type { ResponseHead } from './range-response.ts';
import { endOfHead, HEAD_LIMIT, parseResponseHead, plainLength } from './response-head.ts';
import { createSocketReader, type SocketReader } from './socket-reader.ts';

interface Target {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** As in the `Host` header. */
  readonly authority: string;
  /** Path and query, byte for byte as the link has them. */
  readonly path: string;
}

/** Resolves with undefined when got should make the request instead. Rejects when no answer came. */
export async function fastGet(request: GetRequest, clock: Clock): Promise<GetAnswer | undefined> {
  const { signal, timeoutMs } = request;
  const target = targetOf(request.link.reveal());
  if (!target || !areSafe(request.headers)) return undefined;

  signal.throwIfAborted();
  const reader = createSocketReader();
  const socket = connect(target, reader);
  const giveUp = () =>
    socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('interrupted'));
  signal.addEventListener('abort', giveUp, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', giveUp));
  const alarm = clock.alarm(timeoutMs, () =>
    socket.destroy(new Error(`no answer came for ${timeoutMs / 1000} s`)),
  );
  alarm.restart();
  try {
    socket.write(requestText(target, request.headers));
    const answer = await readHead(reader);
    const length = answer && plainLength(answer.head);
    if (answer && length !== undefined && !isRedirect(answer.head)) {
      const discard = () => socket.destroy();
      return { head: answer.head, body: bodyOf(reader, answer.rest, length, discard), discard };
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
  return { secure, host, port: port === undefined ? (secure ? 443 : 80) : Number(port), authority, path };
}

function areSafe(headers: GetRequest['headers']): boolean {
  return Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value));
}

function connect({ secure, host, port }: Target, reader: SocketReader): net.Socket {
  // An address has no name to ask a certificate for.
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const options = { host, port, onread: reader.onread, ...servername };
  const socket = secure ? tls.connect(options) : net.connect(options);
  reader.attach(socket);
  return socket;
}

function requestText({ authority, path }: Target, headers: GetRequest['headers']): string {
  const all = {
    host: authority,
    'user-agent': 'rdb-archiver',
    accept: '*/*',
    'accept-encoding': 'identity',
    connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The head, and what came of the body with it; undefined where this is no answer that we understand. */
async function readHead(reader: SocketReader): Promise<{ head: ResponseHead; rest: Buffer } | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < HEAD_LIMIT) {
    const chunk = await reader.read();
    if (!chunk) throw new Error('the connection ended before an answer');
    bytes = Buffer.concat([bytes, chunk]);
    const end = endOfHead(bytes);
    if (end < 0) continue;
    const head = end <= HEAD_LIMIT ? parseResponseHead(bytes.subarray(0, end)) : undefined;
    return head && { head, rest: bytes.subarray(end) };
  }
  return undefined;
}

/** Exactly so many bytes, or fewer where the connection ends before: whoever reads counts them. */
async function* bodyOf(
  reader: SocketReader,
  rest: Buffer,
  length: number,
  close: () => void,
): AsyncGenerator<Uint8Array> {
  let left = length;
  let chunk: Buffer | undefined = rest;
  try {
    while (left > 0 && chunk) {
      const mine = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= mine.length;
      if (mine.length > 0) yield mine;
      if (left > 0) chunk = await reader.read();
    }
  } finally {
    close();
  }
}

function isRedirect({ status }: ResponseHead): boolean {
  return status >= 300 && status < 400;
}
