/** A small web server for eyes and probes: answers GET and HEAD on fixed paths, reads no body, waits for nobody. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ArchiverError } from '../domain/errors.ts';
import { limitConnections } from './connections.ts';

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  /** The `Content-Security-Policy`; absent: nothing runs and nothing loads. */
  readonly policy?: string;
  readonly body: string;
}

export interface HttpOptions {
  /** Absent: every address of the machine, of both families. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** By path, without a query. */
  readonly routes: Readonly<Record<string, () => Reply | Promise<Reply>>>;
  /** A route failed; whoever asked is told no more than that. */
  readonly onFailure: (path: string, error: unknown) => void;
}

export interface HttpServer {
  /** Where it can be reached from this machine, for instance `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

const TEXT = 'text/plain; charset=utf-8';

const STRICTEST_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Whoever sends its few header lines more slowly than this, or lets an answer lie, is let go. */
const LIMITS = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
  maxHeaderSize: 8 * 1024,
};
const IDLE_MS = 30_000;

/** Rejects with an `ArchiverError` of code `config` when it cannot listen there. */
export async function serveHttp({ host, port, routes, onFailure }: HttpOptions): Promise<HttpServer> {
  const server = createServer(LIMITS, (request, response) => {
    void answer(request, response);
  });
  limitConnections(server);
  server.timeout = IDLE_MS;
  await listen(server, host, port);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?');
    send(request, response, await replyTo(request.method, path));
  }

  async function replyTo(method: string | undefined, path: string): Promise<Reply> {
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) return text(404, 'not found');
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD');
    try {
      return await route();
    } catch (error) {
      onFailure(path, error);
      return text(500, 'this could not be answered; the log tells why');
    }
  }

  return {
    url: urlOf(server.address() as AddressInfo),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, policy = STRICTEST_POLICY }: Reply,
): void {
  const bytes = Buffer.from(body);
  const sendsBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  response.writeHead(status, {
    ...HEADERS,
    'content-security-policy': policy,
    'content-type': contentType,
    'content-length': bytes.length,
    ...(status === 405 && { allow: 'GET, HEAD' }),
    // What is not read must not be taken for the next request.
    ...(sendsBody && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function text(status: number, line: string): Reply {
  return { status, contentType: TEXT, body: `${line}\n` };
}

function listen(server: Server, host: string | undefined, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays on: a connection that cannot be taken later on (too many open files, say) must not end the process.
    server.on('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(host === undefined ? { port } : { host, port }, resolve);
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'the port may not be used without special rights',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of this name',
};

function cannotListen(error: NodeJS.ErrnoException, host: string | undefined, port: number): ArchiverError {
  const reason = REASONS[error.code ?? ''] ?? error.message;
  return new ArchiverError('config', `cannot listen on ${host ?? ''}:${port}: ${reason}`, {
    hint: 'Choose another address by ARCHIVER_HTTP_LISTEN (`httpListen` in the configuration file).',
    cause: error,
  });
}

/** An address that stands for all cannot be gone to; the loopback one can. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '::' || address === '0.0.0.0') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
