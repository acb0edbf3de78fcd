/** An embedded stand-in of the cloud: both APIs and the download host on one loopback port, with signatures really checked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import type { Dialect } from '../domain/outcome.ts';
import type { SandboxCredentials } from './api-context.ts';
import { createApiV2 } from './api-v2.ts';
import { createApiV3 } from './api-v3.ts';
import { createDownloadHost } from './download-host.ts';
import { type Answer, type Exchange, type Interceptor, type Reply, textReply } from './exchange.ts';
import { createLinks } from './links.ts';
import { receive, understand } from './request.ts';
import type { World } from './world.ts';

export interface SandboxOptions {
  readonly world: World;
  readonly clock: Pick<Clock, 'now'>;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Who may call the APIs; a well-known key that opens nothing else where absent. */
  readonly credentials?: SandboxCredentials;
  /** Long names; default: `ap-guangzhou`. */
  readonly regions?: readonly string[];
  /** How long ExportRedisBackup and ManualBackupInstance take, in milliseconds; default: 3,000. */
  readonly exportMs?: number;
  /** Stands between every request and its answer. */
  readonly intercept?: Interceptor;
}

/** An exchange and what came of it. */
export interface RequestRecord extends Exchange {
  /** Undefined before it is answered, and for ever when the connection is cut before. */
  status?: number;
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT`, for both APIs; links lead to the same place. */
  readonly url: string;
  readonly credentials: SandboxCredentials;
  readonly regions: readonly string[];
  readonly world: World;
  /** Every request since the start, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** How often an API's action was asked for; `GET` counts the downloads. */
  calls(action: string): number;
  /** Cuts what is still open. */
  close(): Promise<void>;
}

const SANDBOX_CREDENTIALS: SandboxCredentials = {
  secretId: 'AKIDSANDBOX0000000000',
  secretKey: 'sandbox-key-that-opens-nothing',
};

/** Rejects when the port is taken. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { world, clock, credentials = SANDBOX_CREDENTIALS, regions = ['ap-guangzhou'] } = options;
  const links = createLinks(clock);
  const context = { world, links, clock, credentials, regions, exportMs: options.exportMs ?? 3000 };
  const services: Record<Exchange['kind'], (exchange: Exchange) => Reply> = {
    'tencent-v3': createApiV3(context),
    'tencent-v2': createApiV2(context),
    download: createDownloadHost(world, links),
    unknown: () =>
      textReply(404, 'text/plain', 'This is the sandbox of rdb-archiver: POST / or /v2/index.php\n'),
  };
  const answer: Answer = async (exchange) => answerSafely(services[exchange.kind], exchange);
  const intercept: Interceptor = options.intercept ?? ((exchange, next) => next(exchange));
  const requests: RequestRecord[] = [];

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const record: RequestRecord = understand(await receive(request), links, gone.signal);
    requests.push(record);
    const reply = await intercept(record, answer);
    record.status = reply.status;
    response.sendDate = false;
    response.writeHead(reply.status, { date: new Date(clock.now()).toUTCString(), ...reply.headers });
    await pipeline(reply.body, response);
  };

  const server = createServer((request, response) => {
    // A client that goes away and an interceptor that cuts are both the end of this connection, and of nothing else.
    serve(request, response).catch(() => response.destroy());
  });
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const { address, family, port } = server.address() as AddressInfo;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    credentials,
    regions,
    world,
    requests,
    calls: (action) => requests.filter((record) => record.action === action).length,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A mistake of the sandbox itself must not look like a network that cuts. */
function answerSafely(service: (exchange: Exchange) => Reply, exchange: Exchange): Reply {
  try {
    return service(exchange);
  } catch (error) {
    return textReply(500, 'text/plain', `The sandbox itself failed: ${error}\n`);
  }
}

/** The environment variables that point the product at a sandbox. */
export function sandboxEnvironment(
  sandbox: Sandbox,
  dialect: Dialect = 'tencent-v3',
): Record<string, string> {
  const { url, credentials, regions } = sandbox;
  return {
    TENCENTCLOUD_SECRET_ID: credentials.secretId,
    TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
    ...(credentials.token !== undefined && { TENCENTCLOUD_SESSION_TOKEN: credentials.token }),
    ARCHIVER_SOURCE_API: dialect,
    ARCHIVER_SOURCE_REGIONS: regions.join(','),
    ARCHIVER_SOURCE_ENDPOINT: url,
    ARCHIVER_SOURCE_NETWORK: 'extranet',
  };
}

/** Rejects with `usage` where the port cannot be had: most often another sandbox still holds it. */
async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ArchiverError('usage', `the sandbox cannot listen on ${host}:${port}: ${why}`, {
      hint: 'Choose another --port, or none for a free one.',
    });
  }
}
