/** Which archives a sample reads, and when such samples will have been through all: those never read first, then those not read for longest. */

/** Archives as the rotation sees them, by position: there may be millions, so each is a few numbers. Times are milliseconds since the epoch. */
export interface Turns {
  readonly count: number;
  startedAt(position: number): number;
  /** In the bucket. */
  bytes(position: number): number;
  /** When it was last read, or tried in vain; undefined: never. */
  triedAt(position: number): number | undefined;
  /** What came of it leaves a question open (damage, a failure): it is looked at again each time. */
  suspect(position: number): boolean;
}

export interface SampleRule {
  /** Of all bytes, more than 0 and at the most 100. */
  readonly percent: number;
  readonly now: number;
  /** Milliseconds from one sample to the next. */
  readonly everyMs: number;
}

export interface Sample {
  /** Positions. */
  readonly chosen: readonly number[];
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

/** With more archives than this the forecast lets several of them take their turn as one. */
const FORECAST_ITEMS = 100_000;

/**
 * A share of the bytes and not of the archives, so that each sample costs about the same. Where both wait, archives that nobody has read
 * yet come first (their backup may still be in the cloud), but those not read for a whole round get half of the sample: neither starves.
 * Suspects are read besides, up to as much again. At least one archive is chosen, however large.
 */
export function chooseSample(turns: Turns, rule: SampleRule): Sample {
  const weightAt = (position: number): number => Math.max(turns.bytes(position), LEAST_BYTES);
  let all = 0;
  for (let position = 0; position < turns.count; position += 1) all += weightAt(position);
  const budget = Math.max(1, (all * rule.percent) / 100);

  const taken = new Set<number>();
  const suspects = inTurn(turns, (position) => turns.suspect(position));
  for (let left = budget, next = 0; left > 0 && next < suspects.length; next += 1) {
    taken.add(suspects[next] ?? 0);
    left -= weightAt(suspects[next] ?? 0);
  }
  const waits = (read: boolean) => (position: number) =>
    (turns.triedAt(position) !== undefined) === read && !taken.has(position);
  const unread = queueOf(inTurn(turns, waits(false)), weightAt, () => 0);
  const read = queueOf(inTurn(turns, waits(true)), weightAt, (position) => turns.triedAt(position) ?? 0);

  const roundMs = Math.ceil(100 / rule.percent) * rule.everyMs;
  const chosen = [...taken];
  const now: number[] = [];
  turn({ unread, read }, { budget, now: rule.now, roundMs }, (weight, position) => {
    chosen.push(position);
    now.push(weight);
  });
  const incoming = incomingBytes(turns, weightAt, rule);
  const keepsUp = incoming <= budget * CAUTION;
  return {
    chosen,
    samplesLeft: forecast({ unread, read }, now, { budget: budget * CAUTION, incoming, roundMs, ...rule }),
    // Half of what is read then is new, the other half keeps the round going.
    ...(!keepsUp && { enoughPercent: Math.min(100, Math.ceil((200 * incoming) / all)) }),
  };
}

/** Archives, or several as one, in the order of their turn. */
interface Queue {
  readonly left: number;
  /** Of the first one; undefined where none is left. */
  weight(): number | undefined;
  /** Since when the first one waits. */
  since(): number;
  /** The first one goes; what it is called by. */
  take(): number;
}

interface Waiting {
  readonly unread: Queue;
  /** Oldest first. */
  readonly read: Queue;
}

function queueOf(
  positions: Uint32Array,
  weightAt: (position: number) => number,
  sinceAt: (position: number) => number,
): Queue {
  let head = 0;
  const first = () => positions[head] ?? 0;
  return {
    get left() {
      return positions.length - head;
    },
    weight: () => (head < positions.length ? weightAt(first()) : undefined),
    since: () => sinceAt(first()),
    take() {
      head += 1;
      return positions[head - 1] ?? 0;
    },
  };
}

/** What one sample takes at `now`. */
function turn(
  { unread, read }: Waiting,
  { budget, now, roundMs }: { readonly budget: number; readonly now: number; readonly roundMs: number },
  onTaken: (weight: number, position: number) => void,
): void {
  let left = budget;
  const take = (queue: Queue, weight: number): void => {
    left -= weight;
    onTaken(weight, queue.take());
  };
  const takeRead = (until: number, waitsSince: number): void => {
    for (let weight = read.weight(); weight !== undefined && left > until; weight = read.weight()) {
      if (read.since() > waitsSince) break;
      take(read, weight);
    }
  };
  takeRead(budget / 2, now - roundMs);
  // However large the last one was: else archives that are larger than a sample would keep the new ones waiting for ever.
  let forUnread = Math.max(left, budget / 2);
  for (let weight = unread.weight(); weight !== undefined && forUnread > 0; weight = unread.weight()) {
    forUnread -= weight;
    take(unread, weight);
  }
  takeRead(0, now - 1);
}

interface Pace extends SampleRule {
  readonly budget: number;
  /** Bytes that come in from one sample to the next. */
  readonly incoming: number;
  readonly roundMs: number;
}

/** Lets the samples to come take their turns, by the very rule that they will follow. `taken`: what this one takes; it waits anew from now on. */
function forecast(waiting: Waiting, taken: readonly number[], pace: Pace): number {
  const asOne = Math.ceil((waiting.unread.left + waiting.read.left) / FORECAST_ITEMS);
  const [unread, read] = [drained(waiting.unread, asOne), drained(waiting.read, asOne)];
  // What waits now is in front of what comes to wait: when so many are through, all of it is.
  const [queue, open] = unread.left > 0 ? [unread, unread.left] : [read, read.left];
  for (const weight of taken) read.push(weight, pace.now);
  let samples = 0;
  while (queue.passed < open) {
    samples += 1;
    const now = pace.now + samples * pace.everyMs;
    if (pace.incoming > 0) unread.push(pace.incoming, now);
    const again: number[] = [];
    turn({ unread, read }, { ...pace, now }, (weight) => void again.push(weight));
    for (const weight of again) read.push(weight, now);
  }
  return samples;
}

/** A queue that others come to. */
interface Line extends Queue {
  /** So many have gone. */
  readonly passed: number;
  push(weight: number, since: number): void;
}

/** The rest of a queue, so many of it as one. */
function drained(queue: Queue, asOne: number): Line {
  const weights: number[] = [];
  const waits: number[] = [];
  let head = 0;
  const line: Line = {
    get left() {
      return weights.length - head;
    },
    get passed() {
      return head;
    },
    weight: () => weights[head],
    since: () => waits[head] ?? 0,
    take() {
      head += 1;
      return head - 1;
    },
    push(weight, since) {
      weights.push(weight);
      waits.push(since);
    },
  };
  while (queue.left > 0) {
    let [weight, since] = [0, 0];
    for (let count = 0; count < asOne && queue.left > 0; count += 1) {
      weight += queue.weight() ?? 0;
      since = queue.since();
      queue.take();
    }
    line.push(weight, since);
  }
  return line;
}

/** The positions that fit, those never tried first, by age; then by when they were tried. To the second: sorted as numbers, in place. */
function inTurn(turns: Turns, fits: (position: number) => boolean): Uint32Array {
  let count = 0;
  for (let position = 0; position < turns.count; position += 1) if (fits(position)) count += 1;
  const words = new Uint32Array(2 * count);
  let next = 0;
  for (let position = 0; position < turns.count; position += 1) {
    if (!fits(position)) continue;
    const tried = turns.triedAt(position);
    const seconds = Math.floor((tried ?? turns.startedAt(position)) / 1000);
    const latest = 2 ** 31 - 1;
    // The high half of a 64-bit number: those never tried first, whatever their age.
    words[next + HIGH] = Math.min(latest, Math.max(0, seconds)) + (tried === undefined ? 0 : 2 ** 31);
    words[next + 1 - HIGH] = position;
    next += 2;
  }
  new BigUint64Array(words.buffer).sort();
  // In place: a second array of millions would stand beside the first.
  for (let index = 0; index < count; index += 1) words[index] = words[2 * index + 1 - HIGH] ?? 0;
  return words.subarray(0, count);
}

/** Which half of a 64-bit number is the high one, on this machine. */
const HIGH = new Uint32Array(BigUint64Array.of(1n).buffer)[0] === 1 ? 1 : 0;

/** From one sample to the next, at the pace of the last weeks (of those that there are). */
function incomingBytes(
  turns: Turns,
  weightAt: (position: number) => number,
  { now, everyMs }: SampleRule,
): number {
  let [bytes, oldest] = [0, now - DAY_MS];
  for (let position = 0; position < turns.count; position += 1) {
    const startedAt = turns.startedAt(position);
    if (startedAt <= now - ARRIVALS_MS) continue;
    bytes += weightAt(position);
    oldest = Math.min(oldest, startedAt);
  }
  return (bytes * everyMs) / (now - oldest);
}
