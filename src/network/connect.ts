/**
 * One connection to a name, whichever of its addresses takes it first. An address that keeps silent is not waited for: the next one is tried beside it
 * (RFC 8305). Node (24) tries them one after another instead, gives each but the last 250 ms, and then reports that none is alive where the other end is
 * farther away than that and the last is an IPv6 address without a route (nodejs/node#54359).
 */
import dns, { type LookupAddress } from 'node:dns';
import net, { isIP, type LookupFunction, type TcpNetConnectOpts } from 'node:net';
import { connectionWords } from '../domain/addresses-tried.ts';
import type { Clock } from '../domain/clock.ts';

export interface ConnectTarget {
  readonly host: string;
  readonly port: number;
  /** In place of the system's resolver; an address that it leaves out is not tried. */
  readonly lookup?: LookupFunction | undefined;
  /** For each socket that is made on the way. */
  readonly socket?: Partial<Omit<TcpNetConnectOpts, 'host' | 'port' | 'lookup'>>;
}

export interface ConnectLimits {
  readonly clock: Pick<Clock, 'alarm'>;
  readonly signal: AbortSignal;
  /** For the whole way, looking up the name included. */
  readonly timeoutMs: number;
  /** In place of Node's. */
  readonly open?: (options: TcpNetConnectOpts) => net.Socket;
}

/** Milliseconds that an address has to itself before the next one is tried beside it, as RFC 8305 recommends. */
const ALONE_MS = 250;

/**
 * The first connection that comes about; all others are closed. Rejects with the one failure, or with an `AggregateError` of why each address failed,
 * in the order in which they were tried; with the signal's reason when it is aborted.
 */
export async function connect(target: ConnectTarget, limits: ConnectLimits): Promise<net.Socket> {
  const { clock, signal, timeoutMs } = limits;
  signal.throwIfAborted();
  const time = new AbortController();
  const alarm = clock.alarm(timeoutMs, () => time.abort());
  alarm.restart();
  try {
    const addresses = await withinTime(target.host, addressesOf(target), [time.signal, signal]);
    return await race(alternating(addresses), target, limits, time.signal);
  } finally {
    alarm.stop();
  }
}

function race(
  addresses: readonly string[],
  { port, socket: options }: ConnectTarget,
  { clock, signal, open = net.connect }: ConnectLimits,
  time: AbortSignal,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const failures = new Map<string, Error>();
    const going = new Map<string, net.Socket>();
    const left = [...addresses];
    const alone = clock.alarm(ALONE_MS, next);

    function end(): void {
      alone.stop();
      time.removeEventListener('abort', onTime);
      signal.removeEventListener('abort', onAbort);
      for (const socket of going.values()) socket.destroy();
    }
    function fail(): void {
      end();
      reject(failureOf(addresses.flatMap((address) => failures.get(address) ?? [])));
    }
    function onTime(): void {
      for (const address of going.keys()) failures.set(address, silent(address, port));
      fail();
    }
    function onAbort(): void {
      end();
      reject(signal.reason);
    }

    function next(): void {
      const address = left.shift();
      if (address === undefined) return;
      const socket = open({ ...options, host: address, port, autoSelectFamily: false });
      going.set(address, socket);
      socket.once('error', failed).once('connect', connected);
      if (left.length > 0) alone.restart();

      function failed(error: Error): void {
        going.delete(address ?? '');
        failures.set(address ?? '', error);
        if (left.length > 0) next();
        else if (going.size === 0) fail();
      }
      function connected(): void {
        going.delete(address ?? '');
        socket.off('error', failed);
        end();
        resolve(socket);
      }
    }

    time.addEventListener('abort', onTime);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else next();
  });
}

/** At least one. */
async function addressesOf({ host, lookup = dns.lookup }: ConnectTarget): Promise<LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const { promise, resolve, reject } = Promise.withResolvers<LookupAddress[]>();
  lookup(host, { all: true }, (error, found) => {
    if (error) reject(error);
    else if (typeof found !== 'string' && found.length > 0) resolve(found);
    else reject(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }));
  });
  return promise;
}

/** The families by turns, beginning with that which the resolver puts first: where one family leads nowhere, the other is tried next. */
function alternating(addresses: readonly LookupAddress[]): string[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const other = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const turns = Math.max(first.length, other.length);
  const inTurn = Array.from({ length: turns }, (_, turn) => [first[turn], other[turn]]).flat();
  return [...new Set(inTurn.flatMap((one) => one?.address ?? []))];
}

async function withinTime<Result>(
  host: string,
  work: Promise<Result>,
  [time, signal]: readonly [AbortSignal, AbortSignal],
): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const tooLong = Object.assign(new Error(`getaddrinfo ETIMEDOUT ${host}`), { code: 'ETIMEDOUT' });
  const onTime = (): void => reject(tooLong);
  const onAbort = (): void => reject(signal.reason);
  time.addEventListener('abort', onTime);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    time.removeEventListener('abort', onTime);
    signal.removeEventListener('abort', onAbort);
  }
}

/** In the words of Node. */
function silent(address: string, port: number): Error {
  return Object.assign(new Error(`connect ETIMEDOUT ${address}:${port}`), { code: 'ETIMEDOUT' });
}

function failureOf(failures: readonly Error[]): Error {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const all = new AggregateError(failures);
  const code = first !== undefined && 'code' in first ? first.code : undefined;
  return Object.assign(all, { message: connectionWords(all), ...(code !== undefined && { code }) });
}
