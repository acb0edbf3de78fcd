/** What the cloud has, as rows: the plan, instances and backups. Nothing is moved. */
import pLimit from 'p-limit';
import {
  type Coverage,
  coverageOf,
  listSource,
  SOURCES_AT_ONCE,
  type Subject,
  type SurveyPorts,
  survey,
  type Target,
} from '../archiver/survey.ts';
import { deadlineOf } from '../domain/backup.ts';
import type { Clock } from '../domain/clock.ts';
import type { ArchiverError } from '../domain/errors.ts';
import { worstOf } from '../domain/exit-code.ts';
import type { Instance } from '../domain/instance.ts';
import { toInstant } from '../domain/instant.ts';
import type { Listing } from '../domain/listing.ts';
import { byUrgency } from '../plan/plan.ts';
import { EVERYTHING, selector } from '../plan/selection.ts';
import type { Shard } from '../plan/shard.ts';
import type { Inventory, Source } from '../source/source.ts';
import type { BackupItem, InstanceItem, PlanItem } from './report.ts';

export interface ListPorts extends SurveyPorts {
  readonly targets: readonly Target[];
  readonly clock: Clock;
  readonly policy: {
    readonly shard: Shard;
    /** True where no instance at all is no failure. */
    readonly allowEmpty: boolean;
  };
}

const WHOLE = { index: 0, count: 1 };

/** What `run` would do now, most urgent first, and why not for the rest. */
export async function listPlan(ports: ListPorts, signal: AbortSignal): Promise<Listing<PlanItem>> {
  const { clock, policy } = ports;
  const found = await survey(ports.targets, ports, { shard: policy.shard, now: clock.now(), signal });
  const all = (kind: 'todo' | 'rest') =>
    found.sources
      .flatMap(({ source, plan }) => plan[kind].map((planned) => ({ source, ...planned })))
      .sort(byUrgency);
  const seals = ports.encryptedBackups === 'seal';
  return listing(
    [...all('todo'), ...all('rest')].map((subject) => planItem(subject, seals)),
    found,
    ports,
  );
}

/** Every instance of every source, the filtered ones too. The destination is not asked. */
export async function listInstances(
  ports: ListPorts,
  instanceId: string | undefined,
  signal: AbortSignal,
): Promise<Listing<InstanceItem>> {
  const limit = pLimit(SOURCES_AT_ONCE);
  const targets = targetsOf(ports, instanceId ?? '*');
  const sources = await Promise.all(targets.map((target) => limit(() => listSource(target, signal))));
  const selectors = new Map(ports.targets.map(({ source, selection }) => [source, selector(selection)]));
  const items = sources.flatMap(({ source, inventory }) =>
    instanceItems(source, inventory, (instance) => selectors.get(source)?.(instance) === true),
  );
  return listing(items, coverageOf(targets, sources, WHOLE), ports);
}

function instanceItems(
  { name: source, region }: Source,
  inventory: Inventory,
  selects: (instance: Instance) => boolean,
): InstanceItem[] {
  const backups = new Map<string, number>();
  for (const { instanceId } of inventory.backups) backups.set(instanceId, (backups.get(instanceId) ?? 0) + 1);
  return inventory.instances.map((instance) => {
    const { id, name, engine, version, product = null, shards, vanished } = instance;
    const facts = { source, region, id, name, engine, version, product, shards };
    return { ...facts, backups: backups.get(id) ?? 0, selected: selects(instance), vanished };
  });
}

/** Every backup that the cloud shows, of one instance or of all that are selected, and whether it is archived. */
export async function listBackups(
  ports: ListPorts,
  instanceId: string | undefined,
  signal: AbortSignal,
): Promise<Listing<BackupItem>> {
  const targets = instanceId === undefined ? ports.targets : targetsOf(ports, instanceId);
  const found = await survey(targets, ports, { shard: WHOLE, now: ports.clock.now(), signal });
  const items = found.sources.flatMap(({ source, inventory, isArchived, selects }) => {
    const selected = new Set(inventory.instances.filter(selects).map(({ id }) => id));
    return inventory.backups
      .filter((backup) => selected.has(backup.instanceId))
      .map((backup): BackupItem => {
        const { id, state, type, startedAt } = backup;
        const place = { source: source.name, region: source.region, instanceId: backup.instanceId };
        return {
          ...place,
          id,
          state,
          type,
          startedAt,
          deadline: toInstant(deadlineOf(backup)),
          archived: isArchived(backup),
        };
      });
  });
  return listing(items, found, ports);
}

/** One instance in each source that may have it, filters aside. */
function targetsOf({ targets }: ListPorts, instanceId: string): Target[] {
  return targets.map(({ source }) => ({ source, selection: { ...EVERYTHING, instances: [instanceId] } }));
}

function listing<Item>(items: readonly Item[], found: Coverage, ports: ListPorts): Listing<Item> {
  const problems = found.failures.map(({ error }) => problem(error));
  const nothing = found.empty && !ports.policy.allowEmpty;
  const codes = new Set([...(problems.length > 0 || nothing ? [3] : []), ...(found.blind ? [10] : [])]);
  if (nothing && problems.length === 0) {
    problems.push({ message: 'no instance in any source', hint: 'Check the regions and the filters.' });
  }
  return { items, problems, exitCode: worstOf(codes) };
}

function problem({ message, hint }: ArchiverError): { message: string; hint: string } {
  return { message, hint };
}

function planItem({ source, instance, backup, decision }: Subject, seals: boolean): PlanItem {
  const kept = decision.action === 'archive' && backup.encrypted;
  return {
    source: source.name,
    region: source.region,
    instanceId: instance.id,
    instanceName: instance.name,
    backupId: backup.id,
    startedAt: backup.startedAt,
    deadline: toInstant(deadlineOf(backup)),
    action: decision.action,
    reason: decision.action === 'archive' ? null : decision.reason,
    key: kept ? (seals ? 'sealed' : 'not-kept') : null,
  };
}
