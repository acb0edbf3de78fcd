/** Tries each action that archiving needs once, on whatever instance is at hand: what `check` asks of a source. */
import type { Backup, BackupFile } from '../domain/backup.ts';
import { type ArchiverError, asArchiverError } from '../domain/errors.ts';
import type { Instance } from '../domain/instance.ts';
import type { Checkup, CheckupRequest, TriedAction } from './source.ts';

/** How a dialect asks: one call each. */
export interface CheckupCalls {
  readonly instances: {
    readonly action: string;
    list(ids: readonly string[] | undefined, signal: AbortSignal): Promise<readonly Instance[]>;
  };
  readonly backups: {
    readonly action: string;
    /** Whether it can be asked for a whole region. */
    readonly ofRegion: boolean;
    list(instanceId: string | undefined, signal: AbortSignal): Promise<readonly Backup[]>;
  };
  readonly links: {
    readonly action: string;
    /** Whether asking for this instance's links changes nothing. */
    harmless(instance: Instance): boolean;
    ask(backup: Backup, signal: AbortSignal): Promise<readonly BackupFile[]>;
  };
  /** Where the dialect knows of keys: what hands them out. Its answer is looked at by nobody here. */
  readonly keys?: {
    readonly action: string;
    ask(backup: Backup, signal: AbortSignal): Promise<unknown>;
  };
  /** For the answer: who is asked. */
  readonly host: string;
  /** What archiving may call besides, and a check may not. */
  readonly untried?: TriedAction;
  /** The cloud's clock minus ours, in milliseconds, as the last answer showed it. */
  skewMs(): number | undefined;
}

/** So many instances are looked at for one that has a backup to try. */
const INSTANCES_TRIED = 5;

interface Sample {
  readonly instance: Instance;
  readonly backup: Backup;
}

/** Rejects only with the signal's reason. */
export async function checkup(calls: CheckupCalls, request: CheckupRequest): Promise<Checkup> {
  const { signal } = request;
  const attempt = async <Result>(work: Promise<Result>): Promise<Result | ArchiverError> => {
    try {
      return await work;
    } catch (error) {
      signal.throwIfAborted();
      return asArchiverError(error);
    }
  };

  const actions: TriedAction[] = [];
  const listed = await attempt(calls.instances.list(request.instanceIds, signal));
  const instances = Array.isArray(listed) ? listed.filter(request.selects) : [];
  const ids = instances.map(({ id }) => id);
  actions.push(tried(calls.instances.action, listed));

  const sample = await attempt(findSample(calls, instances, signal));
  const hasAsked = instances.length > 0 || calls.backups.ofRegion;
  actions.push(
    hasAsked
      ? tried(calls.backups.action, sample)
      : { action: calls.backups.action, untried: 'there is no instance to ask it for' },
  );

  const keys = request.keys ? calls.keys : undefined;
  if (sample === undefined || sample instanceof Error) {
    const untried = 'there is no backup at hand to ask it for';
    const rest = [calls.links, ...(keys ? [keys] : [])].map(({ action }) => ({ action, untried }));
    return about({ actions: [...actions, ...rest], instances: ids }, calls);
  }
  const files = await attempt(calls.links.ask(sample.backup, signal));
  actions.push(tried(calls.links.action, files));
  if (keys) actions.push(tried(keys.action, await attempt(keys.ask(sample.backup, signal))));
  return about(
    { actions, instances: ids, ...(files instanceof Error ? {} : { sample: { ...sample, files } }) },
    calls,
  );
}

async function findSample(
  { backups, links }: CheckupCalls,
  instances: readonly Instance[],
  signal: AbortSignal,
): Promise<Sample | undefined> {
  // One call at least, so that the permission is tried even where nothing can come of it.
  const harmless = instances.filter((instance) => links.harmless(instance));
  const candidates = [...harmless, ...instances].slice(
    0,
    Math.max(1, Math.min(harmless.length, INSTANCES_TRIED)),
  );
  if (candidates.length === 0 && backups.ofRegion) await backups.list(undefined, signal);
  for (const instance of candidates) {
    const found = await backups.list(instance.id, signal);
    const backup = found.find(({ state }) => state === 'available');
    if (backup !== undefined && links.harmless(instance)) return { instance, backup };
  }
  return undefined;
}

function tried(action: string, result: unknown): TriedAction {
  return { action, ...(result instanceof Error ? { error: asArchiverError(result) } : {}) };
}

function about(found: Omit<Checkup, 'skewMs' | 'host'>, { skewMs, host, untried }: CheckupCalls): Checkup {
  const skew = skewMs();
  const actions = untried ? [...found.actions, untried] : found.actions;
  return { ...found, actions, host, ...(skew === undefined ? {} : { skewMs: skew }) };
}
