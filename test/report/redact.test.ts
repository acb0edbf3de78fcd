/** The second line of defence: what looks like a credential leaves no text, and what does not stays readable. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../src/report/redact.ts';

describe('a secret is taken out of', () => {
  test.each([
    'GET https://cos.example.com/a/dump.rdb?sign=HUSH&x=1 failed',
    '"https://10.0.0.1:80/blob?HUSH/+=" timed out',
    'connect to http://user:HUSH@proxy:3128 failed',
    'Authorization: HUSH',
    'Authorization: TC3-HMAC-SHA256 Credential=AKID/2026/redis/tc3_request, SignedHeaders=host, Signature=HUSH',
    'AWS4-HMAC-SHA256 Credential=HUSH/20261124/eu/s3/aws4_request, Signature=HUSH',
    'Bearer HUSHHUSHHUSH',
    'q-signature=HUSH&q-ak=HUSH',
    'X-Amz-Signature=HUSH',
    'x-tc-token: HUSH',
    '{"SecretKey":"HUSH","Token": "HUSH"}',
    '{\\"DecryptKey\\":\\"HUSH\\"}',
    "{'SecretId': 'HUSH'}",
    'secret_key = HUSH',
  ])('%s', (text) => {
    expect(redact(text)).not.toContain('HUSH');
    expect(redact(text)).toContain('[redacted]');
  });
});

describe('a text without one stays as it is:', () => {
  test.each([
    'data/prod/crs-orders01/20261124T021500Z_1234/dump.rdb is 20 bytes short',
    'GET https://cos.example.com/a/dump.rdb answered 403; is the clock right?',
    'TENCENTCLOUD_SECRET_KEY: required beside TENCENTCLOUD_SECRET_ID',
    'sources[0].secretKey: unknown key',
    'AuthFailure.SignatureFailure: the signature does not match',
    'rdb-archiver: s3://bucket/prefix refuses',
  ])('%s', (text) => {
    expect(redact(text)).toBe(text);
  });
});

test('no query of a link survives, whatever it is made of', () => {
  const query = fc.string({ unit: fc.constantFrom(...'abcXYZ019/+=&%-_.~'), minLength: 8, maxLength: 80 });
  fc.assert(
    fc.property(query, (secret) => {
      expect(redact(`could not get "https://host.example.com/path?${secret}" (ECONNRESET)`)).toBe(
        'could not get "https://host.example.com/path?[redacted]" (ECONNRESET)',
      );
    }),
  );
});
