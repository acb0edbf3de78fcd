/** What an S3 call's failure means for us, told without the request's secrets. */
import { STATUS_CODES } from 'node:http';
import { connectionWords } from '../../domain/addresses-tried.ts';
import { ArchiverError, type ErrorCode } from '../../domain/errors.ts';
import { type Clues, machineWideHint, refusalHint, statusHint, unexplainedHint } from './hints.ts';

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

/** Where a request went. */
export interface Place {
  /** The address without the bucket. */
  readonly server: string;
  /** Whose setting that is. */
  readonly toldBy?: string | undefined;
  /** The proxy on the way, if any. */
  readonly proxy?: string | undefined;
}

/** What S3, COS, OSS and OBS call an object that a lifecycle rule has moved to cold storage: the bytes are there, and cannot be had at once. */
const COLD = 'InvalidObjectState';

/** HEAD has no body to carry a code, so the status must do. */
const REFUSED_STATUS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  302: 'PermanentRedirect',
  307: 'PermanentRedirect',
  308: 'PermanentRedirect',
  401: 'InvalidAccessKeyId',
  403: 'AccessDenied',
};

/** The error for a failed call. `doing` completes "cannot …", for instance `put s3://bucket/key`. */
export function explainS3Error(thrown: unknown, doing: string, place?: Place): ArchiverError {
  if (thrown instanceof ArchiverError) return thrown;
  const failure = readFailure(thrown, place);
  const { code, hint } = classify(failure);
  // Nobody who reads this may know of the variable.
  const where = place?.toldBy?.includes('AWS_') ? ` at ${place.server} (${place.toldBy})` : '';
  const message = `cannot ${doing}${where}: ${wordingOf(failure, place)}`;
  return new ArchiverError(code, message, {
    cause: failure.answer,
    ...(hint === undefined ? {} : { hint }),
  });
}

interface Failure {
  readonly answer: S3Answer;
  /** `nothing`: a status alone, as every refusal of a HEAD is; `no-s3`: a page of something that is no S3. */
  readonly says: 'reason' | 'nothing' | 'no-s3';
  readonly clues: Clues;
}

function classify({ answer, says, clues }: Failure): { readonly code: ErrorCode; readonly hint?: string } {
  const { code, status } = answer;
  if (code === COLD) return { code: 'unreadable-cold' };
  if (status === undefined) return withoutAnswer(answer);
  const refusal = refusalHint(code, clues) ?? refusalHint(REFUSED_STATUS[status] ?? '', clues);
  const hint = says === 'reason' ? (refusal ?? statusHint(answer)) : unexplainedHint(status, says, clues);
  if (refusal !== undefined) return { code: 'store-refused', ...(hint === undefined ? {} : { hint }) };
  // A server that has nothing there and does not say so in S3's words is not the one that archives go to.
  const elsewhere = status === 404 && says !== 'reason';
  return { code: elsewhere ? 'store-unreachable' : 'store-failed', ...(hint === undefined ? {} : { hint }) };
}

function withoutAnswer({ code, message }: S3Answer): { readonly code: ErrorCode; readonly hint?: string } {
  const machineWide = ['EndpointError', 'ENOTFOUND'].includes(code) ? machineWideHint(message) : undefined;
  const refusal = code === 'EndpointError' ? (machineWide ?? refusalHint(code, {})) : refusalHint(code, {});
  if (refusal !== undefined) return { code: 'store-refused', hint: refusal };
  if (code === 'TypeError' || code === 'RangeError') return { code: 'internal' };
  if (code === 'ERR_PROXY_TUNNEL') {
    const hint = 'The proxy cannot reach the store: check ARCHIVER_S3_ENDPOINT and NO_PROXY.';
    return { code: 'store-unreachable', hint };
  }
  if (code === 'ENOTFOUND') {
    return {
      code: 'store-unreachable',
      hint:
        machineWide ??
        'Check ARCHIVER_S3_ENDPOINT; where the bucket is no host name there, set ARCHIVER_S3_FORCE_PATH_STYLE=true.',
    };
  }
  if (/CERT|SIGNATURE|TLS|SSL/.test(code)) {
    const hint = "The store's certificate is not trusted: give its authority in NODE_EXTRA_CA_CERTS.";
    return { code: 'store-unreachable', hint };
  }
  return { code: 'store-unreachable' };
}

/** The fields that the SDK, or Node below it, hangs on an error. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Readonly<Record<string, string | undefined>>;
  };
  readonly code?: unknown;
  readonly errors?: unknown;
}

/** Takes of the SDK's error only what may be shown: its other fields repeat the signed request. */
function readFailure(thrown: unknown, place: Place | undefined): Failure {
  const error: SdkError = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { $metadata: { attempts = 1, httpStatusCode } = {}, $response } = error;
  const status = httpStatusCode ?? $response?.statusCode;
  const headers = $response?.headers ?? {};
  const clues = cluesOf(headers);
  const reason = (code: string, message: string, httpStatus = status): Failure => ({
    answer: new S3Answer(code, httpStatus, attempts, message),
    says: 'reason',
    clues,
  });
  if (error.message === 'Region is missing') return reason('RegionMissing', 'no region is set', undefined);
  // Without TLS the proxy answers in the store's place.
  if (status === 407) return reason('ProxyAuthenticationRequired', `the proxy ${place?.proxy ?? ''} refuses`);
  const networkCode = typeof error.code === 'string' ? error.code : undefined;
  if (networkCode === 'ERR_PROXY_TUNNEL' && error.message.includes('407'))
    return reason('ProxyAuthenticationRequired', wording(error));
  if (status === undefined) return reason(networkCode ?? error.name, wording(error));
  const says = saysOf(error, headers['content-type']);
  return { ...reason(error.name, says === 'reason' ? wording(error) : ''), says };
}

/** What the SDK makes of an error document that is none. */
function saysOf({ name, message }: Error, contentType = ''): Failure['says'] {
  if (message.includes('Deserialization error')) return 'no-s3';
  if (message !== 'UnknownError' || !/^(Unknown|NotFound)$/.test(name)) return 'reason';
  return contentType.startsWith('text/html') ? 'no-s3' : 'nothing';
}

function cluesOf(headers: Readonly<Record<string, string | undefined>>): Clues {
  const { location, server, 'x-amz-bucket-region': region, 'content-type': contentType } = headers;
  const leadsTo = location === undefined ? undefined : URL.parse(location)?.origin;
  return {
    ...(region !== undefined && { region }),
    ...(leadsTo !== undefined && { leadsTo }),
    from: [contentType, server].filter((one) => one !== undefined).join(', '),
  };
}

function wordingOf({ answer, says, clues }: Failure, place: Place | undefined): string {
  const { code, status, message } = answer;
  const http = status === undefined ? '' : ` (HTTP ${status})`;
  if (says === 'reason') return `${code}${http}${message === '' ? '' : `: ${message}`}`;
  const answered = `${place?.server ?? 'what was asked'} answered HTTP ${status} ${STATUS_CODES[status ?? 0] ?? ''}`;
  if (says === 'nothing') return `${answered.trim()} and gave no reason`;
  return `${answered.trim()}, and the answer is not one of S3${clues.from ? ` (${scrub(clues.from)})` : ''}`;
}

function wording(error: SdkError): string {
  const text = connectionWords(error);
  // The SDK's words where an error document has none, and where the answer to CompleteMultipartUpload is empty.
  if (text === 'UnknownError') return '';
  if (text === 'S3 aborted request') return 'the answer was empty';
  return scrub(text);
}

/** Some gateways repeat the Authorization header, some proxies their own address with the password. */
function scrub(text: string): string {
  return text
    .replaceAll(/\b((?:X-Amz-)?(?:Signature|Credential|Security-Token))=[^\s,&"'<]+/gi, '$1=[redacted]')
    .replaceAll(/\/\/[^\s/@]+@/g, '//');
}
