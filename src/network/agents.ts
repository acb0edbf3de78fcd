/** The connections that every client uses: kept alive, and through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name. */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import type { Clock } from '../domain/clock.ts';
import { ArchiverError } from '../domain/errors.ts';
import { giveAddressesTime } from './address-attempts.ts';
import { trustExtraCertificates } from './certificates.ts';
import { type ConnectLimits, type ConnectTarget, connect } from './connect.ts';
import { type NoProxy, parseNoProxy } from './no-proxy.ts';
import { connectToProxy, secured, tunnelThrough } from './tunnel.ts';

/**
 * How long it may take until a connection stands: to one of the addresses, and again for a tunnel and for TLS. Until then the request has no socket, so
 * that neither its own time-outs nor `destroy()` reach it.
 */
const CONNECT_MS = 10_000;

/** The metadata service is one hop away: elsewhere nobody answers, and nobody should wait long to learn that. */
const NEXT_DOOR_MS = 1000;

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
export function createAgents(
  environment: Environment,
  clock: Pick<Clock, 'alarm'>,
  timeoutMs = CONNECT_MS,
): Agents {
  giveAddressesTime();
  trustExtraCertificates(environment['NODE_EXTRA_CA_CERTS']);
  const noProxy = parseNoProxy(read(environment, 'NO_PROXY')?.value ?? '');
  const proxies = {
    http: readProxy(environment, 'HTTP_PROXY'),
    https: readProxy(environment, 'HTTPS_PROXY'),
  };
  const throughProxy = (scheme: 'http' | 'https', host: string, port: string): URL | undefined =>
    noProxy.covers(host, port) ? undefined : proxies[scheme];
  // As Node does by itself; here so that `check` sees it.
  const tls = environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' ? { rejectUnauthorized: false } : {};
  return bundle({ clock, timeoutMs }, throughProxy, { plain: plainProxyEnv(proxies.http, noProxy), tls });
}

/** Agents that never use a proxy, for the cloud's metadata service: through a proxy it would answer for the proxy's machine. */
export function directAgents(clock: Pick<Clock, 'alarm'>, timeoutMs = NEXT_DOOR_MS): Agents {
  giveAddressesTime();
  return bundle({ clock, timeoutMs }, () => undefined);
}

type ProxyChoice = (scheme: 'http' | 'https', host: string, port: string) => URL | undefined;

function bundle(
  patience: Pick<ConnectLimits, 'clock' | 'timeoutMs'>,
  proxyOf: ProxyChoice,
  {
    plain: plainOptions = {},
    tls = {},
  }: { readonly plain?: http.AgentOptions; readonly tls?: https.AgentOptions } = {},
): Agents {
  const plain = new http.Agent({ keepAlive: true, ...plainOptions });
  const secure = new https.Agent({ keepAlive: true, ...tls });
  const opening = new Set<AbortController>();
  const wrapInTls = secure.createConnection.bind(secure);
  plain.createConnection = opener(opening, patience, async (to, limits) => {
    const proxy = proxyOf('http', to.host, String(to.port));
    return proxy ? naming(proxy, connectToProxy(proxy, limits)) : connect(to, limits);
  });
  secure.createConnection = opener(opening, patience, async (to, limits, options) => {
    const proxy = proxyOf('https', to.host, String(to.port));
    const wrapped = async (way: Promise<Socket>): Promise<Duplex> => {
      const under = await way;
      const over = { ...options, socket: under };
      const socket = wrapInTls(over);
      const address = proxy || under.remoteAddress === to.host ? '' : ` (${under.remoteAddress})`;
      if (socket instanceof TLSSocket) return secured(socket, limits, `${to.host}:${to.port}${address}`);
      throw new ArchiverError('internal', 'Node made no TLS connection');
    };
    if (!proxy) return wrapped(connect(to, limits));
    return naming(proxy, wrapped(tunnelThrough(proxy, { host: to.host, port: String(to.port) }, limits)));
  });
  hideCredentials(plain);
  hideCredentials(secure);
  const methods = {
    proxyFor(address: string) {
      const { protocol, ...target } = placeOf(new URL(address));
      const proxy = proxyOf(protocol, target.host, target.port);
      return proxy && printable(proxy);
    },
    destroy() {
      for (const one of opening) one.abort(new Error('the connections were closed'));
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

/** As Node's agents have them where connections are kept. */
const KEPT = { keepAlive: true, keepAliveInitialDelay: 1000, noDelay: true };

type Open = (to: ConnectTarget, limits: ConnectLimits, options: AgentOptions) => Promise<Duplex>;
type AgentOptions = Parameters<http.Agent['createConnection']>[0];

/** In the form that Node's agents have it: called back when the connection stands. */
function opener(
  opening: Set<AbortController>,
  patience: Pick<ConnectLimits, 'clock' | 'timeoutMs'>,
  open: Open,
): http.Agent['createConnection'] {
  return (options, callback) => {
    const stop = new AbortController();
    opening.add(stop);
    const { host, port, lookup } = options;
    const to = { host: host ?? 'localhost', port: Number(port), lookup, socket: KEPT };
    open(to, { ...patience, signal: stop.signal }, options)
      .finally(() => opening.delete(stop))
      .then(
        (connection) => callback?.(null, connection),
        (error: Error) => callback?.(error, undefined as never),
      );
    return undefined;
  };
}

/** The target is not to blame: says in every error which proxy it was. */
async function naming<Result>(proxy: URL, way: Promise<Result>): Promise<Result> {
  try {
    return await way;
  } catch (error) {
    const each = error instanceof AggregateError ? [error, ...error.errors] : [error];
    for (const one of each) {
      if (one instanceof Error && !one.message.includes(printable(proxy)))
        one.message += ` (through the proxy ${printable(proxy)})`;
    }
    throw error;
  }
}

/** Node asks a proxy for the whole address in place of the path where its agent has one. */
function plainProxyEnv(proxy: URL | undefined, noProxy: NoProxy): http.AgentOptions {
  return proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy.href, NO_PROXY: noProxy.forNode } };
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

function placeOf({ protocol, hostname, port }: URL) {
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    protocol: scheme,
    host,
    port: port === '' ? String(scheme === 'https' ? 443 : 80) : port,
  } as const;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
