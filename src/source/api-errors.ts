/** What the cloud's error codes mean for us, as data: the tables of both APIs, and one meaning for each verdict. */
import { ArchiverError, type ErrorCode } from '../domain/errors.ts';

/** What a failed call comes down to. */
export type Verdict =
  | 'throttled'
  | 'unavailable'
  | 'proxy'
  | 'skewed'
  | 'replayed'
  | 'stale-token'
  | 'credentials'
  | 'permission'
  | 'network-policy'
  | 'invalid'
  | 'wrong-endpoint'
  | 'rejected'
  | 'gone'
  | 'not-ready'
  | 'isolated'
  | 'not-cluster';

interface Meaning {
  readonly code: ErrorCode;
  /** What may help within the same call: waiting, our clock set by the server's, new credentials. */
  readonly remedy?: 'wait' | 'clock' | 'credentials';
  /** What to do, where the table of our own codes says too little. */
  readonly hint?: string;
}

const CLOCK_HINT =
  "Set this machine's clock: the cloud refuses requests that are more than five minutes off.";

export const MEANINGS: Readonly<Record<Verdict, Meaning>> = {
  throttled: { code: 'throttled', remedy: 'wait' },
  unavailable: { code: 'api-unavailable', remedy: 'wait' },
  // The proxy in between, not the cloud: waiting does not give it the right password.
  proxy: {
    code: 'api-unavailable',
    hint: 'Check the user name and password in HTTPS_PROXY or HTTP_PROXY; special characters are percent-encoded there.',
  },
  skewed: { code: 'credentials', remedy: 'clock', hint: CLOCK_HINT },
  replayed: { code: 'credentials', remedy: 'wait', hint: CLOCK_HINT },
  'stale-token': {
    code: 'credentials',
    remedy: 'credentials',
    hint: 'The session token has lapsed or belongs to another key.',
  },
  credentials: { code: 'credentials' },
  permission: { code: 'permission' },
  'network-policy': {
    code: 'permission',
    hint: "The account's network policy shuts this address out: ask its administrator.",
  },
  invalid: { code: 'api-rejected' },
  'wrong-endpoint': {
    code: 'api-rejected',
    hint: 'API 2.0 was announced off in 2020; use `tencent-v3`, or check the endpoint.',
  },
  rejected: { code: 'api-rejected' },
  gone: { code: 'backup-gone' },
  'not-ready': { code: 'not-ready' },
  isolated: {
    code: 'link-refused',
    hint: 'The instance is isolated (unpaid, in the recycle bin): bring it back to reach its backups.',
  },
  'not-cluster': { code: 'api-rejected' },
};

/** API 3.0, from the common list and Redis' own; a full code we do not know is judged by what stands in front of its dot. */
const V3 = table({
  throttled: 'RequestLimitExceeded',
  unavailable: 'InternalError ServiceUnavailable FailedOperation ResourceUnavailable.CallOssError',
  skewed: 'AuthFailure.SignatureExpire',
  'stale-token': 'AuthFailure.TokenFailure',
  credentials: 'AuthFailure',
  // Two of these hide behind a prefix that means something else.
  permission:
    'UnauthorizedOperation AuthFailure.UnauthorizedOperation InvalidParameter.PermissionDenied InternalError.InstanceOperatePermissionError',
  'network-policy': 'IpInBlacklist IpNotInWhitelist',
  invalid: 'InvalidParameter InvalidParameterValue',
  rejected:
    'MissingParameter InvalidRequest UnknownParameter ActionOffline InvalidAction NoSuchVersion NoSuchProduct UnsupportedRegion InvalidParameter.ActionNotFound UnsupportedOperation FailedOperation.UnSupportError LimitExceeded ResourceInsufficient',
  gone: 'ResourceNotFound InvalidParameterValue.BackupNotExists ResourceUnavailable.InstanceDeleted',
  'not-ready': 'ResourceUnavailable ResourceInUse',
  isolated: 'ResourceUnavailable.InstanceIsolated',
});

/** API 2.0: numbers, which also come as strings. */
const V2 = table({
  throttled: '4400',
  unavailable: '5100 6000 6200',
  skewed: '4200',
  replayed: '4500',
  'stale-token': '4105',
  credentials: '4100 4104 4106 4110 4300',
  permission: '4101 4102 4103',
  invalid: '11201',
  'wrong-endpoint': '4600 6100',
  rejected: '4000 5200 5300 5400 5500',
  gone: '5000 10701 11213',
  'not-ready': '10702 10707 10711',
  'not-cluster': '11214',
});

/** The verdict on an API 3.0 `Response.Error.Code`. */
export function judgeV3(code: string): Verdict {
  return V3.get(code) ?? V3.get(code.replace(/\..*$/s, '')) ?? 'rejected';
}

/** The verdict on an API 2.0 `code`; a module's own code, `(11213)…` in the message, says more than the common one around it. */
export function judgeV2(code: string, message: string): Verdict {
  const moduleCode = /\((\d+)\)/.exec(message)?.[1];
  return V2.get(moduleCode ?? '') ?? V2.get(code) ?? 'rejected';
}

/** A failed call, as the cause of the error that tells of it. Holds nothing secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly verdict: Verdict;

  constructor(verdict: Verdict, message: string) {
    super(message);
    this.verdict = verdict;
  }
}

/** `attempted`: what was tried, for instance `DescribeBackupUrl of crs-x`. */
export function refusalError(attempted: string, refusal: Refusal): ArchiverError {
  const { code, hint } = MEANINGS[refusal.verdict];
  return new ArchiverError(code, `${attempted}: ${refusal.message}`, {
    cause: refusal,
    ...(hint !== undefined && { hint }),
  });
}

/** Why a call failed; undefined for errors that no answer of the API stands behind. */
export function verdictOf(error: unknown): Verdict | undefined {
  return error instanceof ArchiverError && error.cause instanceof Refusal ? error.cause.verdict : undefined;
}

function table(codes: Partial<Record<Verdict, string>>): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const verdict of Object.keys(MEANINGS) as Verdict[]) {
    for (const code of codes[verdict]?.split(' ') ?? []) verdicts.set(code, verdict);
  }
  return verdicts;
}
