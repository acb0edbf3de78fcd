/**
 * One large file over several connections at once, for links on which one connection alone is slow (a long way, a limit on each).
 *
 * The first connection asks for the whole file, as ever; others fetch segments ahead of it, each into a buffer, and all is handed on in
 * order. So the bytes come out as from one connection, digests and all, and memory is the buffers. Each segment is a resumable download of
 * its own, held to the same ETag.
 */
import { type ByteRange, type Download, FileRestart } from './resumable-download.ts';

/** Where segments wait for their turn: a pool that all downloads share, and nobody else. */
export interface SegmentBuffers {
  /** Bytes of all buffers together. */
  readonly capacity: number;
  /** Undefined where there is no room now. */
  tryAcquire(size: number): SegmentBuffer | undefined;
}

export interface SegmentBuffer {
  readonly bytes: Buffer;
  release(): void;
}

export interface ParallelOptions {
  /** At the most so many at once. */
  readonly connections: number;
  readonly buffers: SegmentBuffers;
  readonly signal: AbortSignal;
  /** Downloads one range; rejects when it cannot be had. */
  openRange(range: ByteRange, signal: AbortSignal): Promise<Download>;
}

/** Bytes: large enough that a connection gets up to speed, small enough that a few fit into the pool. */
const SEGMENT_SIZE = 8 * 1024 * 1024;

/** What is handed on at once, so that a cap on the bandwidth is kept steadily. */
const PIECE_SIZE = 256 * 1024;

/** A segment on its way: `opened` when its bytes are known to belong to the file, `filled` when all are there. */
interface Fetching {
  readonly range: ByteRange;
  readonly opened: Promise<void>;
  readonly filled: Promise<SegmentBuffer>;
}

/** For `auto`: one more for each so many bytes, and not too many: the download host is shared. */
const BYTES_A_CONNECTION = 256 * 1024 * 1024;
const MOST_CONNECTIONS = 4;

/** How many connections a file of this size is worth. */
export function connectionsFor(wanted: number | 'auto', size: number | undefined): number {
  if (wanted !== 'auto') return wanted;
  return Math.min(MOST_CONNECTIONS, 1 + Math.floor((size ?? 0) / BYTES_A_CONNECTION));
}

/** The same bytes in the same order; `first` as it is where it is not worth it or cannot be. */
export function openParallel(first: Download, options: ParallelOptions): Download {
  const { size, validator } = first;
  const connections = Math.min(options.connections, 1 + Math.floor(options.buffers.capacity / SEGMENT_SIZE));
  if (connections < 2 || size === undefined || validator === undefined || size < 2 * SEGMENT_SIZE)
    return first;
  return { ...first, body: inOrder(first.body, { ...options, connections }, size, validator) };
}

/**
 * A stream from one connection runs through segment after segment until it comes to one that another connection is fetching; from there
 * on the fetched segments follow, and where none has a buffer a stream again. So nobody ever waits for a buffer: of dumps that share them,
 * one that holds the next part's buffer would wait for one that waits for it.
 */
async function* inOrder(
  first: AsyncIterable<Uint8Array>,
  options: ParallelOptions,
  total: number,
  validator: string,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const fetching: Fetching[] = [];
  let alone = false;

  const segmentAt = (start: number): ByteRange => ({
    ...{ start, end: Math.min(start + SEGMENT_SIZE, total) },
    ...{ total, validator },
  });

  /** Has the segments behind `position` fetched, as far as there are connections and buffers. */
  function fetchAhead(position: number, atOnce: number): void {
    let start = fetching.at(-1)?.range.end ?? position;
    while (!alone && fetching.length < atOnce && start < total) {
      const buffer = options.buffers.tryAcquire(SEGMENT_SIZE);
      if (!buffer) return;
      const range = segmentAt(start);
      fetching.push(fetchSegment(range, buffer, options, signal));
      start = range.end;
    }
  }

  /** Ends what is under way ahead, and gives back the buffers of what has come. */
  function giveUpSegments(): void {
    stop.abort();
    for (const { filled } of fetching.splice(0))
      filled.then(({ release }) => release()).catch(() => undefined);
  }

  /** Whether the stream ends here, because the next segment comes from another connection. Where ranges cannot be had it never does. */
  async function handsOver(position: number): Promise<boolean> {
    if (position >= total) return true;
    const [next] = fetching;
    if (!next) return false;
    try {
      await next.opened;
      return true;
    } catch {
      options.signal.throwIfAborted();
      alone = true;
      giveUpSegments();
      return false;
    }
  }

  /** Streams from `position` to the beginning of a segment that somebody else has; answers with that. */
  async function* stream(body: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array, number> {
    let position = from;
    for await (const chunk of body) {
      for (let rest = chunk; rest.length > 0; ) {
        const { end } = segmentAt(position - (position % SEGMENT_SIZE));
        const mine = rest.subarray(0, end - position);
        rest = rest.subarray(mine.length);
        position += mine.length;
        yield mine;
        if (position < end) continue;
        if (await handsOver(position)) return position;
        fetchAhead(position + SEGMENT_SIZE, options.connections - 1);
      }
    }
    return position;
  }

  try {
    fetchAhead(SEGMENT_SIZE, options.connections - 1);
    let position = yield* stream(first, 0);
    while (position < total) {
      fetchAhead(position, options.connections);
      const next = fetching.shift();
      if (!next) {
        // Not the segments' signal: where they are given up, this is what goes on.
        const rest = { start: position, end: total, total, validator };
        const { body } = await options.openRange(rest, options.signal);
        fetchAhead(segmentAt(position).end, options.connections - 1);
        position = yield* stream(body, position);
        continue;
      }
      const { bytes, release } = await next.filled;
      try {
        yield* pieces(bytes);
      } finally {
        release();
      }
      position = next.range.end;
    }
  } finally {
    giveUpSegments();
  }
}

function fetchSegment(
  range: ByteRange,
  buffer: SegmentBuffer,
  { openRange }: ParallelOptions,
  signal: AbortSignal,
): Fetching {
  const length = range.end - range.start;
  const download = openRange(range, signal);
  const filled = download.then(async ({ body }) => {
    let position = 0;
    for await (const chunk of body) {
      if (position + chunk.length > length)
        throw new FileRestart(`the host sent more than the ${length} bytes that were asked for`);
      buffer.bytes.set(chunk, position);
      position += chunk.length;
    }
    return { bytes: buffer.bytes.subarray(0, length), release: () => buffer.release() };
  });
  const opened = download.then(() => undefined);
  filled.catch(() => buffer.release());
  opened.catch(() => undefined);
  return { range, opened, filled };
}

function* pieces(bytes: Buffer): Generator<Uint8Array> {
  for (let position = 0; position < bytes.length; position += PIECE_SIZE)
    yield bytes.subarray(position, position + PIECE_SIZE);
}
