/** One instance's retention: the rules first, then everything that no rule may overrule, then the floor, and only then the removal. */
import type { ArchiveRef } from '../domain/archive-key.ts';
import { asArchiverError } from '../domain/errors.ts';
import { toEpoch } from '../domain/instant.ts';
import type { RetentionRule } from '../domain/retention.ts';
import type { ListedObject } from '../store/object-store.ts';
import { type ExpirePass, floorStands, type Subject, vetoOf } from './guard.ts';
import { because, retain } from './keep.ts';
import type { ExpireItem, ExpireKind } from './report.ts';
import type { InstanceFacts } from './rules.ts';
import { type ExpirePorts, type Group, identityOf } from './survey.ts';

/** Never rejects for what is wrong with single objects: then nothing of the instance goes, and that is told. */
export async function expireInstance(
  group: Group,
  pass: ExpirePass,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<void> {
  const subjects = subjectsOf(group, pass);
  try {
    const lost = pass.tally.lost();
    if (lost) throw lost;
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
  for (const subject of subjects.toSorted((left, right) => left.startedAt - right.startedAt)) {
    if (subject.reasons.length > 0 || !pass.confirm) pass.tally.add(itemOf(subject));
    else await remove(subject, pass, ports, signal);
  }
}

function subjectsOf({ archives, quarantined }: Group, { isDamaged }: ExpirePass): Subject[] {
  const subject = (ref: ArchiveRef, kind: ExpireKind): Subject => ({
    ref,
    kind,
    backupId: ref.backupId,
    startedAt: toEpoch(ref.startedAt),
    sound: kind === 'archive' && !isDamaged(ref),
    reasons: [],
    bytes: 0,
    keys: [],
  });
  const archived = new Set(archives.map(identityOf));
  return [
    ...archives.map((ref) => subject(ref, 'archive')),
    // Where a good copy came later, what is in quarantine goes with the archive.
    ...quarantined.filter((ref) => !archived.has(identityOf(ref))).map((ref) => subject(ref, 'quarantine')),
  ];
}

async function decide(
  subjects: readonly Subject[],
  group: Group,
  pass: ExpirePass,
  ports: ExpirePorts,
  signal: AbortSignal,
): Promise<void> {
  const rule = await ruleOf(group, pass, ports, signal);
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
  await measure(subjects, group, ports, signal);
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
  { source, instanceId, archives }: Group,
  { finder }: ExpirePass,
  { catalog }: ExpirePorts,
  signal: AbortSignal,
): Promise<RetentionRule | undefined> {
  return finder.ruleFor({ source, instanceId }, async () => {
    let newest: InstanceFacts | undefined;
    for (const ref of archives.toSorted((left, right) => (left.startedAt < right.startedAt ? 1 : -1))) {
      // Undefined: gone since it was listed.
      const instance = (await catalog.find(ref, { signal }))?.instance;
      // What was archived after the instance had gone from the cloud has lost its tags, and must not lose its rule.
      if (instance && !instance.vanished) return instance;
      newest ??= instance;
    }
    return newest ?? { name: '', tags: {} };
  });
}

/** One listing tells what lies in every archive's folder, and one more what lies in quarantine of a backup. */
async function measure(
  subjects: readonly Subject[],
  { source, instanceId, quarantined }: Group,
  { store, layout }: ExpirePorts,
  signal: AbortSignal,
): Promise<void> {
  const byFolder = new Map(subjects.map((subject) => [layout.dataFolder(subject.ref), subject]));
  const enter = (subject: Subject, { key, size }: ListedObject) => {
    subject.bytes += size;
    if (subject.reasons.length === 0) subject.keys.push(key);
  };
  for await (const object of store.list(layout.dataPrefix(source, instanceId), { signal })) {
    const ref = layout.parseDataKey(object.key);
    const subject = ref && byFolder.get(layout.dataFolder(ref));
    if (subject) enter(subject, object);
  }
  for (const ref of quarantined) {
    const subject = byFolder.get(layout.dataFolder(ref));
    if (!subject) continue;
    for await (const object of store.list(layout.quarantineFolder(ref), { signal })) enter(subject, object);
  }
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
): Promise<void> {
  const item = itemOf(subject);
  const lost = tally.lost();
  if (lost) {
    tally.add({ ...item, action: 'failed', detail: `not tried: ${lost.message}` });
    return;
  }
  const removal = tally.removal();
  try {
    const result = await removals.remove(subject, removal, { signal });
    if (result === 'removed') tally.removed({ ...item, action: 'expired', deleted: removal.keys });
    else {
      tally.add({ ...item, action: 'keep', reasons: [STAYS[result]], deleted: removal.keys });
    }
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asArchiverError(thrown);
    if (error.code === 'internal') throw error;
    tally.failed({ ...item, deleted: removal.keys }, error);
  }
}

function itemOf({ ref, kind, bytes, sound, reasons }: Subject): ExpireItem {
  const action = reasons.length > 0 ? 'keep' : 'expire';
  const damaged = kind === 'archive' && !sound;
  return { ...ref, kind, bytes, action, damaged, reasons, detail: '', deleted: [] };
}
