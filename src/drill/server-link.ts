/** A connection to the throw-away server, over its private socket. The only file that knows the client library. */
import { createClient } from '@redis/client';
import { ArchiverError } from '../domain/errors.ts';

/** What a server answers; lists are answered as such. An error answer rejects. */
export type Reply = unknown;

export interface ServerLink {
  /** Rejects with the server's error, or with the signal's reason. */
  ask(command: readonly string[], signal: AbortSignal): Promise<Reply>;
  close(): void;
}

/** Rejects with `not-drillable` where nobody answers at the socket. */
export async function openLink(socket: string): Promise<ServerLink> {
  const client = createClient({
    socket: { path: socket, reconnectStrategy: false, connectTimeout: 5000 },
    // Nothing is asked but what we ask: old servers know neither HELLO nor CLIENT SETINFO.
    RESP: 2,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  });
  // Without a listener a broken connection would end the process; every command in flight rejects anyway.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    client.destroy();
    throw new ArchiverError('not-drillable', 'the server does not answer', { cause });
  }
  return {
    ask: (command, signal) => unlessAborted(client.sendCommand([...command]), signal),
    close: () => {
      if (client.isOpen) client.destroy();
    },
  };
}

/** A script that never ends answers nothing: the wait is given up, and with the server the script ends too. */
function unlessAborted<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(signal.reason);
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}
