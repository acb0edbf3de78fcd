/** Something on the way to a real store that flips one bit of the bodies it is told to, as a bad cable or a proxy's memory would. */
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface FlippingFront {
  readonly endpoint: string;
  /** Whether the body of a request to this path is changed; nothing is at first. */
  flips: (path: string) => boolean;
  /** How many were. */
  flipped: number;
  close(): Promise<void>;
}

export async function startFlippingFront(store: string): Promise<FlippingFront> {
  const { hostname, port } = new URL(store);
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const isHit = incoming.method === 'PUT' && body.length > 0 && front.flips(incoming.url ?? '');
    if (isHit) {
      const middle = body.length >> 1;
      body.writeUInt8(body.readUInt8(middle) ^ 1, middle);
      front.flipped += 1;
    }
    // Among them `Host`, which is signed.
    const { expect: _, connection: __, ...headers } = incoming.headers;
    const { method, url } = incoming;
    const forward = request({ hostname, port, method, path: url, headers, agent: false });
    forward.on('error', () => outgoing.destroy());
    forward.on('response', (answer: IncomingMessage) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: FlippingFront = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    flips: () => false,
    flipped: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return front;
}
