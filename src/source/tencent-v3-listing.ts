/** The two listings of API 3.0: instances and backups, of a whole region or of named instances. */
import { ArchiverError } from '../domain/errors.ts';
import type { ApiClient } from './api-client.ts';
import { verdictOf } from './api-errors.ts';
import { STATUS } from './backup-state.ts';
import { type Fields, numberOf, rowsOf, textOf } from './json-fields.ts';
import { keptRows } from './kept-rows.ts';
import { type Page, paginate, type Rows } from './paginate.ts';
import type { OnPage } from './source.ts';

const MAX_IDS_A_REQUEST = 100;

/** Rows of a first page: enough to find one instance that has a backup. */
const FIRST_PAGE = 100;

interface Table {
  readonly action: string;
  /** The answer's field with the rows. */
  readonly set: string;
  /** The documented maximum of a page. */
  readonly maxLimit: number;
  readonly idOf: (row: Fields) => string;
  /** Those that are read. */
  readonly fields: readonly string[];
  /** Of all rows together. */
  readonly mostBytes?: number;
}

const INSTANCES: Table = {
  action: 'DescribeInstances',
  set: 'InstanceSet',
  maxLimit: 1000,
  idOf: (row) => textOf(row['InstanceId']),
  // Ten thousand instances take about five million.
  mostBytes: 24 * 1024 * 1024,
  fields: [
    'InstanceId',
    'InstanceName',
    'InstanceTags',
    'Type',
    'Engine',
    'CurrentRedisVersion',
    'ProductType',
    'ProductVersion',
    'RedisShardNum',
  ],
};

const BACKUPS: Table = {
  action: 'DescribeInstanceBackups',
  set: 'BackupSet',
  maxLimit: 100,
  idOf: (row) => JSON.stringify([textOf(row['InstanceId']), textOf(row['BackupId'])]),
  fields: [
    'InstanceId',
    'InstanceName',
    'InstanceType',
    'BackupId',
    'BackupType',
    'StartTime',
    'EndTime',
    'ExpireTime',
    'Status',
    'Locked',
    'Encrypted',
    'FileType',
    'Remark',
  ],
};

/** Without the filter today's servers list only status 2. Later in life comes later, so a backup that moves on meanwhile is met again. */
const STATUSES = Object.values(STATUS);

/** What a whole list is read with. */
type Asking = { readonly signal: AbortSignal; readonly onPage?: OnPage | undefined };

export interface V3Listing {
  instances(ids: readonly string[] | undefined, asking: Asking): Promise<Rows<Fields>>;
  backups(instanceId: string | undefined, asking: Asking): Promise<Rows<Fields>>;
  /** The first page of instances, and of backups that can be had: one call each. */
  firstInstances(ids: readonly string[] | undefined, signal: AbortSignal): Promise<readonly Fields[]>;
  firstBackups(instanceId: string | undefined, signal: AbortSignal): Promise<readonly Fields[]>;
  /** Asks for a single instance. */
  probe(signal: AbortSignal): Promise<void>;
}

export function v3Listing(client: ApiClient): V3Listing {
  /** The lists of statuses that the server is known to take. */
  let queries: readonly (readonly number[])[] = [STATUSES];

  return {
    async instances(ids, asking) {
      if (ids === undefined) return instancesWhere({}, 'of the region', asking);
      const lists: Rows<Fields>[] = [];
      for (let at = 0; at < ids.length; at += MAX_IDS_A_REQUEST) {
        lists.push(...(await instancesById(ids.slice(at, at + MAX_IDS_A_REQUEST), asking)));
      }
      return merged(lists, INSTANCES);
    },

    async backups(id, asking) {
      const lists: Rows<Fields>[] = [];
      for (const statuses of queries) lists.push(await backupsIn(statuses, id, asking));
      const refused = lists.length === 1 && lists.some(isRefused);
      return refused ? backupsByStatus(id, asking) : merged(lists, BACKUPS);
    },

    firstInstances: (ids, signal) =>
      firstPage(INSTANCES, ids ? { InstanceIds: ids.slice(0, MAX_IDS_A_REQUEST) } : {}, signal),

    firstBackups: (id, signal) =>
      firstPage(BACKUPS, { Status: [STATUS.normal], ...(id !== undefined && { InstanceId: id }) }, signal),

    async probe(signal) {
      await client.call(INSTANCES.action, { Limit: 1, Offset: 0 }, 'of the region', signal);
    },
  };

  async function firstPage({ action, set }: Table, filter: Fields, signal: AbortSignal) {
    const data = await client.call(
      action,
      { ...filter, Limit: FIRST_PAGE, Offset: 0 },
      'of the region',
      signal,
    );
    return rowsOf(data[set]);
  }

  /** An id that is not there may fail its whole request; then each is asked for by itself. */
  async function instancesById(ids: readonly string[], asking: Asking): Promise<readonly Rows<Fields>[]> {
    const list = await instancesWhere({ InstanceIds: ids }, `of ${ids.length} named instances`, asking);
    if (verdictOf(list.failure) !== 'gone') return [list];
    if (ids.length === 1) return [{ rows: [] }];
    const each: Rows<Fields>[] = [];
    for (const id of ids) each.push(...(await instancesById([id], asking)));
    return each;
  }

  /** Documents disagree on which statuses the filter takes; all but the normal one can be done without. */
  async function backupsByStatus(id: string | undefined, asking: Asking): Promise<Rows<Fields>> {
    const taken: (readonly number[])[] = [];
    const lists: Rows<Fields>[] = [];
    for (const status of STATUSES) {
      const list = await backupsIn([status], id, asking);
      if (isRefused(list) && status !== STATUS.normal) continue;
      taken.push([status]);
      lists.push(list);
    }
    if (!lists.some(isRefused)) queries = taken;
    return merged(lists, BACKUPS);
  }

  function instancesWhere(filter: Fields, subject: string, asking: Asking): Promise<Rows<Fields>> {
    return rowsWhere(INSTANCES, { ...filter, OrderBy: 'createtime', OrderType: 0 }, subject, asking);
  }

  function backupsIn(
    statuses: readonly number[],
    id: string | undefined,
    asking: Asking,
  ): Promise<Rows<Fields>> {
    const filter = { Status: statuses, ...(id !== undefined && { InstanceId: id }) };
    return rowsWhere(BACKUPS, filter, `of ${id ?? 'the region'}`, asking);
  }

  function rowsWhere(
    table: Table,
    filter: Fields,
    subject: string,
    { signal, onPage }: Asking,
  ): Promise<Rows<Fields>> {
    const { action, set, maxLimit, idOf, fields, mostBytes } = table;
    const kept = keptRows(fields);
    const fetch = async (offset: number, limit: number): Promise<Page<Fields>> => {
      const data = await client.call(action, { ...filter, Limit: limit, Offset: offset }, subject, signal);
      const total = numberOf(data['TotalCount']);
      if (total === undefined)
        throw new ArchiverError('api-unavailable', `${action} ${subject}: the answer has no TotalCount`);
      return { rows: rowsOf(data[set]).map(kept.keep), total };
    };
    return paginate({
      what: `${action} ${subject}`,
      maxLimit,
      fetch,
      idOf,
      weigh: kept.weigh,
      mostBytes,
      onPage,
      signal,
    });
  }
}

function isRefused(list: Rows<Fields>): boolean {
  return verdictOf(list.failure) === 'invalid';
}

/** Of a row in several lists the last; of several failures the first. */
function merged(lists: readonly Rows<Fields>[], { idOf }: Table): Rows<Fields> {
  const rows = new Map(lists.flatMap((list) => list.rows).map((row) => [idOf(row), row]));
  const failure = lists.find((list) => list.failure !== undefined)?.failure;
  return { rows: [...rows.values()], ...(failure !== undefined && { failure }) };
}
