/** Which hosts are spoken to directly although a proxy is configured: the forms of `NO_PROXY` that people really write. */
import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * A proxy's loopback is not ours, so these never go through it (Go's rule, too): with `HTTP_PROXY` set, the sandbox
 * and stand-ins on this machine still answer.
 */
const ALWAYS_DIRECT = ['localhost', '127.0.0.0/8', '::1'];

export interface NoProxy {
  /** The same list in the words that Node's agents understand. */
  readonly forNode: string;
  /** Whether the host is spoken to directly. `host` without brackets. */
  covers(host: string, port: string): boolean;
}

/**
 * Reads a `NO_PROXY` value: `*`, `example.com` and `.example.com` and `*.example.com` (each with all subdomains, as curl
 * reads them), `host:port`, IP addresses, IPv4 ranges `a-b` and IPv4 networks `10.0.0.0/8`, separated by commas or
 * blanks. IPv6 networks are not understood, since Node has no word for them.
 */
export function parseNoProxy(value: string): NoProxy {
  const entries = [...value.toLowerCase().split(/[\s,]+/), ...ALWAYS_DIRECT]
    .filter((entry) => entry !== '')
    .flatMap(expand);
  const ranges = rangesOf(entries);
  return {
    forNode: entries.join(','),
    covers(host, port) {
      const name = host.toLowerCase();
      if (isIPv4(name) && ranges.check(name)) return true;
      return entries.some(
        (entry) => entry === '*' || entry === name || entry === `${name}:${port}` || isSuffix(entry, name),
      );
    },
  };
}

/** One entry in Node's words: it knows exact hosts, `.suffix` and `a-b`, but neither networks nor bare domains with their subdomains. */
function expand(entry: string): string[] {
  const network = /^([\d.]+)\/(\d{1,2})$/.exec(entry);
  if (network !== null) return rangeOfNetwork(network[1] ?? '', Number(network[2]));
  const bare = entry.replace(/^\[(.*)\]$/, '$1').replace(/^\*?\./, '');
  if (bare === '*' || isIP(bare) !== 0 || /[:/]/.test(bare) || isRange(bare)) return [bare];
  return [bare, `.${bare}`];
}

function rangeOfNetwork(address: string, bits: number): string[] {
  if (!isIPv4(address) || bits > 32) return [];
  const size = 2 ** (32 - bits);
  const first = Math.floor(toNumber(address) / size) * size;
  return [`${toAddress(first)}-${toAddress(first + size - 1)}`];
}

function rangesOf(entries: readonly string[]): BlockList {
  const ranges = new BlockList();
  for (const entry of entries.filter(isRange)) {
    const [first = '', last = ''] = entry.split('-');
    if (toNumber(first) <= toNumber(last)) ranges.addRange(first, last);
  }
  return ranges;
}

function isRange(entry: string): boolean {
  const ends = entry.split('-');
  return ends.length === 2 && ends.every((end) => isIPv4(end));
}

function isSuffix(entry: string, name: string): boolean {
  return entry.startsWith('.') && name.endsWith(entry);
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
