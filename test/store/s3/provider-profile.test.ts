/** Which profile and region an endpoint means. */
import { describe, expect, test } from 'vitest';
import { providerFor } from '../../../src/store/s3/provider-profile.ts';

describe('the provider profile', () => {
  test.each([
    [undefined, 'aws', undefined],
    ['https://s3.eu-west-1.amazonaws.com', 'aws', 'eu-west-1'],
    ['https://s3.dualstack.us-gov-west-1.amazonaws.com', 'aws', 'us-gov-west-1'],
    ['https://s3.cn-north-1.amazonaws.com.cn', 'aws', 'cn-north-1'],
    ['https://s3.amazonaws.com', 'aws', undefined],
    ['https://cos.ap-guangzhou.myqcloud.com', 'cos', 'ap-guangzhou'],
    ['https://cos-internal.ap-shanghai-fsi.tencentcos.cn', 'cos', 'ap-shanghai-fsi'],
    ['https://cos.accelerate.myqcloud.com', 'cos', undefined],
    ['https://oss-cn-hangzhou.aliyuncs.com', 'oss', 'cn-hangzhou'],
    ['https://s3.oss-cn-hangzhou-internal.aliyuncs.com', 'oss', 'cn-hangzhou'],
    ['https://obs.cn-north-4.myhuaweicloud.com', 'obs', 'cn-north-4'],
    ['https://0123456789abcdef.r2.cloudflarestorage.com', 'r2', 'auto'],
    ['https://s3.us-west-004.backblazeb2.com', 'b2', 'us-west-004'],
    ['https://storage.googleapis.com', 'gcs', undefined],
    ['http://minio.storage.svc:9000', 'other', undefined],
    ['https://notmyqcloud.com', 'other', undefined],
  ])('of %s is %s, and its region %s', (endpoint, name, region) => {
    const found = providerFor('auto', endpoint);
    expect([found.profile.name, found.region]).toEqual([name, region]);
  });

  test('named by hand wins over the endpoint', () => {
    expect(providerFor('minio', 'https://s3.example.org').profile).toMatchObject({
      name: 'minio',
      pathStyle: true,
      ifAbsentHonoured: true,
    });
  });

  test('of an unknown store believes nothing that the store has not shown', () => {
    expect(providerFor('auto', 'https://s3.example.org').profile).toMatchObject({
      md5Etags: 'none',
      ifAbsentHonoured: false,
      echo: 'none',
    });
  });
});
