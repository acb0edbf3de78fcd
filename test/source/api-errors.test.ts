/** Every code of the reference is told apart: waited out, mended, or final with the right code of ours. */
import { describe, expect, test } from 'vitest';
import { ArchiverError } from '../../src/domain/errors.ts';
import { judgeV2, judgeV3, MEANINGS, Refusal, refusalError, verdictOf } from '../../src/source/api-errors.ts';

describe('an API 3.0 code', () => {
  test.each([
    ['RequestLimitExceeded', 'throttled'],
    ['RequestLimitExceeded.UinLimitExceeded', 'throttled'],
    ['RequestLimitExceeded.GlobalRegionUinLimitExceeded', 'throttled'],
    ['InternalError', 'unavailable'],
    ['InternalError.ListInstancesError', 'unavailable'],
    ['InternalError.CamAuthOssResponseReturnCodeError', 'unavailable'],
    ['FailedOperation.SystemError', 'unavailable'],
    ['FailedOperation', 'unavailable'],
    ['ResourceUnavailable.CallOssError', 'unavailable'],
    ['ServiceUnavailable', 'unavailable'],
    ['AuthFailure.SignatureExpire', 'skewed'],
    ['AuthFailure.TokenFailure', 'stale-token'],
    ['AuthFailure', 'credentials'],
    ['AuthFailure.SignatureFailure', 'credentials'],
    ['AuthFailure.SecretIdNotFound', 'credentials'],
    ['AuthFailure.UnauthorizedOperation', 'permission'],
    ['UnauthorizedOperation.NoCAMAuthed', 'permission'],
    ['InvalidParameter.PermissionDenied', 'permission'],
    ['InternalError.InstanceOperatePermissionError', 'permission'],
    ['ActionOffline', 'rejected'],
    ['InvalidParameter.ActionNotFound', 'rejected'],
    ['MissingParameter', 'rejected'],
    ['InvalidParameter', 'invalid'],
    ['InvalidParameter.InvalidParameter', 'invalid'],
    ['InvalidParameterValue', 'invalid'],
    ['InvalidParameterValue.SomethingNew', 'invalid'],
    ['IpNotInWhitelist', 'network-policy'],
    ['InvalidParameterValue.BackupNotExists', 'gone'],
    ['ResourceNotFound.InstanceNotExists', 'gone'],
    ['ResourceNotFound.SomethingNew', 'gone'],
    ['ResourceUnavailable.InstanceDeleted', 'gone'],
    ['ResourceUnavailable.BackupStatusInvalid', 'not-ready'],
    ['ResourceUnavailable.BackupStatusAbnormal', 'not-ready'],
    ['ResourceUnavailable.BackupLockedError', 'not-ready'],
    ['ResourceInUse.InstanceBeenLocked', 'not-ready'],
    ['ResourceUnavailable.InstanceIsolated', 'isolated'],
    ['InternalError.InstanceNotFoundError', 'gone'],
    ['FailedOperation.ServiceAccessError', 'unavailable'],
    ['InvalidParameter.InvalidParameterError', 'invalid'],
    ['InvalidParameterValue.DataConvertError', 'invalid'],
    ['InvalidParameterValue.InvalidParameterValueError', 'invalid'],
    ['ResourceUnavailable.NoRedisService', 'no-service'],
    ['ResourceUnavailable.NoTypeIdRedisService', 'no-service'],
    ['UnsupportedRegion', 'no-service'],
    ['ResourceUnavailable.AccountBalanceNotEnough', 'account'],
    ['ResourceNotFound.AccountDoesNotExists', 'account'],
    ['UnsupportedOperation.LowVersion', 'unsupported'],
    ['UnsupportedOperation.Inspection', 'not-ready'],
    ['UnsupportedOperation.ClusterInstanceAccessedDeny', 'unsupported'],
    ['UnsupportedOperation.SomethingNew', 'unsupported'],
    ['FailedOperation.UnSupportError', 'unsupported'],
    ['LimitExceeded.Anything', 'rejected'],
    ['NeverHeardOf.It', 'rejected'],
    ['', 'rejected'],
    ['constructor', 'rejected'],
  ])('%s is %s', (code, verdict) => {
    expect(judgeV3(code)).toBe(verdict);
  });
});

describe('an API 2.0 code', () => {
  test.each([
    ['4000', 'rejected'],
    ['4100', 'credentials'],
    ['4101', 'permission'],
    ['4103', 'permission'],
    ['4104', 'credentials'],
    ['4105', 'stale-token'],
    ['4200', 'skewed'],
    ['4400', 'throttled'],
    ['4500', 'replayed'],
    ['4600', 'wrong-endpoint'],
    ['5000', 'gone'],
    ['5100', 'unavailable'],
    ['6000', 'unavailable'],
    ['6100', 'wrong-endpoint'],
    ['6200', 'unavailable'],
    ['10701', 'gone'],
    ['10702', 'not-ready'],
    ['10711', 'not-ready'],
    ['11201', 'invalid'],
    ['11213', 'gone'],
    ['11214', 'not-cluster'],
    ['99999', 'rejected'],
  ])('%s is %s', (code, verdict) => {
    expect(judgeV2(code, '')).toBe(verdict);
  });

  test("is overruled by a module's own code in the message", () => {
    expect(judgeV2('5100', '(11213)backup does not exist')).toBe('gone');
    expect(judgeV2('5100', '(100004)projectId is wrong')).toBe('unavailable');
  });
});

test('a failed call says what was tried, why it failed and what to do', () => {
  const error = refusalError(
    'DescribeRedis of the region',
    new Refusal('wrong-endpoint', '6100 no such action'),
  );
  expect(error).toBeInstanceOf(ArchiverError);
  expect(error.message).toBe('DescribeRedis of the region: 6100 no such action');
  expect(error.hint).toContain('tencent-v3');
  expect(verdictOf(error)).toBe('wrong-endpoint');
});

test('no verdict is read out of an error that is not about a call', () => {
  expect(verdictOf(new ArchiverError('not-ready', 'x'))).toBeUndefined();
  expect(verdictOf(undefined)).toBeUndefined();
});

test('nothing is tried again that trying again cannot help', () => {
  const hopeful = Object.entries(MEANINGS).filter(([, { remedy }]) => remedy !== undefined);
  expect(hopeful.map(([verdict]) => verdict).sort()).toEqual([
    'credentials',
    'replayed',
    'skewed',
    'stale-token',
    'throttled',
    'unavailable',
  ]);
});
