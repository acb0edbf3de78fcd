/** What an S3 call's failure means for us, told without the request's secrets. */
import { ArchiverError, type ErrorCode } from '../../domain/errors.ts';

/** The store's answer, as far as there was one: what the code may decide by, and all that may be logged of the SDK's error. */
export class S3Answer extends Error {
  override readonly name = 'S3Answer';
  /** The store's error code (`NoSuchKey`), the network's (`ECONNREFUSED`), or the SDK's name for it. */
  readonly code: string;
  /** HTTP status; absent where no answer came. */
  readonly status: number | undefined;
  /** How often the request was sent. More than once: an earlier one may have been carried out, its answer lost. */
  readonly attempts: number;

  constructor(code: string, status: number | undefined, attempts: number, message: string) {
    super(message);
    this.code = code;
    this.status = status;
    this.attempts = attempts;
  }
}

/** The store's answer behind an error of ours; undefined where there is none. */
export function answerOf(error: unknown): S3Answer | undefined {
  return error instanceof ArchiverError && error.cause instanceof S3Answer ? error.cause : undefined;
}

/** The hint for an answer that came, but from something else. */
export const NOT_S3 = 'What answered is not S3: check ARCHIVER_S3_ENDPOINT and the proxy.';

const REFUSALS: Readonly<Record<string, string>> = {
  AccessDenied:
    'Grant the credentials s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload on this bucket and prefix (deploy/policies has them ready to paste).',
  InvalidAccessKeyId:
    'The store does not know AWS_ACCESS_KEY_ID: check it, and that it belongs to this store.',
  SignatureDoesNotMatch:
    'Check AWS_SECRET_ACCESS_KEY (a trailing space or newline counts) and that no proxy rewrites requests.',
  NoSuchBucket: 'Create the bucket, or correct the name in ARCHIVER_DESTINATION (COS names end in -APPID).',
  PermanentRedirect:
    'The bucket lies in another region: set ARCHIVER_S3_REGION, and ARCHIVER_S3_ENDPOINT where it names a region.',
  AuthorizationHeaderMalformed: 'The bucket lies in another region: set ARCHIVER_S3_REGION.',
  PathStyleDomainForbidden:
    'This store wants the bucket in the host name: set ARCHIVER_S3_FORCE_PATH_STYLE=false.',
  ExpiredToken:
    'The temporary credentials have lapsed: renew AWS_SESSION_TOKEN, or use a credential source that renews itself.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong: set it by NTP.',
  RegionMissing: 'Set ARCHIVER_S3_REGION (or AWS_REGION).',
  ProxyAuthenticationRequired:
    'Check the user name and password in HTTPS_PROXY or HTTP_PROXY; special characters are percent-encoded there.',
  CredentialsProviderError: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role.',
};

/** Other spellings of the same, by the store's code. */
const ALIASES: Readonly<Record<string, string>> = {
  Forbidden: 'AccessDenied',
  AccessForbidden: 'AccessDenied',
  AllAccessDisabled: 'AccessDenied',
  AccountProblem: 'AccessDenied',
  SecondLevelDomainForbidden: 'PathStyleDomainForbidden',
  InvalidBucketName: 'NoSuchBucket',
  IllegalLocationConstraintException: 'PermanentRedirect',
  TemporaryRedirect: 'PermanentRedirect',
  InvalidToken: 'ExpiredToken',
  TokenRefreshRequired: 'ExpiredToken',
  RequestExpired: 'RequestTimeTooSkewed',
};

/** What S3, COS, OSS and OBS call an object that a lifecycle rule has moved to cold storage: the bytes are there, and cannot be had at once. */
const COLD = 'InvalidObjectState';

/** HEAD has no body to carry a code, so the status must do. */
const REFUSED_STATUS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  307: 'PermanentRedirect',
  401: 'InvalidAccessKeyId',
  403: 'AccessDenied',
};

/**
 * The error for a failed call. `doing` completes "cannot …", for instance `put s3://bucket/key`; `proxy` is the one that the store
 * is reached through, if any.
 */
export function explainS3Error(thrown: unknown, doing: string, proxy?: string): ArchiverError {
  if (thrown instanceof ArchiverError) return thrown;
  const answer = readAnswer(thrown, proxy);
  const { code, hint } = classify(answer);
  const status = answer.status === undefined ? '' : ` (HTTP ${answer.status})`;
  const message = `cannot ${doing}: ${answer.code}${status}: ${answer.message}`;
  return new ArchiverError(code, message, { cause: answer, ...(hint === undefined ? {} : { hint }) });
}

function classify({ code, status }: S3Answer): { readonly code: ErrorCode; readonly hint?: string } {
  if (code === COLD) return { code: 'unreadable-cold' };
  const refusal = REFUSALS[ALIASES[code] ?? code] ?? REFUSALS[REFUSED_STATUS[status ?? 0] ?? ''];
  if (refusal !== undefined) return { code: 'store-refused', hint: refusal };
  if (status !== undefined) return { code: 'store-failed', ...hintFor(status) };
  if (code === 'TypeError' || code === 'RangeError') return { code: 'internal' };
  return { code: 'store-unreachable', ...networkHint(code) };
}

function hintFor(status: number): { readonly hint?: string } {
  if (status === 429 || status === 503)
    return { hint: 'The store is overloaded or limits this account: lower ARCHIVER_CONCURRENCY.' };
  if (status < 300) return { hint: NOT_S3 };
  return {};
}

function networkHint(code: string): { readonly hint?: string } {
  if (code === 'ERR_PROXY_TUNNEL')
    return { hint: 'The proxy cannot reach the store: check ARCHIVER_S3_ENDPOINT and NO_PROXY.' };
  if (code === 'ENOTFOUND') {
    return {
      hint: 'Check ARCHIVER_S3_ENDPOINT; where the bucket is no host name there, set ARCHIVER_S3_FORCE_PATH_STYLE=true.',
    };
  }
  if (/CERT|SIGNATURE|TLS|SSL/.test(code)) {
    return { hint: "The store's certificate is not trusted: give its authority in NODE_EXTRA_CA_CERTS." };
  }
  return {};
}

/** The fields that the SDK, or Node below it, hangs on an error. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly statusCode?: number };
  readonly code?: unknown;
  readonly errors?: unknown;
}

/** Takes of the SDK's error only what may be shown: its other fields repeat the signed request. */
function readAnswer(thrown: unknown, proxy: string | undefined): S3Answer {
  const error: SdkError = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.message === 'Region is missing')
    return new S3Answer('RegionMissing', undefined, 0, 'no region is set');
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
  // Without TLS the proxy answers in the store's place.
  if (status === 407)
    return new S3Answer('ProxyAuthenticationRequired', 407, 1, `the proxy ${proxy ?? ''} refuses`);
  const networkCode = typeof error.code === 'string' ? error.code : undefined;
  if (networkCode === 'ERR_PROXY_TUNNEL' && error.message.includes('407'))
    return new S3Answer('ProxyAuthenticationRequired', undefined, 1, wording(error));
  const code = status === undefined ? (networkCode ?? error.name) : error.name;
  return new S3Answer(code, status, error.$metadata?.attempts ?? 1, wording(error));
}

function wording(error: SdkError): string {
  // Where a name has several addresses Node reports one error for each, under an empty message.
  const first: unknown = Array.isArray(error.errors) ? error.errors[0] : undefined;
  const text = error.message !== '' || !(first instanceof Error) ? error.message : first.message;
  if (text.includes('Deserialization error')) return 'the answer is not one of S3';
  return scrub(text);
}

/** Some gateways repeat the Authorization header, some proxies their own address with the password. */
function scrub(text: string): string {
  return text
    .replaceAll(/\b((?:X-Amz-)?(?:Signature|Credential|Security-Token))=[^\s,&"'<]+/gi, '$1=[redacted]')
    .replaceAll(/\/\/[^\s/@]+@/g, '//');
}
