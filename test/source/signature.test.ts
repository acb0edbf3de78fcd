/** Signatures are those of the cloud: the published vectors, and what its own SDKs send. */
import { createRequire } from 'node:module';
import { parse } from 'node:querystring';
import fc from 'fast-check';
import { CommonClient } from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/common_client.js';
import type SdkSign from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js';
import { describe, expect, test } from 'vitest';
import { type Tc3Request, tc3Authorization, v2Signature } from '../../src/source/signature.ts';
import { serve } from '../support/loopback.ts';

const require = createRequire(import.meta.url);
const sdkSign = require('tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js') as typeof SdkSign;

const CVM_BODY = '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}';
const REDIS_BODY = '{"InstanceId":"crs-4y9t57vt","BackupId":"678362566696298532848117"}';
const STARS = '*'.repeat(32);

const CVM: Tc3Request = {
  secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE',
  host: 'cvm.tencentcloudapi.com',
  service: 'cvm',
  action: 'DescribeInstances',
  contentType: 'application/json; charset=utf-8',
  payload: CVM_BODY,
  timestamp: 1551113065,
  signAction: false,
};
const REDIS: Tc3Request = {
  ...CVM,
  secretId: 'AKID',
  secretKey: STARS,
  host: 'redis.tencentcloudapi.com',
  service: 'redis',
  action: 'DescribeBackupUrl',
  payload: REDIS_BODY,
  signAction: true,
};

describe('an API 3.0 signature', () => {
  test.each<[string, Tc3Request, string]>([
    ['older documents', CVM, '72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168'],
    [
      'current documents',
      { ...CVM, secretId: `AKID${STARS}`, secretKey: STARS, signAction: true },
      '10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f',
    ],
    ['Redis', REDIS, 'bbdf376d20da13b9fdc2e4de671958bbe04233f3ecf9594fa2622b56e2e0d356'],
    [
      'Redis, no charset, action not signed',
      { ...REDIS, contentType: 'application/json', signAction: false },
      '6f73c2d5312695b1ef6e1dca6d38bdd400175c2d4106cb03a0dae2ec65fca651',
    ],
  ])('is the vector of %s', (_name, request, signature) => {
    expect(tc3Authorization(request)).toMatch(new RegExp(`, Signature=${signature}$`));
  });

  test('names the key, the scope and the signed headers', () => {
    expect(tc3Authorization({ ...CVM, signAction: true })).toMatch(
      /^TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE\/2019-02-25\/cvm\/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=[0-9a-f]{64}$/,
    );
  });

  test('signs the action unless told otherwise', () => {
    const { signAction: _, ...plain } = REDIS;
    expect(tc3Authorization(plain)).toBe(tc3Authorization(REDIS));
  });

  test('carries the UTC day of the timestamp, whatever day it is in Beijing', () => {
    const midnightInBeijing = Date.UTC(2026, 10, 23, 16) / 1000;
    expect(tc3Authorization({ ...CVM, timestamp: midnightInBeijing })).toContain('/2026-11-23/cvm/');
    expect(tc3Authorization({ ...CVM, timestamp: midnightInBeijing + 8 * 3600 })).toContain('/2026-11-24/');
  });

  test("is what the cloud's own SDK computes, whatever the body, key and time", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ minLength: 1 }),
        fc.integer({ min: 1, max: 4_000_000_000 }),
        (payload, secretKey, timestamp) => {
          const theirs = sdkSign.default.sign3({
            method: 'POST',
            url: 'https://redis.tencentcloudapi.com/',
            payload: Buffer.from(payload),
            timestamp,
            service: 'redis',
            secretId: 'AKID',
            secretKey,
            multipart: false,
            boundary: '',
            headers: { 'Content-Type': 'application/json' },
          });
          const request = { ...REDIS, payload, secretKey, timestamp };
          expect(tc3Authorization({ ...request, contentType: 'application/json', signAction: false })).toBe(
            theirs,
          );
        },
      ),
    );
  });

  test("is what the cloud's own SDK really sends", async () => {
    const server = await serve(() => ({ body: '{"Response":{"RequestId":"1"}}' }));
    const client = new CommonClient(`127.0.0.1:${server.port}`, '2018-04-12', {
      credential: { secretId: 'AKID', secretKey: 'key' },
      region: 'ap-guangzhou',
      profile: { httpProfile: { protocol: 'http://' } },
    });
    await client.request('DescribeInstances', { Limit: 1, Offset: 0 });
    const [sent] = server.asked;
    // The SDK takes the address's first label for the service, and signs the host without its port.
    const ours = tc3Authorization({
      secretId: 'AKID',
      secretKey: 'key',
      host: '127.0.0.1',
      service: '127',
      action: 'DescribeInstances',
      contentType: String(sent?.headers['content-type']),
      payload: String(sent?.body),
      timestamp: Number(sent?.headers['x-tc-timestamp']),
      signAction: false,
    });
    expect(sent?.headers.authorization).toBe(ours);
  });
});

const OLD_KEY = { SecretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA', Timestamp: '1465185768', Nonce: '11886' };
const OLD_SECRET = 'Gu5t9xGARNpq86cd98joQYCN3Cozk1qA';
const INSTANCES = { ...OLD_KEY, Action: 'DescribeInstances' };
const NEW_STYLE = { ...INSTANCES, Region: 'ap-guangzhou', 'InstanceIds.0': 'ins-09dx96dg' };
const BACKUPS = {
  ...OLD_KEY,
  Action: 'GetRedisBackupList',
  Region: 'gz',
  limit: '10',
  offset: '0',
  redisId: 'crs-izbob1wh',
  beginTime: '2017-02-08 16:46:34',
  endTime: '2017-02-08 19:09:26',
};
const LINK = {
  ...OLD_KEY,
  Action: 'GetBackupDownloadUrl',
  Region: 'gz',
  redisId: 'crs-c7xq4kqu',
  backupId: 'fb8d2cd6-f6ee-11e6-ac36-525400394272',
  Token: 'tok+/=en',
};

interface QcloudApi {
  generateQueryString(data: object, options: object): string;
}
const Qcloud = require('qcloudapi-sdk') as new (defaults: object) => QcloudApi;

describe('an API 2.0 signature', () => {
  const sha256 = { SignatureMethod: 'HmacSHA256' };
  const sha1 = { SignatureMethod: 'HmacSHA1' };
  test.each<[string, 'GET' | 'POST', string, Record<string, string>, string]>([
    ['SHA-256', 'GET', 'cvm', { ...NEW_STYLE, ...sha256 }, '0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s='],
    ['SHA-1', 'GET', 'cvm', { ...NEW_STYLE, ...sha1 }, 'nPVnY6njQmwQ8ciqbPl5Qe+Oru4='],
    [
      'no method named',
      'GET',
      'cvm',
      { ...INSTANCES, Region: 'gz', 'instanceIds.0': 'ins-09dx96dg', limit: '20', offset: '0' },
      'NSI3UqqD99b/UJb4tbG/xZpRW64=',
    ],
    ['Redis', 'GET', 'redis', { ...BACKUPS, ...sha256 }, 'ViqT0k+DNyLLsnAqlklqpKUHJMBpeU2t4VV/sys+Bw4='],
    ['POST', 'POST', 'redis', { ...BACKUPS, ...sha256 }, '+6UW45kX9aG2GGUuO2822ngVFQ8rUI8XSwa5reEPXiA='],
    ['Redis, SHA-1', 'GET', 'redis', { ...BACKUPS, ...sha1 }, 'rFJfWogTKhqb3kPgA11aqMlsHbE='],
    ['Redis, no method named', 'GET', 'redis', BACKUPS, 'wOoEdQ81qkb5vcwfNgC+eE4Mysw='],
    ['a token', 'GET', 'redis', { ...LINK, ...sha256 }, 'iXk0PBO6NdTfCETQqcUL+L9Nmix7qiEsICTCi64ycZE='],
  ])('is the vector of %s', (_name, method, service, parameters, signature) => {
    const host = `${service}.api.qcloud.com`;
    const request = { method, host, path: '/v2/index.php', parameters, secretKey: OLD_SECRET };
    expect(v2Signature(request)).toBe(signature);
    expect(v2Signature({ ...request, parameters: { ...parameters, Signature: 'old' } })).toBe(signature);
  });

  test('also signs the old way on the host of API 3.0', () => {
    const parameters = {
      ...INSTANCES,
      SecretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
      'InstanceIds.0': 'ins-09dx96dg',
      Limit: '20',
      Offset: '0',
      Region: 'ap-guangzhou',
      Version: '2017-03-12',
    };
    const host = 'cvm.tencentcloudapi.com';
    const secretKey = 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE';
    expect(v2Signature({ method: 'GET', host, path: '/', parameters, secretKey })).toBe(
      'EliP9YW3pW28FpsEdkXt/+WcGeI=',
    );
  });

  test("is what the cloud's own SDK computes, whatever the parameters", () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._]{0,8}$/).filter((text) => text !== 'Signature');
    // The SDK takes a value that begins with an @ for the name of a file.
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !text.startsWith('@'));
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { noNullPrototype: true }),
        fc.constantFrom('GET' as const, 'POST' as const),
        fc.constantFrom('sha1', 'sha256'),
        (extra, method, signatureMethod) => {
          const {
            Version: _v,
            SignatureMethod: _m,
            ...data
          } = { ...extra, ...OLD_KEY, Region: 'gz' } as Record<string, string>;
          const host = 'redis.api.qcloud.com';
          const defaults = { SecretKey: OLD_SECRET, SecretId: OLD_KEY.SecretId };
          const query = new Qcloud(defaults).generateQueryString(data, {
            host,
            path: '/v2/index.php',
            method,
            signatureMethod,
          });
          const { Signature: theirs, ...parameters } = parse(query, '&', '=', { maxKeys: 0 }) as Record<
            string,
            string
          >;
          expect(
            v2Signature({ method, host, path: '/v2/index.php', parameters, secretKey: OLD_SECRET }),
          ).toBe(theirs);
        },
      ),
    );
  });
});
