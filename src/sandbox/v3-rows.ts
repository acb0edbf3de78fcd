/** Instances and backups as API 3.0 lists them. */
import { toCloudTime } from './cloud-time.ts';
import type { SandboxBackup, SandboxInstance } from './world.ts';

/** Codes of `Type`, standard and cluster edition (documentation of DescribeInstances). */
const TYPE_CODES: Readonly<Record<string, readonly [standard: number, cluster: number]>> = {
  'CKV 3.2': [3, 4],
  'Redis 4.0': [6, 7],
  'Redis 5.0': [8, 9],
  'Redis 6.2': [15, 16],
  'Redis 7.0': [17, 18],
  'Valkey 8.0': [19, 20],
  'Memcached 1.6': [200, 200],
};

/** What the cloud writes where it has no time. */
const NO_TIME = '0000-00-00 00:00:00';

export function describeInstance(instance: SandboxInstance): Record<string, unknown> {
  return {
    InstanceId: instance.id,
    InstanceName: instance.name,
    Appid: 1250000000,
    ProjectId: 0,
    Region: instance.region,
    Status: instance.status,
    Type: typeCode(instance),
    ProductType: instance.cluster ? 'cluster' : 'standalone',
    ProductVersion: 'localv2',
    Engine: instance.engine,
    CurrentRedisVersion: instance.version,
    RedisShardNum: instance.shards,
    RedisShardSize: 1024,
    RedisReplicasNum: 1,
    Size: 1024 * instance.shards,
    WanIp: '10.66.1.20',
    Port: 6379,
    Createtime: toCloudTime(instance.createdAt),
    DeadlineTime: NO_TIME,
    OfflineTime: '',
    CloseTime: NO_TIME,
    InstanceTags: Object.entries(instance.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    NodeSet: null,
    BackupMode: 'NormalLevelBackup',
  };
}

export function describeBackup(backup: SandboxBackup, owner: SandboxInstance): Record<string, unknown> {
  return {
    BackupId: backup.id,
    // "Internal, ignore", says the documentation; in its example 191.
    BackupSize: 191,
    BackupType: backup.type,
    StartTime: toCloudTime(backup.startedAt),
    EndTime: backup.status === 1 ? NO_TIME : toCloudTime(backup.endedAt),
    ExpireTime: toCloudTime(backup.expiresAt),
    FileType: `RDB-${owner.engine} ${owner.version}`,
    FullBackup: 0,
    InstanceId: backup.instanceId,
    InstanceName: owner.name,
    InstanceType: typeCode(owner),
    Locked: backup.locked ? 1 : 0,
    Region: owner.region,
    Remark: backup.remark,
    Status: backup.status,
    Encrypted: backup.encrypted,
  };
}

function typeCode({ engine, version, cluster }: SandboxInstance): number {
  const codes = TYPE_CODES[`${engine} ${version}`];
  if (codes === undefined) throw new Error(`the sandbox knows no type code of ${engine} ${version}`);
  return codes[cluster ? 1 : 0];
}
