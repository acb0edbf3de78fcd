/** The cloud's two sites, whose accounts know nothing of each other: where each answers. */

/** `auto`: by the configured address of the API, else the Chinese one. */
export type Site = 'auto' | 'china' | 'international';

interface Hosts {
  readonly redis: string;
  readonly sts: string;
}

/** As the clients of the two sites' SDKs have them (tencentcloud-sdk-python-redis 3.1.189 and -common 3.1.195, -intl-en 3.1.193). */
const HOSTS: Readonly<Record<Exclude<Site, 'auto'>, Hosts>> = {
  china: { redis: 'redis.tencentcloudapi.com', sts: 'sts.tencentcloudapi.com' },
  international: { redis: 'redis.intl.tencentcloudapi.com', sts: 'sts.intl.tencentcloudapi.com' },
};

/** The site that a source belongs to. `endpoint`: the configured address of the API, where there is one. */
export function siteOf(site: Site, endpoint?: string): Exclude<Site, 'auto'> {
  if (site !== 'auto') return site;
  const host = URL.parse(endpoint ?? '')?.hostname ?? '';
  return host.endsWith('.intl.tencentcloudapi.com') ? 'international' : 'china';
}

/** Base address of API 3.0. Finance regions are walled off and answer only on a host of their own (both sites' pages "Request structure"). */
export function redisEndpoint(site: Exclude<Site, 'auto'>, region: string): string {
  return region.endsWith('-fsi')
    ? `https://redis.${region}.tencentcloudapi.com`
    : `https://${HOSTS[site].redis}`;
}

/** Base address of STS. */
export function stsEndpoint(site: Exclude<Site, 'auto'>): string {
  return `https://${HOSTS[site].sts}`;
}
