/** A real forward proxy on loopback, for CONNECT and for plain HTTP, that remembers which hosts it was asked for. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { urlToHttpOptions } from 'node:url';

export interface ProxyOptions {
  /** The user name and password that it demands, as `user:password`. */
  readonly requires?: string;
  /** Takes the connection and the request, and never answers. */
  readonly hangs?: boolean;
  /** Where the traffic for a made-up host name really goes: name to `host:port`. Agents never ask a proxy for loopback. */
  readonly routes?: Readonly<Record<string, string>>;
}

interface ForwardProxy {
  /** `http://127.0.0.1:PORT`, without credentials. */
  readonly url: string;
  /** What clients asked it for, in order: `CONNECT host:port` or `GET host:port`, refused requests too. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Starts a proxy on a free port. */
export async function startProxy(options: ProxyOptions = {}): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();

  const server = createServer((incoming, outgoing) => {
    const target = new URL(incoming.url ?? '');
    asked.push(`${incoming.method} ${target.host}`);
    if (options.hangs === true) return;
    if (refuses(incoming, options)) {
      outgoing.writeHead(407, { 'proxy-authenticate': 'Basic realm="test"' }).end('no entry');
      return;
    }
    forward(target, incoming, outgoing, options);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    asked.push(`CONNECT ${incoming.url}`);
    client.on('error', () => client.destroy());
    if (options.hangs === true) return;
    if (refuses(incoming, options)) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="test"\r\n\r\n',
      );
      return;
    }
    sockets.add(tunnel(resolve(incoming.url ?? '', options), client));
  });

  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refuses(incoming: IncomingMessage, options: ProxyOptions): boolean {
  if (options.requires === undefined) return false;
  const expected = `Basic ${Buffer.from(options.requires).toString('base64')}`;
  return incoming.headers['proxy-authorization'] !== expected;
}

function forward(
  target: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ProxyOptions,
): void {
  const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers;
  const onward = request(
    {
      ...urlToHttpOptions(target),
      ...resolve(target.host, options),
      method: incoming.method,
      headers,
      agent: false,
    },
    (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.writeHead(502).end());
  incoming.pipe(onward);
}

function tunnel(target: Endpoint, client: Duplex): Duplex {
  const server = connect(target, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    server.pipe(client).pipe(server);
  });
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  return server;
}

interface Endpoint {
  readonly hostname: string;
  readonly host: string;
  readonly port: number;
}

function resolve(asked: string, { routes = {} }: ProxyOptions): Endpoint {
  const name = new URL(`http://${asked}`).hostname;
  const { hostname, port } = new URL(`http://${routes[name] ?? asked}`);
  return { hostname, host: hostname, port: Number(port) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
