/** What to do about a store's answer: by the code it gave, and where it gave none by what little there is. */

/** What an answer tells beside its code. */
export interface Clues {
  /** Where the bucket lies, as AWS names it even to a HEAD. */
  readonly region?: string;
  /** The address that it was redirected to, without path and query. */
  readonly leadsTo?: string;
  /** What sort of answer it was and whose: `text/html, nginx`. */
  readonly from?: string;
}

/** The hint for an answer that came, but from something else. */
export const NOT_S3 = 'What answered is not S3: check ARCHIVER_S3_ENDPOINT and the proxy.';

const GRANT =
  'Grant the credentials s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload on this bucket and prefix (deploy/policies has them ready to paste).';

const REFUSALS: Readonly<Record<string, string>> = {
  AccessDenied: GRANT,
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
  RegionMissing: 'Set ARCHIVER_S3_REGION (or AWS_REGION; AWS_DEFAULT_REGION is not read).',
  ProxyAuthenticationRequired:
    'Check the user name and password in HTTPS_PROXY or HTTP_PROXY; special characters are percent-encoded there.',
  CredentialsProviderError: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role.',
  EndpointError:
    'Check ARCHIVER_DESTINATION, ARCHIVER_S3_ENDPOINT and ARCHIVER_S3_REGION, which do not go together.',
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

/**
 * Where an address of AWS's that the whole machine was told to take is not there, or cannot be made: nobody thinks of a variable that another
 * program was set up with. By the SDK's message, or by the host that was not found.
 */
export function machineWideHint(message: string): string | undefined {
  const asked = [
    ...(/\bfips\b|-fips\./i.test(message) ? ['AWS_USE_FIPS_ENDPOINT'] : []),
    ...(/dual-?stack/i.test(message) ? ['AWS_USE_DUALSTACK_ENDPOINT'] : []),
  ];
  if (asked.length === 0) return undefined;
  const files = asked.map((name) => name.replace('AWS_', '').toLowerCase()).join(', ');
  return `${asked.join(' and ')} (${files} in the shared AWS files) ask for an address that AWS does not have there: unset it for this program, or set ARCHIVER_S3_ENDPOINT.`;
}

/** What to do where the store refuses for good; undefined where the code means no refusal. */
export function refusalHint(code: string, { region }: Clues): string | undefined {
  const hint = REFUSALS[ALIASES[code] ?? code];
  return region === undefined ? hint : hint?.replace('set ARCHIVER_S3_REGION', `$&=${region}`);
}

/** What to do about a failure whose code is none of those. */
export function statusHint({
  code,
  status,
}: {
  code: string;
  status: number | undefined;
}): string | undefined {
  if (status === 429 || (status === 503 && code !== 'InternalError'))
    return 'The store is overloaded or limits this account: lower ARCHIVER_CONCURRENCY.';
  return status !== undefined && status < 300 ? NOT_S3 : undefined;
}

/** Where nobody gave a reason: what is mostly behind such a status. */
const UNEXPLAINED: Readonly<Record<number, string>> = {
  400: 'Where no reason is given it mostly is the region, lapsed credentials or the clock; `rdb-archiver check` asks in other ways.',
  401: 'Check the credentials; a proxy on the way may be who asks for them.',
  403: `Are the credentials right? ${GRANT} A proxy or firewall on the way may refuse like this too.`,
  404: 'There is no such bucket, or no S3, at this address: check ARCHIVER_DESTINATION and ARCHIVER_S3_ENDPOINT.',
  405: 'The server does not know this request: check ARCHIVER_S3_ENDPOINT.',
  413: 'Something before the store takes no body of this size: lower ARCHIVER_PART_SIZE, or raise its limit (nginx: client_max_body_size).',
  501: 'The server does not know this request: check ARCHIVER_S3_ENDPOINT.',
  502: 'A gateway before the store has no answer from it; the next run tries again.',
  504: 'A gateway before the store has no answer from it; the next run tries again.',
};

/** `says`: nothing but a status, or a page that is none of S3's. */
export function unexplainedHint(status: number, says: 'nothing' | 'no-s3', clues: Clues): string | undefined {
  if (status >= 300 && status < 400) {
    if (clues.region === undefined && clues.leadsTo !== undefined)
      return `The address leads on to ${clues.leadsTo}: set ARCHIVER_S3_ENDPOINT to what really serves the bucket.`;
    return refusalHint('PermanentRedirect', clues);
  }
  if (says === 'no-s3' && status < 500 && status !== 413) return NOT_S3;
  return UNEXPLAINED[status] ?? statusHint({ code: 'Unknown', status });
}
