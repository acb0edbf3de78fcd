/** A web server on loopback that answers as a test says, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answer =
  | {
      readonly status?: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'silence'
  | 'reset';

interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly Asked[];
}

interface LoopbackOptions {
  /** PEM; the server then speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts a server on a free port, for the length of the test. */
export async function serve(
  answer: (asked: Asked) => Answer | Promise<Answer>,
  options: LoopbackOptions = {},
): Promise<LoopbackServer> {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: path = '', headers } = request;
    const question = { method, path, headers, body: Buffer.concat(chunks).toString() };
    asked.push(question);
    const reply = await answer(question);
    if (reply === 'silence') return;
    if (reply === 'reset') request.socket.destroy();
    else response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
  };
  const server =
    options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, port, asked };
}
