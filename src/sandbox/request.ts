/** Reads a request and understands which of the sandbox's three services it is for. */
import type { IncomingMessage } from 'node:http';
import type { Exchange, Received } from './exchange.ts';
import type { Links } from './links.ts';

const V2_PATH = '/v2/index.php';

/** Reads the whole body: the APIs' requests are small. */
export async function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method = '', url: target = '', headers } = request;
  return { method, target, headers, body: Buffer.concat(chunks) };
}

export function understand(received: Received, links: Links, signal: AbortSignal): Exchange {
  const [path] = received.target.split('?');
  if (path === '/' && received.method === 'POST') return v3Exchange(received, signal);
  if (path === V2_PATH) return v2Exchange(received, signal);
  const { instanceId, backupId, file, network } = links.find(received.target) ?? {};
  return {
    kind: path === '/' ? 'unknown' : 'download',
    action: received.method,
    parameters: {},
    ...(instanceId !== undefined && { instanceId }),
    ...(backupId !== undefined && { backupId }),
    ...(file !== undefined && { file }),
    ...(network !== undefined && { network }),
    received,
    signal,
  };
}

function v3Exchange(received: Received, signal: AbortSignal): Exchange {
  const parameters = parseObject(received.body.toString());
  const action = String(received.headers['x-tc-action'] ?? '');
  return {
    kind: 'tencent-v3',
    action,
    parameters,
    ...subject(parameters['InstanceId'], parameters['BackupId']),
    received,
    signal,
  };
}

/** GET: parameters only from the query; POST: only from the form. Never mixed (document api/216/1713). */
function v2Exchange(received: Received, signal: AbortSignal): Exchange {
  const query = received.target.split('?')[1] ?? '';
  const form = new URLSearchParams(received.method === 'POST' ? received.body.toString() : query);
  const parameters = Object.fromEntries(form);
  const action = parameters['Action'] ?? '';
  return {
    kind: 'tencent-v2',
    action,
    parameters,
    ...subject(parameters['redisId'], parameters['backupId']),
    received,
    signal,
  };
}

function subject(instanceId: unknown, backupId: unknown): Pick<Exchange, 'instanceId' | 'backupId'> {
  return {
    ...(typeof instanceId === 'string' && { instanceId }),
    ...(typeof backupId === 'string' && { backupId }),
  };
}

/** What is no JSON object has no parameters; the signature still covers it. */
function parseObject(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
