/** API 2.0 of the sandbox (`redis.api.qcloud.com`): numeric codes, numbers that are strings, an export before a cluster's download. */
import { longRegion } from '../domain/regions.ts';
import { type ApiContext, ApiRefusal, absolute, isTimely, refuse } from './api-context.ts';
import { fromCloudTime, toCloudTime } from './cloud-time.ts';
import { type Exchange, jsonReply, type Reply } from './exchange.ts';
import { v2Matches } from './signature-check.ts';
import type { SandboxBackup, SandboxInstance } from './world.ts';

type Parameters = Readonly<Record<string, string>>;
interface Call {
  readonly context: ApiContext;
  readonly parameters: Parameters;
  readonly region: string;
  readonly host: string | undefined;
  readonly tasks: Task[];
}

/** An export, by its place in the list plus one. */
interface Task {
  readonly instanceId: string;
  readonly backupId: string;
}

type Answer = (call: Call) => Record<string, unknown>;

const ACTIONS: Readonly<Record<string, Answer>> = {
  DescribeRedis: describeRedis,
  GetRedisBackupList: getRedisBackupList,
  GetBackupDownloadUrl: getBackupDownloadUrl,
  ExportRedisBackup: exportRedisBackup,
  DescribeTaskInfo: describeTaskInfo,
};

/** The words of `codeDesc`; those of the 4000s are a guess. */
const CODE_WORDS: Readonly<Record<number, string>> = {
  4000: 'InvalidParameter',
  4100: 'AuthFailure',
  4104: 'SecretIdNotFound',
  4105: 'TokenFailure',
  4200: 'RequestExpired',
  4400: 'RequestLimitExceeded',
  4500: 'ReplayAttack',
  6100: 'ActionNotFound',
  10701: 'InstanceNotExists',
  10711: 'BackupStatusAbnormal',
  11201: 'InvalidParameter',
  11213: 'BackupNotExists',
  11214: 'OnlyClusterInstanceCanExportBackup',
};

/** Answers `/v2/index.php`: always HTTP 200, with a code that is 0 when all went well. */
export function createApiV2(context: ApiContext): (exchange: Exchange) => Reply {
  const nonces = new Set<string>();
  const tasks: Task[] = [];
  return ({ action, parameters, received }) => {
    try {
      const given = parameters as Parameters;
      authenticate(context, given, received, nonces);
      const answer = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
      if (answer === undefined) refuse(6100, `no action ${action}`);
      const region = longRegion(required(given, 'Region'));
      if (!context.regions.includes(region)) refuse(4000, `Region: no region ${region} here`);
      const result = answer({ context, parameters: given, region, host: received.headers.host, tasks });
      return jsonReply({ code: 0, message: '', codeDesc: 'Success', ...result });
    } catch (refusal) {
      if (!(refusal instanceof ApiRefusal)) throw refusal;
      return jsonReply({
        code: refusal.code,
        message: refusal.message,
        codeDesc: CODE_WORDS[Number(refusal.code)],
      });
    }
  };
}

function authenticate(
  { credentials, clock }: ApiContext,
  parameters: Parameters,
  received: Exchange['received'],
  nonces: Set<string>,
): void {
  for (const name of ['Action', 'Region', 'Timestamp', 'Nonce', 'SecretId', 'Signature'])
    required(parameters, name);
  const nonce = required(parameters, 'Nonce');
  if (!/^[1-9]\d*$/.test(nonce)) refuse(4000, 'Nonce: expected a positive integer');
  if (parameters['SecretId'] !== credentials.secretId) refuse(4104, 'no such secret id');
  if (parameters['Token'] !== credentials.token) refuse(4105, 'the token is wrong');
  if (!v2Matches(parameters, received, credentials.secretKey)) refuse(4100, 'the signature does not match');
  if (!isTimely(clock, Number(parameters['Timestamp'])))
    refuse(4200, 'Timestamp is more than five minutes off');
  if (nonces.has(nonce)) refuse(4500, 'Nonce was used before');
  nonces.add(nonce);
}

function describeRedis({ context, parameters, region }: Call): Record<string, unknown> {
  const { limit, offset } = page(parameters, 100);
  const { redisId, redisName, orderType } = parameters;
  const rows = context.world
    .instances(region)
    .filter(({ id, name }) => (redisId ?? id) === id && (redisName ?? name) === name)
    .sort((a, b) => (orderType === '0' ? a.createdAt - b.createdAt : b.createdAt - a.createdAt));
  return { totalCount: rows.length, data: { redisSet: rows.slice(offset, offset + limit).map(instanceRow) } };
}

/** Numbers as strings, as in the published example. */
function instanceRow(instance: SandboxInstance): Record<string, unknown> {
  return {
    redisId: instance.id,
    redisName: instance.name,
    appid: '1250000000',
    projectId: '0',
    regionId: '1',
    zoneId: '100002',
    unVpcId: 'vpc-aa11bb22',
    status: String(instance.status),
    statusDesc: instance.status === 2 ? 'running' : 'other',
    wanIp: '10.66.1.20',
    port: '6379',
    createtime: toCloudTime(instance.createdAt),
    size: String(1024 * instance.shards),
    sizeUsed: '310',
    typeId: instance.cluster ? '1' : '2',
    typeIddesc: instance.cluster ? 'cluster' : 'master-replica',
    autoRenewFlag: 1,
    deadlineTime: toCloudTime(instance.createdAt + 365 * 24 * 60 * 60 * 1000),
  };
}

function getRedisBackupList(call: Call): Record<string, unknown> {
  const { context, parameters, region } = call;
  const { id } = requireInstance(call);
  const { limit, offset } = page(parameters, 100);
  const begin = time(parameters, 'beginTime', Number.NEGATIVE_INFINITY);
  const end = time(parameters, 'endTime', Number.POSITIVE_INFINITY);
  const rows = context.world
    .backups(region, id)
    // Older than the encryption of backups, so it cannot say of one that it is.
    .filter(({ encrypted }) => !encrypted)
    .filter(({ startedAt, status }) => startedAt >= begin && startedAt <= end && status !== -2);
  return {
    totalCount: rows.length,
    data: { redisBackupSet: rows.slice(offset, offset + limit).map(backupRow) },
  };
}

function backupRow(backup: SandboxBackup): Record<string, unknown> {
  return {
    startTime: toCloudTime(backup.startedAt),
    backupId: backup.id,
    backupType: backup.type === '0' ? 'manualBackupInstance' : 'systemBackupInstance',
    status: backup.status,
    remark: backup.remark,
    locked: backup.locked ? 1 : 0,
  };
}

function getBackupDownloadUrl(call: Call): Record<string, unknown> {
  const { cluster } = requireInstance(call);
  const backup = requireBackup(call);
  const ready = backup.status === 4 || (backup.status === 2 && !cluster);
  if (!ready || backup.locked) refuse(10711, 'backup status abnormal');
  const file = backup.files[0]?.name;
  if (file === undefined) refuse(11213, 'the backup has no file');
  const link = (network: 'intranet' | 'extranet'): string =>
    absolute(
      call.host,
      call.context.links.blob({ instanceId: backup.instanceId, backupId: backup.id, file, network }),
    );
  return { data: { intranet: link('intranet'), extranet: link('extranet') } };
}

function exportRedisBackup(call: Call): Record<string, unknown> {
  const { context, tasks } = call;
  if (!requireInstance(call).cluster) refuse(11214, "only a cluster edition's backup can be exported");
  const { instanceId, id, status } = requireBackup(call);
  if (status !== 2) refuse(10711, 'backup status invalid');
  context.world.exportBackup(instanceId, id, context.exportMs);
  return { data: { requestId: tasks.push({ instanceId, backupId: id }) } };
}

function describeTaskInfo({ context, parameters, tasks }: Call): Record<string, unknown> {
  const task = tasks[Number(required(parameters, 'requestId')) - 1];
  if (task === undefined) refuse(11201, 'requestId: no such task');
  return { data: { status: context.world.backup(task.instanceId, task.backupId)?.status === 3 ? 1 : 2 } };
}

/** An instance of this region that was not removed: API 2.0 shows no backups of others. */
function requireInstance({ context, parameters, region }: Call): SandboxInstance {
  const id = required(parameters, 'redisId', 11201);
  const instance = context.world.instances(region).find((one) => one.id === id);
  if (instance === undefined) refuse(10701, 'the instance does not exist');
  return instance;
}

function requireBackup({ context, parameters }: Call): SandboxBackup {
  const backup = context.world.backup(
    required(parameters, 'redisId', 11201),
    required(parameters, 'backupId', 11201),
  );
  if (backup === undefined || backup.status < 0) refuse(11213, 'the backup does not exist');
  return backup;
}

/** Both required, both in rows; the maximum is that of the older documentation. */
function page(parameters: Parameters, maximum: number): { limit: number; offset: number } {
  const limit = Number(required(parameters, 'limit', 11201));
  const offset = Number(required(parameters, 'offset', 11201));
  const good =
    Number.isInteger(limit) && limit >= 1 && limit <= maximum && Number.isInteger(offset) && offset >= 0;
  if (!good) refuse(11201, `limit: expected 1 to ${maximum}; offset: expected a row number`);
  return { limit, offset };
}

function time(parameters: Parameters, name: string, fallback: number): number {
  const given = parameters[name];
  const parsed = given === undefined ? fallback : fromCloudTime(given);
  if (Number.isNaN(parsed)) refuse(11201, `${name}: expected a time like ${toCloudTime(0)}`);
  return parsed;
}

function required(parameters: Parameters, name: string, code = 4000): string {
  const value = parameters[name];
  if (value === undefined || value === '') refuse(code, `${name} is missing`);
  return value;
}
