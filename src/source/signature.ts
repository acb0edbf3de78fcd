/** The cloud's two request signatures: TC3-HMAC-SHA256 of API 3.0, and the sorted-parameter HMAC of API 2.0. */
import { createHash, createHmac } from 'node:crypto';

export interface Tc3Request {
  secretId: string;
  secretKey: string;
  /** As sent in the `Host` header, port included. */
  host: string;
  /** The first label of the product's host: `redis`. */
  service: string;
  action: string;
  /** As sent, charset included. */
  contentType: string;
  /** The exact body. */
  payload: string;
  /** Unix seconds. */
  timestamp: number;
  /** Newer documents sign `x-tc-action` too; the older published vectors and the official SDK do not. Default: true. */
  signAction?: boolean;
}

/** The `Authorization` header of an API 3.0 POST (API documentation "Signature v3"). */
export function tc3Authorization(request: Tc3Request): string {
  const headers: [name: string, value: string][] = [
    ['content-type', request.contentType],
    ['host', request.host],
  ];
  if (request.signAction ?? true) headers.push(['x-tc-action', request.action]);
  const signedHeaders = headers.map(([name]) => name).join(';');

  const canonicalRequest = [
    'POST',
    '/',
    '', // a POST has no query
    ...headers.map(([name, value]) => `${name}:${value.trim().toLowerCase()}`),
    '',
    signedHeaders,
    sha256Hex(request.payload),
  ].join('\n');

  // The day of the timestamp in UTC: the local day would be refused from midnight to 8 a.m. in Beijing.
  const date = new Date(request.timestamp * 1000).toISOString().slice(0, 10);
  const scope = `${date}/${request.service}/tc3_request`;
  const stringToSign = ['TC3-HMAC-SHA256', request.timestamp, scope, sha256Hex(canonicalRequest)].join('\n');

  const dateKey = hmac('sha256', `TC3${request.secretKey}`, date);
  const serviceKey = hmac('sha256', dateKey, request.service);
  const signingKey = hmac('sha256', serviceKey, 'tc3_request');
  const signature = hmac('sha256', signingKey, stringToSign).toString('hex');

  return `TC3-HMAC-SHA256 Credential=${request.secretId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

interface V2Request {
  method: 'GET' | 'POST';
  /** As sent in the `Host` header. */
  host: string;
  path: string;
  /** Raw values, not URL-encoded. `Signature` is left out of the signing. */
  parameters: Readonly<Record<string, string>>;
  secretKey: string;
}

/** The `Signature` parameter of an API 2.0 call, in base64: HMAC-SHA256 where `SignatureMethod` says so, SHA-1 else. */
export function v2Signature(request: V2Request): string {
  const { parameters } = request;
  const query = Object.keys(parameters)
    .filter((name) => name !== 'Signature')
    .sort() // by code unit: `Action` before `backupId`, `Ids.12` before `Ids.2`; a locale's order is refused
    .map((name) => `${name.replaceAll('_', '.')}=${parameters[name]}`)
    .join('&');
  const algorithm = parameters['SignatureMethod'] === 'HmacSHA256' ? 'sha256' : 'sha1';
  return hmac(
    algorithm,
    request.secretKey,
    `${request.method}${request.host}${request.path}?${query}`,
  ).toString('base64');
}

function hmac(algorithm: 'sha256' | 'sha1', key: string | Buffer, text: string): Buffer {
  return createHmac(algorithm, key).update(text).digest();
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
