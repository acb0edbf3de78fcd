/** Connections of the socket transport that are used again: only in a state in which nothing can be mixed up, and without leaving anything behind. */
import net, { type AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Link } from '../../src/domain/link.ts';
import { systemClock } from '../../src/system-clock.ts';
import { createIdleConnections } from '../../src/transfer/idle-connections.ts';
import { socketGet } from '../../src/transfer/socket-get.ts';

const signal = new AbortController().signal;

/** Answers every request on every connection by `answer`; counts the connections. */
async function startServer(answer: (socket: net.Socket, request: number) => void) {
  const connections: net.Socket[] = [];
  let requests = 0;
  const server = net.createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => {});
    socket.on('data', () => {
      requests += 1;
      answer(socket, requests);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  const idle = createIdleConnections(systemClock);
  const link = new Link(`http://127.0.0.1:${(server.address() as AddressInfo).port}/dump.rdb`, 0);
  return {
    connections,
    async get(timeoutMs = 5000): Promise<string> {
      const answered = await socketGet({ link, headers: {}, timeoutMs, signal }, systemClock, { idle });
      const chunks: Buffer[] = [];
      for await (const chunk of answered?.body ?? []) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString();
    },
  };
}

const plain = (text: string, headers = '') =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${text.length}\r\n\r\n${text}`;

describe('a connection that has answered', () => {
  it('is asked again and again, and collects nothing on the way', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const { get, connections } = await startServer((socket, request) => socket.write(plain(`no ${request}`)));
    for (let request = 1; request <= 40; request += 1) expect(await get()).toBe(`no ${request}`);
    await nextTurn();
    expect(connections).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('is not asked again when it said that it closes', async () => {
    const { get, connections } = await startServer((socket) =>
      socket.write(plain('x', 'Connection: close\r\n')),
    );
    for (const _ of [1, 2]) expect(await get()).toBe('x');
    expect(connections).toHaveLength(2);
  });

  it('is not asked again when more came than was announced', async () => {
    const { get, connections } = await startServer((socket) =>
      socket.write(plain('x') + plain('not asked for')),
    );
    for (const _ of [1, 2, 3]) expect(await get()).toBe('x');
    expect(connections).toHaveLength(3);
  });

  it('is replaced, and the request made anew, when the server closes it as it is asked', async () => {
    const { get, connections } = await startServer((socket, request) => {
      if (request === 2) socket.resetAndDestroy();
      else socket.write(plain(`no ${request}`));
    });
    expect([await get(), await get()]).toEqual(['no 1', 'no 3']);
    expect(connections).toHaveLength(2);
  });

  it('is replaced when nothing comes any more: it may have been dropped on the way, and nobody told', async () => {
    const { get, connections } = await startServer((socket, request) => {
      if (request !== 2) socket.write(plain(`no ${request}`));
    });
    expect(await get()).toBe('no 1');
    expect(await get(50)).toBe('no 3');
    expect(connections).toHaveLength(2);
  });

  it('is not asked again when its body did not come whole', async () => {
    const { get, connections } = await startServer((socket, request) => {
      if (request === 1) socket.end(plain('abcdef').slice(0, -3));
      else socket.write(plain('x'));
    });
    expect([await get(), await get()]).toEqual(['abc', 'x']);
    expect(connections).toHaveLength(2);
  });
});
