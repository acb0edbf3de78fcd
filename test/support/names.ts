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
      // Node begins to connect within this call.
      callback(null, addressesOf(name));
      passTime(name);
    });
  };
  const pretendedPromise = async (host: string, options: object) => {
    const name = names[host];
    if (name === undefined) return promised(host, options);
    // Who waits for the answer begins to connect before anything else of the event loop has its turn.
    setImmediate(() => passTime(name));
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

/** While nobody hears of it no handshake ends, and the time that it may take runs. */
function passTime({ farMs }: Name): void {
  if (farMs !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, farMs);
}
