/**
 * Where a download link may lead. The cloud's answer names a host, API 2.0's over clear text, and what answers there is copied into a bucket: a
 * link, or a redirect, to an address that only this machine can reach would copy an internal service's secrets out.
 */
import dns, { type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ArchiverError } from '../domain/errors.ts';

/** By `ipaddr.js`'s names. Private addresses (10/8 and so on) are not among them: the cloud's intranet links lead there. */
const CLOSED: Readonly<Record<string, string>> = {
  unspecified: 'an address of this machine',
  loopback: 'an address of this machine',
  linkLocal: 'a link-local address',
  metadata: 'a metadata service of a cloud, which answers with keys',
  uniqueLocal: 'a unique-local address',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
};

/** Of this cloud, of AWS and most others (machines, containers, IPv6), of Alibaba Cloud, Oracle and Azure. */
const METADATA = [
  '169.254.0.23',
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
];

/**
 * The cloud's own object storage, where API 3.0's links lead. Inside a VPC its names resolve to link-local addresses: the documentation of COS tries the
 * way from a CVM with `telnet mybucket-1250000000.cos.ap-guangzhou.myqcloud.com 80` and shows 169.254.0.47.
 */
const CLOUD_STORAGE = ['*.myqcloud.com', '*.tencentcos.cn', '*.tencentcos.com'];

export interface LinkPolicy {
  /** Rejects with `link-refused` where the host of the link is an address that it may not lead to, or (`resolve`) a name of one. */
  check(address: string, options?: { readonly resolve: boolean }): Promise<void>;
  /** For `net.connect` and got: resolves a name, and only to addresses that a link may lead to. */
  readonly lookup: LookupFunction;
  /** Whether a redirect may be followed: on the same host, to the same port or to https. */
  follows(from: URL, to: URL): boolean;
}

export interface LinkPolicyOptions {
  /** Addresses of the API that gives the links, where one is configured: a stand-in's links lead where it lies itself. */
  readonly endpoints: readonly string[];
  /** Names, `*.` and a name, addresses, or networks (`10.0.0.0/8`) that links may lead to besides. */
  readonly allowed: readonly string[];
  /** In place of the system's. */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
}

const resolveHost = (host: string): Promise<readonly LookupAddress[]> =>
  dns.promises.lookup(host, { all: true });

export function createLinkPolicy({
  endpoints,
  allowed,
  resolve = resolveHost,
}: LinkPolicyOptions): LinkPolicy {
  /** The closed kinds that are open, since an API lies there. Found out when a link asks for one. */
  let opened: Promise<ReadonlySet<string>> | undefined;

  async function rangesOfEndpoints(): Promise<ReadonlySet<string>> {
    const hosts = endpoints.flatMap((endpoint) => URL.parse(endpoint)?.hostname ?? []).map(bare);
    const found = await Promise.all(hosts.map((host) => addressesOf(host).catch(() => [])));
    return new Set(found.flat().map(({ address }) => rangeOf(address)));
  }

  async function addressesOf(host: string): Promise<readonly LookupAddress[]> {
    const family = isIP(host);
    return family === 0 ? resolve(host) : [{ address: host, family }];
  }

  async function isOpen(host: string, address: string): Promise<boolean> {
    const range = rangeOf(address);
    if (CLOSED[range] === undefined || allowed.some((entry) => holds(entry, address))) return true;
    // Whoever allows a name does not mean this, wherever it may lead one day.
    if (range === 'metadata') return false;
    if (allowed.some((entry) => names(entry, host))) return true;
    if (range === 'linkLocal' && CLOUD_STORAGE.some((entry) => names(entry, host))) return true;
    opened ??= rangesOfEndpoints();
    return (await opened).has(range);
  }

  async function openOnes(
    host: string,
    addresses: readonly LookupAddress[],
  ): Promise<readonly LookupAddress[]> {
    const verdicts = await Promise.all(addresses.map(({ address }) => isOpen(host, address)));
    const open = addresses.filter((_, index) => verdicts[index]);
    const [first] = addresses;
    if (open.length === 0 && first) throw closed(host, first.address);
    return open;
  }

  return {
    async check(address, { resolve: byName } = { resolve: false }) {
      const host = bare(new URL(address).hostname);
      if (isIP(host) === 0 && !byName) return;
      // A proxy may know names that we do not: what cannot be resolved here is left to it.
      await openOnes(host, await addressesOf(host).catch(() => []));
    },

    lookup(host, options, callback) {
      resolve(host)
        .then((addresses) =>
          addresses.filter(({ family }) => !options.family || family === familyOf(options.family)),
        )
        .then((addresses) => openOnes(host, addresses))
        .then(
          (addresses) => {
            const [first] = addresses;
            if (options.all) callback(null, [...addresses]);
            else if (first) callback(null, first.address, first.family);
            else
              callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), '');
          },
          (error: NodeJS.ErrnoException) => callback(error, ''),
        );
    },

    follows: (from, to) =>
      (from.hostname === to.hostname &&
        (to.protocol === 'https:' || (to.protocol === from.protocol && to.port === from.port))) ||
      (/^https?:$/.test(to.protocol) &&
        allowed.some((entry) => names(entry, bare(to.hostname)) || holds(entry, bare(to.hostname)))),
  };
}

/** Behind an error of a client, which may have wrapped it. */
export function linkRefusalOf(error: unknown): ArchiverError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1)
    if (cause instanceof ArchiverError) return cause;
  return undefined;
}

function closed(host: string, address: string): ArchiverError {
  const where = host === address ? host : `${host} (${address})`;
  return new ArchiverError('link-refused', `the link leads to ${where}, ${CLOSED[rangeOf(address)]}`, {
    hint: 'Somebody may answer in the place of the API. Where dumps really lie there, name the host or its network in ARCHIVER_ALLOWED_HOSTS.',
  });
}

/** An IPv4 address that is written as one of IPv6, or tunnelled in one, is that IPv4 address. */
function rangeOf(address: string): string {
  const parsed = plain(address);
  if (METADATA.includes(parsed.toString())) return 'metadata';
  return parsed.range();
}

function plain(address: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed;
  const bytes = parsed.toByteArray();
  if (parsed.range() === 'rfc6052') return new ipaddr.IPv4(bytes.slice(12));
  return parsed.range() === '6to4' ? new ipaddr.IPv4(bytes.slice(2, 6)) : parsed;
}

function holds(entry: string, address: string): boolean {
  if (isIP(address) === 0) return false;
  const network = entry.includes('/')
    ? entry
    : isIP(entry) === 0
      ? undefined
      : `${entry}/${isIP(entry) === 4 ? 32 : 128}`;
  if (network === undefined || !ipaddr.isValidCIDR(network)) return false;
  const [base, bits] = ipaddr.parseCIDR(network);
  const parsed = ipaddr.process(address);
  return base.kind() === parsed.kind() && parsed.match(base, bits);
}

function names(entry: string, host: string): boolean {
  const [wanted, name] = [entry.toLowerCase(), host.toLowerCase()];
  return wanted === name || (wanted.startsWith('*.') && name.endsWith(wanted.slice(1)));
}

function familyOf(family: number | 'IPv4' | 'IPv6'): number {
  return family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
}

function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
