/** TLS in front of a plain server on loopback: the stand-ins speak no TLS themselves. */

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';

export interface TlsFront {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  close(): Promise<void>;
}

/** Hands everything that comes in over TLS on to `http://127.0.0.1:PORT`. `tls` is PEM. */
export async function tlsInFrontOf(
  port: number,
  tls: { readonly key: string; readonly cert: string },
): Promise<TlsFront> {
  const open = new Set<TLSSocket>();
  const server = createServer(tls, (client) => {
    const plain = connect(port, '127.0.0.1');
    open.add(client);
    client.pipe(plain).pipe(client);
    client.on('error', () => plain.destroy()).on('close', () => plain.destroy());
    plain.on('error', () => client.destroy()).on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
