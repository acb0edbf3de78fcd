/** The two listings of API 2.0: instances, and the backups of one instance. */
import { ArchiverError } from '../domain/errors.ts';
import type { ApiClient } from './api-client.ts';
import { verdictOf } from './api-errors.ts';
import { type Fields, fieldsOf, numberOf, rowsOf, textOf } from './json-fields.ts';
import { keptRows } from './kept-rows.ts';
import { listEach } from './list-each.ts';
import { type Page, paginate, type Rows } from './paginate.ts';
import type { OnPage } from './source.ts';

interface Table {
  readonly action: string;
  /** The answer's field with the rows. */
  readonly set: string;
  readonly idField: string;
  readonly maxLimit: number;
  /** Those that are read. */
  readonly fields: readonly string[];
}

const INSTANCES: Table = {
  action: 'DescribeRedis',
  set: 'redisSet',
  idField: 'redisId',
  maxLimit: 100,
  fields: ['redisId', 'redisName', 'typeId'],
};

/** No maximum is published; seven days of backups seldom need a second page. */
const BACKUPS: Table = {
  action: 'GetRedisBackupList',
  set: 'redisBackupSet',
  idField: 'backupId',
  maxLimit: 50,
  fields: ['redisId', 'backupId', 'backupType', 'startTime', 'status', 'locked', 'remark'],
};

/** What a whole list is read with. */
type Asking = { readonly signal: AbortSignal; readonly onPage?: OnPage | undefined };

export interface V2Listing {
  instances(ids: readonly string[] | undefined, asking: Asking): Promise<Rows<Fields>>;
  backups(instanceId: string, asking: Asking): Promise<Rows<Fields>>;
  /** The first page of instances: one call. */
  firstInstances(ids: readonly string[] | undefined, signal: AbortSignal): Promise<readonly Fields[]>;
  /** Asks for a single instance. */
  probe(signal: AbortSignal): Promise<void>;
}

export function v2Listing(client: ApiClient): V2Listing {
  return {
    async instances(ids, asking) {
      if (ids === undefined) return instancesWhere({}, 'of the region', asking);
      const each = await listEach(ids, (redisId) => instancesWhere({ redisId }, `of ${redisId}`, asking));
      const lists = each.map(({ list }) => list);
      const failure = lists.find((list) => list.failure && verdictOf(list.failure) !== 'gone')?.failure;
      return { rows: lists.flatMap((list) => list.rows), ...(failure !== undefined && { failure }) };
    },

    backups(redisId, asking) {
      return rowsWhere(BACKUPS, { redisId }, `of ${redisId}`, asking);
    },

    async firstInstances(ids, signal) {
      const redisId = ids?.[0];
      const filter = { ...(redisId !== undefined && { redisId }), limit: INSTANCES.maxLimit, offset: 0 };
      const answer = await client.call(INSTANCES.action, filter, `of ${redisId ?? 'the region'}`, signal);
      return rowsOf(fieldsOf(answer['data'])[INSTANCES.set]);
    },

    async probe(signal) {
      await client.call(INSTANCES.action, { limit: 1, offset: 0 }, 'of the region', signal);
    },
  };

  function instancesWhere(filter: Fields, subject: string, asking: Asking): Promise<Rows<Fields>> {
    return rowsWhere(INSTANCES, { ...filter, orderBy: 'createtime', orderType: 0 }, subject, asking);
  }

  function rowsWhere(
    table: Table,
    filter: Fields,
    subject: string,
    { signal, onPage }: Asking,
  ): Promise<Rows<Fields>> {
    const { action, set, idField, maxLimit, fields } = table;
    const kept = keptRows(fields);
    const fetch = async (offset: number, limit: number): Promise<Page<Fields>> => {
      const answer = await client.call(action, { ...filter, limit, offset }, subject, signal);
      const data = fieldsOf(answer['data']);
      const total = numberOf(answer['totalCount']) ?? numberOf(data['totalCount']);
      if (total === undefined)
        throw new ArchiverError('api-unavailable', `${action} ${subject}: the answer has no totalCount`);
      return { rows: rowsOf(data[set]).map(kept.keep), total };
    };
    return paginate({
      what: `${action} ${subject}`,
      maxLimit,
      fetch,
      idOf: (row) => textOf(row[idField]),
      weigh: kept.weigh,
      onPage,
      signal,
    });
  }
}
