/** The connections that every client uses: kept alive, and through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name. */
import http from 'node:http';
import https from 'node:https';
import { inspect } from 'node:util';
import { ArchiverError } from '../domain/errors.ts';
import { giveAddressesTime } from './address-attempts.ts';
import { trustExtraCertificates } from './certificates.ts';
import { type NoProxy, parseNoProxy } from './no-proxy.ts';

/**
 * How long the proxy may take to connect us. Until the tunnel stands the request has no socket, so neither its own
 * time-outs nor `destroy()` reach it: a proxy that accepts and keeps silent would hold it for ever.
 */
const TUNNEL_TIMEOUT_MS = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

export interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** The proxy that a request to this address goes through, without its password; undefined for a direct one. */
  proxyFor(address: string): string | undefined;
  /** Closes all connections, those in use too. */
  destroy(): void;
}

/**
 * Agents for got (the whole object as `agent`) and for the AWS SDK (`httpAgent`, `httpsAgent`), which both ignore the proxy
 * variables by themselves.
 * Lower-case names win, as in curl and Node. Private CAs come from `NODE_EXTRA_CA_CERTS`, which Node itself reads where it was set at its start.
 * Throws `config` for a proxy that is no http or https address.
 */
export function createAgents(environment: Environment, tunnelTimeoutMs = TUNNEL_TIMEOUT_MS): Agents {
  giveAddressesTime();
  trustExtraCertificates(environment['NODE_EXTRA_CA_CERTS']);
  const noProxy = parseNoProxy(read(environment, 'NO_PROXY')?.value ?? '');
  const plainProxy = readProxy(environment, 'HTTP_PROXY');
  const secureProxy = readProxy(environment, 'HTTPS_PROXY');
  const plain = new http.Agent({ keepAlive: true, ...proxyEnv('HTTP_PROXY', plainProxy, noProxy) });
  const secure = new https.Agent({ keepAlive: true, ...proxyEnv('HTTPS_PROXY', secureProxy, noProxy) });
  if (plainProxy !== undefined) watchProxy(plain, printable(plainProxy), noProxy, tunnelTimeoutMs);
  if (secureProxy !== undefined) watchProxy(secure, printable(secureProxy), noProxy, tunnelTimeoutMs);
  return bundle(plain, secure, (target) => {
    const proxy = target.protocol === 'https:' ? secureProxy : plainProxy;
    if (proxy === undefined || noProxy.covers(hostOf(target), portOf(target))) return undefined;
    return printable(proxy);
  });
}

/** Agents that never use a proxy, for the cloud's metadata service: through a proxy it would answer for the proxy's machine. */
export function directAgents(): Agents {
  giveAddressesTime();
  return bundle(new http.Agent({ keepAlive: true }), new https.Agent({ keepAlive: true }), () => undefined);
}

function bundle(
  plain: http.Agent,
  secure: https.Agent,
  proxyFor: (target: URL) => string | undefined,
): Agents {
  hideCredentials(plain);
  hideCredentials(secure);
  const methods = {
    proxyFor: (address: string) => proxyFor(new URL(address)),
    destroy: () => {
      plain.destroy();
      secure.destroy();
    },
  };
  // Out of sight of got, which refuses an `agent` with other members than these two.
  return Object.defineProperties(
    { http: plain, https: secure, ...methods },
    {
      proxyFor: { enumerable: false },
      destroy: { enumerable: false },
    },
  );
}

function proxyEnv(
  name: 'HTTP_PROXY' | 'HTTPS_PROXY',
  proxy: URL | undefined,
  noProxy: NoProxy,
): http.AgentOptions {
  if (proxy === undefined) return {};
  return { proxyEnv: { [name]: proxy.href, NO_PROXY: noProxy.forNode } };
}

/** Bounds the wait for the tunnel, and says in every connection error which proxy it was: the target is not to blame. */
function watchProxy(agent: http.Agent, proxy: string, noProxy: NoProxy, tunnelTimeoutMs: number): void {
  const connect = agent.createConnection.bind(agent);
  const name = (error?: Error | null): void => {
    if (error && !error.message.includes(proxy)) error.message += ` (through the proxy ${proxy})`;
  };
  agent.createConnection = (options, callback) => {
    if (noProxy.covers(options.host ?? 'localhost', String(options.port))) return connect(options, callback);
    const socket = connect({ ...options, timeout: tunnelTimeoutMs }, (error, stream) => {
      name(error);
      callback?.(error, stream);
    });
    socket?.prependOnceListener('error', name);
    return socket;
  };
}

/**
 * Errors of got carry its options, agents included, and these carry the proxy's password: without this, any log of
 * such an error would print it.
 */
function hideCredentials(agent: http.Agent & { options?: http.AgentOptions }): void {
  delete agent.options?.proxyEnv;
  const hidden = { value: () => '[agent]', enumerable: false };
  Object.defineProperties(agent, { toJSON: hidden, [inspect.custom]: hidden });
}

function readProxy(environment: Environment, name: string): URL | undefined {
  const variable = read(environment, name);
  if (variable === undefined) return undefined;
  // `proxy:3128` is what curl takes; Node would ignore it without a word.
  const address = variable.value.includes('://') ? variable.value : `http://${variable.value}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy === undefined || !isDecodable(proxy.username) || !isDecodable(proxy.password)) {
    throw new ArchiverError('config', `${variable.name} is not the address of a proxy`, { hint: EXPECTED });
  }
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw new ArchiverError(
      'config',
      `${variable.name}: proxies of the kind ${proxy.protocol}// are not supported`,
      { hint: EXPECTED },
    );
  }
  return proxy;
}

const EXPECTED =
  'Expected is http://[USER:PASSWORD@]HOST:PORT, with special characters of the password percent-encoded.';

/** The variable under its lower-case name, else its upper-case one; an empty one is an unset one. */
function read(environment: Environment, name: string): { name: string; value: string } | undefined {
  for (const candidate of [name.toLowerCase(), name]) {
    const value = environment[candidate]?.trim();
    if (value !== undefined && value !== '') return { name: candidate, value };
  }
  return undefined;
}

function printable(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`;
}

function hostOf(target: URL): string {
  return target.hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf(target: URL): string {
  if (target.port !== '') return target.port;
  return target.protocol === 'https:' ? '443' : '80';
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
