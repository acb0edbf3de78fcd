/**
 * Who may stay connected. A hundred connections that never ask for anything kept the kubelet out, and it killed the daemon in mid-transfer: so there is
 * always room for one more, and who has waited longest without a whole request makes it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const MOST = 100;
/** Of one address: a probe, a scrape and a browser open six at the most, and the others keep their places whatever one of them does. */
const MOST_OF_ONE = 40;

/** From now on the server's connections are counted, and dropped when there are too many. */
export function limitConnections(server: Server): void {
  const open = new Set<Socket>();
  /** Without a whole head, or between two requests: the oldest first. */
  const waiting = new Set<Socket>();

  server.on('connection', (socket) => {
    makeRoom(socket.remoteAddress);
    open.add(socket);
    waiting.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    waiting.delete(socket);
    response.once('finish', () => {
      if (open.has(socket)) waiting.add(socket);
    });
  });

  /** For one more, which is not yet among them: the newest may be the kubelet. */
  function makeRoom(address: string | undefined): void {
    const ofOne = [...open].filter(({ remoteAddress }) => remoteAddress === address);
    if (ofOne.length >= MOST_OF_ONE) drop(ofOne);
    else if (open.size >= MOST) drop([...open]);
  }

  /** Where all of them are being answered, the oldest: answers take no time, so that one is not fetched. */
  function drop(among: readonly Socket[]): void {
    const oldest = [...waiting].find((socket) => among.includes(socket)) ?? among[0];
    if (!oldest) return;
    // At once, not when its end is told: more may come before that.
    open.delete(oldest);
    waiting.delete(oldest);
    oldest.destroy();
  }
}
