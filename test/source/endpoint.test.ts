/** Each region is asked where it answers. */
import http from 'node:http';
import https from 'node:https';
import { expect, test } from 'vitest';
import { type Site, siteOf, stsEndpoint } from '../../src/source/sites.ts';
import { createTencentV2 } from '../../src/source/tencent-v2.ts';
import { createTencentV3 } from '../../src/source/tencent-v3.ts';
import { fixedKeys, jumpingClock, keysOf, never, optionsFor } from './setup.ts';

/** The hosts that a source connects to, which all refuse it: nothing leaves this machine. */
async function hostsOf(api: 'v2' | 'v3', region: string, template?: string, site?: Site): Promise<string[]> {
  const hosts = new Set<string>();
  const refuse = (options: http.ClientRequestArgs): never => {
    hosts.add(`${options.host}:${options.port}`);
    throw new Error('no network in tests');
  };
  const agents = {
    http: Object.assign(new http.Agent(), { createConnection: refuse }),
    https: Object.assign(new https.Agent(), { createConnection: refuse }),
  };
  const { endpoint: _, ...given } = optionsFor('', fixedKeys(keysOf({})), jumpingClock());
  const options = {
    ...given,
    region,
    agents,
    ...(site && { site }),
    ...(template !== undefined && { endpoint: template }),
  };
  const source =
    api === 'v2' ? createTencentV2({ ...options, exportClusters: false }) : createTencentV3(options);
  const { failures } = await source.inventory({ signal: never });
  expect(failures[0]?.error).toMatchObject({ code: 'api-unavailable' });
  return [...hosts];
}

test.each<[string, 'v2' | 'v3', string, string | undefined, string, Site?]>([
  ['API 3.0', 'v3', 'ap-guangzhou', undefined, 'redis.tencentcloudapi.com:443'],
  ['a finance region', 'v3', 'ap-shanghai-fsi', undefined, 'redis.ap-shanghai-fsi.tencentcloudapi.com:443'],
  ['API 2.0', 'v2', 'ap-guangzhou', undefined, 'redis.api.qcloud.com:443'],
  ['a host of its own', 'v3', 'ap-x', 'https://redis.{region}.example/', 'redis.ap-x.example:443'],
  [
    'the international site',
    'v3',
    'ap-singapore',
    undefined,
    'redis.intl.tencentcloudapi.com:443',
    'international',
  ],
  ['the Chinese site', 'v3', 'ap-singapore', undefined, 'redis.tencentcloudapi.com:443', 'china'],
  [
    'a finance region of the international site',
    'v3',
    'ap-shanghai-fsi',
    undefined,
    'redis.ap-shanghai-fsi.tencentcloudapi.com:443',
    'international',
  ],
  ['a stand-in', 'v3', 'ap-x', 'http://127.0.0.1:1', '127.0.0.1:1'],
])('%s', async (_what, api, region, template, host, site) => {
  expect(await hostsOf(api, region, template, site)).toEqual([host]);
});

test('STS is asked at the site of the account, which the address of the API tells too', () => {
  const stsOf = (site: Site, endpoint?: string) => stsEndpoint(siteOf(site, endpoint));
  const china = 'https://sts.tencentcloudapi.com';
  const international = 'https://sts.intl.tencentcloudapi.com';
  expect(stsOf('auto')).toBe(china);
  expect(stsOf('international')).toBe(international);
  expect(stsOf('auto', 'https://redis.intl.tencentcloudapi.com')).toBe(international);
  expect(stsOf('auto', 'https://redis.ap-singapore.tencentcloudapi.com')).toBe(china);
  expect(stsOf('china', 'https://redis.intl.tencentcloudapi.com')).toBe(china);
  expect(stsOf('auto', 'http://127.0.0.1:1')).toBe(china);
});
