/** What each failure of S3 is called, and that none shows a secret. */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { answerOf, explainS3Error } from '../../../src/store/s3/errors.ts';

/** An error as the SDK makes it. */
function sdkError(name: string, status: number | undefined, more: object = {}): Error {
  return Object.assign(new Error(`about ${name}`), {
    name,
    $metadata: { httpStatusCode: status, attempts: 4 },
    ...more,
  });
}

function networkError(code: string, message = `connect ${code} 127.0.0.1:1`): Error {
  return Object.assign(new Error(message), { code, $metadata: { attempts: 4 } });
}

describe('an S3 failure', () => {
  test.each([
    ['AccessDenied', 403, 's3:PutObject'],
    ['InvalidAccessKeyId', 403, 'AWS_ACCESS_KEY_ID'],
    ['SignatureDoesNotMatch', 403, 'AWS_SECRET_ACCESS_KEY'],
    ['NoSuchBucket', 404, 'Create the bucket'],
    ['PermanentRedirect', 301, 'ARCHIVER_S3_REGION'],
    ['AuthorizationHeaderMalformed', 400, 'ARCHIVER_S3_REGION'],
    ['PathStyleDomainForbidden', 403, 'ARCHIVER_S3_FORCE_PATH_STYLE=false'],
    ['ExpiredToken', 400, 'AWS_SESSION_TOKEN'],
    ['RequestTimeTooSkewed', 403, 'clock'],
    ['SomethingNew', 403, 's3:PutObject'],
    ['301', 301, 'ARCHIVER_S3_REGION'],
    ['CredentialsProviderError', undefined, 'AWS_ACCESS_KEY_ID'],
  ])('%s is a refusal with a hint of its own', (name, status, hint) => {
    const error = explainS3Error(sdkError(name, status), 'put s3://b/k');
    expect(error.code).toBe('store-refused');
    expect(error.hint).toContain(hint);
    expect(error.message).toMatch(/^cannot put s3:\/\/b\/k: /);
  });

  test.each([
    ['InternalError', 500, 'next run'],
    ['SlowDown', 503, 'ARCHIVER_CONCURRENCY'],
    ['EntityTooLarge', 400, 'next run'],
  ])('%s is a failure of the store', (name, status, hint) => {
    expect(explainS3Error(sdkError(name, status), 'put')).toMatchObject({
      code: 'store-failed',
      hint: expect.stringContaining(hint),
    });
  });

  test.each([
    ['without TLS', sdkError('407', 407)],
    [
      'asked to tunnel',
      networkError('ERR_PROXY_TUNNEL', 'Failed to establish tunnel via http://proxy:3128/: HTTP/1.1 407'),
    ],
  ])('that is a proxy refusing us (%s) names the proxy and what to correct', (_what, error) => {
    const explained = explainS3Error(error, 'put s3://b/k', {
      server: 'http://store',
      proxy: 'http://proxy:3128',
    });
    expect(explained).toMatchObject({
      code: 'store-refused',
      message: expect.stringMatching(
        /^cannot put s3:\/\/b\/k: ProxyAuthenticationRequired.*http:\/\/proxy:3128/,
      ),
      hint: expect.stringContaining('user name and password in HTTPS_PROXY or HTTP_PROXY'),
    });
  });

  test.each([
    ['ERR_PROXY_TUNNEL', 'NO_PROXY'],
    ['ECONNREFUSED', 'ARCHIVER_S3_ENDPOINT'],
    ['ENOTFOUND', 'ARCHIVER_S3_FORCE_PATH_STYLE=true'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NODE_EXTRA_CA_CERTS'],
  ])('%s means that the store cannot be reached', (code, hint) => {
    expect(explainS3Error(networkError(code), 'put')).toMatchObject({
      code: 'store-unreachable',
      hint: expect.stringContaining(hint),
    });
  });

  test.each([
    [
      'ENOTFOUND',
      'getaddrinfo ENOTFOUND b.s3.dualstack.us-iso-east-1.c2s.ic.gov',
      'AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint',
    ],
    [
      'ENOTFOUND',
      'getaddrinfo ENOTFOUND b.s3-fips.cn-north-1.amazonaws.com.cn',
      'AWS_USE_FIPS_ENDPOINT (use_fips_endpoint',
    ],
  ])('%s of an address that the machine was told to take (%s) names the variable', (code, message, hint) => {
    expect(explainS3Error(networkError(code, message), 'put')).toMatchObject({
      code: 'store-unreachable',
      hint: expect.stringContaining(hint),
    });
  });

  test.each([
    ['Partition does not support FIPS', 'AWS_USE_FIPS_ENDPOINT'],
    [
      'FIPS and DualStack are enabled, but this partition does not support one or both',
      'AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT',
    ],
    ['DualStack is enabled but this partition does not support DualStack', 'AWS_USE_DUALSTACK_ENDPOINT'],
    ['Custom endpoint `x` was not a valid URI', 'ARCHIVER_S3_ENDPOINT'],
  ])('an address that cannot be made (%s) names who asked for it', (message, hint) => {
    const error = Object.assign(new Error(message), { name: 'EndpointError' });
    expect(explainS3Error(error, 'put')).toMatchObject({
      code: 'store-refused',
      hint: expect.stringContaining(hint),
    });
  });

  test('names the address when a name has several and none answers', () => {
    const error = networkError('ECONNREFUSED', '');
    Object.assign(error, {
      errors: [new Error('connect ECONNREFUSED ::1:9000'), new Error('connect ECONNREFUSED 127.0.0.1:9000')],
    });
    expect(explainS3Error(error, 'put').message).toContain('ECONNREFUSED ::1:9000');
  });

  test("an answer that is no XML is told as such, without the parser's words", () => {
    const error = Object.assign(
      new Error("char '&' is not expected.\n  Deserialization error: to see the raw response, …"),
      {
        $response: { statusCode: 200 },
      },
    );
    expect(explainS3Error(error, 'list')).toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('the answer is not one of S3'),
      hint: expect.stringContaining('ARCHIVER_S3_ENDPOINT'),
    });
  });

  test('shows no secret, however deeply the error is printed', () => {
    const error = sdkError('SignatureDoesNotMatch', 403, {
      SignatureProvided: 'sig-1',
      StringToSign: 'sig-2',
      message:
        'refused AWS4-HMAC-SHA256 Credential=AKIA/scope, Signature=sig-3&X-Amz-Signature=sig-4 via http://user:sig-5@proxy:3128/',
      $response: { statusCode: 403, headers: { authorization: 'sig-6' } },
    });
    const explained = explainS3Error(error, 'put');
    const printed =
      inspect(explained, { depth: 10, showHidden: true }) +
      JSON.stringify({ ...explained, message: explained.message });
    expect(printed).toContain('[redacted]');
    expect(printed).not.toMatch(/sig-\d|AKIA|user:/);
  });

  test('keeps for the code what it may decide by', () => {
    expect(answerOf(explainS3Error(sdkError('NoSuchUpload', 404), 'complete'))).toMatchObject({
      code: 'NoSuchUpload',
      status: 404,
      attempts: 4,
    });
    expect(answerOf(new Error('NoSuchUpload'))).toBeUndefined();
  });

  test('a bug of ours is not blamed on the network', () => {
    expect(explainS3Error(new TypeError('x is not a function'), 'put').code).toBe('internal');
  });
});
