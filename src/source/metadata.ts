/** The metadata service that every machine of the cloud can ask about itself, and what its answering tells about the network. */
import type { Agent } from 'node:http';
import got, { RequestError } from 'got';
import { connectionWords } from '../domain/addresses-tried.ts';
import { shortAnswer } from './short-answer.ts';
import { singleFlight } from './single-flight.ts';

/** Instance metadata, document 213/4934 of the cloud. The name resolves to a link-local address. */
const BASE_URL = 'http://metadata.tencentyun.com';

/** It is one hop away: elsewhere nobody answers, and nobody should wait long to learn that. */
const PATIENCE_MS = 1_000;

/** Once connected it is given more time: it may have to fetch keys from STS itself. */
const REQUEST_TIMEOUT_MS = 5_000;

export type Network = 'intranet' | 'extranet';

/** `unreachable` says why no answer came at all, for messages. */
export type MetadataReply =
  | { readonly status: number; readonly body: string }
  | { readonly unreachable: string };

export interface MetadataService {
  /** For messages. */
  readonly baseUrl: string;
  /** What lies under `/latest/meta-data/`. Takes 1 s to connect; broken and 5xx replies are tried again twice. Rejects only with the signal's reason. */
  read(path: string, signal: AbortSignal): Promise<MetadataReply>;
  /**
   * `intranet` when this is a machine of the cloud: the service names its instance within 1 s. Asked once: the first answer
   * holds for the life of this object, since a process does not move. Rejects only with the signal's reason.
   */
  detectNetwork(signal: AbortSignal): Promise<Network>;
}

interface MetadataOptions {
  /** Agents that use no proxy: through one, the proxy's machine would answer for itself. */
  readonly agents: { readonly http: Agent };
  readonly baseUrl?: string;
  /** Milliseconds to wait for a connection, and for the whole answer when detecting the network; 1000 where absent. */
  readonly patienceMs?: number;
}

/** A client of the metadata service. */
export function createMetadataService(options: MetadataOptions): MetadataService {
  const { agents, baseUrl = BASE_URL, patienceMs = PATIENCE_MS } = options;
  const client = got.extend({
    prefixUrl: `${baseUrl}/latest/meta-data`,
    agent: { http: agents.http },
    throwHttpErrors: false,
    followRedirect: false,
  });

  let network: Network | undefined;
  const askNetwork = singleFlight(async (signal): Promise<Network> => {
    const reply = await ask(
      (signal) => client('instance-id', { signal, timeout: { request: patienceMs }, retry: { limit: 0 } }),
      signal,
    );
    network = namesInstance(reply) ? 'intranet' : 'extranet';
    return network;
  });

  return {
    baseUrl,
    read: (path, signal) =>
      ask(
        (signal) =>
          client(path, {
            signal,
            timeout: { lookup: patienceMs, connect: patienceMs, request: REQUEST_TIMEOUT_MS },
            // Not for failed connections: off the cloud these are the answer.
            retry: { limit: 2, errorCodes: ['ECONNRESET', 'EPIPE'], backoffLimit: 300 },
          }),
        signal,
      ),
    detectNetwork: async (signal) => network ?? (await askNetwork(signal)),
  };
}

async function ask(
  send: Parameters<typeof shortAnswer<{ statusCode: number; body: string }>>[1],
  signal: AbortSignal,
): Promise<MetadataReply> {
  try {
    const { statusCode, body } = await shortAnswer(signal, send);
    return { status: statusCode, body };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RequestError) return { unreachable: connectionWords(error) };
    throw error;
  }
}

/** Ids look like `ins-g4oyd37g`. The page of a captive portal or a search domain's web server is no metadata service. */
function namesInstance(reply: MetadataReply): boolean {
  return 'status' in reply && reply.status === 200 && /^[a-z]+-[a-z0-9]+$/i.test(reply.body.trim());
}
