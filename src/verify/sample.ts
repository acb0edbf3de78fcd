/** Which archives a sample reads, out of what is kept of earlier verifications, and how far the samples have come. */
import type { CatalogEntry } from '../catalog/catalog.ts';
import { isDamage } from '../catalog/verify-archive.ts';
import type { Clock } from '../domain/clock.ts';
import { dayOf, type Instant, toEpoch, toInstant } from '../domain/instant.ts';
import type { VerifyRun } from '../domain/verification.ts';
import { type DataPorts, sizesOf } from './listed-data.ts';
import type { Rotation } from './report.ts';
import { chooseSample, type Turn } from './rotation.ts';
import type { Verifications, Verified, VerifiedBefore } from './verifications.ts';

export interface SamplePorts extends DataPorts {
  readonly verifications: Verifications;
  readonly clock: Pick<Clock, 'now'>;
}

export interface SampleOfArchives {
  readonly chosen: readonly CatalogEntry[];
  /** What is not known any more of earlier verifications, in sentences. */
  readonly lost: readonly string[];
  /** With what came of those that were chosen, by their manifests' keys. */
  rotation(found: ReadonlyMap<string, Verified>): Rotation;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Fewer samples say nothing of how often they are taken. */
const GAPS_NEEDED = 3;

/** `everything`: no archive was left out, so that the samples taken before were of the same. */
export async function sampleOf(
  entries: readonly CatalogEntry[],
  { percent, everything }: { readonly percent: number; readonly everything: boolean },
  ports: SamplePorts,
  signal: AbortSignal,
): Promise<SampleOfArchives> {
  const { verifications, clock } = ports;
  const now = clock.now();
  const sizes = await sizesOf(entries, ports, signal);
  const before = await verifications.load(refsOf(entries), { signal });
  const runs = everything ? await verifications.runs({ signal }) : [];
  const taken = runs.filter((run) => run.percent !== undefined);
  const archives = entries.map((entry) => archiveOf(entry, sizes, before, now));
  const pace = paceOf(taken, now);
  const sample = chooseSample(archives, { percent, now, everyMs: pace.everyMs });

  return {
    chosen: sample.chosen.map(({ entry }) => entry),
    lost: lostOf(before, archives, taken),
    rotation(found) {
      const latest = archives.map(({ entry }) => found.get(entry.key) ?? before.of(entry.ref));
      const read = latest.flatMap((verified) => (wasRead(verified) ? [verified.at] : []));
      const neverRead = latest.length - read.length;
      return {
        percent,
        everyHours: Math.round((pace.everyMs / HOUR_MS) * 10) / 10,
        observed: pace.observed,
        archives: archives.length,
        bytes: archives.reduce((sum, { bytes }) => sum + bytes, 0),
        neverRead,
        ...(neverRead === 0 && read.length > 0 && { readSince: earliest(read) }),
        allReadBy: dayOf(toInstant(now + sample.samplesLeft * pace.everyMs)),
        ...(sample.enoughPercent !== undefined && { enoughPercent: sample.enoughPercent }),
      };
    },
  };
}

interface Sampled extends Turn {
  readonly entry: CatalogEntry;
}

function archiveOf(
  entry: CatalogEntry,
  sizes: ReadonlyMap<string, number>,
  before: VerifiedBefore,
  now: number,
): Sampled {
  const known = before.of(entry.ref);
  // A clock that was wrong once must not put an archive off for ever.
  const verified = known && toEpoch(known.at) <= now ? known : undefined;
  return {
    entry,
    startedAt: toEpoch(entry.ref.startedAt),
    bytes: sizes.get(entry.key) ?? 0,
    suspect: verified !== undefined && (isDamage(verified.result) || verified.result === 'unreadable'),
    ...(verified && { triedAt: toEpoch(verified.at) }),
  };
}

/** Tried in vain is not read. */
function wasRead(verified: Verified | undefined): verified is Verified {
  return verified !== undefined && !verified.result.startsWith('unreadable');
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

function lostOf(
  { lost, of }: VerifiedBefore,
  archives: readonly Sampled[],
  taken: readonly VerifyRun[],
): readonly string[] {
  if (lost.length > 0 || taken.length === 0 || archives.some(({ entry }) => of(entry.ref))) return lost;
  return ['samples were taken before, and no record of what they read is left'];
}

function* refsOf(entries: readonly CatalogEntry[]) {
  for (const { ref } of entries) yield ref;
}

function earliest(instants: readonly Instant[]): Instant {
  return instants.reduce((least, instant) => (instant < least ? instant : least));
}
