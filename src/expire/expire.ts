/** Retention over the whole destination: what is to go by rule, and, when that was confirmed, its removal. */
import { inOrder } from '../catalog/each-archive.ts';
import type { Roll } from '../catalog/roll.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import { compareText } from '../domain/compare-text.ts';
import { ArchiverError, asArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import { type Each, rowsFor } from '../domain/listing.ts';
import type { RetentionRule } from '../domain/retention.ts';
import type { ExpirePass } from './guard.ts';
import { expireInstance } from './instance.ts';
import { periodsIn } from './periods.ts';
import type { Leftover } from './removal.ts';
import type { ExpireItem, ExpireReport } from './report.ts';
import { createRuleFinder } from './rules.ts';
import { byInstance, type ExpirePorts, type Group, gather, sizeOf } from './survey.ts';
import { createTally, type Tally } from './tally.ts';

export interface ExpirePolicy {
  /** In this order; the first that fits an instance is the one for it. */
  readonly rules: readonly RetentionRule[];
  /** So many of the newest sound archives of an instance stay in any case. */
  readonly minimum: number;
  readonly timezone: string;
  /** Instances looked at at once. */
  readonly concurrency: number;
}

export interface ExpireRequest {
  /** Only this instance. */
  readonly instanceId?: string;
  /** Deletes; else only says what would go. */
  readonly confirm: boolean;
  /** Told of each archive as soon as it has gone, or could not: so that it is known even of an expire that is killed. */
  readonly onRemoval?: (item: ExpireItem) => void;
  /** Told each row as it comes, by source, instance and time; all are in the answer where absent. */
  readonly each?: Each<ExpireItem>;
  readonly signal: AbortSignal;
}

/**
 * The whole catalog is listed before anything is decided, and where that fails nothing is deleted: rejects then. Every share of a fleet
 * is looked at, whatever the shard of this process. Two at once, or one beside a run, waste work and break nothing.
 */
export async function expire(
  request: ExpireRequest,
  policy: ExpirePolicy,
  ports: ExpirePorts,
): Promise<ExpireReport> {
  const { instanceId, confirm, signal, each } = request;
  if (policy.rules.length === 0) throw nothingConfigured();
  // Who deletes reads each manifest as it lies there: the index only spares who looks.
  const { groups, roll, deadlines } = await gather(ports, { instanceId, indexed: !confirm }, signal);
  const tally = createTally(request.onRemoval);
  const left = await unfinished(instanceId, ports, tally, signal);
  if (instanceId !== undefined && groups.length === 0 && left.length === 0)
    throw new ArchiverError('unknown-instance', `no archive of ${instanceId} is in the destination`, {
      hint: '`rdb-archiver list archives` shows what there is.',
    });

  const isDamaged = await ports.damaged({ signal });
  if (confirm) tally.learn((await ports.removals.rehearse({ signal })).bytesStay);
  const finished = await finishLeft(left, roll, { confirm, tally, ports, signal });
  const pass: ExpirePass = {
    confirm,
    minimum: policy.minimum,
    finder: createRuleFinder(policy.rules),
    periodOf: periodsIn(policy.timezone),
    isDamaged,
    now: ports.clock.now(),
    deadlines,
    mayLock: confirm || (await ports.store.mayLock({ signal })),
    tally,
  };
  const rows = rowsFor(each);
  const work = async (group: Group, inner: AbortSignal) =>
    [group, await expireInstance(group, pass, ports, inner)] as const;
  for await (const [group, items] of inOrder(groups, policy.concurrency, signal, work)) {
    const later = finished.findIndex((item) => byInstance(item, group) > 0);
    const before = finished.splice(0, later === -1 ? finished.length : later);
    for (const item of [...before, ...items].sort(byPlace)) await rows.tell(item);
  }
  for (const item of finished) await rows.tell(item);
  return {
    confirmed: confirm,
    items: rows.items,
    bytesStay: tally.bytesStay(),
    problems: tally.problems,
    exitCode: worstOf(tally.codes),
  };
}
/** What an interrupted expire has half removed comes first: those archives are none any more, and only cost. A row for each, by place. */
async function finishLeft(
  left: readonly Leftover[],
  roll: Roll,
  { confirm, tally, ports, signal }: FinishContext,
): Promise<ExpireItem[]> {
  const rows: ExpireItem[] = [];
  for (const target of left) {
    const { ref, kind } = target;
    const mine = roll.positionOf(ref) !== undefined;
    if (mine && !confirm) continue;
    const { source, instanceId, backupId, startedAt } = ref;
    const base = { source, instanceId, backupId, startedAt, kind, damaged: false, reasons: [] };
    const bytes = mine ? 0 : await sizeOf(ref, ports, signal);
    const detail = 'left half removed by an expire that was interrupted';
    if (!confirm) rows.push({ ...base, bytes, action: 'expire', detail, deleted: [] });
    else {
      const item: ExpireItem = { ...base, bytes, action: 'expired', detail, deleted: [] };
      const row = await finishOne(target, item, tally, ports, signal);
      if (row) rows.push(row);
    }
  }
  return rows.sort(byPlace);
}

interface FinishContext {
  readonly confirm: boolean;
  readonly tally: Tally;
  readonly ports: ExpirePorts;
  readonly signal: AbortSignal;
}

/** Undefined for one whose manifest is there: it turns up again among the archives. */
async function finishOne(
  target: Leftover,
  item: ExpireItem,
  tally: Tally,
  { removals }: ExpirePorts,
  signal: AbortSignal,
): Promise<ExpireItem | undefined> {
  const removal = tally.removal();
  try {
    const result = await removals.finish(target, removal, { signal });
    return result === 'removed' ? tally.removed({ ...item, deleted: removal.keys }) : undefined;
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'internal') throw error;
    return tally.failed({ ...item, deleted: removal.keys }, error);
  }
}

async function unfinished(
  instanceId: string | undefined,
  { removals }: ExpirePorts,
  tally: Tally,
  signal: AbortSignal,
): Promise<Leftover[]> {
  const isWanted = (ref: ArchiveRef) => (instanceId ?? ref.instanceId) === ref.instanceId;
  const foreign = (ref: ArchiveRef, error: ArchiverError) => void (isWanted(ref) && tally.problem(error, 3));
  const all = await removals.unfinished({ signal, foreign });
  return all.filter(({ ref }) => isWanted(ref));
}

function nothingConfigured(): ArchiverError {
  return new ArchiverError('usage', 'no retention is configured, so every archive stays', {
    hint: 'Write `retention:` with at least one rule into the configuration file (docs/retention.md).',
  });
}

function byPlace(left: ArchiveRef, right: ArchiveRef): number {
  return (
    byInstance(left, right) ||
    compareText(left.startedAt, right.startedAt) ||
    compareText(left.backupId, right.backupId)
  );
}
