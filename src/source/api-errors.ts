/** What the cloud's error codes mean for us, as data: the tables of both APIs, and one meaning for each verdict. */
import { ArchiverError, type ErrorCode } from '../domain/errors.ts';

/** What a failed call comes down to. */
export type Verdict =
  | 'throttled'
  | 'unavailable'
  | 'endless'
  | 'proxy'
  | 'skewed'
  | 'replayed'
  | 'stale-token'
  | 'credentials'
  | 'permission'
  | 'network-policy'
  | 'account'
  | 'no-service'
  | 'unsupported'
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
  // It would not end the next time either.
  endless: {
    code: 'api-unavailable',
    hint: 'Something that is not the API answers in its place: check the endpoint.',
  },
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
  credentials: {
    code: 'credentials',
    remedy: 'credentials',
    hint: 'Check TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, and the clock; keys of an account of tencentcloud.com need `site: international`.',
  },
  permission: { code: 'permission' },
  'network-policy': {
    code: 'permission',
    hint: "The account's network policy shuts this address out: ask its administrator.",
  },
  account: {
    code: 'permission',
    hint: 'The cloud refuses the account itself, not this key: look in the console whether it is verified, paid up and may use Redis.',
  },
  'no-service': {
    code: 'api-rejected',
    hint: 'The region has no Redis of this kind for the account: check `region`, and for an international account `site`.',
  },
  unsupported: {
    code: 'api-rejected',
    hint: 'The instance does not offer this as it is (version, edition or configuration): its page in the console says why.',
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

/**
 * API 3.0: the common list, and every code of Redis' own list, each where its description puts it (tencentcloud-sdk-python-redis 3.1.189, which
 * `test/source/sdk-codes.ts` compares). Many stand behind a prefix that means something else, so a prefix judges only what is not here.
 */
const V3 = table({
  throttled: ['RequestLimitExceeded'],
  unavailable: [
    'InternalError .CamAuthOssResponseReturnCodeError .DbOperationFailed .ExecHttpRequestError .InternalError .ListInstancesError .NetWorkErr',
    'ServiceUnavailable',
    'FailedOperation .AddInstanceInfoFailed .AssociateSecurityGroupsFailed .ClearInstanceInfoFailed .CommitFlowError',
    'FailedOperation .DisassociateSecurityGroupsFailed .GetSecurityGroupDetailFailed .RedoFlowFailed .ServiceAccessError',
    'FailedOperation .SetRuleLocationFailed .SystemError .Unknown .UpdateInstanceInfoFailed .UpdateSecurityGroupsFailed',
    'ResourceUnavailable. .CallOssError .GetSecurityError',
  ],
  skewed: ['AuthFailure. .SignatureExpire'],
  'stale-token': ['AuthFailure. .TokenFailure'],
  credentials: ['AuthFailure .InvalidAuthorization'],
  permission: [
    'UnauthorizedOperation .NoCAMAuthed .UserNotInWhiteList',
    'AuthFailure. .UnauthorizedOperation',
    'InvalidParameter. .PermissionDenied',
    'InternalError. .InstanceOperatePermissionError',
  ],
  'network-policy': ['IpInBlacklist', 'IpNotInWhitelist'],
  // Described as: no account number in the request, no such order, an order without payment.
  account: [
    'ResourceNotFound. .AccountDoesNotExists',
    'ResourceUnavailable. .AccountBalanceNotEnough .InstanceNoDeal',
    'FailedOperation. .PayFailed',
  ],
  'no-service': [
    'ResourceUnavailable. .NoRedisService .NoTypeIdRedisService .NoServiceAvailableForThisZoneId .SaleOut',
    'UnsupportedRegion',
  ],
  unsupported: [
    'UnsupportedOperation .ClusterInstanceAccessedDeny .InstanceNotOperation .IsAutoRenewError .LimitProxyVersion .LowVersion',
    'UnsupportedOperation. .OnlyClusterInstanceCanExportBackup',
    'FailedOperation. .UnSupportError .DtsStatusAbnormal',
    'InvalidParameter. .IsNotVpcInstance .NotSupported',
    'InvalidParameterValue. .BaseNetWorkAccessDeny .UnSupportedType',
    'ResourceUnavailable. .BackupSpecError .InstanceConfError .SecurityGroupNotSupported',
  ],
  invalid: [
    'InvalidParameter .EmptyParam .IllegalParameterError .InstanceSGOverLimitError .InvalidParameter .InvalidParameterError',
    'InvalidParameter. .OnlyVPCOnSpecZoneId .Period',
    'InvalidParameterValue .CheckNotPass .DataConvertError .InstanceNameRuleError .InvalidInstanceTypeId .InvalidParameterValueError',
    'InvalidParameterValue. .InvalidSubnetId .MemSizeNotInRange .NotRepeatBind .PasswordEmpty .PasswordError .PasswordFreeDenied',
    'InvalidParameterValue. .PasswordRuleError .ReduceCapacityNotAllowed .ReplicationGroupNotExists .SecurityGroupIdsNotExists',
    'InvalidParameterValue. .SpecNotExist .UnVpcIdNotExists .WeekDaysIsInvalid',
  ],
  rejected: [
    'MissingParameter',
    'InvalidRequest',
    'UnknownParameter',
    'ActionOffline',
    'InvalidAction',
    'NoSuchVersion',
    'NoSuchProduct',
    'InvalidParameter. .ActionNotFound',
    'FailedOperation. .FlowNotExists',
    'LimitExceeded .ExceedUpperLimit .InstanceNotEmpty .InvalidMemSize .InvalidParameterGoodsNumNotInRange .MemSizeNotInRange',
    'LimitExceeded. .PeriodExceedMaxLimit .PeriodLessThanMinLimit .ReachTheAmountLimit .ReplicationGroupLocked',
    'ResourceInsufficient',
    'ResourceUnavailable. .NoEnoughVipInVPC',
  ],
  gone: [
    'ResourceNotFound .InstanceNotExists .InstanceNotFound',
    'InvalidParameterValue. .BackupNotExists',
    'ResourceUnavailable. .InstanceDeleted',
    // Taken for an outage it was waited out: 14 calls for one backup whose instance had just been deleted, and a named one failed its whole source.
    'InternalError. .InstanceNotFoundError',
  ],
  'not-ready': [
    'ResourceUnavailable .BackupLockedError .BackupStatusAbnormal .BackupStatusInvalid .InstanceLockedError .InstanceNotSupportOperation',
    'ResourceUnavailable. .InstanceStateError .InstanceStatusAbnormal .InstanceStatusError .InstanceUnLockedError',
    'ResourceInUse .InstanceBeenLocked',
    'UnsupportedOperation. .Inspection',
  ],
  isolated: ['ResourceUnavailable. .InstanceIsolated'],
});

/** API 2.0: numbers, which also come as strings. */
const V2 = table({
  throttled: ['4400'],
  unavailable: ['5100', '6000', '6200'],
  skewed: ['4200'],
  replayed: ['4500'],
  'stale-token': ['4105'],
  credentials: ['4100', '4104', '4106', '4110', '4300'],
  permission: ['4101', '4102', '4103'],
  invalid: ['11201'],
  'wrong-endpoint': ['4600', '6100'],
  rejected: ['4000', '5200', '5300', '5400', '5500'],
  gone: ['5000', '10701', '11213'],
  'not-ready': ['10702', '10707', '10711'],
  'not-cluster': ['11214'],
});

/** The verdict on an API 3.0 `Response.Error.Code`. */
export function judgeV3(code: string): Verdict {
  return V3.get(code) ?? V3.get(code.replace(/\..*$/s, '')) ?? 'rejected';
}

/** Whether the code itself was judged, not only its prefix. */
export function isJudgedV3(code: string): boolean {
  return V3.has(code);
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

/** `Prefix .One .Two` are the codes `Prefix`, `Prefix.One` and `Prefix.Two`; without the first where the prefix ends in a dot. */
function table(codes: Partial<Record<Verdict, readonly string[]>>): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const verdict of Object.keys(MEANINGS) as Verdict[]) {
    for (const line of codes[verdict] ?? []) {
      const [prefix = '', ...rest] = line.split(' ');
      if (!prefix.endsWith('.')) verdicts.set(prefix, verdict);
      for (const suffix of rest) verdicts.set(prefix.replace(/\.$/, '') + suffix, verdict);
    }
  }
  return verdicts;
}
