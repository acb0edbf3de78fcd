/** Checks AWS Signature Version 4 in header form, written from the specification, with no code shared with the client. */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The S3 error code that the request deserves; undefined where its signature is right. */
export function signatureProblem(request: IncomingMessage, credentials: S3Credentials): string | undefined {
  const authorization = request.headers.authorization;
  if (authorization === undefined) return 'AccessDenied';
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/s3\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (match === null) return 'AuthorizationHeaderMalformed';
  const [, accessKeyId = '', scope = '', signedHeaders = '', signature] = match;
  if (accessKeyId !== credentials.accessKeyId) return 'InvalidAccessKeyId';
  const names = signedHeaders.split(';');
  const amzHeaders = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
  if (!['host', ...amzHeaders].every((name) => names.includes(name))) return 'AccessDenied';
  const expected = sign(
    canonicalRequest(request, names),
    String(request.headers['x-amz-date']),
    scope,
    credentials.secretAccessKey,
  );
  return expected === signature ? undefined : 'SignatureDoesNotMatch';
}

function canonicalRequest(request: IncomingMessage, names: readonly string[]): string {
  const [path = '/', query = ''] = (request.url ?? '/').split('?');
  const pairs = query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  const headers = names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`);
  const payload = String(request.headers['x-amz-content-sha256']);
  return [request.method, path, pairs.sort().join('&'), headers.join(''), names.join(';'), payload].join(
    '\n',
  );
}

function sign(canonical: string, date: string, scope: string, secretAccessKey: string): string {
  const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  return hmac(keyFor(scope, secretAccessKey), toSign).toString('hex');
}

/** Derived keys hold for a day: one is derived once, since tests make thousands of requests. */
const keys = new Map<string, Buffer>();

function keyFor(scope: string, secretAccessKey: string): Buffer {
  const name = `${scope}\n${secretAccessKey}`;
  const key = keys.get(name) ?? scope.split('/').reduce(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  keys.set(name, key);
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
