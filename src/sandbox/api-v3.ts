/** API 3.0 of the sandbox: the actions that the product needs, with the documented limits, defaults and oddities. */
import { randomUUID } from 'node:crypto';
import { type ApiContext, ApiRefusal, absolute, isTimely, refuse } from './api-context.ts';
import { fromCloudTime, toCloudTime } from './cloud-time.ts';
import { type Exchange, jsonReply, type Reply } from './exchange.ts';
import { integer, integers, page, strings, text } from './parameters.ts';
import { parseTc3, tc3Matches } from './signature-check.ts';
import { type Action, type Call, requireInstance } from './v3-call.ts';
import { V3_ORDERS } from './v3-orders.ts';
import { describeBackup, describeInstance } from './v3-rows.ts';
import { V3_SETTINGS } from './v3-settings.ts';
import type { SandboxBackup, SandboxInstance } from './world.ts';

const VERSION = '2018-04-12';
const STATUSES = new Set([1, 2, 3, 4, -1, -2]);
/** Documentation of DescribeInstanceBackups. */
const LONGEST_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;

type Parameters = Exchange['parameters'];

const ACTIONS: Readonly<Record<string, Action>> = {
  DescribeInstances: {
    parameters: ['Limit', 'Offset', 'InstanceId', 'InstanceIds', 'Status', 'OrderBy', 'OrderType'],
    answer: describeInstances,
  },
  DescribeInstanceBackups: {
    parameters: ['Limit', 'Offset', 'InstanceId', 'BeginTime', 'EndTime', 'Status'],
    answer: describeInstanceBackups,
  },
  DescribeBackupUrl: {
    parameters: ['InstanceId', 'BackupId', 'LimitType'],
    answer: describeBackupUrl,
  },
  DescribeBackupDetail: {
    parameters: ['InstanceId', 'BackupId'],
    answer: describeBackupDetail,
  },
  ...V3_SETTINGS,
  ...V3_ORDERS,
};

/** Answers `POST /`: always HTTP 200, with the result or the error inside. */
export function createApiV3(context: ApiContext): (exchange: Exchange) => Reply {
  return (exchange) => {
    const RequestId = randomUUID();
    try {
      return jsonReply({ Response: { ...call(context, exchange), RequestId } });
    } catch (refusal) {
      if (!(refusal instanceof ApiRefusal)) throw refusal;
      return jsonReply({ Response: { Error: { Code: refusal.code, Message: refusal.message }, RequestId } });
    }
  };
}

function call(context: ApiContext, { action, parameters, received }: Exchange): Record<string, unknown> {
  const { headers } = received;
  authenticate(context, received);
  if (headers['x-tc-version'] !== VERSION) refuse('NoSuchVersion', `the version is ${VERSION}`);
  const known = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (known === undefined) refuse('InvalidAction', `no action ${action}`);
  const region = headers['x-tc-region'];
  if (typeof region !== 'string') refuse('MissingParameter', 'X-TC-Region is missing');
  if (!context.regions.includes(region)) refuse('UnsupportedRegion', `no region ${region} here`);
  const stranger = Object.keys(parameters).find((name) => !known.parameters.includes(name));
  if (stranger !== undefined) refuse('UnknownParameter', `${action} knows no parameter ${stranger}`);
  return known.answer({ context, parameters, region, host: headers.host });
}

function authenticate({ credentials, clock }: ApiContext, received: Exchange['received']): void {
  const claim = parseTc3(received.headers);
  if (claim === undefined || claim.service !== 'redis') {
    refuse(
      'AuthFailure.InvalidAuthorization',
      'the Authorization header is missing or not TC3-HMAC-SHA256 for redis',
    );
  }
  if (!isTimely(clock, Number(received.headers['x-tc-timestamp']))) {
    refuse('AuthFailure.SignatureExpire', 'X-TC-Timestamp is more than five minutes off');
  }
  if (claim.secretId !== credentials.secretId) refuse('AuthFailure.SecretIdNotFound', 'no such secret id');
  if (received.headers['x-tc-token'] !== credentials.token)
    refuse('AuthFailure.TokenFailure', 'the token is wrong');
  if (!tc3Matches(claim, received, credentials.secretKey)) {
    refuse('AuthFailure.SignatureFailure', 'the signature does not match');
  }
}

function describeInstances({ context, parameters, region }: Call): Record<string, unknown> {
  const one = text(parameters, 'InstanceId');
  const wanted = new Set([...strings(parameters, 'InstanceIds'), ...(one === undefined ? [] : [one])]);
  const statuses = integers(parameters, 'Status');
  const order = text(parameters, 'OrderBy') ?? 'createtime';
  if (order !== 'createtime')
    refuse('InvalidParameterValue', 'OrderBy: the sandbox orders by createtime only');
  const ascending = integer(parameters, 'OrderType') === 0;
  const rows = context.world
    .instances(region)
    .filter(({ id }) => wanted.size === 0 || wanted.has(id))
    .filter(({ status }) => statuses === undefined || statuses.includes(status));
  const ordered = ascending ? rows.sort(byAge) : rows.sort(byAge).reverse();
  const { limit, offset } = page(parameters, { fallback: 20, maximum: 1000 });
  return {
    TotalCount: rows.length,
    InstanceSet: ordered.slice(offset, offset + limit).map(describeInstance),
  };
}

function describeInstanceBackups({ context, parameters, region }: Call): Record<string, unknown> {
  const { world } = context;
  const instanceId = text(parameters, 'InstanceId');
  // Older documentation knows all six; the newest only 1 and 2, and what is listed where nothing is asked for.
  const statuses = integers(parameters, 'Status') ?? [2];
  if (statuses.some((status) => !STATUSES.has(status))) refuse('InvalidParameter', 'Status: no such status');
  const [begin, end] = window(parameters);
  const mine = world.backups(region, instanceId);
  if (mine.length === 0 && instanceId !== undefined) requireInstance(world.instance(instanceId));
  const rows = mine.filter(
    ({ status, startedAt }) => statuses.includes(status) && startedAt >= begin && startedAt <= end,
  );
  const { limit, offset } = page(parameters, { fallback: 20, maximum: 100 });
  const shown = rows.slice(offset, offset + limit);
  return {
    TotalCount: rows.length,
    BackupSet: shown.map((row) => describeBackup(row, requireInstance(world.instance(row.instanceId)))),
  };
}

function requireBackup({ context, parameters, region }: Call): SandboxBackup {
  const instanceId = text(parameters, 'InstanceId');
  const backupId = text(parameters, 'BackupId');
  if (!instanceId || !backupId) refuse('MissingParameter', 'InstanceId and BackupId are required');
  if (requireInstance(context.world.instance(instanceId)).region !== region) requireInstance(undefined);
  return requireReady(context.world.backup(instanceId, backupId));
}

/** For as long as there is the backup, and no longer. */
function describeBackupDetail(call: Call): Record<string, unknown> {
  const backup = requireBackup(call);
  const { key, encrypted } = backup;
  const {
    InstanceId: _,
    InstanceName: __,
    ...row
  } = describeBackup(backup, requireInstance(call.context.world.instance(backup.instanceId)));
  return {
    ...row,
    // The list says 0 for one made by hand, this action 1 (documentation of both).
    BackupType: backup.type === '0' ? '1' : '0',
    Encrypted: encrypted,
    DecryptKey: key?.text ?? '',
    KmsKeyId: key?.kmsKeyId ?? '',
    KeyAlgorithm: key === undefined ? '' : 'AES-256-CBC',
  };
}

function describeBackupUrl(call: Call): Record<string, unknown> {
  const { context, region, host } = call;
  const backup = requireBackup(call);
  const { instanceId, id: backupId } = backup;
  const infos = backup.files.map(({ name, dump, announcedSize }) => {
    const link = (network: 'intranet' | 'extranet'): string =>
      absolute(host, context.links.presigned({ instanceId, backupId, file: name, network }, region));
    return {
      FileName: name,
      FileSize: announcedSize ?? dump.size,
      DownloadUrl: link('extranet'),
      InnerDownloadUrl: link('intranet'),
    };
  });
  // The parallel arrays are deprecated, and still sent.
  return {
    BackupInfos: infos,
    DownloadUrl: infos.map((info) => info.DownloadUrl),
    InnerDownloadUrl: infos.map((info) => info.InnerDownloadUrl),
    Filenames: null,
  };
}

function requireReady(backup: SandboxBackup | undefined): SandboxBackup {
  if (backup === undefined || backup.status < 0) {
    refuse('InvalidParameterValue.BackupNotExists', 'the backup does not exist');
  }
  if (backup.locked || backup.status === 1 || backup.status === 3) {
    refuse('ResourceUnavailable.BackupStatusInvalid', 'the backup is not ready');
  }
  return backup;
}

/** The asked span of start times; unbounded where it is not given on a side. */
function window(parameters: Parameters): [begin: number, end: number] {
  const time = (name: string, fallback: number): number => {
    const given = text(parameters, name);
    const parsed = given === undefined ? fallback : fromCloudTime(given);
    if (Number.isNaN(parsed)) refuse('InvalidParameter', `${name}: expected a time like ${toCloudTime(0)}`);
    return parsed;
  };
  const begin = time('BeginTime', Number.NEGATIVE_INFINITY);
  const end = time('EndTime', Number.POSITIVE_INFINITY);
  if (Number.isFinite(end - begin) && end - begin > LONGEST_WINDOW_MS) {
    refuse('InvalidParameter', 'BeginTime and EndTime: at most 30 days apart');
  }
  return [begin, end];
}

function byAge(a: SandboxInstance, b: SandboxInstance): number {
  return a.createdAt - b.createdAt;
}
