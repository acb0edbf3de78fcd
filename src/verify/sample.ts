/** Which archives a sample reads, out of what is kept of earlier verifications, and how far the samples have come. */
import type { Catalog, CatalogEntry } from '../catalog/catalog.ts';
import { isWanted, oldestFirst, type WantedArchives } from '../catalog/each-archive.ts';
import { createRoll, type Roll } from '../catalog/roll.ts';
import { isDamage } from '../catalog/verify-archive.ts';
import type { ArchiveRef } from '../domain/archive-key.ts';
import type { Clock } from '../domain/clock.ts';
import { dayOf, toEpoch, toInstant } from '../domain/instant.ts';
import type { VerifyRun } from '../domain/verification.ts';
import { type DataPorts, listData } from './listed-data.ts';
import type { Rotation } from './report.ts';
import { chooseSample, type Turns } from './rotation.ts';
import type { Verifications, Verified } from './verifications.ts';

export interface SamplePorts extends DataPorts {
  readonly catalog: Pick<Catalog, 'entries'>;
  readonly verifications: Verifications;
  readonly clock: Pick<Clock, 'now'>;
}

export interface SampleOfArchives {
  /** All that there are, those that were not chosen too. */
  readonly roll: Roll;
  /** The oldest first. */
  chosen(signal: AbortSignal): AsyncIterable<CatalogEntry>;
  /** What is not known any more of earlier verifications, in sentences. */
  readonly lost: readonly string[];
  /** Of one that was chosen, and has been looked at. */
  note(ref: ArchiveRef, verified: Verified): void;
  /** With what came of those that were noted. */
  rotation(): Rotation;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Fewer samples say nothing of how often they are taken. */
const GAPS_NEEDED = 3;

/** `everything`: no archive was left out, so that the samples taken before were of the same. */
export async function sampleOf(
  wanted: WantedArchives,
  { percent, everything }: { readonly percent: number; readonly everything: boolean },
  ports: SamplePorts,
  signal: AbortSignal,
): Promise<SampleOfArchives> {
  const { verifications, clock, catalog } = ports;
  const now = clock.now();
  const { roll, days } = await call(wanted, ports, signal);
  const archives = createArchives(roll, now);
  await weigh(archives, wanted, ports, signal);
  const lost: string[] = [];
  for (const [source, own] of days)
    for (const month of new Set([...own].map((day) => day.slice(0, 7)))) {
      const problem = await verifications.known(source, month, archives.enter, { signal });
      if (problem !== undefined) lost.push(problem);
    }
  const taken = (everything ? await verifications.runs({ signal }) : []).filter(
    (run) => run.percent !== undefined,
  );
  const pace = paceOf(taken, now);
  const sample = chooseSample(archives, { percent, now, everyMs: pace.everyMs });
  const chosen = new Set(sample.chosen);

  return {
    roll,
    lost:
      lost.length > 0 || taken.length === 0 || archives.known()
        ? lost
        : ['samples were taken before, and no record of what they read is left'],
    chosen: (inner) =>
      oldestFirst(
        catalog,
        daysOfChosen(chosen, archives, roll, days),
        ({ ref }) => chosen.has(roll.positionOf(ref) ?? -1),
        { signal: inner },
      ),
    note: archives.enter,
    rotation() {
      const { count, since } = archives.read();
      return {
        percent,
        everyHours: Math.round((pace.everyMs / HOUR_MS) * 10) / 10,
        observed: pace.observed,
        archives: archives.count,
        bytes: archives.total(),
        neverRead: archives.count - count,
        ...(count === archives.count && since !== undefined && { readSince: toInstant(since) }),
        allReadBy: dayOf(toInstant(now + sample.samplesLeft * pace.everyMs)),
        ...(sample.enoughPercent !== undefined && { enoughPercent: sample.enoughPercent }),
      };
    },
  };
}

type Days = ReadonlyMap<string, ReadonlySet<string>>;

/** All archives that are wanted, and on which days each source has some. */
async function call(
  wanted: WantedArchives,
  { catalog }: SamplePorts,
  signal: AbortSignal,
): Promise<{ readonly roll: Roll; readonly days: Days }> {
  const roll = createRoll();
  const days = new Map<string, Set<string>>();
  for await (const { ref } of catalog.entries(undefined, undefined, { signal })) {
    if (!isWanted(wanted, ref)) continue;
    roll.add(ref);
    const own = days.get(ref.source) ?? new Set<string>();
    days.set(ref.source, own.add(dayOf(ref.startedAt)));
  }
  return { roll, days };
}

async function weigh(
  archives: Archives,
  { instanceId }: WantedArchives,
  ports: SamplePorts,
  signal: AbortSignal,
): Promise<void> {
  for await (const { key, size } of listData(archives.sources, instanceId, ports, signal)) {
    const ref = ports.layout.parseDataKey(key);
    if (ref !== undefined) archives.weigh(ref, size);
  }
}

/** Above this share of all days one listing of all is cheaper than one a day. */
const MOST_DAYS = 1 / 3;

/** The days that have chosen archives, of each source that has some; undefined for all of its days. */
function daysOfChosen(
  chosen: ReadonlySet<number>,
  archives: Archives,
  roll: Roll,
  days: Days,
): Map<string, readonly string[] | undefined> {
  const own = new Map<string, Set<string>>();
  for (const { source, offset, size } of roll.instances()) {
    const some = own.get(source) ?? new Set<string>();
    for (let position = offset; position < offset + size; position += 1)
      if (chosen.has(position)) some.add(dayOf(toInstant(archives.startedAt(position))));
    if (some.size > 0) own.set(source, some);
  }
  return new Map(
    [...own].map(([source, some]) => {
      const all = days.get(source) ?? new Set();
      // What a clock that was wrong has dated beyond the roll's times lies on a day that nobody can tell from it.
      const few = some.size <= all.size * MOST_DAYS && [...some].every((day) => all.has(day));
      return [source, few ? [...some].sort() : undefined];
    }),
  );
}

/** What is known of all archives, in columns: nine bytes each besides the roll's eight. */
interface Archives extends Turns {
  readonly sources: ReadonlySet<string>;
  weigh(ref: ArchiveRef, bytes: number): void;
  enter(ref: ArchiveRef, verified: Verified): void;
  /** Bytes of all. */
  total(): number;
  /** Whether anything is known of any. */
  known(): boolean;
  /** How many were read; of all these, when the one that was not read for longest was: milliseconds since the epoch. */
  read(): { readonly count: number; readonly since: number | undefined };
}

/** `tried`: no longer ago than now. `read`: and not in vain. */
const [TRIED, READ, SUSPECT] = [1, 2, 4];

function createArchives(roll: Roll, now: number): Archives {
  const started = new Uint32Array(roll.size);
  const bytes = new Float32Array(roll.size);
  const at = new Uint32Array(roll.size);
  const flags = new Uint8Array(roll.size);
  const sources = new Set<string>();
  for (const instance of roll.instances()) {
    sources.add(instance.source);
    for (let place = 0; place < instance.size; place += 1)
      started[instance.offset + place] = instance.startedAt(place);
  }
  const is = (position: number, flag: number) => ((flags[position] ?? 0) & flag) !== 0;
  let total = 0;
  let known = false;
  return {
    count: roll.size,
    sources,
    startedAt: (position) => (started[position] ?? 0) * 1000,
    bytes: (position) => bytes[position] ?? 0,
    triedAt: (position) => (is(position, TRIED) ? (at[position] ?? 0) * 1000 : undefined),
    suspect: (position) => is(position, SUSPECT),
    weigh(ref, size) {
      const position = roll.positionOf(ref);
      if (position === undefined) return;
      bytes[position] = (bytes[position] ?? 0) + size;
      total += size;
    },
    enter(ref, { at: instant, result }) {
      const position = roll.positionOf(ref);
      if (position === undefined) return;
      const milliseconds = toEpoch(instant);
      known = true;
      at[position] = Math.floor(milliseconds / 1000);
      // A clock that was wrong once must not put an archive off for ever. Tried in vain is not read.
      const tried = milliseconds <= now;
      const suspect = tried && (isDamage(result) || result === 'unreadable');
      flags[position] =
        (tried ? TRIED : 0) | (result.startsWith('unreadable') ? 0 : READ) | (suspect ? SUSPECT : 0);
    },
    total: () => total,
    known: () => known,
    read() {
      let count = 0;
      let since: number | undefined;
      for (let position = 0; position < roll.size; position += 1) {
        if (!is(position, READ)) continue;
        count += 1;
        since = Math.min(since ?? Number.POSITIVE_INFINITY, (at[position] ?? 0) * 1000);
      }
      return { count, since };
    },
  };
}

/** The middle one of the times between the last samples; those at once count as one. A day where there were too few. */
function paceOf(
  taken: readonly VerifyRun[],
  now: number,
): { readonly everyMs: number; readonly observed: boolean } {
  const times = [...taken.map(({ at }) => toEpoch(at)), now];
  const gaps = times
    .slice(1)
    .map((time, index) => time - (times[index] ?? time))
    .filter((gap) => gap >= HOUR_MS)
    .sort((one, other) => one - other);
  const middle = gaps[Math.floor(gaps.length / 2)];
  return middle === undefined || gaps.length < GAPS_NEEDED
    ? { everyMs: DAY_MS, observed: false }
    : { everyMs: middle, observed: true };
}
