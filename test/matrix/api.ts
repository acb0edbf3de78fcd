/** Rows: what the cloud's API answers in place of what was asked. */

import { HOUR_MS } from '../support/builders.ts';
import { call, type Fault } from '../support/cloud.ts';
import {
  backupNotReady,
  changeJson,
  denied,
  emptyAnswer,
  firstPageAgain,
  internalError,
  linksTo,
  notJson,
  pageLost,
  smallPages,
  throttled,
} from '../support/cloud-api-faults.ts';
import { endlessAnswer, trickling } from '../support/endless.ts';
import {
  type Expected,
  onceAndAlways,
  type Place,
  type Row,
  type Side,
  type Stage,
  type Switch,
} from './table.ts';

const INSTANCES = 'list of instances';
const BACKUPS = 'list of backups';
const LINK = 'download link';

const ACTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tencent-v3': {
    [INSTANCES]: 'DescribeInstances',
    [BACKUPS]: 'DescribeInstanceBackups',
    [LINK]: 'DescribeBackupUrl',
  },
  'tencent-v2': {
    [INSTANCES]: 'DescribeRedis',
    [BACKUPS]: 'GetRedisBackupList',
    [LINK]: 'GetBackupDownloadUrl',
  },
};

function whereOf({ variant, column }: Place) {
  return call(ACTIONS[variant]?.[column] ?? column);
}

function inCall(make: () => Fault): Row['strike'] {
  return (stage) => stage.cloud.fault(whereOf(stage), make(), { times: stage.times });
}

/** What comes of a call that keeps failing: what hangs on it fails, and nothing else. */
function lost({ column, variant }: Place): Expected {
  if (column === LINK) return 'link-refused';
  if (column === INSTANCES && variant === 'tencent-v2') return 'nothing listed';
  // API 3.0 lists the backups of a whole region, so they are known without their instances.
  return column === INSTANCES ? 'archived, listing told as failed' : 'listing told as failed';
}

/** What was read before is archived. */
const announcing: Expected = 'archived, listing told as failed';

function announceBillions(answer: Record<string, unknown>): void {
  for (const name of ['TotalCount', 'totalCount']) if (name in answer) answer[name] = 1e9;
}

const SETS = ['InstanceSet', 'BackupSet', 'redisSet', 'redisBackupSet'];

/** A manifest that holds them could not be read back. */
function lengthenNames(answer: Record<string, unknown>): void {
  const long = 'n'.repeat(1_000_000);
  const holders = [answer, answer['data'] ?? {}] as Record<string, Record<string, unknown>[]>[];
  for (const row of holders.flatMap((holder) => SETS.flatMap((name) => holder[name] ?? [])))
    Object.assign(row, { InstanceName: long, Remark: long, redisName: long, remark: long });
}

/** The list of backups in pages of two, of which one goes wrong. */
function inPages(
  make: () => Fault,
  once: { readonly after?: number; readonly times: number },
): Row['strike'] {
  return (stage) => {
    const { cloud, times } = stage;
    const fault = cloud.fault(whereOf(stage), make(), times === 1 ? once : {});
    cloud.fault(whereOf(stage), smallPages(2));
    return fault;
  };
}

/** The cloud's clock is off, and right again when it is mended. */
function skewed(milliseconds: number): Row['strike'] {
  return ({ cloud }: Stage): Switch => {
    cloud.skew(milliseconds);
    return {
      get strikes() {
        return cloud.requests.length;
      },
      remove: () => cloud.skew(0),
    };
  };
}

const rows: readonly Row[] = [
  ...onceAndAlways('throttled', ['archived', lost], { strike: inCall(throttled) }),
  ...onceAndAlways('internal error', ['archived', lost], { strike: inCall(internalError) }),
  ...onceAndAlways('an answer that is not JSON', ['archived', lost], { strike: inCall(notJson) }),
  ...onceAndAlways('an empty answer', ['archived', lost], { strike: inCall(emptyAnswer) }),
  // Once: a link is asked for again with the whole backup, a listing by the next run.
  ...onceAndAlways(
    'an answer that does not end',
    [(cell) => (cell.column === LINK ? 'archived' : lost(cell)), lost],
    {
      strike: inCall(() => endlessAnswer('{"Response":{"x":"')),
    },
  ),
  {
    fault: 'an answer that trickles until the deadline of the run',
    lasts: 'always',
    columns: [INSTANCES, BACKUPS],
    config: { runDeadlineMs: 3000 },
    expected: 'destination failed',
    strike: inCall(trickling),
  },
  ...onceAndAlways('a list that announces a billion rows', [announcing, announcing], {
    columns: [INSTANCES, BACKUPS],
    strike: inCall(() => changeJson(announceBillions)),
  }),
  ...onceAndAlways('names and remarks of a megabyte each', ['archived', 'archived'], {
    columns: [INSTANCES, BACKUPS],
    strike: inCall(() => changeJson(lengthenNames)),
  }),
  ...onceAndAlways('the link leads to the metadata service', ['link-refused', 'link-refused'], {
    columns: [LINK],
    variants: ['tencent-v3'],
    strike: (stage) =>
      stage.cloud.fault(
        whereOf(stage),
        linksTo(stage.file, () => 'http://169.254.169.254/latest/meta-data/'),
        { times: stage.times },
      ),
  }),
  ...onceAndAlways('permission denied', [lost, lost], { strike: inCall(denied) }),
  {
    fault: 'our clock is an hour slow: every signature has expired',
    lasts: 'always',
    columns: [BACKUPS],
    expected: 'archived',
    strike: skewed(HOUR_MS),
  },
  {
    fault: 'our clock is an hour fast: no signature is valid yet',
    lasts: 'always',
    columns: [BACKUPS],
    expected: 'archived',
    strike: skewed(-HOUR_MS),
  },
  ...onceAndAlways('the first page comes again', ['archived', 'archived, listing told as failed'], {
    columns: [BACKUPS],
    variants: ['tencent-v3'],
    others: 4,
    strike: inPages(firstPageAgain, { times: 2 }),
  }),
  ...onceAndAlways('a page is lost', ['archived', 'archived, listing told as failed'], {
    columns: [BACKUPS],
    variants: ['tencent-v3'],
    others: 4,
    strike: inPages(pageLost, { after: 1, times: 1 }),
  }),
  ...onceAndAlways('the backup turns not-ready between list and link', ['archived', 'put off: not-ready'], {
    columns: [LINK],
    strike: inCall(backupNotReady),
  }),
];

export const api: Side = {
  title: 'API',
  about:
    'Columns: the call that goes wrong. Variants: the two APIs of the cloud; API 2.0 gives one file a backup.',
  columns: [INSTANCES, BACKUPS, LINK],
  variants: ['tencent-v3', 'tencent-v2'],
  rows,
  lacks: ({ variant, shape }) => variant === 'tencent-v2' && shape !== 'one file',
  size: () => 4000,
  scenario: ({ variant }) => ({ api: variant === 'tencent-v2' ? 'tencent-v2' : 'tencent-v3' }),
};
