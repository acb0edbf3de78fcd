/** Which archives a sample of drills may take: all of them at a few bytes each, and what came of those that were drilled before. */
import pLimit from 'p-limit';
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { createRoll, type RollOfInstance } from '../catalog/roll.ts';
import { allOrFirstError } from '../domain/all-or-first-error.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import { ArchiverError } from '../domain/errors.ts';
import { dayOf, type Instant, toInstant } from '../domain/instant.ts';
import type { Drilled, DrillRecords } from './record.ts';
import { rotation } from './sample.ts';

/** An archive by its place on the roll, since who has all of them holds the keys of none. */
interface Due {
  readonly instance: RollOfInstance;
  readonly place: number;
}

interface DueAgain extends Due {
  readonly backupId: string;
  readonly startedAt: Instant;
  readonly drilledAt: Instant;
}

export interface DrillSurvey {
  /** How many archives there are that may be drilled. */
  readonly archives: number;
  /** What a newer version has written of archives: those are left to it. */
  readonly foreign: readonly ArchiverError[];
  /** The latest drill of each archive that was drilled, and is there. */
  readonly known: Map<string, Drilled>;
  /** In the order in which they are due. One listing of a day each; what has gone meanwhile is passed over. */
  due(signal: AbortSignal): AsyncIterable<CatalogEntry>;
}

/** Records are small: reading them is all latency. */
const RECORDS_AT_ONCE = 16;

export async function surveyDrills(
  { catalog, records }: { readonly catalog: Catalog; readonly records: DrillRecords },
  signal: AbortSignal,
): Promise<DrillSurvey> {
  const roll = createRoll();
  for await (const { ref } of catalog.entries(undefined, undefined, { signal })) roll.add(ref);
  const recorded: ArchiveRef[] = [];
  for await (const ref of records.refs({ signal }))
    if (roll.positionOf(ref) !== undefined) recorded.push(ref);

  const known = new Map<string, Drilled>();
  const foreign: ArchiverError[] = [];
  const again = new Map<RollOfInstance, Map<number, DueAgain>>();
  const left = new Map<RollOfInstance, Set<number>>();
  const limit = pLimit(RECORDS_AT_ONCE);
  await allOrFirstError(signal, (inner) =>
    recorded.map((ref) =>
      limit(async () => {
        const instance = roll.instance(ref.source, ref.instanceId);
        const place = instance?.placeOf(ref);
        if (instance === undefined || place === undefined) return;
        const last = await records.find(ref, { signal: inner }).catch((error: unknown) => {
          if (!(error instanceof ArchiverError) || error.code !== 'newer-version') throw error;
          foreign.push(error);
          left.set(instance, (left.get(instance) ?? new Set()).add(place));
          return undefined;
        });
        if (last === undefined) return;
        known.set(idOf(ref), { ...ref, ...last });
        const { backupId, startedAt } = ref;
        const places = again.get(instance) ?? new Map<number, DueAgain>();
        again.set(instance, places.set(place, { instance, place, backupId, startedAt, drilledAt: last.at }));
      }),
    ),
  );

  async function* due(inner: AbortSignal): AsyncGenerator<CatalogEntry> {
    const queues = [...roll.instances()].map((instance) => {
      const drilled = again.get(instance) ?? new Map<number, DueAgain>();
      const { source, instanceId } = instance;
      const isOut = (place: number) => drilled.has(place) || left.get(instance)?.has(place) === true;
      return { source, instanceId, never: neverDrilled(instance, isOut), drilled: [...drilled.values()] };
    });
    for (const { instance, place } of rotation<Due, DueAgain>(queues)) {
      const day = dayOf(toInstant(instance.startedAt(place) * 1000));
      for await (const entry of catalog.entries(instance.source, [day], { signal: inner })) {
        const isIt = entry.ref.instanceId === instance.instanceId && instance.placeOf(entry.ref) === place;
        if (!isIt) continue;
        yield entry;
        break;
      }
    }
  }
  return { archives: roll.size - foreign.length, known, foreign, due };
}

function* neverDrilled(instance: RollOfInstance, isOut: (place: number) => boolean): Generator<Due> {
  for (let place = instance.size - 1; place >= 0; place -= 1) if (!isOut(place)) yield { instance, place };
}

export function idOf({
  source,
  instanceId,
  backupId,
}: Pick<ArchiveRef, 'source' | 'instanceId' | 'backupId'>): string {
  return `${source}\n${instanceId}\n${backupId}`;
}
