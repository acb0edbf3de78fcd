/**
 * How the cloud is set to make, keep, encrypt and hand out backups: asked once a day, of a part of the instances in turn, and told as long as it
 * is known.
 */
import pLimit from 'p-limit';
import type { KnownSettings, SettingsRecords } from '../catalog/settings-records.ts';
import {
  type InstanceSettings,
  RESTRICTION_HINT,
  restrictionTrouble,
  SETTING_HINTS,
  type SettingKind,
  type SettingsContext,
  troublesOf,
} from '../domain/backup-settings.ts';
import { asArchiverError } from '../domain/errors.ts';
import { toEpoch, toInstant } from '../domain/instant.ts';
import type { StatusWarning } from '../domain/status.ts';
import type { SettingsSource, Source } from '../source/source.ts';

export interface SettingsPorts {
  readonly records: SettingsRecords;
  readonly clock: { now(): number };
  /** Of a source, by its name. */
  readonly context: (source: string) => Promise<SettingsContext>;
}

/** An hour of slack, so that a status at the same minute each day asks each day. */
const ASKED_AGAIN_MS = 23 * 3_600_000;

/** Two calls each, a day and source: with a quota of 20 calls a second and four fifths of it for us, some twelve seconds. */
const INSTANCES_A_DAY = 100;
const AT_ONCE = 4;

/** Named in a warning; the rest is counted. */
const MOST_NAMED = 5;

/**
 * Asks where nobody has for a day, if it can be written down that somebody does: who may not write (a reader's keys) asks nothing, and tells what
 * others have found. What fails tells nothing: it is asked again tomorrow, and `check` says why. Rejects with the signal's reason alone.
 */
export async function settingsWarnings(
  source: Source,
  instanceIds: readonly string[],
  ports: SettingsPorts,
  signal: AbortSignal,
): Promise<StatusWarning[]> {
  if (source.settings === undefined) return [];
  try {
    const known = await current(source.settings, source.name, instanceIds, ports, signal);
    if (known === undefined) return [];
    const network = known.restriction && (await source.settings.network(signal));
    const about = { source: source.name, instanceIds, ...(network && { network }) };
    return warningsOf(known, about, await ports.context(source.name));
  } catch (thrown) {
    signal.throwIfAborted();
    if (asArchiverError(thrown).code === 'internal') throw thrown;
    return [];
  }
}

async function current(
  settings: SettingsSource,
  source: string,
  instanceIds: readonly string[],
  { records, clock }: SettingsPorts,
  signal: AbortSignal,
): Promise<KnownSettings | undefined> {
  const known = await records.find(source, { signal });
  const age = clock.now() - (known ? toEpoch(known.askedAt) : Number.NEGATIVE_INFINITY);
  if (age >= 0 && age < ASKED_AGAIN_MS) return known;
  const before = known?.instances ?? {};
  const claim: KnownSettings = {
    askedAt: toInstant(clock.now()),
    ...(known?.restriction && { restriction: known.restriction }),
    // What the cloud no longer has goes.
    instances: Object.fromEntries(Object.entries(before).filter(([id]) => instanceIds.includes(id))),
  };
  const isKept = async (what: KnownSettings): Promise<boolean> => {
    try {
      await records.keep(source, what, { signal });
      return true;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  };
  // First of all: two statuses at once ask once, and one that may not write never asks.
  if (!(await isKept(claim))) return known;
  const asked = await ask(settings, longestUnasked(instanceIds, claim), clock, signal);
  const found: KnownSettings = { ...claim, ...asked, instances: { ...claim.instances, ...asked.instances } };
  await isKept(found);
  return found;
}

/** Those never asked first, then those asked longest ago. */
function longestUnasked(ids: readonly string[], { instances }: KnownSettings): string[] {
  return [...ids]
    .sort((one, other) => ((instances[one]?.at ?? '') < (instances[other]?.at ?? '') ? -1 : 1))
    .slice(0, INSTANCES_A_DAY);
}

async function ask(
  settings: SettingsSource,
  ids: readonly string[],
  clock: SettingsPorts['clock'],
  signal: AbortSignal,
): Promise<Pick<KnownSettings, 'restriction' | 'instances'>> {
  const restriction = await orNothing(settings.restriction(signal), signal);
  const limit = pLimit(AT_ONCE);
  let refused = false;
  const answers = await Promise.all(
    ids.map((id) =>
      limit(async () => {
        // A permission that is missing is missing for all.
        const found = refused ? undefined : await orNothing(settings.ofInstance(id, signal), signal);
        refused ||= found === undefined;
        return found && ([id, { ...found, at: toInstant(clock.now()) }] as const);
      }),
    ),
  );
  return {
    ...(restriction && { restriction }),
    instances: Object.fromEntries(answers.flatMap((answer) => (answer ? [answer] : []))),
  };
}

async function orNothing<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    signal.throwIfAborted();
    if (asArchiverError(thrown).code === 'internal') throw thrown;
    return undefined;
  }
}

/** One for each kind of trouble, whatever the number of instances. */
function warningsOf(
  { instances, restriction }: KnownSettings,
  about: {
    readonly source: string;
    readonly instanceIds: readonly string[];
    readonly network?: 'intranet' | 'extranet';
  },
  context: SettingsContext,
): StatusWarning[] {
  const limited = restriction && about.network && restrictionTrouble(restriction, about.network);
  const found = Object.entries(instances)
    .filter(([id]) => about.instanceIds.includes(id))
    .flatMap(([id, settings]) =>
      troublesOf(settings as InstanceSettings, context).map((trouble) => ({ id, ...trouble })),
    );
  const byKind = Map.groupBy(found, ({ kind }) => kind);
  return [
    ...(limited ? [{ message: `${about.source}: ${limited}`, hint: RESTRICTION_HINT }] : []),
    ...[...byKind].map(([kind, each]) => warning(kind, each, about.source)),
  ];
}

function warning(
  kind: SettingKind,
  each: readonly { readonly id: string; readonly detail: string }[],
  source: string,
): StatusWarning {
  const named = each.slice(0, MOST_NAMED).map(({ id, detail }) => `${id} ${detail}`);
  const rest = each.length - named.length;
  const more = rest === 0 ? '' : `; and ${rest} more`;
  return { message: `${source}: ${named.join('; ')}${more}`, hint: SETTING_HINTS[kind] };
}
