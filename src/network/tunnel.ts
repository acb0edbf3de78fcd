/** The way to a server through a proxy: to the proxy itself, and for TLS from there on by CONNECT (RFC 9110, 9.3.6). */
import http from 'node:http';
import { isIP, type Socket } from 'node:net';
import tls from 'node:tls';
import { type ConnectLimits, connect } from './connect.ts';

export interface Destination {
  readonly host: string;
  readonly port: string;
}

/** A connection to the proxy, whichever of its addresses answers first. Rejects as `connect` does. */
export async function connectToProxy(proxy: URL, limits: ConnectLimits): Promise<Socket> {
  const host = bare(proxy.hostname);
  const secure = proxy.protocol === 'https:';
  const port = proxy.port === '' ? (secure ? 443 : 80) : Number(proxy.port);
  const socket = await connect({ host, port }, limits);
  if (!secure) return socket;
  const over = tls.connect({ socket, ...(isIP(host) === 0 && { servername: host }) });
  return secured(over, limits, proxy.host);
}

/** A connection that leads on to the destination. Rejects with an error of code `ERR_PROXY_TUNNEL` where the proxy makes none. */
export async function tunnelThrough(
  proxy: URL,
  { host, port }: Destination,
  limits: ConnectLimits,
): Promise<Socket> {
  const socket = await connectToProxy(proxy, limits);
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const request = http.request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...authorization(proxy) },
    setHost: false,
    createConnection: () => socket,
  });
  const slow = tunnelError(`no tunnel to ${authority} within ${limits.timeoutMs / 1000} s`);
  const answered = settling<Socket>(socket, limits, slow, (resolve, reject) => {
    request.on('error', reject);
    request.on('connect', ({ statusCode = 0, statusMessage, httpVersion }, _socket, head) => {
      if (statusCode < 200 || statusCode > 299) {
        const said = `HTTP/${httpVersion} ${statusCode} ${statusMessage}`;
        reject(tunnelError(`Failed to establish tunnel to ${authority} via ${addressOf(proxy)}/: ${said}`));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
  });
  request.end();
  return answered;
}

/** Resolves with the socket when its handshake is done. Rejects with why it failed, or as `limits` say. `peer` is for messages. */
export function secured(socket: tls.TLSSocket, limits: ConnectLimits, peer: string): Promise<tls.TLSSocket> {
  const message = `no TLS handshake with ${peer} within ${limits.timeoutMs / 1000} s`;
  // By this code clients know that another try may go well.
  const slow = Object.assign(new Error(message), { code: 'ETIMEDOUT' });
  return settling<tls.TLSSocket>(socket, limits, slow, (resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Within the limits; a socket that leads nowhere is closed. */
async function settling<Result>(
  socket: Socket,
  { clock, signal, timeoutMs }: ConnectLimits,
  slow: Error,
  begin: (resolve: (result: Result) => void, reject: (error: unknown) => void) => void,
): Promise<Result> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const alarm = clock.alarm(timeoutMs, () => reject(slow));
  const onAbort = (): void => reject(signal.reason);
  const onClose = (): void => reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
  signal.addEventListener('abort', onAbort);
  socket.on('close', onClose);
  alarm.restart();
  try {
    begin(resolve, reject);
    return await promise;
  } catch (error) {
    socket.on('error', () => {}).destroy();
    throw error;
  } finally {
    alarm.stop();
    socket.off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  }
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Without its password. */
function addressOf(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`;
}

function tunnelError(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_PROXY_TUNNEL' });
}

function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
