/** Checks the two request signatures from what was really sent. Written apart from the client's signing, so that each proves the other. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Received } from './exchange.ts';

/** The parts of a TC3-HMAC-SHA256 `Authorization` header; undefined where it is none. */
export interface Tc3Claim {
  readonly secretId: string;
  readonly date: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const TC3 =
  /^TC3-HMAC-SHA256 Credential=([^/\s]+)\/([^/]+)\/([^/]+)\/tc3_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

export function parseTc3(headers: IncomingHttpHeaders): Tc3Claim | undefined {
  const [, secretId, date, service, signed, signature] = TC3.exec(headers.authorization ?? '') ?? [];
  if (!secretId || !date || !service || !signed || !signature) return undefined;
  return { secretId, date, service, signedHeaders: signed.split(';'), signature };
}

/** Whether the claim's signature covers content type and host and is the one that the key gives for this request. */
export function tc3Matches(claim: Tc3Claim, received: Received, secretKey: string): boolean {
  const { signedHeaders } = claim;
  if (!signedHeaders.includes('content-type') || !signedHeaders.includes('host')) return false;
  const timestamp = String(received.headers['x-tc-timestamp']);
  if (claim.date !== new Date(Number(timestamp) * 1000).toISOString().slice(0, 10)) return false;

  const [path, query = ''] = received.target.split('?');
  let canonical = `${received.method}\n${path}\n${query}\n`;
  for (const name of signedHeaders)
    canonical += `${name}:${String(received.headers[name]).trim().toLowerCase()}\n`;
  canonical += `\n${signedHeaders.join(';')}\n${sha256(received.body)}`;

  const scope = `${claim.date}/${claim.service}/tc3_request`;
  const text = `TC3-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`;
  const key = scope
    .split('/')
    .reduce<Buffer | string>((outer, part) => hmac('sha256', outer, part), `TC3${secretKey}`);
  return same(hmac('sha256', key, text).toString('hex'), claim.signature);
}

/** Whether the `Signature` among an API 2.0 call's parameters is the one that the key gives for the call. */
export function v2Matches(
  parameters: Readonly<Record<string, string>>,
  received: Received,
  secretKey: string,
): boolean {
  const pairs = Object.entries(parameters).filter(([name]) => name !== 'Signature');
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  const joined = pairs.map(([name, value]) => `${name.replaceAll('_', '.')}=${value}`).join('&');
  const path = received.target.split('?')[0];
  const text = `${received.method}${received.headers.host}${path}?${joined}`;
  const algorithm = parameters['SignatureMethod'] === 'HmacSHA256' ? 'sha256' : 'sha1';
  return same(hmac(algorithm, secretKey, text).toString('base64'), parameters['Signature'] ?? '');
}

function same(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function hmac(algorithm: string, key: Buffer | string, text: string): Buffer {
  return createHmac(algorithm, key).update(text).digest();
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
