/** A scripted download host on a real socket: each request takes the next entry of the script, the last one serves for all that follow. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export type Turn = (request: http.IncomingMessage, response: http.ServerResponse) => void;

export interface DumpHost {
  readonly url: string;
  /** The `Range` header of each request; undefined where it had none. */
  readonly ranges: (string | undefined)[];
  close(): Promise<void>;
}

export async function startDumpHost(script: readonly Turn[]): Promise<DumpHost> {
  const ranges: (string | undefined)[] = [];
  let turn = 0;
  const server = http.createServer((request, response) => {
    ranges.push(request.headers.range);
    const act = script[Math.min(turn, script.length - 1)];
    turn += 1;
    act?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/download/dump.rdb?AbC/dEf+ghI==`,
    ranges,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

interface ServeOptions {
  readonly etag?: string;
  /** Destroys the socket when this much of the file (not of the answer) was sent. */
  readonly cutAt?: number;
  /** Ends the answer politely there instead, as a proxy does that gave up; only possible without a length. */
  readonly endAt?: number;
  /** Sends this much and then nothing more. */
  readonly stallAt?: number;
  readonly ignoreRange?: boolean;
}

/** Serves a file as a good host does, with Range and a strong ETag, and with one fault at the most. */
export function serve(content: Buffer, options: ServeOptions = {}): Turn {
  const { etag = '"v1"', cutAt, endAt, stallAt, ignoreRange } = options;
  return (request, response) => {
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const offset = range && !ignoreRange ? Number(range[1]) : 0;
    const rest = content.subarray(offset);
    response.statusCode = offset > 0 ? 206 : 200;
    response.setHeader('etag', etag);
    if (offset > 0)
      response.setHeader('content-range', `bytes ${offset}-${content.length - 1}/${content.length}`);
    if (endAt !== undefined) {
      response.end(rest.subarray(0, Math.max(0, endAt - offset)));
      return;
    }
    response.setHeader('content-length', rest.length);
    const stop = cutAt ?? stallAt;
    if (stop === undefined || stop >= content.length) {
      response.end(rest);
      return;
    }
    response.flushHeaders();
    response.write(rest.subarray(0, Math.max(0, stop - offset)), () => {
      if (cutAt !== undefined) response.socket?.destroy();
    });
  };
}

/** An answer without a dump. */
export function answer(status: number, body = '', headers: Readonly<Record<string, string>> = {}): Turn {
  return (_, response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  };
}

/** Takes the request and hangs up before any answer. */
export const hangUp: Turn = (request) => {
  request.socket.destroy();
};
