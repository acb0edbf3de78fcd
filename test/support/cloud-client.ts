/** The smallest client of the stand-in cloud: signed calls of both APIs, for tests of the sandbox itself. */

import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { type Tc3Request, tc3Authorization, v2Signature } from '../../src/source/signature.ts';

export interface V3Overrides
  extends Partial<Pick<Tc3Request, 'secretId' | 'secretKey' | 'timestamp' | 'signAction' | 'service'>> {
  readonly region?: string;
  readonly version?: string;
  /** Sent in place of the body that was signed. */
  readonly sentBody?: string;
  readonly headers?: Record<string, string>;
}

type Row = Readonly<Record<string, string | number>>;

/** What tests look at of an API 3.0 answer. */
export interface V3Answer {
  readonly Error?: { readonly Code: string; readonly Message: string };
  readonly TotalCount?: number;
  readonly InstanceSet?: readonly Row[];
  readonly BackupSet?: readonly Row[];
  readonly BackupInfos?: readonly {
    readonly FileName: string;
    readonly FileSize: number;
    readonly DownloadUrl: string;
    readonly InnerDownloadUrl: string;
  }[];
}

/** What tests look at of an API 2.0 answer. */
export interface V2Answer {
  readonly code: number;
  readonly totalCount?: number;
  readonly data?: {
    readonly redisSet?: readonly Row[];
    readonly redisBackupSet?: readonly Row[];
    readonly intranet?: string;
    readonly extranet?: string;
    readonly requestId?: number;
    readonly status?: number;
  };
}

/** The inside of `Response`. */
export async function callV3(
  sandbox: Sandbox,
  now: number,
  action: string,
  parameters: object = {},
  overrides: V3Overrides = {},
): Promise<V3Answer> {
  const payload = JSON.stringify(parameters);
  const contentType = 'application/json; charset=utf-8';
  const host = new URL(sandbox.url).host;
  const timestamp = overrides.timestamp ?? Math.floor(now / 1000);
  const authorization = tc3Authorization({
    ...{ ...sandbox.credentials, service: 'redis', ...overrides },
    ...{ host, action, contentType, payload, timestamp },
  });
  const response = await fetch(sandbox.url, {
    method: 'POST',
    body: overrides.sentBody ?? payload,
    headers: {
      authorization,
      'content-type': contentType,
      'x-tc-action': action,
      'x-tc-version': overrides.version ?? '2018-04-12',
      'x-tc-region': overrides.region ?? 'ap-guangzhou',
      'x-tc-timestamp': String(timestamp),
      ...overrides.headers,
    },
  });
  return ((await response.json()) as { Response: V3Answer }).Response;
}

let nonce = 0;

/** The whole answer. */
export async function callV2(
  sandbox: Sandbox,
  now: number,
  action: string,
  parameters: Readonly<Record<string, string>> = {},
  {
    method = 'GET',
    secretKey = sandbox.credentials.secretKey,
  }: { method?: 'GET' | 'POST'; secretKey?: string } = {},
): Promise<V2Answer> {
  nonce += 1;
  const path = '/v2/index.php';
  const unsigned = {
    Action: action,
    Region: 'gz',
    Timestamp: String(Math.floor(now / 1000)),
    Nonce: String(nonce),
    SecretId: sandbox.credentials.secretId,
    SignatureMethod: 'HmacSHA256',
    ...parameters,
  };
  const { host } = new URL(sandbox.url);
  const Signature = v2Signature({ method, host, path, parameters: unsigned, secretKey });
  const form = new URLSearchParams({ ...unsigned, Signature });
  const response =
    method === 'GET'
      ? await fetch(`${sandbox.url}${path}?${form}`)
      : await fetch(`${sandbox.url}${path}`, { method, body: form });
  return (await response.json()) as V2Answer;
}
