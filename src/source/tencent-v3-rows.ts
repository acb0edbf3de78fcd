/** Reads the rows of API 3.0: instances, backups, and the two shapes in which it gives links. */
import type { Backup } from '../domain/backup.ts';
import type { BackupKey } from '../domain/encryption.ts';
import type { Instance } from '../domain/instance.ts';
import { Secret } from '../domain/secret.ts';
import type { AnsweredFile } from './backup-files.ts';
import { stateOf } from './backup-state.ts';
import { fromCloudTime } from './cloud-time.ts';
import type { RowReader } from './inventory.ts';
import { countOf, type Fields, fieldsOf, listOf, nameOf, numberOf, rowsOf, textOf } from './json-fields.ts';

type Model = Pick<Instance, 'engine' | 'version' | 'cluster'>;

/** The type codes of the API documentation (`InstanceSet.Type`); 1 is from older pages. */
const MODELS = new Map<number, Model>([
  [1, model('Redis', null, true)],
  [2, model('Redis', '2.8', false)],
  [3, model('CKV', '3.2', false)],
  [4, model('CKV', '3.2', true)],
  [5, model('Redis', '2.8', false)],
  [6, model('Redis', '4.0', false)],
  [7, model('Redis', '4.0', true)],
  [8, model('Redis', '5.0', false)],
  [9, model('Redis', '5.0', true)],
  [15, model('Redis', '6.2', false)],
  [16, model('Redis', '6.2', true)],
  [17, model('Redis', '7.0', false)],
  [18, model('Redis', '7.0', true)],
  [19, model('Valkey', '8.0', false)],
  [20, model('Valkey', '8.0', true)],
  // The same SDK (3.1.189) calls these two 8.0 where it lists instances and 9.0 where it makes them, so the backup's `FileType` has to say.
  [21, model('Valkey', null, false)],
  [22, model('Valkey', null, true)],
  [200, model('Memcached', '1.6', true)],
]);

/** The cloud allows fifty. */
const MOST_TAGS = 100;

/** `ProductVersion`: what an instance runs on, by the names of the console. */
const PRODUCTS: Readonly<Record<string, string>> = {
  local: 'general I',
  localv2: 'general II',
  cdc: 'dedicated cluster',
  cloud: 'cloud native',
};

export function v3Reader(utcOffsetMinutes: number): RowReader {
  return {
    instance: (row) => ({
      id: textOf(row['InstanceId']),
      name: nameOf(row['InstanceName']),
      ...modelOf(
        row['Type'],
        nameOf(row['Engine']),
        nameOf(row['CurrentRedisVersion']),
        row['ProductType'] === 'cluster',
      ),
      ...productOf(nameOf(row['ProductVersion'])),
      shards: countOf(row['RedisShardNum']) || 1,
      tags: Object.fromEntries(
        rowsOf(row['InstanceTags'])
          .slice(0, MOST_TAGS)
          .map((tag) => [nameOf(tag['TagKey']), nameOf(tag['TagValue'])]),
      ),
      vanished: false,
    }),

    ownerId: (row) => textOf(row['InstanceId']),

    backup: (row, instanceId) => readBackup(row, instanceId, utcOffsetMinutes),

    owner: (row, instanceId) => {
      // For instance `RDB-Redis 6.2`.
      const [, engine = '', version = ''] = /^RDB-(\S+) (\S+)$/.exec(nameOf(row['FileType'])) ?? [];
      return {
        id: instanceId,
        name: nameOf(row['InstanceName']),
        ...modelOf(row['InstanceType'], engine, version, false),
        shards: 1,
        tags: {},
      };
    },
  };
}

function readBackup(row: Fields, instanceId: string, utcOffsetMinutes: number): Backup | undefined {
  const timeOf = (name: string) => fromCloudTime(textOf(row[name]), utcOffsetMinutes);
  const id = textOf(row['BackupId']);
  const startedAt = timeOf('StartTime');
  if (id === '' || startedAt === undefined) return undefined;
  const endedAt = timeOf('EndTime');
  const expiresAt = timeOf('ExpireTime');
  const remark = nameOf(row['Remark']);
  return {
    id,
    instanceId,
    state: stateOf(numberOf(row['Status']), numberOf(row['Locked'])),
    type: nameOf(row['BackupType']),
    startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(remark !== '' && { remark }),
    encrypted: row['Encrypted'] === true || numberOf(row['Encrypted']) === 1,
  };
}

/** The key in the answer of DescribeBackupDetail; undefined where there is none. */
export function v3Key(data: Fields): BackupKey | undefined {
  const [key, algorithm, kmsKeyId] = ['DecryptKey', 'KeyAlgorithm', 'KmsKeyId'].map((name) =>
    textOf(data[name]),
  );
  if (!key) return undefined;
  return { key: new Secret(key), ...(algorithm && { algorithm }), ...(kmsKeyId && { kmsKeyId }) };
}

/** `BackupInfos`, or the parallel arrays that older regions answer; there the names may be missing. */
export function v3Files(data: Fields): readonly AnsweredFile[] {
  // An entry that is no object must not go missing: without a link it fails the backup, as all files or none.
  const infos = listOf(data['BackupInfos']).map(fieldsOf);
  if (infos.length > 0) {
    return infos.map((info) =>
      answered(info['FileName'], info['DownloadUrl'], info['InnerDownloadUrl'], info['FileSize']),
    );
  }
  const [names, extranet, intranet] = ['Filenames', 'DownloadUrl', 'InnerDownloadUrl'].map((name) =>
    listOf(data[name]),
  );
  const count = Math.max(extranet?.length ?? 0, intranet?.length ?? 0);
  return Array.from({ length: count }, (_, at) =>
    answered(names?.[at], extranet?.[at], intranet?.[at], undefined),
  );
}

function answered(name: unknown, extranet: unknown, intranet: unknown, size: unknown): AnsweredFile {
  const addresses = { extranet: textOf(extranet), intranet: textOf(intranet) };
  const bytes = countOf(size);
  return {
    name: nameOf(name) || lastSegment(addresses.extranet || addresses.intranet),
    ...(bytes !== undefined && { size: bytes }),
    ...addresses,
  };
}

/** The object's name, without the query: that is new in every answer, and secret. */
function lastSegment(address: string): string {
  return nameOf(address.replace(/[?#].*$/s, '').replace(/^.*\//s, '')) || 'dump.rdb';
}

/** `version`: what the row says, taken where the type's code does not settle it. */
function modelOf(type: unknown, engine: string, version: string, cluster: boolean): Model {
  const known = MODELS.get(numberOf(type) ?? 0);
  if (known === undefined) return model(engineOf(engine, type), version || null, cluster);
  return known.version === null ? { ...known, version: version || null } : known;
}

/** A code that is new is shown as it is. */
function productOf(code: string): Pick<Instance, 'product'> {
  if (code === '') return {};
  return { product: Object.hasOwn(PRODUCTS, code) ? (PRODUCTS[code] ?? code) : code };
}

/** `Redis` decides whether a dump's format is checked, so the cloud's wordier names of it are brought to one. */
function engineOf(engine: string, type: unknown): string {
  const known = ['Valkey', 'Redis', 'CKV', 'Memcached'].find((name) =>
    engine.toLowerCase().includes(name.toLowerCase()),
  );
  return known ?? (engine || `type ${nameOf(type) || 'unknown'}`);
}

function model(engine: string, version: string | null, cluster: boolean): Model {
  return { engine, version, cluster };
}
