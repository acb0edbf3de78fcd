/** One instance's retention: the rules first, then everything that no rule may overrule, then the floor, and only then the removal. */
import { asArchiverError } from '../domain/errors.ts';
import { toEpoch } from '../domain/instant.ts';
import type { RetentionRule } from '../domain/retention.ts';
import { contentsOf } from './contents.ts';
import { type ExpirePass, floorStands, type Subject, vetoOf } from './guard.ts';
import { because, retain } from './keep.ts';
import type { ExpireItem } from './report.ts';
import type { InstanceFacts } from './rules.ts';
import { type ExpirePorts, type Group, identityOf } from './survey.ts';

/**
 * A row for each archive and dump in quarantine. Never rejects for what is wrong with single objects: then nothing of the instance goes, and that
 * is told; where not even its archives could be listed there is no row of it.
 */
export async function expireInstance(
  group: Group,
  pass: ExpirePass,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<ExpireItem[]> {
  const subjects: Subject[] = [];
  try {
    const lost = pass.tally.lost();
    if (lost) throw lost;
    subjects.push(...(await subjectsOf(group, pass, ports, signal)));
    await decide(subjects, group, pass, ports, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    // Before anything was deleted there is nothing to tell but that the store is not there.
    if (error.code === 'internal' || (error.code === 'store-unreachable' && !pass.tally.began())) throw error;
    if (error.code === 'store-unreachable') pass.tally.lose(error);
    for (const subject of subjects) subject.reasons = [because('unreadable')];
    pass.tally.problem(error, error.exit === 4 ? 4 : 3);
  }
  const rows: ExpireItem[] = [];
  for (const subject of subjects.toSorted((left, right) => left.startedAt - right.startedAt)) {
    if (subject.reasons.length > 0 || !pass.confirm) rows.push(itemOf(subject));
    else rows.push(await remove(subject, pass, ports, signal));
  }
  return rows;
}

async function subjectsOf(
  group: Group,
  { isDamaged }: ExpirePass,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<Subject[]> {
  return (await contentsOf(group, ports, signal)).map(({ ref, kind, bytes, keys }) => ({
    ref,
    kind,
    backupId: ref.backupId,
    startedAt: toEpoch(ref.startedAt),
    sound: kind === 'archive' && !isDamaged(ref),
    reasons: [],
    bytes,
    keys,
  }));
}

async function decide(
  subjects: readonly Subject[],
  group: Group,
  pass: ExpirePass,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<void> {
  const rule = await ruleOf(group, subjects, pass, ports, signal);
  if (rule === undefined) {
    for (const subject of subjects) subject.reasons = [because('no-rule')];
  } else {
    const { minimum, periodOf, now } = pass;
    const kept = retain({ items: subjects, rules: rule, minimum, periodOf, now });
    for (const subject of subjects) subject.reasons = kept.get(subject) ?? [];
  }
  for (const subject of subjects) {
    const hold = group.holds.get(identityOf(subject.ref));
    if (hold) subject.reasons.push(because('held', hold.last.reason));
  }
  for (const subject of going(subjects)) {
    const reason = await vetoOf(subject, pass, ports, signal);
    if (reason) subject.reasons.push(reason);
  }
  const [newest] = going(subjects).sort((left, right) => right.startedAt - left.startedAt);
  if (!newest) return;
  if (!(await floorStands(subjects, pass, ports, signal)))
    for (const subject of going(subjects)) subject.reasons.push(because('floor-broken'));
  else if (pass.confirm) await ports.removals.announce(newest.ref, { signal });
}

function going(subjects: readonly Subject[]): Subject[] {
  return subjects.filter(({ reasons }) => reasons.length === 0);
}

/** A rule by name or tags goes by the newest manifest of a time when the cloud had the instance. One that cannot be read leaves open which rule it is, and rejects. */
async function ruleOf(
  { source, instanceId }: Group,
  subjects: readonly Subject[],
  { finder }: ExpirePass,
  { catalog }: ExpirePorts,
  signal: AbortSignal,
): Promise<RetentionRule | undefined> {
  return finder.ruleFor({ source, instanceId }, async () => {
    let newest: InstanceFacts | undefined;
    const archives = subjects.filter(({ kind }) => kind === 'archive');
    for (const { ref } of archives.toSorted((left, right) => right.startedAt - left.startedAt)) {
      // Undefined: gone since it was listed.
      const instance = (await catalog.find(ref, { signal }))?.instance;
      // What was archived after the instance had gone from the cloud has lost its tags, and must not lose its rule.
      if (instance && !instance.vanished) return instance;
      newest ??= instance;
    }
    return newest ?? { name: '', tags: {} };
  });
}

const STAYS = {
  held: because('held', 'since this expire began'),
  'in-hand': because('in-hand'),
  stays: because('archived-anew'),
} as const;

async function remove(
  subject: Subject,
  { tally }: ExpirePass,
  { removals }: ExpirePorts,
  signal: AbortSignal,
): Promise<ExpireItem> {
  const item = itemOf(subject);
  const lost = tally.lost();
  if (lost) return { ...item, action: 'failed', detail: `not tried: ${lost.message}` };
  const removal = tally.removal();
  try {
    const result = await removals.remove(subject, removal, { signal });
    return result === 'removed'
      ? tally.removed({ ...item, action: 'expired', deleted: removal.keys })
      : { ...item, action: 'keep', reasons: [STAYS[result]], deleted: removal.keys };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'internal') throw error;
    return tally.failed({ ...item, deleted: removal.keys }, error);
  }
}

function itemOf({ ref, kind, bytes, sound, reasons }: Subject): ExpireItem {
  const action = reasons.length > 0 ? 'keep' : 'expire';
  const damaged = kind === 'archive' && !sound;
  return { ...ref, kind, bytes, action, damaged, reasons, detail: '', deleted: [] };
}
