/** The sandbox checks signatures as the cloud does: against the published vectors, not only against our own signing. */
import { describe, expect, test } from 'vitest';
import { parseTc3, tc3Matches, v2Matches } from '../../src/sandbox/signature-check.ts';

describe('TC3-HMAC-SHA256', () => {
  const body = Buffer.from(
    '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
  );
  const older = ['AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE', 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE'] as const;
  const current = [`AKID${'*'.repeat(32)}`, '*'.repeat(32)] as const;

  test.each([
    [older, 'content-type;host', '72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168'],
    [
      current,
      'content-type;host;x-tc-action',
      '10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f',
    ],
  ])(
    'takes the published signature of %o over %s, and no other',
    ([secretId, secretKey], signedHeaders, signature) => {
      const scope = 'Credential='.concat(secretId, '/2019-02-25/cvm/tc3_request');
      const headers = {
        authorization: `TC3-HMAC-SHA256 ${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
        'content-type': 'application/json; charset=utf-8',
        host: 'cvm.tencentcloudapi.com',
        'x-tc-action': 'DescribeInstances',
        'x-tc-timestamp': '1551113065',
      };
      const received = { method: 'POST', target: '/', headers, body };
      const claim = parseTc3(headers);
      if (claim === undefined) throw new Error('not understood as TC3-HMAC-SHA256');
      expect(tc3Matches(claim, received, secretKey)).toBe(true);
      expect(tc3Matches(claim, received, `${secretKey}x`)).toBe(false);
      expect(tc3Matches(claim, { ...received, body: Buffer.from('{}') }, secretKey)).toBe(false);
      expect(tc3Matches({ ...claim, date: '2019-02-26' }, received, secretKey)).toBe(false);
    },
  );
});

describe('the signature of API 2.0', () => {
  const secretKey = 'Gu5t9xGARNpq86cd98joQYCN3Cozk1qA';
  const common = {
    Action: 'DescribeInstances',
    Nonce: '11886',
    SecretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA',
    Timestamp: '1465185768',
  };
  const named = { Region: 'ap-guangzhou', 'InstanceIds.0': 'ins-09dx96dg' };

  test.each([
    ['SHA-256', { ...named, SignatureMethod: 'HmacSHA256' }, '0EEm/HtGRr/VJXTAD9tYMth1Bzm3lLHz5RCDv1GdM8s='],
    ['SHA-1', { ...named, SignatureMethod: 'HmacSHA1' }, 'nPVnY6njQmwQ8ciqbPl5Qe+Oru4='],
    [
      'SHA-1 unsaid',
      { Region: 'gz', 'instanceIds.0': 'ins-09dx96dg', limit: '20', offset: '0' },
      'NSI3UqqD99b/UJb4tbG/xZpRW64=',
    ],
  ])('is the published one in %s, and no other', (_method, own, Signature) => {
    const headers = { host: 'cvm.api.qcloud.com' };
    const received = { method: 'GET', target: '/v2/index.php?x', headers, body: Buffer.alloc(0) };
    const parameters = { ...common, ...own, Signature };
    expect(v2Matches(parameters, received, secretKey)).toBe(true);
    expect(v2Matches({ ...parameters, Region: 'bj' }, received, secretKey)).toBe(false);
    expect(v2Matches({ ...parameters, Signature: '' }, received, secretKey)).toBe(false);
    expect(v2Matches(parameters, { ...received, method: 'POST' }, secretKey)).toBe(false);
  });
});
