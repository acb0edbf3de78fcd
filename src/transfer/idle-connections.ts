/** Connections of the socket transport that have answered and may answer again: a new one would first have to get up to speed. */
import type net from 'node:net';
import type { Clock } from '../domain/clock.ts';
import type { SocketReader } from './socket-reader.ts';

export interface Connection {
  readonly socket: net.Socket;
  readonly reader: SocketReader;
}

export interface IdleConnections {
  /** One to this place that is open and silent; undefined where there is none. */
  take(place: string): Connection | undefined;
  /** Keeps it for the next request, and for a few seconds only: neither the host nor the process's end is held up for longer. */
  give(place: string, connection: Connection): void;
}

/** Milliseconds; nginx closes after 75 s, load balancers sooner, and a request into a closing connection is lost time. */
const IDLE_LIMIT = 4000;

export function createIdleConnections(clock: Clock): IdleConnections {
  const idle = new Map<string, Connection[]>();
  /** Takes a connection out, and all that was waiting for its end. */
  const endings = new WeakMap<net.Socket, () => void>();

  function drop(place: string, connection: Connection): void {
    const rest = (idle.get(place) ?? []).filter((other) => other !== connection);
    if (rest.length > 0) idle.set(place, rest);
    else idle.delete(place);
  }

  return {
    take(place) {
      // The one that came last has the longest to live.
      for (const connection of (idle.get(place) ?? []).toReversed()) {
        const { socket, reader } = connection;
        endings.get(socket)?.();
        socket.ref();
        if (!socket.destroyed && socket.readable && reader.isSilent()) return connection;
        socket.destroy();
      }
      return undefined;
    },
    give(place, connection) {
      const { socket } = connection;
      idle.set(place, [...(idle.get(place) ?? []), connection]);
      const limit = clock.alarm(IDLE_LIMIT, () => socket.destroy());
      limit.restart();
      const leave = (): void => {
        socket.off('close', leave);
        limit.stop();
        drop(place, connection);
      };
      socket.on('close', leave);
      endings.set(socket, leave);
      socket.unref();
    },
  };
}
