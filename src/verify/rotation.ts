/** Which archives a sample reads, and when such samples will have been through all: those never read first, then those not read for longest. */

/** One archive as the rotation sees it. Times are milliseconds since the epoch. */
export interface Turn {
  readonly startedAt: number;
  /** Bytes in the bucket. */
  readonly bytes: number;
  /** When it was last read, or tried in vain; absent: never. */
  readonly triedAt?: number;
  /** What came of it leaves a question open (damage, a failure): it is looked at again each time. */
  readonly suspect: boolean;
}

export interface SampleRule {
  /** Of all bytes, more than 0 and at the most 100. */
  readonly percent: number;
  readonly now: number;
  /** Milliseconds from one sample to the next. */
  readonly everyMs: number;
}

export interface Sample<Archive> {
  readonly chosen: readonly Archive[];
  /** Samples like this one, this one not counted, until every archive will have been read: see `Rotation.allReadBy`. */
  readonly samplesLeft: number;
  /** New archives come in faster than such samples read; so many percent would keep up. */
  readonly enoughPercent?: number;
}

/** An archive counts for so many bytes at the least: asking takes time, however small it is. */
const LEAST_BYTES = 1024 * 1024;

const DAY_MS = 24 * 3_600_000;

/** What came in within this long tells how much will. */
const ARRIVALS_MS = 28 * DAY_MS;

/** Sizes change: the forecast counts on a little less than a sample reads today. */
const CAUTION = 0.9;

/**
 * A share of the bytes and not of the archives, so that each sample costs about the same. Where both wait, archives that nobody has read
 * yet come first (their backup may still be in the cloud), but those not read for a whole round get half of the sample: neither starves.
 * Suspects are read besides, up to as much again. At least one archive is chosen, however large.
 */
export function chooseSample<Archive extends Turn>(
  archives: readonly Archive[],
  rule: SampleRule,
): Sample<Archive> {
  const all = archives.reduce((sum, archive) => sum + weightOf(archive), 0);
  const budget = Math.max(1, (all * rule.percent) / 100);
  const suspects = archives.filter(({ suspect }) => suspect).sort(byTurn);
  const again = takeFrom(queueOf(suspects), budget);
  const taken = new Set<Turn>(again);
  const waiting = waitingOf(archives.filter((archive) => !taken.has(archive)));
  const roundMs = Math.ceil(100 / rule.percent) * rule.everyMs;
  const chosen = turn(waiting, { budget, now: rule.now, roundMs });
  const incoming = incomingBytes(archives, rule);
  const keepsUp = incoming <= budget * CAUTION;
  return {
    chosen: [...again, ...chosen],
    samplesLeft: forecast(waiting, { budget: budget * CAUTION, incoming, roundMs, ...rule }),
    // Half of what is read then is new, the other half keeps the round going.
    ...(!keepsUp && { enoughPercent: Math.min(100, Math.ceil((200 * incoming) / all)) }),
  };
}

/** Archives in the order of their turn; what is taken moves the head, what was read comes to the end again. */
interface Queue<Archive> {
  readonly items: Archive[];
  head: number;
}

interface Waiting<Archive> {
  readonly unread: Queue<Archive>;
  /** Oldest first, each with the time since when it waits. */
  readonly read: Queue<{ readonly archive: Archive; readonly since: number }>;
}

function waitingOf<Archive extends Turn>(archives: readonly Archive[]): Waiting<Archive> {
  const sorted = archives.toSorted(byTurn);
  return {
    unread: queueOf(sorted.filter(({ triedAt }) => triedAt === undefined)),
    read: queueOf(
      sorted.flatMap((archive) =>
        archive.triedAt === undefined ? [] : [{ archive, since: archive.triedAt }],
      ),
    ),
  };
}

/** What one sample takes at `now`; each of it waits anew from then on. */
function turn<Archive extends Turn>(
  { unread, read }: Waiting<Archive>,
  { budget, now, roundMs }: { readonly budget: number; readonly now: number; readonly roundMs: number },
): Archive[] {
  const taken: Archive[] = [];
  let left = budget;
  const take = (archive: Archive): void => {
    taken.push(archive);
    left -= weightOf(archive);
  };
  const takeRead = (until: number, waitsSince: number): void => {
    for (let next = read.items[read.head]; next && left > until; next = read.items[read.head]) {
      if (next.since > waitsSince) break;
      read.head += 1;
      take(next.archive);
    }
  };
  takeRead(budget / 2, now - roundMs);
  // However large the last one was: else archives that are larger than a sample would keep the new ones waiting for ever.
  for (const archive of takeFrom(unread, Math.max(left, budget / 2))) take(archive);
  takeRead(0, now - 1);
  for (const archive of taken) read.items.push({ archive, since: now });
  return taken;
}

/** As many as it takes to fill the budget, the last one over its edge. */
function takeFrom<Archive extends Turn>(queue: Queue<Archive>, budget: number): Archive[] {
  const taken: Archive[] = [];
  for (let left = budget; left > 0; ) {
    const next = queue.items[queue.head];
    if (next === undefined) break;
    queue.head += 1;
    left -= weightOf(next);
    taken.push(next);
  }
  return taken;
}

interface Pace extends SampleRule {
  readonly budget: number;
  /** Bytes that come in from one sample to the next. */
  readonly incoming: number;
  readonly roundMs: number;
}

/** Lets the samples to come take their turns, by the very rule that they will follow. */
function forecast<Archive extends Turn>(waiting: Waiting<Archive>, pace: Pace): number {
  const { unread, read } = waiting;
  const open = new Set<Turn>(
    unread.head < unread.items.length
      ? unread.items.slice(unread.head)
      : read.items.slice(read.head).flatMap(({ archive, since }) => (since < pace.now ? [archive] : [])),
  );
  const queues: Waiting<Turn> = {
    unread: { items: [...unread.items], head: unread.head },
    read: { items: [...read.items], head: read.head },
  };
  let samples = 0;
  while (open.size > 0) {
    samples += 1;
    const now = pace.now + samples * pace.everyMs;
    if (pace.incoming > 0) queues.unread.items.push({ startedAt: now, bytes: pace.incoming, suspect: false });
    for (const archive of turn(queues, { ...pace, now })) open.delete(archive);
  }
  return samples;
}

function queueOf<Archive>(items: readonly Archive[]): Queue<Archive> {
  return { items: [...items], head: 0 };
}

/** Never tried ones first, by age; then by when they were tried. */
function byTurn(one: Turn, other: Turn): number {
  const never = Number.NEGATIVE_INFINITY;
  const [tried, otherTried] = [one.triedAt ?? never, other.triedAt ?? never];
  return tried === otherTried ? one.startedAt - other.startedAt : tried < otherTried ? -1 : 1;
}

function weightOf({ bytes }: Turn): number {
  return Math.max(bytes, LEAST_BYTES);
}

/** From one sample to the next, at the pace of the last weeks (of those that there are). */
function incomingBytes(archives: readonly Turn[], { now, everyMs }: SampleRule): number {
  const recent = archives.filter(({ startedAt }) => startedAt > now - ARRIVALS_MS);
  const oldest = recent.reduce((least, { startedAt }) => Math.min(least, startedAt), now - DAY_MS);
  const bytes = recent.reduce((sum, archive) => sum + weightOf(archive), 0);
  return (bytes * everyMs) / (now - oldest);
}
