/** Reads the rows of API 2.0: instances, backups and the one pair of links. */
import type { Instance } from '../domain/instance.ts';
import type { AnsweredFile } from './backup-files.ts';
import { stateOf } from './backup-state.ts';
import { fromCloudTime } from './cloud-time.ts';
import type { RowReader } from './inventory.ts';
import { type Fields, fieldsOf, nameOf, numberOf, textOf } from './json-fields.ts';

/** `typeId` of a cluster edition, whose dumps can be had only after an export. */
const CLUSTER = 1;

export function v2Reader(utcOffsetMinutes: number): RowReader {
  return {
    instance: (row) => ({
      ...unknownInstance(textOf(row['redisId'])),
      name: nameOf(row['redisName']),
      cluster: numberOf(row['typeId']) === CLUSTER,
      vanished: false,
    }),

    ownerId: () => '',

    backup: (row, instanceId) => {
      const id = textOf(row['backupId']);
      const startedAt = fromCloudTime(textOf(row['startTime']), utcOffsetMinutes);
      if (id === '' || startedAt === undefined) return undefined;
      const remark = nameOf(row['remark']);
      return {
        id,
        instanceId,
        state: stateOf(numberOf(row['status']), numberOf(row['locked'])),
        type: nameOf(row['backupType']),
        startedAt,
        ...(remark !== '' && { remark }),
        encrypted: false,
      };
    },

    owner: (_row, instanceId) => unknownInstance(instanceId),
  };
}

/** The path is always `/download/dump.rdb`, and a backup is always one file. */
export function v2Files(answer: Fields): readonly AnsweredFile[] {
  const data = fieldsOf(answer['data']);
  return [{ name: 'dump.rdb', extranet: textOf(data['extranet']), intranet: textOf(data['intranet']) }];
}

/** API 2.0 tells neither engine nor version nor shards; it is older than every engine but Redis. */
function unknownInstance(id: string): Omit<Instance, 'vanished'> {
  return { id, name: nameOf(id), engine: 'Redis', version: null, shards: 1, tags: {}, cluster: false };
}
