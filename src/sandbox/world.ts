/** What the stand-in cloud holds: instances and their backups, to be changed at any time while it serves. */
import type { Clock } from '../domain/clock.ts';
import type { Dump } from './dump.ts';
import { encryptedDump, keyFrom } from './encrypted-dump.ts';
import { realDump } from './real-dumps.ts';

/** The codes of both APIs: 1 in a flow, 2 normal, 3 being exported, 4 exported, -1 expired, -2 deleted. */
export type BackupStatus = 1 | 2 | 3 | 4 | -1 | -2;

export interface SandboxFile {
  readonly name: string;
  readonly dump: Dump;
  /** What API 3.0 says of its size, where that is not the truth; 0 means that the cloud does not know. */
  readonly announcedSize?: number;
}

export interface SandboxInstance {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly engine: 'Redis' | 'Valkey' | 'CKV' | 'Memcached';
  readonly version: string;
  readonly cluster: boolean;
  readonly shards: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Days of the automatic backup; none: it is off. */
  readonly backupDays: readonly string[];
  readonly storageDays: number;
  /** Whether its backups are encrypted from now on, and with whose key: the cloud's where there is no KMS key. */
  readonly encrypts: false | { readonly kmsKeyId?: string };
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number;
  /** 2 running, 1 in a flow, 0 to be initialised, -2 isolated. */
  readonly status: number;
}

export interface SandboxBackup {
  readonly id: string;
  readonly instanceId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** From here on its status is -1 and its files are gone. */
  readonly expiresAt: number;
  readonly status: BackupStatus;
  /** In API 3.0's list: `0` manual, `1` automatic, `2` made by a resize. */
  readonly type: '0' | '1' | '2';
  readonly remark: string;
  readonly locked: boolean;
  readonly encrypted: boolean;
  /** Of an encrypted one: the key as the cloud hands it out, and the key of the key management that wraps it. */
  readonly key?: { readonly text: string; readonly kmsKeyId: string };
  /** One, or one a shard. */
  readonly files: readonly SandboxFile[];
  /** What API 2.0 gives of a cluster edition once it is exported; its first file where absent. */
  readonly exported?: Dump;
}

export type InstanceSpec = Pick<SandboxInstance, 'id'> & Partial<SandboxInstance>;
export type BackupSpec = Pick<SandboxBackup, 'startedAt'> & Partial<Omit<SandboxBackup, 'instanceId'>>;

/** From where the account's backups can be downloaded. */
export interface SandboxRestriction {
  readonly LimitType: 'NoLimit' | 'LimitOnlyIntranet' | 'Customize';
  readonly vpcs?: readonly string[];
  readonly addresses?: readonly string[];
}

export interface World {
  restriction: SandboxRestriction;
  /** Standard edition of Redis 7.0 in `ap-guangzhou`, running, unless told otherwise. An id that is there already is replaced. */
  addInstance(spec: InstanceSpec): SandboxInstance;
  /** It is no longer listed; its backups stay until they expire. */
  removeInstance(id: string): void;
  /** Automatic, normal, kept for seven days, without files, unless told otherwise. An id that is there already is replaced. */
  addBackup(instanceId: string, spec: BackupSpec): SandboxBackup;
  /** Changes what is given and leaves the rest. */
  changeBackup(instanceId: string, backupId: string, change: Partial<BackupSpec>): SandboxBackup;
  /** One made by hand: status 1 now, 2 when `milliseconds` have passed. Its files are those of the newest that is there, encrypted where the instance encrypts. */
  orderBackup(
    instanceId: string,
    order: { readonly remark: string; readonly storageDays?: number; readonly milliseconds: number },
  ): SandboxBackup;
  /** Status 3 now, 4 when `milliseconds` have passed: what an export does. */
  exportBackup(instanceId: string, backupId: string, milliseconds: number): void;
  /** The file is gone from the download host although the backup is still listed. */
  deleteFile(instanceId: string, backupId: string, name: string): void;
  /** Those that were not removed, of one region, in the order they were added. */
  instances(region: string): SandboxInstance[];
  /** Also one that was removed. */
  instance(id: string): SandboxInstance | undefined;
  /** Of one region, and of one instance where given; newest first; also those of removed instances. */
  backups(region: string, instanceId?: string): SandboxBackup[];
  /** With the status that it has now. */
  backup(instanceId: string, backupId: string): SandboxBackup | undefined;
  /** Undefined where the download host has no such file (any more). */
  file(instanceId: string, backupId: string, name: string): SandboxFile | undefined;
}

const WEEK = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

const DAY_MS = 24 * 60 * 60 * 1000;

export function createWorld(clock: Pick<Clock, 'now'>): World {
  const instances = new Map<string, SandboxInstance>();
  const removed = new Set<string>();
  const backups = new Map<string, SandboxBackup>();
  const exportsDone = new Map<string, number>();
  const ordersDone = new Map<string, number>();
  const deletedFiles = new Set<string>();
  let counter = 154_572_600;

  const asOfNow = (backup: SandboxBackup): SandboxBackup => {
    if (backup.status > 0 && clock.now() >= backup.expiresAt) return { ...backup, status: -1 };
    const made = ordersDone.get(keyOf(backup.instanceId, backup.id));
    if (made !== undefined && backup.status === 1 && clock.now() >= made) return { ...backup, status: 2 };
    const done = exportsDone.get(keyOf(backup.instanceId, backup.id));
    if (done === undefined || backup.status !== 2) return backup;
    return { ...backup, status: clock.now() < done ? 3 : 4 };
  };

  const world: World = {
    restriction: { LimitType: 'NoLimit' },

    addInstance(spec) {
      const instance = { ...defaultInstance(spec), ...spec };
      instances.set(spec.id, instance);
      removed.delete(spec.id);
      return instance;
    },

    removeInstance(id) {
      removed.add(id);
    },

    addBackup(instanceId, spec) {
      if (!instances.has(instanceId))
        throw new Error(`the sandbox has no instance ${instanceId} to add a backup to`);
      counter += 1;
      const id = `${counter}-${1_165_734_322 + counter}-${153_731_238 + counter}`;
      const backup = { ...defaultBackup(spec.startedAt), id, ...spec, instanceId };
      backups.set(keyOf(instanceId, backup.id), backup);
      return backup;
    },

    changeBackup(instanceId, backupId, change) {
      const backup = backups.get(keyOf(instanceId, backupId));
      if (backup === undefined)
        throw new Error(`the sandbox has no backup ${backupId} of ${instanceId} to change`);
      exportsDone.delete(keyOf(instanceId, backupId));
      const changed = { ...backup, ...change };
      backups.set(keyOf(instanceId, backupId), changed);
      return changed;
    },

    orderBackup(instanceId, { remark, storageDays, milliseconds }) {
      const { region = '', encrypts = false, storageDays: usual = 7 } = instances.get(instanceId) ?? {};
      const startedAt = Math.floor(clock.now() / 1000) * 1000;
      const [newest] = world.backups(region, instanceId).filter(({ files }) => files.length > 0);
      const files = newest?.files ?? [{ name: 'dump-1.rdb', dump: realDump('empty.rdb') }];
      const backup = world.addBackup(instanceId, {
        startedAt,
        expiresAt: startedAt + (storageDays ?? usual) * DAY_MS,
        type: '0',
        status: 1,
        remark,
        files,
        ...(newest?.encrypted && { encrypted: true, ...(newest.key && { key: newest.key }) }),
        ...(encrypts !== false && !newest?.encrypted && encryptedNow(instanceId, files, encrypts.kmsKeyId)),
      });
      ordersDone.set(keyOf(instanceId, backup.id), clock.now() + milliseconds);
      return backup;
    },

    exportBackup(instanceId, backupId, milliseconds) {
      exportsDone.set(keyOf(instanceId, backupId), clock.now() + milliseconds);
    },

    deleteFile(instanceId, backupId, name) {
      deletedFiles.add(keyOf(instanceId, backupId, name));
    },

    instances: (region) =>
      [...instances.values()].filter((one) => one.region === region && !removed.has(one.id)),
    instance: (id) => instances.get(id),

    backups: (region, instanceId) =>
      [...backups.values()]
        .filter((backup) => instanceId === undefined || backup.instanceId === instanceId)
        .filter((backup) => instances.get(backup.instanceId)?.region === region)
        .sort((a, b) => b.startedAt - a.startedAt)
        .map(asOfNow),

    backup(instanceId, backupId) {
      const backup = backups.get(keyOf(instanceId, backupId));
      return backup && asOfNow(backup);
    },

    file(instanceId, backupId, name) {
      const backup = world.backup(instanceId, backupId);
      if (backup === undefined || backup.status < 0 || deletedFiles.has(keyOf(instanceId, backupId, name)))
        return undefined;
      return backup.files.find((file) => file.name === name);
    },
  };
  return world;
}

function encryptedNow(
  instanceId: string,
  files: readonly SandboxFile[],
  kmsKeyId = '',
): Pick<SandboxBackup, 'encrypted' | 'key' | 'files'> {
  const text = keyFrom(instanceId);
  return {
    encrypted: true,
    key: { text, kmsKeyId },
    files: files.map(({ name, dump }) => ({ name, dump: encryptedDump(dump, text) })),
  };
}

function defaultInstance({ id, shards = 1 }: InstanceSpec): SandboxInstance {
  return {
    id,
    name: id,
    region: 'ap-guangzhou',
    engine: 'Redis',
    version: '7.0',
    cluster: shards > 1,
    shards,
    tags: {},
    backupDays: WEEK,
    storageDays: 7,
    encrypts: false,
    createdAt: Date.UTC(2024, 0, 1),
    status: 2,
  };
}

function defaultBackup(startedAt: number): Omit<SandboxBackup, 'id' | 'instanceId'> {
  return {
    startedAt,
    endedAt: startedAt + 37_000,
    expiresAt: startedAt + 7 * DAY_MS,
    status: 2,
    type: '1',
    remark: '',
    locked: false,
    encrypted: false,
    files: [],
  };
}

function keyOf(...parts: readonly string[]): string {
  return parts.join('\n');
}
