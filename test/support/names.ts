/** Names with addresses that a test chooses, in the resolver that every client of this process asks. */
import dns from 'node:dns';
import { onTestFinished } from 'vitest';

export interface Name {
  /** In the order in which they are tried. */
  readonly addresses: readonly string[];
  /** So many milliseconds pass before the first connection can be heard of: as if the other end were that far away. */
  readonly farMs?: number;
}

type Callback = (error: Error | null, addresses: { address: string; family: number }[]) => void;

/** Until the test has finished. */
export function pretendNames(names: Readonly<Record<string, Name>>): void {
  const { lookup } = dns;
  const { lookup: promised } = dns.promises;
  const pretended = (host: string, options: object, callback: Callback) => {
    const name = names[host];
    if (name === undefined) return (lookup as (...args: unknown[]) => void)(host, options, callback);
    setImmediate(() => {
      callback(null, addressesOf(name));
      void passTime(name);
    });
  };
  const pretendedPromise = async (host: string, options: object) => {
    const name = names[host];
    if (name === undefined) return promised(host, options);
    setImmediate(() => void passTime(name));
    return addressesOf(name);
  };
  const put = (functions: { readonly callback: unknown; readonly promise: unknown }): void => {
    Object.assign(dns, { lookup: functions.callback });
    Object.assign(dns.promises, { lookup: functions.promise });
  };
  put({ callback: pretended, promise: pretendedPromise });
  onTestFinished(() => put({ callback: lookup, promise: promised }));
}

function addressesOf({ addresses }: Name): { address: string; family: number }[] {
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

/**
 * While nobody hears of it no handshake ends, and the time that it may take runs. Who waits for the answer has begun to connect by then, as nothing of
 * the event loop has its turn before.
 */
async function passTime({ farMs }: Name): Promise<void> {
  if (farMs === undefined) return;
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, farMs);
}
